"""Pacticipants and their versions."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from broker.model import Pacticipant, Version
from broker.store.ids import among
from broker.store.schema import branch_versions, branches, pacticipants, versions

_PACTICIPANT = (
    pacticipants.c.id,
    pacticipants.c.name,
    pacticipants.c.display_name,
    pacticipants.c.main_branch,
    pacticipants.c.repository_url,
    pacticipants.c.created_at,
    pacticipants.c.updated_at,
)
_VERSION = (
    versions.c.id,
    versions.c.pacticipant_id,
    versions.c.number,
    versions.c.build_url,
    versions.c.created_at,
    versions.c.updated_at,
)


def find(tx: Connection, name: str) -> Pacticipant | None:
    row = tx.execute(select(*_PACTICIPANT).where(pacticipants.c.name == name)).first()
    return Pacticipant(*row) if row else None


def named(tx: Connection, names: Collection[str]) -> dict[str, Pacticipant]:
    rows = tx.execute(select(*_PACTICIPANT).where(pacticipants.c.name.in_(names)))
    return {row.name: Pacticipant(*row) for row in rows}


def by_ids(tx: Connection, ids: Collection[int]) -> dict[int, Pacticipant]:
    rows = tx.execute(select(*_PACTICIPANT).where(pacticipants.c.id.in_(ids)))
    return {row.id: Pacticipant(*row) for row in rows}


def every(tx: Connection, *, containing: str | None = None) -> list[Pacticipant]:
    """By name; `containing` keeps the names that hold a text, whatever its case."""
    query = select(*_PACTICIPANT).order_by(pacticipants.c.name)
    if containing is not None:
        query = query.where(pacticipants.c.name.icontains(containing, autoescape=True))
    return [Pacticipant(*row) for row in tx.execute(query)]


def like(tx: Connection, key: str) -> list[str]:
    """Names that differ from one another only in case and punctuation."""
    rows = tx.execute(select(pacticipants.c.name).where(pacticipants.c.name_key == key))
    return sorted(rows.scalars())


def create(
    tx: Connection,
    name: str,
    key: str,
    now: int,
    *,
    display_name: str,
    main_branch: str | None = None,
    repository_url: str | None = None,
) -> Pacticipant:
    row = {
        "name": name,
        "name_key": key,
        "display_name": display_name,
        "main_branch": main_branch,
        "repository_url": repository_url,
        "created_at": now,
        "updated_at": now,
    }
    created = tx.execute(insert(pacticipants).values(row).returning(pacticipants.c.id)).scalar_one()
    return Pacticipant(created, name, display_name, main_branch, repository_url, now, now)


def change(tx: Connection, pacticipant_id: int, now: int, values: dict[str, str | None]) -> None:
    tx.execute(update(pacticipants).where(pacticipants.c.id == pacticipant_id).values(**values, updated_at=now))


def remove(tx: Connection, pacticipant_id: int) -> None:
    """Everything that belongs to it goes too: versions, pacts on either side, results, deployments."""
    tx.execute(delete(pacticipants).where(pacticipants.c.id == pacticipant_id))


def version(tx: Connection, pacticipant_id: int, number: str) -> Version | None:
    found = select(*_VERSION).where(versions.c.pacticipant_id == pacticipant_id, versions.c.number == number)
    row = tx.execute(found).first()
    return Version(*row) if row else None


def create_version(tx: Connection, pacticipant_id: int, number: str, now: int, build_url: str | None) -> Version:
    row = {
        "pacticipant_id": pacticipant_id,
        "number": number,
        "build_url": build_url,
        "created_at": now,
        "updated_at": now,
    }
    created = tx.execute(insert(versions).values(row).returning(versions.c.id)).scalar_one()
    return Version(created, pacticipant_id, number, build_url, now, now)


def set_build_url(tx: Connection, version_id: int, build_url: str | None, now: int) -> None:
    tx.execute(update(versions).where(versions.c.id == version_id).values(build_url=build_url, updated_at=now))


def versions_by_ids(tx: Connection, ids: Collection[int]) -> dict[int, Version]:
    rows = tx.execute(select(*_VERSION).where(among(versions.c.id, ids)))
    return {row.id: Version(*row) for row in rows}


def versions_of(
    tx: Connection, pacticipant_id: int, *, limit: int, offset: int = 0, branch: str | None = None
) -> list[Version]:
    """Latest first; `branch` keeps those on it."""
    query = _of_branch(select(*_VERSION), pacticipant_id, branch)
    return [Version(*row) for row in tx.execute(query.order_by(versions.c.id.desc()).limit(limit).offset(offset))]


def count_versions(tx: Connection, pacticipant_id: int, *, branch: str | None = None) -> int:
    counted: int = tx.execute(
        _of_branch(select(func.count()).select_from(versions), pacticipant_id, branch)
    ).scalar_one()
    return counted


def _of_branch(query: Select[Any], pacticipant_id: int, name: str | None) -> Select[Any]:
    query = query.where(versions.c.pacticipant_id == pacticipant_id)
    if name is None:
        return query
    query = query.join(branch_versions, branch_versions.c.version_id == versions.c.id)
    query = query.join(branches, branches.c.id == branch_versions.c.branch_id)
    return query.where(branches.c.pacticipant_id == pacticipant_id, branches.c.name == name)


def latest_version(tx: Connection, pacticipant_id: int) -> Version | None:
    return next(iter(versions_of(tx, pacticipant_id, limit=1)), None)


def latest_versions(tx: Connection, pacticipant_ids: Collection[int]) -> dict[int, Version]:
    later = versions.alias()
    head = select(func.max(later.c.id)).where(later.c.pacticipant_id == pacticipants.c.id).scalar_subquery()
    heads = select(head).where(pacticipants.c.id.in_(pacticipant_ids))
    rows = tx.execute(select(*_VERSION).where(versions.c.id.in_(heads.scalar_subquery())))
    return {row.pacticipant_id: Version(*row) for row in rows}
