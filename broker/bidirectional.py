"""Bi-directional contracts: what a provider publishes of itself, compared with the pacts of its consumers.

The comparisons that people will ask about are made when either side is published, the others when a question names
them; which side came first never changes what they say. `broker.comparing` makes them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from attrs import frozen
from sqlalchemy import Connection

from broker import comparing, registry
from broker.comparing import Allowance, Pair
from broker.errors import ConflictError
from broker.model import Comparison, Pact, ProviderContract
from broker.store import branching, contracts, environments, provider_contracts
from broker.store.database import Database

_MOST_EAGER = 200


@frozen
class ContractSubmission:
    """What a provider version publishes of itself; `self_verification` is JSON, or None with `self_verified`."""

    provider: str
    number: str
    branch: str | None
    tags: tuple[str, ...]
    build_url: str | None
    sha: str
    content_type: str
    raw: bytes
    self_verified: bool | None
    self_verification: bytes | None


@frozen
class PublishedContract:
    """`repeated`: this version had this very document already."""

    contract: ProviderContract
    created_version: bool
    repeated: bool


def publish(tx: Connection, of: ContractSubmission, now: int) -> PublishedContract:
    """Records the version, its branch, tags and document.

    Raises ConflictError when the version has another document already. What the provider says of its own
    verification may be said again, and then replaces what was said before.
    """
    provider = registry.ensure_pacticipant(tx, of.provider, now)
    ensured = registry.ensure_version(tx, provider, of.number, now, of.build_url)
    if of.branch is not None:
        registry.ensure_on_branch(tx, provider, ensured.version, of.branch, now)
    registry.ensure_tags(tx, provider, ensured.version, of.tags, now)
    existing = provider_contracts.find(tx, ensured.version.id)
    if existing is not None:
        _repeat(tx, existing, of)
    else:
        document_id = provider_contracts.ensure_document(tx, provider.id, of.sha, of.content_type, of.raw, now)
        provider_contracts.add(
            tx,
            provider.id,
            ensured.version.id,
            document_id,
            now,
            self_verified=of.self_verified,
            self_verification=of.self_verification,
        )
    contract = provider_contracts.of_versions(tx, [ensured.version.id])[ensured.version.id]
    return PublishedContract(contract, ensured.created, repeated=existing is not None)


def _repeat(tx: Connection, existing: ProviderContract, of: ContractSubmission) -> None:
    if existing.sha != of.sha:
        raise ConflictError(
            "contract",
            f"{existing.provider} version {existing.number} is already published with a different contract. A "
            f"version's contract cannot change, because deployments may rest on it: publish under a new version "
            f"number.",
        )
    if of.self_verified is not None and of.self_verification is not None:
        provider_contracts.set_self_verification(tx, existing.id, of.self_verified, of.self_verification)


def compare_contract(database: Database, contract: ProviderContract, now: int) -> list[tuple[Pact, Comparison]]:
    """A contract with the pacts that count somewhere, by consumer. The writer waits for none of the work."""
    with database.read() as tx:
        pacts = pacts_that_count(tx, contract.provider_id)
    comparing.complete(database, [(pact.content_id, contract.document_id) for pact in pacts], Allowance(), now)
    with database.read() as tx:
        known = provider_contracts.compared(tx, {pact.content_id for pact in pacts}, {contract.document_id})
    return by_consumer(pacts, contract, known)


def by_consumer(
    pacts: Iterable[Pact], contract: ProviderContract, known: Mapping[Pair, Comparison]
) -> list[tuple[Pact, Comparison]]:
    found = ((pact, known.get((pact.content_id, contract.document_id))) for pact in pacts)
    compared = [(pact, comparison) for pact, comparison in found if comparison is not None]
    return sorted(compared, key=lambda pair: (pair[0].consumer, -pair[0].version_id))


def compare_pacts(
    database: Database, published: Collection[Pact], now: int
) -> dict[int, list[tuple[ProviderContract, Comparison]]]:
    """By pact id: pacts just published with the contracts that count somewhere. The writer waits for none of it."""
    if not published:
        return {}
    with database.read() as tx:
        offered = {id_: _contracts_that_count(tx, id_) for id_ in {pact.provider_id for pact in published}}
    sides = [(pact, contract) for pact in published for contract in offered[pact.provider_id]]
    pairs = [(pact.content_id, contract.document_id) for pact, contract in sides]
    comparing.complete(database, pairs, Allowance(), now)
    with database.read() as tx:
        known = provider_contracts.compared(tx, {pair[0] for pair in pairs}, {pair[1] for pair in pairs})
    found: dict[int, list[tuple[ProviderContract, Comparison]]] = {}
    for pact, contract in sides:
        comparison = known.get((pact.content_id, contract.document_id))
        if comparison is not None:
            found.setdefault(pact.id, []).append((contract, comparison))
    return found


def pacts_that_count(tx: Connection, provider_id: int) -> list[Pact]:
    """The heads of branches and tags, what runs, and the latest: of each content its latest pact, newest first."""
    consumers = list(contracts.consumers_of(tx, provider_id))
    versions = {version for version, _, _ in contracts.branch_and_tag_heads(tx, provider_id, consumers)}
    versions |= {row[1] for row in environments.versions_in(tx, consumers, environment_id=None)}
    found = contracts.pacts_of_versions(tx, versions, [provider_id])
    found += contracts.latest_pacts(tx, provider_id=provider_id)
    found.sort(key=lambda pact: pact.version_id)
    latest = {pact.content_id: pact for pact in found}
    return sorted(latest.values(), key=lambda pact: -pact.version_id)[:_MOST_EAGER]


def _contracts_that_count(tx: Connection, provider_id: int) -> list[ProviderContract]:
    """The main branch's head, what runs, and the latest: of each document its latest contract, newest first."""
    latest = provider_contracts.of_provider(tx, provider_id, limit=1)
    if not latest:
        return []
    versions = {*branching.branch_heads(tx, [provider_id], None).values()}
    versions |= {row[1] for row in environments.versions_in(tx, [provider_id], environment_id=None)}
    found = [*latest, *provider_contracts.of_versions(tx, versions).values()]
    by_document = {one.document_id: one for one in sorted(found, key=lambda one: one.version_id)}
    return sorted(by_document.values(), key=lambda one: -one.version_id)
