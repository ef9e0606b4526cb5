"""Pact contents and their publications."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, exists, func, insert, literal, select, tuple_, union_all

from broker.model import Pact
from broker.store.ids import among
from broker.store.schema import (
    branch_versions,
    branches,
    contents,
    integrations,
    pacticipants,
    pacts,
    tags,
    versions,
)

_consumers = pacticipants.alias("consumers")
_providers = pacticipants.alias("providers")
_PACT = (
    pacts.c.id,
    pacts.c.consumer_id,
    _consumers.c.name.label("consumer"),
    pacts.c.provider_id,
    _providers.c.name.label("provider"),
    pacts.c.consumer_version_id,
    versions.c.number,
    pacts.c.content_id,
    contents.c.sha,
    pacts.c.created_at,
)
_PACTS: Select[Any] = (
    select(*_PACT)
    .join(_consumers, _consumers.c.id == pacts.c.consumer_id)
    .join(_providers, _providers.c.id == pacts.c.provider_id)
    .join(versions, versions.c.id == pacts.c.consumer_version_id)
    .join(contents, contents.c.id == pacts.c.content_id)
)


def body(tx: Connection, content_id: int) -> bytes:
    return bytes(tx.execute(select(contents.c.body).where(contents.c.id == content_id)).scalar_one())


def body_of(tx: Connection, content_id: int, sha: str) -> bytes | None:
    """The body of this content, unless it is gone or the id stands for another one."""
    found = tx.execute(select(contents.c.body).where(contents.c.id == content_id, contents.c.sha == sha)).scalar()
    return None if found is None else bytes(found)


def content_id(tx: Connection, consumer_id: int, provider_id: int, sha: str) -> int | None:
    found: int | None = tx.execute(
        select(contents.c.id).where(
            contents.c.consumer_id == consumer_id,
            contents.c.provider_id == provider_id,
            contents.c.sha == sha,
        )
    ).scalar()
    return found


def add_content(tx: Connection, consumer_id: int, provider_id: int, sha: str, now: int, served: bytes) -> int:
    row = {
        "consumer_id": consumer_id,
        "provider_id": provider_id,
        "sha": sha,
        "created_at": now,
        "body": served,
    }
    created: int = tx.execute(insert(contents).values(row).returning(contents.c.id)).scalar_one()
    return created


def add_pact(tx: Connection, consumer_id: int, provider_id: int, version_id: int, content: int, now: int) -> None:
    row = {
        "consumer_id": consumer_id,
        "provider_id": provider_id,
        "consumer_version_id": version_id,
        "content_id": content,
        "created_at": now,
    }
    tx.execute(insert(pacts).values(row))


def ensure_integration(tx: Connection, consumer_id: int, provider_id: int, now: int) -> None:
    key = and_(integrations.c.consumer_id == consumer_id, integrations.c.provider_id == provider_id)
    if not tx.execute(select(exists().where(key))).scalar():
        tx.execute(insert(integrations).values(consumer_id=consumer_id, provider_id=provider_id, created_at=now))


def integrations_of(tx: Connection, pacticipant_ids: Collection[int] | None = None) -> list[tuple[int, int]]:
    """(consumer id, provider id) of integrations that involve any of these pacticipants; None means all."""
    query = select(integrations.c.consumer_id, integrations.c.provider_id)
    if pacticipant_ids is None:
        return [(row[0], row[1]) for row in tx.execute(query)]
    # Two queries, because an OR over two columns makes SQLite scan.
    as_consumer = tx.execute(query.where(integrations.c.consumer_id.in_(pacticipant_ids)))
    as_provider = tx.execute(query.where(integrations.c.provider_id.in_(pacticipant_ids)))
    return sorted({(row[0], row[1]) for rows in (as_consumer, as_provider) for row in rows})


def consumers_of(tx: Connection, provider_id: int) -> dict[int, str]:
    """Consumer id -> name, for the consumers that have a pact with this provider."""
    query = (
        select(integrations.c.consumer_id, pacticipants.c.name)
        .join(pacticipants, pacticipants.c.id == integrations.c.consumer_id)
        .where(integrations.c.provider_id == provider_id)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def pact(tx: Connection, version_id: int, provider_id: int) -> Pact | None:
    return _first(tx, _PACTS.where(pacts.c.consumer_version_id == version_id, pacts.c.provider_id == provider_id))


def pacts_of_versions(
    tx: Connection, version_ids: Collection[int], provider_ids: Collection[int] | None = None
) -> list[Pact]:
    """Ordered by consumer name, then age of the version, then provider name."""
    if not version_ids:
        return []
    query = _PACTS.where(among(pacts.c.consumer_version_id, version_ids))
    if provider_ids is not None:
        query = query.where(pacts.c.provider_id.in_(provider_ids))
    query = query.order_by(_consumers.c.name, pacts.c.consumer_version_id, _providers.c.name)
    return [Pact(*row) for row in tx.execute(query)]


def pacts_between(tx: Connection, consumer_id: int, provider_id: int, *, limit: int | None = None) -> list[Pact]:
    """Latest version first."""
    query = _PACTS.where(pacts.c.consumer_id == consumer_id, pacts.c.provider_id == provider_id)
    query = query.order_by(pacts.c.consumer_version_id.desc()).limit(limit)
    return [Pact(*row) for row in tx.execute(query)]


_PREVIOUS = (
    select(versions.c.number, pacts.c.content_id)
    .join(versions, versions.c.id == pacts.c.consumer_version_id)
    .where(
        pacts.c.consumer_id == bindparam("consumer"),
        pacts.c.provider_id == bindparam("provider"),
        pacts.c.consumer_version_id < bindparam("version"),
    )
    .limit(1)
)
_PREVIOUS_OF_ALL = _PREVIOUS.order_by(pacts.c.consumer_version_id.desc())
_PREVIOUS_BARE = _PREVIOUS_OF_ALL.where(~exists().where(tags.c.version_id == pacts.c.consumer_version_id))
_PREVIOUS_TAGGED = (
    _PREVIOUS.join(tags, tags.c.version_id == pacts.c.consumer_version_id)
    .where(tags.c.pacticipant_id == bindparam("consumer"), tags.c.name == bindparam("name"))
    .order_by(tags.c.version_id.desc())
)
_PREVIOUS_ON_BRANCH = (
    _PREVIOUS.join(branch_versions, branch_versions.c.version_id == pacts.c.consumer_version_id)
    .join(branches, branches.c.id == branch_versions.c.branch_id)
    .where(branches.c.pacticipant_id == bindparam("consumer"), branches.c.name == bindparam("name"))
    .order_by(branch_versions.c.version_id.desc())
)
_SCOPES = union_all(
    select(literal("branch"), branches.c.name)
    .join(branch_versions, branch_versions.c.branch_id == branches.c.id)
    .where(branch_versions.c.version_id == bindparam("version")),
    select(literal("tag"), tags.c.name).where(tags.c.version_id == bindparam("version")),
)
# Number and content id of an earlier pact.
Earlier = tuple[str, int]


def branches_and_tags(tx: Connection, version_id: int) -> list[tuple[str, str]]:
    """("branch" or "tag", name) of a version, in order."""
    return sorted((row[0], row[1]) for row in tx.execute(_SCOPES, {"version": version_id}))


def previous(tx: Connection, pact: Pact) -> Earlier | None:
    """The pact of the version before, between the same two."""
    return _earlier(tx, _PREVIOUS_OF_ALL, pact)


def previous_on_branch(tx: Connection, pact: Pact, branch: str) -> Earlier | None:
    return _earlier(tx, _PREVIOUS_ON_BRANCH, pact, name=branch)


def previous_tagged(tx: Connection, pact: Pact, tag: str) -> Earlier | None:
    return _earlier(tx, _PREVIOUS_TAGGED, pact, name=tag)


def previous_without_tag(tx: Connection, pact: Pact) -> Earlier | None:
    return _earlier(tx, _PREVIOUS_BARE, pact)


def _earlier(tx: Connection, query: Select[Any], pact: Pact, **more: str) -> Earlier | None:
    key = {"consumer": pact.consumer_id, "provider": pact.provider_id, "version": pact.version_id}
    row = tx.execute(query, key | more).first()
    return (row[0], row[1]) if row else None


def pacts_with_content(tx: Connection, content: int, *, limit: int | None = None) -> list[Pact]:
    """The publications of one content, latest version first."""
    query = _PACTS.where(pacts.c.content_id == content)
    query = query.order_by(pacts.c.consumer_version_id.desc()).limit(limit)
    return [Pact(*row) for row in tx.execute(query)]


def previous_distinct(tx: Connection, of: Pact) -> Pact | None:
    """The latest pact of an earlier version whose content differs."""
    query = _PACTS.where(
        pacts.c.provider_id == of.provider_id,
        pacts.c.consumer_id == of.consumer_id,
        pacts.c.consumer_version_id < of.version_id,
        pacts.c.content_id != of.content_id,
    )
    return _first(tx, query.order_by(pacts.c.consumer_version_id.desc()).limit(1))


def latest_untagged(tx: Connection, consumer_id: int, provider_id: int) -> Pact | None:
    query = _PACTS.where(
        pacts.c.consumer_id == consumer_id,
        pacts.c.provider_id == provider_id,
        ~exists().where(tags.c.version_id == pacts.c.consumer_version_id),
    )
    return _first(tx, query.order_by(pacts.c.consumer_version_id.desc()).limit(1))


def latest_pacts(tx: Connection, *, provider_id: int | None = None) -> list[Pact]:
    """The pact of the latest version that has one, for every integration, by consumer and provider name."""
    later = pacts.alias()
    # The maximum is one step down an index for each integration; all else would read every pact.
    newest = (
        select(func.max(later.c.consumer_version_id))
        .where(
            later.c.provider_id == integrations.c.provider_id,
            later.c.consumer_id == integrations.c.consumer_id,
        )
        .scalar_subquery()
    )
    heads = select(integrations.c.provider_id, newest.label("version_id"))
    if provider_id is not None:
        heads = heads.where(integrations.c.provider_id == provider_id)
    key = tuple_(pacts.c.provider_id, pacts.c.consumer_version_id)
    query = _PACTS.where(key.in_(heads)).order_by(_consumers.c.name, _providers.c.name)
    return [Pact(*row) for row in tx.execute(query)]


def latest_with_tag(tx: Connection, provider_id: int, tag: str) -> list[Pact]:
    """For each consumer, the pact of its latest version that has both the tag and a pact with this provider."""
    newest = (
        select(func.max(pacts.c.consumer_version_id))
        .join(tags, tags.c.version_id == pacts.c.consumer_version_id)
        .where(pacts.c.provider_id == provider_id, tags.c.name == tag)
        .group_by(pacts.c.consumer_id)
    )
    query = _PACTS.where(pacts.c.provider_id == provider_id, pacts.c.consumer_version_id.in_(newest.scalar_subquery()))
    return [Pact(*row) for row in tx.execute(query.order_by(_consumers.c.name))]


def branch_and_tag_heads(tx: Connection, provider_id: int, consumer_ids: Collection[int]) -> list[tuple[int, str, str]]:
    """(version id, "branch" or "tag", name) of the head of every branch and tag of these consumers."""
    head = (
        select(func.max(branch_versions.c.version_id))
        .where(branch_versions.c.branch_id == branches.c.id)
        .scalar_subquery()
    )
    on_branch = select(head, branches.c.name).where(branches.c.pacticipant_id.in_(consumer_ids))
    with_tag = (
        select(func.max(tags.c.version_id), tags.c.name)
        .join(pacts, pacts.c.consumer_version_id == tags.c.version_id)
        .where(tags.c.pacticipant_id.in_(consumer_ids), pacts.c.provider_id == provider_id)
        .group_by(tags.c.pacticipant_id, tags.c.name)
    )
    heads = [(row[0], "branch", row[1]) for row in tx.execute(on_branch) if row[0] is not None]
    return heads + [(row[0], "tag", row[1]) for row in tx.execute(with_tag)]


def _first(tx: Connection, query: Select[Any]) -> Pact | None:
    row = tx.execute(query).first()
    return Pact(*row) if row else None
