"""Deliveries of webhooks, and the attempts at each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import orjson
from attrs import asdict
from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, select, update

from broker.model import Attempt, Delivery
from broker.store.schema import webhook_attempts, webhook_deliveries

_DELIVERY = (
    webhook_deliveries.c.id,
    webhook_deliveries.c.uuid,
    webhook_deliveries.c.webhook_id,
    webhook_deliveries.c.event,
    webhook_deliveries.c.consumer_id,
    webhook_deliveries.c.provider_id,
    webhook_deliveries.c.context,
    webhook_deliveries.c.status,
    webhook_deliveries.c.attempts,
    webhook_deliveries.c.due_at,
    webhook_deliveries.c.created_at,
    webhook_deliveries.c.updated_at,
)


def add(tx: Connection, rows: Sequence[dict[str, Any]], now: int) -> None:
    """`rows`: uuid, webhook_id, event, consumer_id, provider_id and `values`; all are due at once."""
    if rows:
        fixed = {"status": "waiting", "attempts": 0, "due_at": now, "created_at": now, "updated_at": now}
        tx.execute(
            insert(webhook_deliveries),
            [
                {key: value for key, value in row.items() if key != "values"}
                | {"context": orjson.dumps(row["values"])}
                | fixed
                for row in rows
            ],
        )


def find(tx: Connection, uuid: str) -> Delivery | None:
    row = tx.execute(select(*_DELIVERY).where(webhook_deliveries.c.uuid == uuid)).first()
    return _delivery(row) if row else None


def listed(tx: Connection, webhook_id: int | None, *, limit: int, offset: int = 0) -> list[Delivery]:
    """Of one webhook, or of all; the latest first."""
    query = select(*_DELIVERY).order_by(webhook_deliveries.c.id.desc()).limit(limit).offset(offset)
    if webhook_id is not None:
        query = query.where(webhook_deliveries.c.webhook_id == webhook_id)
    return [_delivery(row) for row in tx.execute(query)]


def count(tx: Connection, webhook_id: int | None = None) -> int:
    query = select(func.count()).select_from(webhook_deliveries)
    if webhook_id is not None:
        query = query.where(webhook_deliveries.c.webhook_id == webhook_id)
    found: int = tx.execute(query).scalar_one()
    return found


def latest_of_pair(tx: Connection, consumer_id: int, provider_id: int) -> list[Delivery]:
    """The last delivery of each event to each webhook for one integration, the latest first."""
    of_pair = and_(
        webhook_deliveries.c.provider_id == provider_id,
        webhook_deliveries.c.consumer_id == consumer_id,
    )
    newest = (
        select(func.max(webhook_deliveries.c.id))
        .where(of_pair)
        .group_by(webhook_deliveries.c.webhook_id, webhook_deliveries.c.event)
    )
    query = select(*_DELIVERY).where(webhook_deliveries.c.id.in_(newest.scalar_subquery()))
    return [_delivery(row) for row in tx.execute(query.order_by(webhook_deliveries.c.id.desc()))]


def recent_of_pair(tx: Connection, consumer_id: int, provider_id: int, *, limit: int) -> list[Delivery]:
    """The latest first."""
    query = select(*_DELIVERY).where(
        webhook_deliveries.c.provider_id == provider_id, webhook_deliveries.c.consumer_id == consumer_id
    )
    return [_delivery(row) for row in tx.execute(query.order_by(webhook_deliveries.c.id.desc()).limit(limit))]


def attempts(tx: Connection, delivery_id: int) -> list[Attempt]:
    """In their order."""
    columns = (
        webhook_attempts.c.success,
        webhook_attempts.c.status,
        webhook_attempts.c.log,
        webhook_attempts.c.created_at,
    )
    query = select(*columns).where(webhook_attempts.c.delivery_id == delivery_id).order_by(webhook_attempts.c.id)
    return [Attempt(*row) for row in tx.execute(query)]


def due(tx: Connection, now: int, excluded: Collection[int], *, each: int, limit: int) -> list[Delivery]:
    """Due deliveries of all webhooks but some, at most `each` of one; the one that waits longest comes first."""
    order = (webhook_deliveries.c.due_at, webhook_deliveries.c.id)
    place = func.row_number().over(partition_by=webhook_deliveries.c.webhook_id, order_by=order).label("place")
    ranked = select(webhook_deliveries.c.id, place).where(
        webhook_deliveries.c.due_at <= now, webhook_deliveries.c.webhook_id.not_in(excluded)
    )
    first = ranked.subquery()
    query = select(*_DELIVERY).join(first, first.c.id == webhook_deliveries.c.id).where(first.c.place <= each)
    return [_delivery(row) for row in tx.execute(query.order_by(*order).limit(limit))]


def lease(tx: Connection, taken: Collection[Delivery], until: int) -> None:
    """Nobody else gets them before the lease ends."""
    if taken:
        ids = webhook_deliveries.c.id.in_([one.id for one in taken])
        tx.execute(update(webhook_deliveries).where(ids).values(due_at=until))


def release(tx: Connection, delivery_id: int, lease_until: int, due_at: int) -> None:
    """Gives a lease back, as if the attempt had not begun."""
    tx.execute(update(webhook_deliveries).where(*_leased(delivery_id, lease_until)).values(due_at=due_at))


def record(tx: Connection, delivery_id: int, lease_until: int, attempt: Attempt, outcome: dict[str, Any]) -> bool:
    """The end of an attempt; `outcome`: status and due_at, and attempts. False when the lease was lost:
    another process has taken over, or the webhook is gone."""
    changed = tx.execute(
        update(webhook_deliveries)
        .where(*_leased(delivery_id, lease_until))
        .values(updated_at=attempt.created_at, **outcome)
    )
    if not changed.rowcount:
        return False
    tx.execute(insert(webhook_attempts).values(delivery_id=delivery_id, **asdict(attempt)))
    return True


def has_old(tx: Connection, before: int) -> bool:
    """Whether there are deliveries that were over before an instant."""
    return bool(tx.execute(select(exists().where(*_over(before)))).scalar())


def forget(tx: Connection, before: int, limit: int) -> None:
    """Removes deliveries that were over before an instant, with their attempts."""
    old = select(webhook_deliveries.c.id).where(*_over(before)).limit(limit)
    tx.execute(delete(webhook_deliveries).where(webhook_deliveries.c.id.in_(old)))


def _over(before: int) -> Iterable[ColumnElement[bool]]:
    return (webhook_deliveries.c.due_at.is_(None), webhook_deliveries.c.updated_at < before)


def _leased(delivery_id: int, lease_until: int) -> Iterable[ColumnElement[bool]]:
    return (webhook_deliveries.c.id == delivery_id, webhook_deliveries.c.due_at == lease_until)


def _delivery(row: Any) -> Delivery:
    values = list(row)
    values[6] = orjson.loads(bytes(values[6]))
    return Delivery(*values)
