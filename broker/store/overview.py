"""What stands side by side on the overview: one query for all integrations rather than one for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Select, func, select, tuple_

from broker.model import Pact
from broker.store.contracts import pacts_of_versions
from broker.store.ids import among
from broker.store.schema import (
    branch_versions,
    branches,
    contents,
    deployments,
    environments,
    integrations,
    pacts,
    provider_contracts,
    releases,
    tags,
    verifications,
    versions,
    webhook_deliveries,
)

Pair = tuple[int, int]  # consumer id, provider id


def ever_verified(tx: Connection, pairs: Collection[Pair]) -> dict[Pair, int]:
    """The id of the newest verification between each of these pairs, whichever content it was of."""
    if not pairs:
        return {}
    newest = select(func.max(verifications.c.id)).where(verifications.c.content_id == contents.c.id).scalar_subquery()
    query = (
        select(contents.c.consumer_id, contents.c.provider_id, func.max(newest))
        .where(tuple_(contents.c.consumer_id, contents.c.provider_id).in_(pairs))
        .group_by(contents.c.consumer_id, contents.c.provider_id)
    )
    return {(row[0], row[1]): row[2] for row in tx.execute(query) if row[2] is not None}


def latest_contract_versions(tx: Connection, provider_ids: Collection[int]) -> list[int]:
    """The latest version with a contract of each of these providers."""
    query = (
        select(func.max(provider_contracts.c.version_id))
        .where(provider_contracts.c.provider_id.in_(provider_ids))
        .group_by(provider_contracts.c.provider_id)
    )
    return list(tx.execute(query).scalars())


def last_deliveries(tx: Connection) -> dict[Pair, tuple[str, str]]:
    """Pair -> UUID and status of the last call of a webhook for it."""
    last = (
        select(func.max(webhook_deliveries.c.id))
        .where(
            webhook_deliveries.c.provider_id == integrations.c.provider_id,
            webhook_deliveries.c.consumer_id == integrations.c.consumer_id,
        )
        .scalar_subquery()
    )
    ids = select(last).select_from(integrations)
    query = select(
        webhook_deliveries.c.consumer_id,
        webhook_deliveries.c.provider_id,
        webhook_deliveries.c.uuid,
        webhook_deliveries.c.status,
    ).where(webhook_deliveries.c.id.in_(ids))
    return {(row[0], row[1]): (row[2], row[3]) for row in tx.execute(query)}


def present(tx: Connection, pacticipant_ids: Collection[int]) -> dict[int, dict[str, list[str]]]:
    """Pacticipant id -> environment name -> numbers of the versions that are there now, oldest first."""
    found: dict[int, dict[str, list[str]]] = {}
    for table, ended in ((deployments, deployments.c.undeployed_at), (releases, releases.c.support_ended_at)):
        query = (
            select(table.c.pacticipant_id, environments.c.name, versions.c.number)
            .join(environments, environments.c.id == table.c.environment_id)
            .join(versions, versions.c.id == table.c.version_id)
            .where(table.c.pacticipant_id.in_(pacticipant_ids), ended.is_(None))
            .order_by(environments.c.production, environments.c.name, versions.c.id)
        )
        for owner, place, number in tx.execute(query):
            numbers = found.setdefault(owner, {}).setdefault(place, [])
            if number not in numbers:
                numbers.append(number)
    return found


def head_pacts(tx: Connection) -> list[tuple[Pact, str, str]]:
    """The latest pact with each provider on each branch and tag: (pact, "branch" or "tag", name)."""
    on_branch: Select[Any] = (
        select(func.max(pacts.c.consumer_version_id), pacts.c.provider_id, func.min(branches.c.name))
        .join(branch_versions, branch_versions.c.version_id == pacts.c.consumer_version_id)
        .join(branches, branches.c.id == branch_versions.c.branch_id)
        .group_by(branches.c.id, pacts.c.provider_id)
    )
    with_tag: Select[Any] = (
        select(func.max(pacts.c.consumer_version_id), pacts.c.provider_id, tags.c.name)
        .join(tags, tags.c.version_id == pacts.c.consumer_version_id)
        .group_by(pacts.c.consumer_id, pacts.c.provider_id, tags.c.name)
    )
    heads = [*_heads(tx, on_branch, "branch"), *_heads(tx, with_tag, "tag")]
    found = pacts_of_versions(tx, {version_id for version_id, *_ in heads})
    known = {(pact.version_id, pact.provider_id): pact for pact in found}
    return [(known[version_id, provider_id], kind, name) for version_id, provider_id, kind, name in heads]


def _heads(tx: Connection, query: Select[Any], kind: str) -> Iterable[tuple[int, int, str, str]]:
    return [(row[0], row[1], kind, row[2]) for row in tx.execute(query)]


def branch_heads(tx: Connection, pacticipant_id: int, *, limit: int) -> list[tuple[str, str, int]]:
    """(branch, number of its latest version, instant of that version), the freshest branch first."""
    newest = (
        select(func.max(branch_versions.c.version_id))
        .where(branch_versions.c.branch_id == branches.c.id)
        .scalar_subquery()
    )
    query = (
        select(branches.c.name, versions.c.number, versions.c.created_at)
        .select_from(branches)
        .join(versions, versions.c.id == newest)
        .where(branches.c.pacticipant_id == pacticipant_id)
        .order_by(versions.c.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def verified_by(tx: Connection, version_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Provider version id -> how many contents it verified and how many failed, by its latest result of each."""
    newest = (
        select(func.max(verifications.c.id))
        .where(among(verifications.c.provider_version_id, version_ids))
        .group_by(verifications.c.content_id, verifications.c.provider_version_id)
    )
    query = (
        select(verifications.c.provider_version_id, verifications.c.success, func.count())
        .where(verifications.c.id.in_(newest.scalar_subquery()))
        .group_by(verifications.c.provider_version_id, verifications.c.success)
    )
    found: dict[int, tuple[int, int]] = {}
    for version_id, success, count in tx.execute(query):
        passed, failed = found.get(version_id, (0, 0))
        found[version_id] = (passed + count, failed) if success else (passed, failed + count)
    return found


def contents_verified_by(tx: Connection, version_id: int, *, limit: int) -> dict[int, Pact]:
    """Content id -> the latest pact with this content, for the newest contents that the version has a result of."""
    ids = (
        select(verifications.c.content_id)
        .where(verifications.c.provider_version_id == version_id)
        .distinct()
        .order_by(verifications.c.content_id.desc())
        .limit(limit)
    )
    content_ids = set(tx.execute(ids).scalars())
    newest = (
        select(func.max(pacts.c.consumer_version_id))
        .where(among(pacts.c.content_id, content_ids))
        .group_by(pacts.c.content_id)
    )
    found = pacts_of_versions(tx, set(tx.execute(newest).scalars()))
    return {pact.content_id: pact for pact in found if pact.content_id in content_ids}
