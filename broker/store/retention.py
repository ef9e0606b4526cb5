"""What a clean-up has to know, and the removing of what it found, a piece at a time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, delete, exists, func, or_, select

from broker.store import contracts, removal
from broker.store.schema import (
    branch_versions,
    branches,
    contents,
    deployments,
    pacticipants,
    pacts,
    provider_contracts,
    releases,
    tags,
    verifications,
    versions,
)

_PROOF = (verifications.c.success.is_(True), verifications.c.wip.is_(False))


@frozen
class Facts:
    """Everything by id. `branches` and `tags` are (pacticipant id, name) -> version ids, latest first.

    `ended`: when the last deployment or support of a version ended. `last`: the versions with the latest pact of an
    integration, or the newest contract of a provider.
    """

    names: dict[int, str]
    main_branches: dict[int, str | None]
    versions: list[tuple[int, int, str, int]]  # id, pacticipant id, number, created at; latest first
    branches: dict[tuple[int, str], list[int]]
    tags: dict[tuple[int, str], list[int]]
    present: frozenset[int]
    ended: dict[int, int]
    last: frozenset[int]


def facts(tx: Connection) -> Facts:
    owners = tx.execute(select(pacticipants.c.id, pacticipants.c.name, pacticipants.c.main_branch)).all()
    numbered = select(versions.c.id, versions.c.pacticipant_id, versions.c.number, versions.c.created_at)
    on_branches = (
        select(branches.c.pacticipant_id, branches.c.name, branch_versions.c.version_id)
        .join(branches, branches.c.id == branch_versions.c.branch_id)
        .order_by(branch_versions.c.version_id.desc())
    )
    with_tags = select(tags.c.pacticipant_id, tags.c.name, tags.c.version_id).order_by(tags.c.version_id.desc())
    return Facts(
        {row[0]: row[1] for row in owners},
        {row[0]: row[2] for row in owners},
        [(row[0], row[1], row[2], row[3]) for row in tx.execute(numbered.order_by(versions.c.id.desc()))],
        _grouped(tx, on_branches),
        _grouped(tx, with_tags),
        frozenset(present(tx)),
        _ended(tx),
        frozenset(_last(tx)),
    )


def _grouped(tx: Connection, query: Select[Any]) -> dict[tuple[int, str], list[int]]:
    found: dict[tuple[int, str], list[int]] = {}
    for owner, name, version_id in tx.execute(query):
        found.setdefault((owner, name), []).append(version_id)
    return found


def present(tx: Connection) -> set[int]:
    """The versions that are deployed, or released and supported, somewhere now."""
    deployed = select(deployments.c.version_id).where(deployments.c.undeployed_at.is_(None))
    released = select(releases.c.version_id).where(releases.c.support_ended_at.is_(None))
    return {*tx.execute(deployed).scalars(), *tx.execute(released).scalars()}


def _ended(tx: Connection) -> dict[int, int]:
    found: dict[int, int] = {}
    for table, ended_at in ((deployments, deployments.c.undeployed_at), (releases, releases.c.support_ended_at)):
        query = select(table.c.version_id, func.max(ended_at)).where(ended_at.is_not(None)).group_by(table.c.version_id)
        for version_id, at in tx.execute(query):
            found[version_id] = max(at, found.get(version_id, 0))
    return found


def _last(tx: Connection) -> set[int]:
    of_pairs = select(func.max(pacts.c.consumer_version_id)).group_by(pacts.c.consumer_id, pacts.c.provider_id)
    of_providers = select(func.max(provider_contracts.c.version_id)).group_by(provider_contracts.c.provider_id)
    return {*tx.execute(of_pairs).scalars(), *tx.execute(of_providers).scalars()}


def witnesses(tx: Connection) -> list[tuple[int, set[int]]]:
    """(content id, provider version ids): the versions without whose successes the content would be pending again.

    They are the oldest success, the newest, and the newest on each branch and with each tag.
    """
    of_content = select(verifications.c.content_id, func.max(verifications.c.id), func.min(verifications.c.id))
    by_branch = select(verifications.c.content_id, func.max(verifications.c.id), func.min(verifications.c.id)).join(
        branch_versions, branch_versions.c.version_id == verifications.c.provider_version_id
    )
    by_tag = select(verifications.c.content_id, func.max(verifications.c.id)).join(
        tags, tags.c.version_id == verifications.c.provider_version_id
    )
    content = verifications.c.content_id
    rows = [
        *tx.execute(of_content.where(*_PROOF).group_by(content)),
        *tx.execute(by_branch.where(*_PROOF).group_by(content, branch_versions.c.branch_id)),
        *tx.execute(by_tag.where(*_PROOF).group_by(content, tags.c.name)),
    ]
    proofs = select(verifications.c.id, verifications.c.provider_version_id).where(*_PROOF)
    given_by: dict[int, int] = {row[0]: row[1] for row in tx.execute(proofs)}
    found: dict[int, set[int]] = {}
    for content_id, *result_ids in rows:
        found.setdefault(content_id, set()).update(given_by[id_] for id_ in result_ids)
    return list(found.items())


def published(tx: Connection) -> list[tuple[int, int]]:
    """(consumer version id, content id) of every pact."""
    return [(row[0], row[1]) for row in tx.execute(select(pacts.c.consumer_version_id, pacts.c.content_id))]


def untouched(tx: Connection, version_ids: Collection[int], since: int) -> list[int]:
    """Those of the versions that nobody has changed, put anywhere, published or verified with since then.

    The latest of a pacticipant stays, which it may have become by the removal of others, and so do those with the
    latest pact of an integration or the newest contract of a provider. A provider version also stays when it has
    verified what somebody has published or touched since: it may be the only one that has, and the publisher was told
    that its result holds.
    """
    consumers = versions.alias("consumers")
    vouches = exists().where(
        verifications.c.provider_version_id == versions.c.id,
        *_PROOF,
        pacts.c.content_id == verifications.c.content_id,
        consumers.c.id == pacts.c.consumer_version_id,
        _touched(consumers, since),
    )
    later = versions.alias("later")
    replaced = exists().where(later.c.pacticipant_id == versions.c.pacticipant_id, later.c.id > versions.c.id)
    query = select(versions.c.id).where(
        versions.c.id.in_(version_ids), replaced, ~_touched(versions, since), ~vouches, ~_has_last(versions)
    )
    return list(tx.execute(query).scalars())


def _has_last(of: FromClause) -> ColumnElement[bool]:
    """Whether it has the latest pact of an integration, or the newest contract of a provider."""
    pact, later_pact, contract, later_contract = (
        pacts.alias(),
        pacts.alias(),
        provider_contracts.alias(),
        provider_contracts.alias(),
    )
    newer_pact = exists().where(
        later_pact.c.provider_id == pact.c.provider_id,
        later_pact.c.consumer_id == pact.c.consumer_id,
        later_pact.c.consumer_version_id > pact.c.consumer_version_id,
    )
    newer_contract = exists().where(
        later_contract.c.provider_id == contract.c.provider_id, later_contract.c.version_id > contract.c.version_id
    )
    return or_(
        exists().where(pact.c.consumer_version_id == of.c.id, ~newer_pact),
        exists().where(contract.c.version_id == of.c.id, ~newer_contract),
    )


def _touched(of: FromClause, since: int) -> ColumnElement[bool]:
    """Whether anything was recorded of a version since then, or it is somewhere now."""
    published, verified = pacts.alias(), verifications.alias()

    def any_of(version_id: ColumnElement[int], condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists().where(version_id == of.c.id, condition)

    return or_(
        of.c.updated_at >= since,
        any_of(tags.c.version_id, tags.c.created_at >= since),
        any_of(branch_versions.c.version_id, branch_versions.c.created_at >= since),
        any_of(published.c.consumer_version_id, published.c.created_at >= since),
        any_of(provider_contracts.c.version_id, provider_contracts.c.created_at >= since),
        any_of(verified.c.provider_version_id, verified.c.created_at >= since),
        any_of(deployments.c.version_id, _since_or_now(deployments.c.created_at, deployments.c.undeployed_at, since)),
        any_of(releases.c.version_id, _since_or_now(releases.c.created_at, releases.c.support_ended_at, since)),
    )


def _since_or_now(begun: ColumnElement[int], ended: ColumnElement[int], since: int) -> ColumnElement[bool]:
    return or_(ended.is_(None), begun >= since, ended >= since)


@frozen
class Counts:
    versions: int = 0
    pacts: int = 0
    contents: int = 0
    results: int = 0

    def minus(self, other: Counts) -> Counts:
        return Counts(
            self.versions - other.versions,
            self.pacts - other.pacts,
            self.contents - other.contents,
            self.results - other.results,
        )


def counts(tx: Connection) -> Counts:
    tables = (versions, pacts, contents, verifications)
    return Counts(*(tx.execute(select(func.count()).select_from(table)).scalar_one() for table in tables))


def remove_versions(tx: Connection, version_ids: Collection[int]) -> None:
    """And the branches that are left without a version, but for main branches."""
    touched = select(branch_versions.c.branch_id).where(branch_versions.c.version_id.in_(version_ids))
    branch_ids = list(tx.execute(touched).scalars())
    removal.remove_versions(tx, version_ids, contracts.pacts_of_versions(tx, version_ids))
    is_main = exists().where(
        pacticipants.c.id == branches.c.pacticipant_id, pacticipants.c.main_branch == branches.c.name
    )
    is_used = exists().where(branch_versions.c.branch_id == branches.c.id)
    tx.execute(delete(branches).where(branches.c.id.in_(branch_ids), ~is_used, ~is_main))


def superseded(tx: Connection) -> list[int]:
    """Results that say nothing any more: neither the last word of a provider version on a content,
    nor the oldest or newest success, which decide whether it is pending."""
    other, same = verifications.alias("other"), verifications.c
    pair = and_(other.c.content_id == same.content_id, other.c.provider_version_id == same.provider_version_id)
    proof = (other.c.success.is_(True), other.c.wip.is_(False))
    later = exists().where(pair, other.c.id > same.id)
    between = and_(
        exists().where(pair, *proof, other.c.id > same.id), exists().where(pair, *proof, other.c.id < same.id)
    )
    proves_nothing = or_(same.success.is_(False), same.wip.is_(True))
    return list(tx.execute(select(same.id).where(later, or_(proves_nothing, between))).scalars())


def remove_results(tx: Connection, ids: Collection[int]) -> None:
    tx.execute(delete(verifications).where(verifications.c.id.in_(ids)))
