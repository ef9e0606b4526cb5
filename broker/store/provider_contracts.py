"""Providers' OpenAPI documents, the versions that published them, and how pacts compare with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Select, Table, delete, exists, insert, select, update

from broker.comparison import COMPARATOR
from broker.model import Comparison, ProviderContract
from broker.store.ids import among
from broker.store.schema import (
    branch_versions,
    branches,
    comparisons,
    contents,
    pacticipants,
    provider_contracts,
    provider_documents,
    versions,
)

_CONTRACTS: Select[Any] = (
    select(
        provider_contracts.c.id,
        provider_contracts.c.provider_id,
        pacticipants.c.name,
        provider_contracts.c.version_id,
        versions.c.number,
        provider_contracts.c.document_id,
        provider_documents.c.sha,
        provider_documents.c.content_type,
        provider_contracts.c.self_verified,
        provider_contracts.c.created_at,
    )
    .join(pacticipants, pacticipants.c.id == provider_contracts.c.provider_id)
    .join(versions, versions.c.id == provider_contracts.c.version_id)
    .join(provider_documents, provider_documents.c.id == provider_contracts.c.document_id)
)
_COMPARISON = (
    comparisons.c.content_id,
    comparisons.c.document_id,
    comparisons.c.success,
    comparisons.c.checked,
    comparisons.c.errors,
    comparisons.c.warnings,
    comparisons.c.first_error,
    comparisons.c.unproven,
    comparisons.c.first_unproven,
)


def find(tx: Connection, version_id: int) -> ProviderContract | None:
    return of_versions(tx, [version_id]).get(version_id)


def of_versions(tx: Connection, version_ids: Collection[int]) -> dict[int, ProviderContract]:
    """Version id -> its contract, for the versions that have one."""
    if not version_ids:
        return {}
    rows = tx.execute(_CONTRACTS.where(among(provider_contracts.c.version_id, version_ids)))
    return {contract.version_id: contract for contract in _contracts(rows)}


def of_provider(tx: Connection, provider_id: int, *, limit: int) -> list[ProviderContract]:
    """Latest version first."""
    query = _CONTRACTS.where(provider_contracts.c.provider_id == provider_id)
    return _contracts(tx.execute(query.order_by(provider_contracts.c.version_id.desc()).limit(limit)))


def latest_on_branch(tx: Connection, provider_id: int, branch: str) -> ProviderContract | None:
    """The contract of the branch's latest version that has one."""
    query = (
        _CONTRACTS.join(branch_versions, branch_versions.c.version_id == provider_contracts.c.version_id)
        .join(branches, branches.c.id == branch_versions.c.branch_id)
        .where(branches.c.pacticipant_id == provider_id, branches.c.name == branch)
        .order_by(provider_contracts.c.version_id.desc())
        .limit(1)
    )
    return next(iter(_contracts(tx.execute(query))), None)


def ensure_document(tx: Connection, provider_id: int, sha: str, content_type: str, raw: bytes, now: int) -> int:
    """The id of the document with these bytes; the content type is that of its first publication."""
    known: int | None = tx.execute(
        select(provider_documents.c.id).where(
            provider_documents.c.provider_id == provider_id, provider_documents.c.sha == sha
        )
    ).scalar()
    if known is not None:
        return known
    row = {"provider_id": provider_id, "sha": sha, "content_type": content_type, "body": raw, "created_at": now}
    created: int = tx.execute(insert(provider_documents).values(row).returning(provider_documents.c.id)).scalar_one()
    return created


def document(tx: Connection, document_id: int) -> tuple[bytes, str]:
    """The bytes as they were published, and their content type."""
    query = select(provider_documents.c.body, provider_documents.c.content_type)
    row = tx.execute(query.where(provider_documents.c.id == document_id)).one()
    return bytes(row[0]), row[1]


def document_of(tx: Connection, document_id: int, sha: str) -> tuple[bytes, str] | None:
    """The same, or None when it is gone."""
    query = select(provider_documents.c.body, provider_documents.c.content_type)
    row = tx.execute(query.where(provider_documents.c.id == document_id, provider_documents.c.sha == sha)).first()
    return (bytes(row[0]), row[1]) if row else None


def add(
    tx: Connection,
    provider_id: int,
    version_id: int,
    document_id: int,
    now: int,
    *,
    self_verified: bool | None,
    self_verification: bytes | None,
) -> None:
    row = {
        "provider_id": provider_id,
        "version_id": version_id,
        "document_id": document_id,
        "self_verified": self_verified,
        "self_verification": self_verification,
        "created_at": now,
    }
    tx.execute(insert(provider_contracts).values(row))


