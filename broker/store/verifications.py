"""Verification results."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, exists, func, insert, select

from broker.model import Verification
from broker.store.ids import among
from broker.store.schema import branch_versions, branches, contents, tags, verifications, versions

_VERIFICATION = (
    verifications.c.id,
    verifications.c.content_id,
    verifications.c.provider_version_id,
    versions.c.number,
    verifications.c.success,
    verifications.c.wip,
    verifications.c.build_url,
    verifications.c.created_at,
)
_VERIFICATIONS: Select[Any] = select(*_VERIFICATION).join(
    versions, versions.c.id == verifications.c.provider_version_id
)


def add(
    tx: Connection,
    content: int,
    provider_version_id: int,
    now: int,
    *,
    success: bool,
    wip: bool,
    build_url: str | None,
    details: bytes,
) -> int:
    row = {
        "content_id": content,
        "provider_version_id": provider_version_id,
        "success": success,
        "wip": wip,
        "build_url": build_url,
        "created_at": now,
        "body": details,
    }
    created: int = tx.execute(insert(verifications).values(row).returning(verifications.c.id)).scalar_one()
    return created


def find(tx: Connection, content: int, number: int | None = None) -> Verification | None:
    """The result with this number, or the latest one of the content."""
    query = _VERIFICATIONS.where(verifications.c.content_id == content)
    if number is not None:
        query = query.where(verifications.c.id == number)
    row = tx.execute(query.order_by(verifications.c.id.desc()).limit(1)).first()
    return Verification(*row) if row else None


def body(tx: Connection, verification_id: int) -> bytes:
    query = select(verifications.c.body).where(verifications.c.id == verification_id)
    return bytes(tx.execute(query).scalar_one())


def latest(
    tx: Connection,
    content_ids: Collection[int],
    provider_version_ids: Collection[int] | None = None,
    limit: int | None = None,
) -> list[Verification]:
    """The latest result of each content with each (of these) provider versions; `limit` keeps the newest."""
    newest_ids = select(func.max(verifications.c.id)).where(among(verifications.c.content_id, content_ids))
    if provider_version_ids is not None:
        newest_ids = newest_ids.where(among(verifications.c.provider_version_id, provider_version_ids))
    newest_ids = newest_ids.group_by(verifications.c.content_id, verifications.c.provider_version_id)
    newest_ids = newest_ids.order_by(func.max(verifications.c.id).desc()).limit(limit)
    query = _VERIFICATIONS.where(verifications.c.id.in_(newest_ids.scalar_subquery()))
    return [Verification(*row) for row in tx.execute(query.order_by(verifications.c.id))]


def newest_of_each(
    tx: Connection,
    content_ids: Collection[int],
    provider_version_ids: Collection[int] | None,
    *,
    superseded: bool,
    most: int | None = None,
) -> list[Verification]:
    """The results of each content with any (of these) provider versions, the `most` newest of each content.

    Without those that are `superseded`, only the latest one of each provider version counts.
    """
    number = verifications.c.id if superseded else func.max(verifications.c.id)
    chosen = select(number.label("id"), verifications.c.content_id).where(
        among(verifications.c.content_id, content_ids)
    )
    if provider_version_ids is not None:
        chosen = chosen.where(among(verifications.c.provider_version_id, provider_version_ids))
    if not superseded:
        chosen = chosen.group_by(verifications.c.content_id, verifications.c.provider_version_id)
    found = chosen.subquery()
    ids = select(found.c.id)
    if most is not None:
        place = func.row_number().over(partition_by=found.c.content_id, order_by=found.c.id.desc())
        ranked = select(found.c.id, place.label("place")).subquery()
        ids = select(ranked.c.id).where(ranked.c.place <= most)
    return [Verification(*row) for row in tx.execute(_VERIFICATIONS.where(verifications.c.id.in_(ids)))]


def recent(
    tx: Connection,
    content_ids: Collection[int],
    provider_version_ids: Collection[int] | None,
    limit: int,
    *,
    offset: int = 0,
) -> list[Verification]:
    """Every result of these contents, also the superseded ones, latest first."""
    query = _VERIFICATIONS.where(among(verifications.c.content_id, content_ids))
    if provider_version_ids is not None:
        query = query.where(among(verifications.c.provider_version_id, provider_version_ids))
    return [
        Verification(*row) for row in tx.execute(query.order_by(verifications.c.id.desc()).limit(limit).offset(offset))
    ]


def count(tx: Connection, content: int) -> int:
    counted: int = tx.execute(
        select(func.count()).select_from(verifications).where(verifications.c.content_id == content)
    ).scalar_one()
    return counted


def latest_by(tx: Connection, provider_version_id: int) -> list[Verification]:
    """The latest result of each content that a provider version has verified."""
    newest_ids = (
        select(func.max(verifications.c.id))
        .where(verifications.c.provider_version_id == provider_version_id)
        .group_by(verifications.c.content_id)
    )
    query = _VERIFICATIONS.where(verifications.c.id.in_(newest_ids.scalar_subquery()))
    return [Verification(*row) for row in tx.execute(query.order_by(verifications.c.id))]


def newest(tx: Connection, content_ids: Collection[int]) -> dict[int, Verification]:
    """Content id -> its latest result, whichever provider version gave it."""
    newest_ids = (
        select(func.max(verifications.c.id))
        .where(among(verifications.c.content_id, content_ids))
        .group_by(verifications.c.content_id)
    )
    query = _VERIFICATIONS.where(verifications.c.id.in_(newest_ids.scalar_subquery()))
    return {row.content_id: Verification(*row) for row in tx.execute(query)}


def verified_on_branch(tx: Connection, content_ids: Collection[int], branch_id: int) -> set[int]:
    """Contents with a success, outside work in progress, from a provider version on this branch."""
    proof = _success().where(
        exists().where(
            branch_versions.c.version_id == verifications.c.provider_version_id,
            branch_versions.c.branch_id == branch_id,
        )
    )
    return _contents_with(tx, content_ids, proof)


def verified_elsewhere(tx: Connection, content_ids: Collection[int], provider_id: int, before: int | None) -> set[int]:
    """Contents with a success from any branch of the provider, dated before an instant (None: at any time)."""
    proof = _success().where(
        exists()
        .where(branch_versions.c.version_id == verifications.c.provider_version_id)
        .where(branch_versions.c.branch_id == branches.c.id, branches.c.pacticipant_id == provider_id)
    )
    if before is not None:
        proof = proof.where(verifications.c.created_at < before)
    return _contents_with(tx, content_ids, proof)


def verified_with_tag(tx: Connection, content_ids: Collection[int], tag: str) -> set[int]:
    proof = _success().where(
        exists().where(tags.c.version_id == verifications.c.provider_version_id, tags.c.name == tag)
    )
    return _contents_with(tx, content_ids, proof)


def verified(tx: Connection, content_ids: Collection[int]) -> set[int]:
    return _contents_with(tx, content_ids, _success())


def _success() -> Any:
    return exists().where(
        verifications.c.content_id == contents.c.id,
        verifications.c.success.is_(True),
        verifications.c.wip.is_(False),
    )


def _contents_with(tx: Connection, content_ids: Collection[int], proof: Any) -> set[int]:
    if not content_ids:
        return set()
    query = select(contents.c.id).where(among(contents.c.id, content_ids), proof)
    return set(tx.execute(query).scalars())
