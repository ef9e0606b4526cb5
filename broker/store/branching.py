"""Branches and tags, and which versions they name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, insert, select, update

from broker.model import Branch, OnBranch, Tag
from broker.store.ids import among
from broker.store.schema import branch_versions, branches, pacticipants, tags

_BRANCH = (branches.c.id, branches.c.pacticipant_id, branches.c.name, branches.c.created_at)


def branch(tx: Connection, pacticipant_id: int, name: str) -> Branch | None:
    found = select(*_BRANCH).where(branches.c.pacticipant_id == pacticipant_id, branches.c.name == name)
    row = tx.execute(found).first()
    return Branch(*row) if row else None


def branches_of(tx: Connection, pacticipant_id: int, *, containing: str | None = None) -> list[Branch]:
    """By name; `containing` keeps the names that hold a text, whatever its case."""
    query = select(*_BRANCH).where(branches.c.pacticipant_id == pacticipant_id).order_by(branches.c.name)
    if containing is not None:
        query = query.where(branches.c.name.icontains(containing, autoescape=True))
    return [Branch(*row) for row in tx.execute(query)]


def create_branch(tx: Connection, pacticipant_id: int, name: str, now: int) -> Branch:
    row = {"pacticipant_id": pacticipant_id, "name": name, "created_at": now}
    created = tx.execute(insert(branches).values(row).returning(branches.c.id)).scalar_one()
    return Branch(created, pacticipant_id, name, now)


def set_beginning(tx: Connection, branch_id: int, at: int) -> None:
    tx.execute(update(branches).where(branches.c.id == branch_id).values(created_at=at))


def remove_branch(tx: Connection, branch_id: int) -> None:
    """The versions stay."""
    tx.execute(delete(branches).where(branches.c.id == branch_id))


def is_on_branch(tx: Connection, branch_id: int, version_id: int) -> bool:
    return bool(tx.execute(select(_membership(branch_id, version_id))).scalar())


def put_on_branch(tx: Connection, branch_id: int, version_id: int, now: int) -> None:
    tx.execute(insert(branch_versions).values(branch_id=branch_id, version_id=version_id, created_at=now))


def take_off_branch(tx: Connection, branch_id: int, version_id: int) -> bool:
    gone = tx.execute(
        delete(branch_versions).where(
            branch_versions.c.branch_id == branch_id, branch_versions.c.version_id == version_id
        )
    )
    return gone.rowcount > 0


def _membership(branch_id: int, version_id: int) -> Any:
    return exists().where(branch_versions.c.branch_id == branch_id, branch_versions.c.version_id == version_id)


def branch_heads(tx: Connection, pacticipant_ids: Collection[int], name: str | None) -> dict[int, int]:
    """Pacticipant id -> id of the latest version on the branch `name`; None means each one's main branch."""
    # A correlated maximum is one step down an index; grouping would read every version of the branch.
    head = (
        select(func.max(branch_versions.c.version_id))
        .where(branch_versions.c.branch_id == branches.c.id)
        .scalar_subquery()
    )
    query = select(branches.c.pacticipant_id, head).where(branches.c.pacticipant_id.in_(pacticipant_ids))
    if name is None:
        query = query.join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
        query = query.where(branches.c.name == pacticipants.c.main_branch)
    else:
        query = query.where(branches.c.name == name)
    return {row[0]: row[1] for row in tx.execute(query) if row[1] is not None}


def on_branches(tx: Connection, version_ids: Collection[int]) -> dict[int, list[OnBranch]]:
    """Version id -> the branches it is on, by name."""
    later = branch_versions.alias()
    head = (
        select(func.max(later.c.version_id)).where(later.c.branch_id == branch_versions.c.branch_id).scalar_subquery()
    )
    rows = tx.execute(
        select(
            branch_versions.c.version_id,
            branches.c.name,
            (head == branch_versions.c.version_id).label("latest"),
            branch_versions.c.created_at,
        )
        .join(branches, branches.c.id == branch_versions.c.branch_id)
        .where(among(branch_versions.c.version_id, version_ids))
        .order_by(branches.c.name)
    )
    return _grouped([OnBranch(row[0], row[1], bool(row[2]), row[3]) for row in rows])


def tagged(tx: Connection, version_ids: Collection[int]) -> dict[int, list[Tag]]:
    """Version id -> its tags, by name."""
    later = tags.alias()
    head = (
        select(func.max(later.c.version_id))
        .where(later.c.pacticipant_id == tags.c.pacticipant_id, later.c.name == tags.c.name)
        .scalar_subquery()
    )
    rows = tx.execute(
        select(tags.c.version_id, tags.c.name, (head == tags.c.version_id).label("latest"), tags.c.created_at)
        .where(among(tags.c.version_id, version_ids))
        .order_by(tags.c.name)
    )
    return _grouped([Tag(row[0], row[1], bool(row[2]), row[3]) for row in rows])


def put_tag(tx: Connection, version_id: int, pacticipant_id: int, name: str, now: int) -> None:
    row = {"version_id": version_id, "pacticipant_id": pacticipant_id, "name": name, "created_at": now}
    tx.execute(insert(tags).values(row))


def remove_tag(tx: Connection, version_id: int, name: str) -> bool:
    gone = tx.execute(delete(tags).where(tags.c.version_id == version_id, tags.c.name == name))
    return gone.rowcount > 0


def versions_with_tag(tx: Connection, pacticipant_ids: Collection[int], name: str) -> dict[int, list[int]]:
    """Pacticipant id -> ids of its versions with this tag, latest first."""
    return _ids_by_pacticipant(
        tx,
        select(tags.c.pacticipant_id, tags.c.version_id)
        .where(tags.c.pacticipant_id.in_(pacticipant_ids), tags.c.name == name)
        .order_by(tags.c.version_id.desc()),
    )


def versions_on_branch(
    tx: Connection, pacticipant_ids: Collection[int], name: str | None, *, limit: int | None = None
) -> dict[int, list[int]]:
    """Pacticipant id -> ids of its versions on the branch (None: its main branch), latest first.

    `limit` bounds the versions of all these pacticipants together.
    """
    query = (
        select(branches.c.pacticipant_id, branch_versions.c.version_id)
        .join(branch_versions, branch_versions.c.branch_id == branches.c.id)
        .where(branches.c.pacticipant_id.in_(pacticipant_ids))
        .order_by(branch_versions.c.version_id.desc())
        .limit(limit)
    )
    if name is None:
        query = query.join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
        query = query.where(branches.c.name == pacticipants.c.main_branch)
    else:
        query = query.where(branches.c.name == name)
    return _ids_by_pacticipant(tx, query)


def _ids_by_pacticipant(tx: Connection, query: Select[Any]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row in tx.execute(query):
        found.setdefault(row[0], []).append(row[1])
    return found


def _grouped(items: Sequence[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for item in items:
        found.setdefault(item.version_id, []).append(item)
    return found
