"""How much the database holds."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from sqlalchemy import Connection, func, select

from broker.store.schema import pacticipants, pacts, verifications, versions, webhook_deliveries

_COUNTED = {
    "pacticipants": pacticipants,
    "versions": versions,
    "pacts": pacts,
    "verification_results": verifications,
}
_STATUSES = ("waiting", "retrying", "success", "failure")


@frozen
class Census:
    """`totals` by name of what is counted, `deliveries` of webhooks by status."""

    totals: Mapping[str, int]
    deliveries: Mapping[str, int]


def census(tx: Connection) -> Census:
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in _COUNTED.values()]
    totals = tx.execute(select(*counts)).one()
    status = webhook_deliveries.c.status
    found = tx.execute(select(status, func.count()).group_by(status))
    return Census(dict(zip(_COUNTED, totals, strict=True)), dict.fromkeys(_STATUSES, 0) | dict(found.all()))
