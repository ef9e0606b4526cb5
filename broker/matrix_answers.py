"""What provider versions say about pacts: their results, and how the pacts fit the contracts that they published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from attrs import frozen
from sqlalchemy import Connection

from broker.comparing import Pair
from broker.matrix_query import Selected
from broker.model import Comparison, Pact, ProviderContract, Verification, Version
from broker.store import pacticipants, provider_contracts, verifications

Sides = Mapping[int, Selected]


@frozen
class Answers:
    """`results` by content id, `contracts` by provider id and then version id, `versions` by id.

    `cut` are the contents of whose results only the newest were read, `lacking` the comparisons that were not made yet,
    those between versions that are named first.
    """

    results: Mapping[int, Sequence[Verification]]
    contracts: Mapping[int, Mapping[int, ProviderContract]]
    compared: Mapping[Pair, Comparison]
    versions: Mapping[int, Version]
    cut: Set[int]
    lacking: tuple[Pair, ...]

    def comparisons_of(self, pact: Pact) -> dict[int, Comparison]:
        """Provider version id -> how the pact fits its contract."""
        known, published = self.compared, self.contracts[pact.provider_id]
        if not known:
            return {}
        found = {id_: known.get((pact.content_id, contract.document_id)) for id_, contract in published.items()}
        return {id_: comparison for id_, comparison in found.items() if comparison is not None}


def find(tx: Connection, pacts: Sequence[Pact], sides: Sides, *, superseded: bool, most: int) -> Answers:
    """The answers to these pacts from the selected versions of their providers.

    All that named versions say; where any version will do, for each pact the `most` newest results. With `most` 1 the
    newest result is enough, unless each version has to answer. `superseded` results are those that the same version
    replaced by a later one.
    """
    contents = {pact.content_id: pact.provider_id for pact in pacts}
    results, cut = _results(tx, contents, sides, superseded=superseded, most=most)
    contracts = _contracts(tx, contents, results, sides, most)
    # The version of a newest contract, and one that owes an answer, may have its result among the older ones.
    for provider_id in [id_ for id_ in contracts if not sides[id_].each]:
        versions = {*contracts[provider_id].keys(), *sides[provider_id].owe}
        own = [content_id for content_id, owner in contents.items() if owner == provider_id]
        if versions:
            _add(results, verifications.newest_of_each(tx, own, versions, superseded=superseded))
    compared, lacking = _compared(tx, pacts, contracts, sides)
    ids = {result.provider_version_id for found in results.values() for result in found.values()}
    ids |= {id_ for found in contracts.values() for id_ in found}
    for provider_id in contracts:
        ids.update(sides[provider_id].owe)
    newest_first = {id_: sorted(found.values(), key=lambda one: -one.id) for id_, found in results.items()}
    return Answers(newest_first, contracts, compared, pacticipants.versions_by_ids(tx, ids), cut, lacking)


_Results = dict[int, dict[int, Verification]]  # by content id and then number


def _bound(side: Selected, most: int) -> int | None:
    """How many of the newest answers to a pact are read: all of versions that are named, whatever they are."""
    return None if side.each or (side.version_ids is not None and most > 1) else most


def _results(
    tx: Connection, contents: Mapping[int, int], sides: Sides, *, superseded: bool, most: int
) -> tuple[_Results, set[int]]:
    """Results, and the contents that have more of them. One query for all the providers that are asked in the same
    way: each content has one provider.
    """
    groups: dict[tuple[bool, bool], list[int]] = {}
    for content_id, provider_id in contents.items():
        side = sides[provider_id]
        groups.setdefault((side.each, side.version_ids is not None), []).append(content_id)
    found: _Results = {}
    cut: set[int] = set()
    for (_, bounded), content_ids in groups.items():
        owners = {contents[content_id] for content_id in content_ids}
        versions = {id_ for owner in owners for id_ in sides[owner].version_ids or ()} if bounded else None
        limit = _bound(sides[contents[content_ids[0]]], most)
        one_more = None if limit is None else limit + 1
        _add(found, verifications.newest_of_each(tx, content_ids, versions, superseded=superseded, most=one_more))
        if limit is not None:
            cut |= _shortened(found, content_ids, limit)
    return found, cut


def _shortened(results: _Results, content_ids: Sequence[int], most: int) -> set[int]:
    """Leaves the newest results of each content; answers which contents had more."""
    long = {id_ for id_ in content_ids if len(results.get(id_, ())) > most}
    for id_ in long:
        results[id_] = {number: results[id_][number] for number in sorted(results[id_])[-most:]}
    return long


def _add(to: _Results, results: Sequence[Verification]) -> None:
    for result in results:
        to.setdefault(result.content_id, {})[result.id] = result


def _contracts(
    tx: Connection, contents: Mapping[int, int], results: _Results, sides: Sides, most: int
) -> dict[int, dict[int, ProviderContract]]:
    """Contracts of the selected versions; where any will do, the newest ones and those of versions with a result."""
    found: dict[int, dict[int, ProviderContract]] = {provider_id: {} for provider_id in contents.values()}
    wanted: set[int] = set()
    for provider_id, published in found.items():
        side = sides[provider_id]
        if side.version_ids is None:
            newest = provider_contracts.of_provider(tx, provider_id, limit=max(5, most))
            published |= {contract.version_id: contract for contract in newest}
        else:
            bound = _bound(side, most)
            wanted.update(side.version_ids if bound is None else sorted(side.version_ids)[-bound:])
        wanted.update(side.owe)
        if published or wanted:
            own = (results.get(id_, {}) for id_, owner in contents.items() if owner == provider_id)
            wanted.update(result.provider_version_id for some in own for result in some.values())
    for contract in provider_contracts.of_versions(tx, wanted).values():
        found[contract.provider_id][contract.version_id] = contract
    return found


def _compared(
    tx: Connection, pacts: Sequence[Pact], contracts: Mapping[int, Mapping[int, ProviderContract]], sides: Sides
) -> tuple[dict[Pair, Comparison], tuple[Pair, ...]]:
    named: list[Pair] = []
    others: list[Pair] = []
    for pact in pacts:
        both_named = sides[pact.provider_id].each and sides[pact.consumer_id].each
        pairs = named if both_named else others
        pairs += [(pact.content_id, contract.document_id) for contract in contracts[pact.provider_id].values()]
    wanted = dict.fromkeys([*named, *others])
    kept = provider_contracts.compared(tx, {pair[0] for pair in wanted}, {pair[1] for pair in wanted})
    return kept, tuple(pair for pair in wanted if pair not in kept)
