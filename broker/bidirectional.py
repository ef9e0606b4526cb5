"""Bi-directional contracts: what a provider publishes of itself, compared with the pacts of its consumers.

A comparison depends on the pact's content and the provider's document alone, so it is made once and kept. Those
that people will ask about are made when either side is published, the others when a question names them; which
side came first never changes what they say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson
from attrs import frozen
from sqlalchemy import Connection

from broker import content, registry
from broker.comparison import Document, Finding, Report, compare, load_document
from broker.errors import ConflictError, InvalidError
from broker.model import Comparison, Pact, ProviderContract
from broker.store import contracts, environments, pacticipants, provider_contracts
from broker.store.database import Database

Pair = tuple[int, int]  # content id, document id
_MOST_EAGER = 200
_SMALL, _LARGE = 500_000, 5_000_000  # bytes of a document


@frozen
class Submission:
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
class Published:
    """`repeated`: this version had this very document already."""

    contract: ProviderContract
    created_version: bool
    repeated: bool


def publish(tx: Connection, of: Submission, now: int) -> Published:
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
    return Published(contract, ensured.created, repeated=existing is not None)


def _repeat(tx: Connection, existing: ProviderContract, of: Submission) -> None:
    if existing.sha != of.sha:
        raise ConflictError(
            "contract",
            f"{existing.provider} version {existing.number} is already published with a different contract. A "
            f"version's contract cannot change, because deployments may rest on it: publish under a new version "
            f"number.",
        )
    if of.self_verified is not None and of.self_verification is not None:
        provider_contracts.set_self_verification(tx, existing.id, of.self_verified, of.self_verification)


@frozen
class Made:
    """A comparison with its report, as JSON."""

    comparison: Comparison
    report: bytes


@frozen
class Compared:
    """Comparisons by content and document; `fresh` are those that were not kept yet."""

    known: Mapping[Pair, Comparison]
    fresh: tuple[Made, ...]


def comparisons(tx: Connection, pairs: Collection[Pair], *, most: int | None = None) -> Compared:
    """The comparison of each pair, made now where it is not kept; at most so many are made, the first ones."""
    kept = provider_contracts.compared(tx, {pair[0] for pair in pairs}, {pair[1] for pair in pairs})
    missing = [pair for pair in dict.fromkeys(pairs) if pair not in kept][:most]
    # Whoever publishes asks after the fact: by then either side may have been deleted by somebody else.
    fresh = tuple(_made(tx, provider_contracts.living(tx, missing)))
    made = {(one.comparison.content_id, one.comparison.document_id): one.comparison for one in fresh}
    return Compared({**kept, **made}, fresh)


def keep(database: Database, fresh: Collection[Made], now: int) -> None:
    """Stores what was made while a question was answered, so that the next one need not."""
    if fresh:
        with database.write() as tx:
            provider_contracts.keep(tx, [(one.comparison, one.report) for one in fresh], now)


def compare_contract(database: Database, contract: ProviderContract, now: int) -> list[tuple[Pact, Comparison]]:
    """A contract with the pacts that count somewhere, by consumer. The writer waits for none of the work."""
    with database.read() as tx:
        pacts = pacts_that_count(tx, contract.provider_id)
        compared = comparisons(tx, [(pact.content_id, contract.document_id) for pact in pacts])
    keep(database, compared.fresh, now)
    return by_consumer(pacts, contract, compared.known)


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
        compared = comparisons(tx, [(pact.content_id, contract.document_id) for pact, contract in sides])
    keep(database, compared.fresh, now)
    found: dict[int, list[tuple[ProviderContract, Comparison]]] = {}
    for pact, contract in sides:
        comparison = compared.known.get((pact.content_id, contract.document_id))
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
    versions = {*pacticipants.branch_heads(tx, [provider_id], None).values()}
    versions |= {row[1] for row in environments.versions_in(tx, [provider_id], environment_id=None)}
    found = [*latest, *provider_contracts.of_versions(tx, versions).values()]
    by_document = {one.document_id: one for one in sorted(found, key=lambda one: one.version_id)}
    return sorted(by_document.values(), key=lambda one: -one.version_id)


def report_of(tx: Connection, pact: Pact, contract: ProviderContract) -> tuple[Report, tuple[Made, ...]]:
    """The whole report, made now where it is not kept, and then also as what is to be kept."""
    kept = provider_contracts.report(tx, pact.content_id, contract.document_id)
    if kept is not None:
        return Report.from_json(orjson.loads(kept)), ()
    made = _made(tx, [(pact.content_id, contract.document_id)])
    return Report.from_json(orjson.loads(made[0].report)), tuple(made)


def _made(tx: Connection, pairs: Collection[Pair]) -> list[Made]:
    """Holds one document and one pact at a time: there may be many, and each may be large."""
    made = []
    pact: tuple[int, Mapping[str, Any]] | None = None
    for document_id in dict.fromkeys(pair[1] for pair in pairs):
        loaded = _loaded(tx, document_id)
        for content_id in (pair[0] for pair in pairs if pair[1] == document_id):
            if pact is None or pact[0] != content_id:
                pact = content_id, content.load(contracts.body(tx, content_id))
            report = compare(pact[1], loaded) if isinstance(loaded, Document) else loaded
            made.append(Made(_comparison(content_id, document_id, report), orjson.dumps(report.to_json())))
    return made


def _loaded(tx: Connection, document_id: int) -> Document | Report:
    """The document, or what to report when it was taken once but cannot be read any more."""
    raw, content_type = provider_contracts.document(tx, document_id)
    try:
        return document(raw, content_type)
    except InvalidError as error:
        fault = Finding("error", "document.unreadable", f"the contract cannot be read: {error}", "", 0, "", "")
        return Report(success=False, findings=(fault,), checked=0)


def summary(pact: Pact, contract: ProviderContract, report: Report) -> Comparison:
    return _comparison(pact.content_id, contract.document_id, report)


def _comparison(content_id: int, document_id: int, report: Report) -> Comparison:
    errors = report.errors
    return Comparison(
        content_id,
        document_id,
        report.success,
        report.checked,
        len(errors),
        len(report.warnings),
        errors[0].message if errors else None,
    )


def document(raw: bytes, content_type: str) -> Document:
    """Raises InvalidError when the bytes are not a document that pacts can be compared with."""
    if len(raw) > _LARGE:
        return load_document(raw, content_type)
    return (_remembered if len(raw) <= _SMALL else _last)(raw, content_type)


# Reading a document takes far longer than comparing with it, and every pact meets the same few. What is made of
# one takes many times its bytes, so only one of the larger ones is remembered, and none of the largest.
@lru_cache(maxsize=8)
def _remembered(raw: bytes, content_type: str) -> Document:
    return load_document(raw, content_type)


@lru_cache(maxsize=1)
def _last(raw: bytes, content_type: str) -> Document:
    return load_document(raw, content_type)