def set_self_verification(tx: Connection, contract_id: int, verified: bool, details: bytes) -> None:
    values = {"self_verified": verified, "self_verification": details}
    tx.execute(update(provider_contracts).where(provider_contracts.c.id == contract_id).values(values))


def self_verification(tx: Connection, contract_id: int) -> bytes | None:
    query = select(provider_contracts.c.self_verification).where(provider_contracts.c.id == contract_id)
    found = tx.execute(query).scalar_one()
    return None if found is None else bytes(found)


def remove(tx: Connection, contract: ProviderContract) -> None:
    tx.execute(delete(provider_contracts).where(provider_contracts.c.id == contract.id))
    remove_unused_documents(tx, contract.provider_id)


def remove_unused_documents(tx: Connection, provider_id: int | None = None) -> int:
    """Documents that no version has any more, with their comparisons; None means of all providers."""
    used = exists().where(provider_contracts.c.document_id == provider_documents.c.id)
    unused = delete(provider_documents).where(~used)
    if provider_id is not None:
        unused = unused.where(provider_documents.c.provider_id == provider_id)
    return tx.execute(unused).rowcount


def compared(
    tx: Connection, content_ids: Collection[int], document_ids: Collection[int]
) -> dict[tuple[int, int], Comparison]:
    """The kept comparisons of any of these contents with any of these documents, by both ids."""
    if not content_ids or not document_ids:
        return {}
    query = select(*_COMPARISON).where(
        among(comparisons.c.content_id, content_ids),
        among(comparisons.c.document_id, document_ids),
        comparisons.c.comparator == COMPARATOR,
    )
    return {(row.content_id, row.document_id): Comparison(*row) for row in tx.execute(query)}


def report(tx: Connection, content_id: int, document_id: int) -> bytes | None:
    """The whole report as JSON, where it is kept."""
    query = select(comparisons.c.report).where(
        comparisons.c.content_id == content_id,
        comparisons.c.document_id == document_id,
        comparisons.c.comparator == COMPARATOR,
    )
    found = tx.execute(query).scalar()
    return None if found is None else bytes(found)


@frozen
class Sides:
    """What a comparison is made of: ids that rows have, and shas that say which content and document they meant."""

    content_id: int
    content_sha: str
    document_id: int
    document_sha: str


def living(tx: Connection, pairs: Collection[tuple[int, int]]) -> list[Sides]:
    """Those of the (content id, document id) pairs of which both sides exist, in their order."""
    content_shas = _shas(tx, contents, {pair[0] for pair in pairs})
    document_shas = _shas(tx, provider_documents, {pair[1] for pair in pairs})
    return [
        Sides(content_id, content_shas[content_id], document_id, document_shas[document_id])
        for content_id, document_id in pairs
        if content_id in content_shas and document_id in document_shas
    ]


def _shas(tx: Connection, table: Table, ids: Collection[int]) -> dict[int, str]:
    if not ids:
        return {}
    return {row[0]: row[1] for row in tx.execute(select(table.c.id, table.c.sha).where(among(table.c.id, ids)))}


def keep(tx: Connection, of: Sides, made: Comparison, report: bytes, now: int) -> None:
    """Stores a comparison with its report, unless it is kept already or its sides are not what they were.

    The work is done outside of any transaction, and meanwhile an id may come to stand for something else.
    """
    pair = (of.content_id, of.document_id)
    if living(tx, [pair]) != [of] or compared(tx, [pair[0]], [pair[1]]):
        return
    outdated = (comparisons.c.content_id == of.content_id, comparisons.c.document_id == of.document_id)
    tx.execute(delete(comparisons).where(*outdated))
    tx.execute(
        insert(comparisons).values(
            content_id=made.content_id,
            document_id=made.document_id,
            success=made.success,
            checked=made.checked,
            errors=made.errors,
            warnings=made.warnings,
            first_error=_keepable(made.first_error),
            unproven=made.unproven,
            first_unproven=_keepable(made.first_unproven),
            comparator=COMPARATOR,
            report=report,
            created_at=now,
        )
    )


def _keepable(text: str | None) -> str | None:
    """PostgreSQL refuses null characters, and a finding quotes what the pact says."""
    return text and text.replace("\x00", "\ufffd")


def _contracts(rows: Iterable[Any]) -> list[ProviderContract]:
    return [ProviderContract(*row) for row in rows]
