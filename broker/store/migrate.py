"""The database's schema, brought to what this broker works with."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, column, insert, inspect, select, table

from broker.errors import UnusableError
from broker.store.schema import schema_info

HEAD: Final = "0002"
"""The newest revision; they are numbered. It is written here so that a start on a database of today need not
load Alembic."""

STAMP: Final = table("alembic_version", column("version_num"))
_FOLDER: Final = Path(__file__).resolve().parent / "migrations"
_ONE_AT_A_TIME: Final = threading.Lock()  # Alembic works through module globals


def revision(tx: Connection) -> str | None:
    """The revision that the database is at; None for one that is empty, or from before there were revisions."""
    if not inspect(tx).has_table(STAMP.name):
        return None
    return tx.execute(select(STAMP.c.version_num)).scalar_one_or_none()


def upgrade(tx: Connection) -> None:
    """Brings the database to HEAD inside the transaction `tx`, which must exclude all other writers.

    An empty database gets all tables; one from before there were revisions is taken over with its rows.
    Raises UnusableError for a database that a newer broker made.
    """
    found = revision(tx)
    if found == HEAD:
        return
    with _ONE_AT_A_TIME:
        _upgrade(tx, found)


def _upgrade(tx: Connection, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": tx})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    if found is not None and found > HEAD:
        raise UnusableError(f"the database is at revision {found}, made by a newer broker; this one knows {HEAD}")
    if found is None and _has_first_schema(tx):
        command.stamp(config, "0001")
    elif found is None:
        command.upgrade(config, "0001")
        tx.execute(insert(schema_info).values(version=1))
    command.upgrade(config, HEAD)


def _has_first_schema(tx: Connection) -> bool:
    if not inspect(tx).has_table(schema_info.name):
        return False
    version: Any = tx.execute(select(schema_info.c.version)).scalar()
    if version != 1:
        raise UnusableError(f"the database has schema version {version}, which this broker does not know")
    return True
