"""Webhooks: their definitions, and for which pacts they are meant."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from attrs import asdict
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from broker.model import Webhook, WebhookRequest
from broker.store.schema import (
    branch_versions,
    branches,
    deployments,
    environments,
    labels,
    pacticipants,
    releases,
    verifications,
    versions,
    webhooks,
)

_consumers = pacticipants.alias("consumers")
_providers = pacticipants.alias("providers")
_WEBHOOKS: Select[Any] = (
    select(
        webhooks.c.id,
        webhooks.c.uuid,
        webhooks.c.description,
        webhooks.c.consumer_id,
        _consumers.c.name,
        webhooks.c.consumer_label,
        webhooks.c.provider_id,
        _providers.c.name,
        webhooks.c.provider_label,
        webhooks.c.events,
        webhooks.c.request,
        webhooks.c.enabled,
        webhooks.c.created_at,
        webhooks.c.updated_at,
    )
    .outerjoin(_consumers, _consumers.c.id == webhooks.c.consumer_id)
    .outerjoin(_providers, _providers.c.id == webhooks.c.provider_id)
    .order_by(webhooks.c.id)
)


def every(tx: Connection) -> list[Webhook]:
    return [_webhook(row) for row in tx.execute(_WEBHOOKS)]


def find(tx: Connection, uuid: str) -> Webhook | None:
    row = tx.execute(_WEBHOOKS.where(webhooks.c.uuid == uuid)).first()
    return _webhook(row) if row else None


def by_ids(tx: Connection, ids: Collection[int]) -> dict[int, Webhook]:
    return {row.id: _webhook(row) for row in tx.execute(_WEBHOOKS.where(webhooks.c.id.in_(ids)))}


def applying(tx: Connection, *, consumer_id: int | None = None, provider_id: int | None = None) -> list[Webhook]:
    """The webhooks, disabled ones too, that are meant for pacts of this consumer, or this provider, or both."""
    query = _WEBHOOKS
    if consumer_id is not None:
        query = query.where(_meant(webhooks.c.consumer_id, webhooks.c.consumer_label, consumer_id))
    if provider_id is not None:
        query = query.where(_meant(webhooks.c.provider_id, webhooks.c.provider_label, provider_id))
    return [_webhook(row) for row in tx.execute(query)]


def _meant(named: ColumnElement[Any], label: ColumnElement[Any], pacticipant_id: int) -> ColumnElement[bool]:
    labelled = exists().where(labels.c.pacticipant_id == pacticipant_id, labels.c.name == label)
    return or_(named == pacticipant_id, and_(named.is_(None), or_(label.is_(None), labelled)))


_REASONS = union_all(
    select(
        func.max(branch_versions.c.version_id).label("version_id"), literal("latest of the main branch").label("why")
    )
    .join(branches, branches.c.id == branch_versions.c.branch_id)
    .join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
    .where(pacticipants.c.id == bindparam("provider"), branches.c.name == pacticipants.c.main_branch),
    *(
        select(table.c.version_id, literal(how).concat(environments.c.name))
        .join(environments, environments.c.id == table.c.environment_id)
        .where(table.c.pacticipant_id == bindparam("provider"), ended.is_(None))
        for table, how, ended in (
            (deployments, "deployed in ", deployments.c.undeployed_at),
            (releases, "released in ", releases.c.support_ended_at),
        )
    ),
).subquery()
_OWING = (
    select(versions.c.id, versions.c.number, _REASONS.c.why)
    .join(_REASONS, _REASONS.c.version_id == versions.c.id)
    .where(
        ~exists().where(
            verifications.c.content_id == bindparam("content"), verifications.c.provider_version_id == versions.c.id
        )
    )
    .order_by(versions.c.id, _REASONS.c.why)
)


def owing(tx: Connection, provider_id: int, content_id: int) -> dict[tuple[int, str], list[str]]:
    """(id, number) -> why it matters, of the provider versions that matter now and have no result for a content."""
    found: dict[tuple[int, str], list[str]] = {}
    for id_, number, why in tx.execute(_OWING, {"provider": provider_id, "content": content_id}):
        found.setdefault((id_, number), []).append(why)
    return found


def create(tx: Connection, uuid: str, now: int, values: dict[str, Any]) -> None:
    """`values`: the columns but for uuid and instants, with `events` and `request` as values of the model."""
    tx.execute(insert(webhooks).values(uuid=uuid, created_at=now, updated_at=now, **_row(values)))


def change(tx: Connection, uuid: str, now: int, values: dict[str, Any]) -> None:
    tx.execute(update(webhooks).where(webhooks.c.uuid == uuid).values(updated_at=now, **_row(values)))


def remove(tx: Connection, uuid: str) -> None:
    """Its deliveries go too, those that wait with those that are over."""
    tx.execute(delete(webhooks).where(webhooks.c.uuid == uuid))


def _row(values: dict[str, Any]) -> dict[str, Any]:
    events, request = orjson.dumps(values["events"]).decode(), orjson.dumps(asdict(values["request"]))
    return {**values, "events": events, "request": request}


def _webhook(row: Any) -> Webhook:
    values = list(row)
    values[9] = tuple(orjson.loads(values[9]))
    values[10] = _request(bytes(values[10]))
    return Webhook(*values)


def _request(stored: bytes) -> WebhookRequest:
    fields = orjson.loads(stored)
    return WebhookRequest(**{**fields, "headers": tuple((name, value) for name, value in fields["headers"])})
