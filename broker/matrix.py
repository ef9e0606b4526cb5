"""The matrix: which consumer versions work with which provider versions, and what that says about deploying.

A row is a consumer version, its pact, and a provider version with its answer: its latest result, the comparison
of the pact with the contract that it published, both, or none yet. The rows come from the pacts of the selected
consumer versions: a pact that a selected version has is a need, so it has a row even when no provider version
answers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen
from sqlalchemy import Connection

from broker import bidirectional
from broker.bidirectional import Compared, Made, Pair
from broker.matrix_query import Asked, MatrixQuery, Selected, select_versions
from broker.model import Comparison, Pact, ProviderContract, Verification, Version
from broker.store import contracts, pacticipants, provider_contracts, verifications

_MOST_ROWS = 1000
_MOST_COMPARED_AT_ONCE = 200


@frozen
class Row:
    """`provider_version` is None when no version of the provider was selected or answers.

    `comparison` is that of the pact with the provider version's `contract`.
    """

    pact: Pact
    provider_version: Version | None
    verification: Verification | None
    contract: ProviderContract | None = None
    comparison: Comparison | None = None
    ignored: bool = False

    @property
    def fits(self) -> bool | None:
        """Whether the contract answers for the pact; None when it says nothing about it.

        A contract that the provider itself does not keep to is worth nothing, whatever it says.
        """
        if self.contract is None or self.comparison is None or self.comparison.outcome is None:
            return None
        return self.comparison.success and self.contract.self_verified is not False

    @property
    def success(self) -> bool | None:
        """An executed result and a comparison stand side by side: neither makes up for the failure of the other."""
        answers = {self.verification.success if self.verification else None, self.fits}
        return False if False in answers else True if True in answers else None


@frozen
class Matrix:
    """`sides` tells, by pacticipant id, which of its versions were asked about and why.

    `fresh` are the comparisons that had to be made to answer: `bidirectional.keep` saves them for the next question.
    """

    rows: tuple[Row, ...]
    sides: Mapping[int, Selected]
    missing: tuple[Asked, ...]
    fresh: tuple[Made, ...] = ()

    @property
    def considered(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.ignored)

    def count(self, success: bool | None) -> int:
        return sum(1 for row in self.considered if row.success is success)

    @property
    def deployable(self) -> bool | None:
        """False: something failed, or the version asked about does not exist. None: something is not known yet.

        A failure decides even when other results are still to come: no later result can mend it.
        """
        if self.missing or self.count(success=False):
            return False
        return None if self.count(success=None) else True


def evaluate(tx: Connection, query: MatrixQuery) -> Matrix:
    """Raises InvalidError for a pacticipant or environment that does not exist."""
    sides, missing = select_versions(tx, query)
    if missing:
        return Matrix((), sides, missing)
    pacts = _pacts(tx, query, sides)
    answers = _answers(tx, query, pacts, sides)
    rows = _rows(tx, query, pacts, answers, sides)
    return Matrix(tuple(_ignored(query, row) for row in rows), sides, (), answers.compared.fresh)


def _pacts(tx: Connection, query: MatrixQuery, sides: Mapping[int, Selected]) -> list[Pact]:
    asked = {side.pacticipant.id for side in sides.values() if side.asked}
    pairs = [
        (consumer_id, provider_id)
        for consumer_id, provider_id in contracts.integrations_of(tx, asked)
        if consumer_id in sides and provider_id in sides and {consumer_id, provider_id} & asked
    ]
    bounded = {consumer for consumer, _ in pairs if sides[consumer].version_ids is not None}
    version_ids = {id_ for consumer in bounded for id_ in sides[consumer].version_ids or ()}
    wanted = set(pairs)
    found = [
        pact for pact in contracts.pacts_of_versions(tx, version_ids) if (pact.consumer_id, pact.provider_id) in wanted
    ]
    for consumer, provider in pairs:
        if consumer not in bounded:
            found += contracts.pacts_between(tx, consumer, provider, limit=query.limit or _MOST_ROWS)
    return found


@frozen
class _Answers:
    """Results by content id, contracts by provider and version id, comparisons by content and document id."""

    results: Mapping[int, Sequence[Verification]]
    contracts: Mapping[int, Mapping[int, ProviderContract]]
    compared: Compared


def _answers(tx: Connection, query: MatrixQuery, pacts: Sequence[Pact], sides: Mapping[int, Selected]) -> _Answers:
    results = _results(tx, query, pacts, sides)
    published = _contracts(tx, pacts, results, sides)
    named: list[Pair] = []
    others: list[Pair] = []
    for pact in sorted(pacts, key=lambda pact: -pact.version_id):
        both_named = sides[pact.provider_id].each and sides[pact.consumer_id].each
        pairs = named if both_named else others
        pairs += [(pact.content_id, contract.document_id) for contract in published[pact.provider_id].values()]
    compared = bidirectional.comparisons(tx, named)
    # A history may hold more pairs than can be compared while somebody waits; each question does a part of them.
    rest = bidirectional.comparisons(tx, others, most=_MOST_COMPARED_AT_ONCE)
    merged = Compared({**compared.known, **rest.known}, (*compared.fresh, *rest.fresh))
    return _Answers(results, published, merged)


def _contracts(
    tx: Connection,
    pacts: Sequence[Pact],
    results: Mapping[int, Sequence[Verification]],
    sides: Mapping[int, Selected],
) -> dict[int, dict[int, ProviderContract]]:
    """Provider id -> version id -> contract, of the selected versions; where any will do, of the newest ones."""
    contents: dict[int, set[int]] = {}
    for pact in pacts:
        contents.setdefault(pact.provider_id, set()).add(pact.content_id)
    wanted = {id_ for provider_id in contents for id_ in sides[provider_id].version_ids or ()}
    found: dict[int, dict[int, ProviderContract]] = {provider_id: {} for provider_id in contents}
    for provider_id, content_ids in contents.items():
        if sides[provider_id].version_ids is None:
            newest = provider_contracts.of_provider(tx, provider_id, limit=max(5, _MOST_ROWS // len(content_ids)))
            found[provider_id] = {contract.version_id: contract for contract in newest}
            if newest:
                wanted |= {result.provider_version_id for id_ in content_ids for result in results.get(id_, ())}
    for contract in provider_contracts.of_versions(tx, wanted).values():
        found[contract.provider_id][contract.version_id] = contract
    return found


def _rows(
    tx: Connection, query: MatrixQuery, pacts: Sequence[Pact], answers: _Answers, sides: Mapping[int, Selected]
) -> list[Row]:
    version_ids = {result.provider_version_id for found in answers.results.values() for result in found}
    version_ids |= {id_ for found in answers.contracts.values() for id_ in found}
    for pact in pacts:
        version_ids.update(sides[pact.provider_id].version_ids or ())
    known = pacticipants.versions_by_ids(tx, version_ids)
    rows = [row for pact in pacts for row in _rows_of(pact, sides[pact.provider_id], answers, known)]
    rows.sort(key=_newest_first)
    collapsed = _collapsed(rows, query.latest_by)
    return collapsed[: query.limit] if query.limit else collapsed


def _rows_of(pact: Pact, side: Selected, answers: _Answers, known: Mapping[int, Version]) -> list[Row]:
    """Each selected provider version has to answer; where any will do, there is a row for each that did."""
    contracts_ = answers.contracts[pact.provider_id]
    comparisons = {
        id_: comparison
        for id_, contract in contracts_.items()
        if (comparison := answers.compared.known.get((pact.content_id, contract.document_id))) is not None
    }

    def row(id_: int, verification: Verification | None) -> Row:
        return Row(pact, known[id_], verification, contracts_.get(id_), comparisons.get(id_))

    results = answers.results.get(pact.content_id, ())
    rows = [row(result.provider_version_id, result) for result in results]
    answered = {result.provider_version_id for result in results}
    if side.version_ids is not None and side.each:
        rows += [row(id_, None) for id_ in side.version_ids if id_ not in answered]
    else:
        says = [id_ for id_, comparison in comparisons.items() if comparison.outcome is not None]
        rows += [row(id_, None) for id_ in says if id_ not in answered]
    return rows or [Row(pact, None, None)]


def _results(
    tx: Connection, query: MatrixQuery, pacts: Iterable[Pact], sides: Mapping[int, Selected]
) -> dict[int, list[Verification]]:
    by_provider: dict[int, set[int]] = {}
    for pact in pacts:
        by_provider.setdefault(pact.provider_id, set()).add(pact.content_id)
    found: dict[int, list[Verification]] = {}
    for provider_id, content_ids in by_provider.items():
        versions = sides[provider_id].version_ids
        if query.latest_by is None:
            results = verifications.recent(tx, content_ids, versions, query.limit or _MOST_ROWS)
        else:
            # Versions that were asked about are never cut off; of "any version" the newest are enough.
            most = _MOST_ROWS if versions is None else None
            results = verifications.latest(tx, content_ids, versions, most)
        for result in results:
            found.setdefault(result.content_id, []).append(result)
    return found


def _newest_first(row: Row) -> tuple[str, str, int, int, int]:
    pact = row.pact
    version = row.provider_version.id if row.provider_version else 0
    return (
        pact.consumer,
        pact.provider,
        -pact.version_id,
        -version,
        -(row.verification.id if row.verification else 0),
    )


def _collapsed(rows: Sequence[Row], latest_by: str | None) -> list[Row]:
    """One row per consumer version and provider for "cvp" (its newest result), per integration for "cp"."""
    if latest_by not in ("cvp", "cp"):
        return list(rows)
    newest: dict[tuple[int, ...], Row] = {}
    for row in rows:
        pact = row.pact
        key = (pact.consumer_id, pact.provider_id, *((pact.version_id,) if latest_by == "cvp" else ()))
        kept = newest.get(key)
        if kept is None or (row.pact.version_id == kept.pact.version_id and _age(row) > _age(kept)):
            newest[key] = row
    return list(newest.values())


def _age(row: Row) -> tuple[int, int]:
    verification = row.verification.created_at if row.verification else 0
    contract = row.contract.created_at if row.contract and row.fits is not None else 0
    return max(verification, contract), row.verification.id if row.verification else 0


def _ignored(query: MatrixQuery, row: Row) -> Row:
    for rule in query.ignored:
        for name, number in (
            (row.pact.consumer, row.pact.number),
            (row.pact.provider, row.provider_version.number if row.provider_version else None),
        ):
            if rule.pacticipant == name and rule.version in (None, number):
                return evolve(row, ignored=True)
    return row
