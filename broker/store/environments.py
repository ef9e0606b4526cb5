"""Environments, and which versions are, or were, in them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Select, Table, delete, insert, null, select, update

from broker.model import Environment, Presence
from broker.store.ids import among
from broker.store.schema import deployments, environments, pacticipants, releases, versions

_ENVIRONMENT = (
    environments.c.id,
    environments.c.uuid,
    environments.c.name,
    environments.c.display_name,
    environments.c.production,
    environments.c.contacts,
    environments.c.created_at,
    environments.c.updated_at,
)


@frozen
class Presences:
    """Versions in environments, in a table of their kind. `ended` is when one was over, null while it is there."""

    _table: Table
    _ended: ColumnElement[Any]
    _instance: ColumnElement[Any]

    def find(self, tx: Connection, uuid: str) -> Presence | None:
        return next(iter(self._read(tx, self._table.c.uuid == uuid)), None)

    def of_versions(
        self, tx: Connection, version_ids: Collection[int], *, current: bool = False, environment_id: int | None = None
    ) -> list[Presence]:
        wanted: list[ColumnElement[bool]] = [among(self._table.c.version_id, version_ids)]
        if current:
            wanted.append(self._ended.is_(None))
        if environment_id is not None:
            wanted.append(self._table.c.environment_id == environment_id)
        return self._read(tx, *wanted)

    def now(
        self,
        tx: Connection,
        *,
        environment_id: int | None = None,
        pacticipant_id: int | None = None,
        instance: str | None = None,
    ) -> list[Presence]:
        """What is there now; `instance` "" asks for the unnamed application instance, None for all."""
        asked = (
            (self._table.c.environment_id, environment_id),
            (self._table.c.pacticipant_id, pacticipant_id),
            (self._instance, instance),
        )
        return self._read(tx, self._ended.is_(None), *(column == given for column, given in asked if given is not None))

    def ever(self, tx: Connection, environment_id: int) -> list[Presence]:
        """All that there ever were, latest first."""
        return self._read(tx, self._table.c.environment_id == environment_id)[::-1]

    def _read(self, tx: Connection, *wanted: ColumnElement[bool]) -> list[Presence]:
        """In the order in which they were recorded."""
        table = self._table
        own = (table.c.id, table.c.uuid, pacticipants.c.name, table.c.version_id, versions.c.number)
        query = (
            select(*own, table.c.created_at, self._ended, self._instance, *_ENVIRONMENT)
            .join(pacticipants, pacticipants.c.id == table.c.pacticipant_id)
            .join(versions, versions.c.id == table.c.version_id)
            .join(environments, environments.c.id == table.c.environment_id)
        )
        return [_presence(row) for row in tx.execute(query.where(*wanted).order_by(table.c.id))]


DEPLOYMENTS = Presences(deployments, deployments.c.undeployed_at, deployments.c.instance)
RELEASES = Presences(releases, releases.c.support_ended_at, null())


def every(tx: Connection) -> list[Environment]:
    return [Environment(*row) for row in tx.execute(select(*_ENVIRONMENT).order_by(environments.c.name))]


def find(tx: Connection, uuid: str) -> Environment | None:
    row = tx.execute(select(*_ENVIRONMENT).where(environments.c.uuid == uuid)).first()
    return Environment(*row) if row else None


def named(tx: Connection, name: str) -> Environment | None:
    row = tx.execute(select(*_ENVIRONMENT).where(environments.c.name == name)).first()
    return Environment(*row) if row else None


def create(tx: Connection, uuid: str, now: int, values: dict[str, Any]) -> None:
    tx.execute(insert(environments).values(uuid=uuid, created_at=now, updated_at=now, **values))


def change(tx: Connection, uuid: str, now: int, values: dict[str, Any]) -> None:
    tx.execute(update(environments).where(environments.c.uuid == uuid).values(updated_at=now, **values))


def remove(tx: Connection, uuid: str) -> None:
    """Its deployments and releases go too; versions, pacts and results stay."""
    tx.execute(delete(environments).where(environments.c.uuid == uuid))


def presences(tx: Connection, version_ids: Collection[int], *, current: bool = False) -> list[Presence]:
    """Deployments and releases of versions, also those that are over unless only `current` ones are asked for."""
    return [one for kind in (DEPLOYMENTS, RELEASES) for one in kind.of_versions(tx, version_ids, current=current)]


def add_deployment(
    tx: Connection,
    uuid: str,
    now: int,
    *,
    pacticipant_id: int,
    version_id: int,
    environment_id: int,
    instance: str,
    undeployed_at: int | None = None,
) -> None:
    """With `undeployed_at` it is one that is over already."""
    row = {
        "uuid": uuid,
        "pacticipant_id": pacticipant_id,
        "version_id": version_id,
        "environment_id": environment_id,
        "instance": instance,
        "created_at": now,
        "undeployed_at": undeployed_at,
    }
    tx.execute(insert(deployments).values(row))


def end_deployment(tx: Connection, uuid: str, now: int) -> None:
    tx.execute(
        update(deployments)
        .where(deployments.c.uuid == uuid, deployments.c.undeployed_at.is_(None))
        .values(undeployed_at=now)
    )


def add_release(
    tx: Connection, uuid: str, now: int, *, pacticipant_id: int, version_id: int, environment_id: int
) -> None:
    row = {
        "uuid": uuid,
        "pacticipant_id": pacticipant_id,
        "version_id": version_id,
        "environment_id": environment_id,
        "created_at": now,
    }
    tx.execute(insert(releases).values(row))


def set_support(tx: Connection, uuid: str, ended_at: int | None) -> None:
    tx.execute(update(releases).where(releases.c.uuid == uuid).values(support_ended_at=ended_at))


def versions_in(
    tx: Connection,
    pacticipant_ids: Collection[int],
    *,
    environment_id: int | None,
    deployed: bool = True,
    released: bool = True,
) -> list[tuple[int, int, str, str]]:
    """(pacticipant id, version id, environment name, "deployed" or "released") of what is there now.

    `environment_id` None means any environment.
    """
    found: list[tuple[int, int, str, str]] = []
    for table, ended, wanted, how in (
        (deployments, deployments.c.undeployed_at, deployed, "deployed"),
        (releases, releases.c.support_ended_at, released, "released"),
    ):
        if wanted:
            query = _current(table, ended, pacticipant_ids, environment_id)
            found += [(row[0], row[1], row[2], how) for row in tx.execute(query)]
    return found


def _current(table: Table, ended: Any, pacticipant_ids: Collection[int], environment_id: int | None) -> Select[Any]:
    query = (
        select(table.c.pacticipant_id, table.c.version_id, environments.c.name)
        .join(environments, environments.c.id == table.c.environment_id)
        .where(table.c.pacticipant_id.in_(pacticipant_ids), ended.is_(None))
        .order_by(environments.c.name, table.c.version_id)
        .distinct()
    )
    return query if environment_id is None else query.where(table.c.environment_id == environment_id)


def _presence(row: Any) -> Presence:
    id_, uuid, pacticipant, version_id, number, created_at, ended_at, instance, *environment = row
    place = Environment(*environment)
    return Presence(id_, uuid, pacticipant, version_id, number, place, instance or None, created_at, ended_at)
