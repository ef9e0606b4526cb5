"""Labels of pacticipants."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select

from broker.model import Label
from broker.store.schema import labels

_LABEL = (labels.c.pacticipant_id, labels.c.name, labels.c.created_at)


def find(tx: Connection, pacticipant_id: int, name: str) -> Label | None:
    row = tx.execute(select(*_LABEL).where(labels.c.pacticipant_id == pacticipant_id, labels.c.name == name)).first()
    return Label(*row) if row else None


def add(tx: Connection, pacticipant_id: int, name: str, now: int) -> None:
    tx.execute(insert(labels).values(pacticipant_id=pacticipant_id, name=name, created_at=now))


def remove(tx: Connection, pacticipant_id: int, name: str) -> bool:
    """Whether there was one."""
    gone = tx.execute(delete(labels).where(labels.c.pacticipant_id == pacticipant_id, labels.c.name == name))
    return gone.rowcount > 0


def of(tx: Connection, pacticipant_ids: Collection[int]) -> dict[int, list[Label]]:
    """Pacticipant id -> its labels, by name."""
    query = select(*_LABEL).where(labels.c.pacticipant_id.in_(pacticipant_ids)).order_by(labels.c.name)
    found: dict[int, list[Label]] = {}
    for row in tx.execute(query):
        found.setdefault(row[0], []).append(Label(*row))
    return found


def names(tx: Connection) -> list[str]:
    """Every label that some pacticipant has, once."""
    return list(tx.execute(select(labels.c.name).distinct().order_by(labels.c.name)).scalars())


def pacticipants_with(tx: Connection, name: str) -> list[int]:
    return list(tx.execute(select(labels.c.pacticipant_id).where(labels.c.name == name)).scalars())
