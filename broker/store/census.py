"""How much the database holds."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from broker.store.schema import pacticipants, pacts, verifications, versions, webhook_deliveries

# Tables of the first revision: a back-up of an old database is counted too.
_COUNTED = {
    "pacticipants": pacticipants,
    "versions": versions,
    "pacts": pacts,
    "verification_results": verifications,
}
_STATUSES = ("waiting", "retrying", "success", "failure", "cancelled")


def totals(tx: Connection) -> dict[str, int]:
    """By name of what is counted."""
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in _COUNTED.values()]
    return dict(zip(_COUNTED, tx.execute(select(*counts)).one(), strict=True))


def told(counts: Mapping[str, int]) -> str:
    """Such as "2 pacticipants, 1 version and 0 pacts"; the names in `counts` are plurals that end in s."""
    parts = [f"{count} {(name if count != 1 else name[:-1]).replace('_', ' ')}" for name, count in counts.items()]
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def deliveries(tx: Connection) -> dict[str, int]:
    """Of webhooks, by status."""
    status = webhook_deliveries.c.status
    found = tx.execute(select(status, func.count()).group_by(status))
    return dict.fromkeys(_STATUSES, 0) | dict(found.all())
