"""The database's schema, brought to what this version of the code works with."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

HEAD: Final = "0002"
"""The newest revision. It stands here so that a start on a database of today need not load Alembic."""

_FOLDER: Final = Path(__file__).resolve().parent / "migrations"
_REVISIONS: Final = sa.table("alembic_version", sa.column("version_num", sa.String))
_LOCK: Final = 0x42494C4C  # any number will do, as long as only we lock it
_ONE_AT_A_TIME: Final = threading.Lock()  # Alembic works through module globals


def migrate(readers: sa.Engine, writers: sa.Engine) -> None:
    """Upgrades the database behind both engines to HEAD.

    An empty database gets all tables; tables made before there were revisions are taken over with their rows.
    Processes that start at once wait for the first. Raises ValueError for a database that a newer version made.
    """
    with readers.begin() as connection:
        if _revision(connection) == HEAD:
            return
    with _ONE_AT_A_TIME, writers.connect() as connection:
        if connection.dialect.name == "sqlite":
            _upgrade_sqlite(connection)
        else:
            with connection.begin():
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
                _upgrade(connection)


def _upgrade_sqlite(connection: sa.Connection) -> None:
    # Changing a table copies and drops it, and the drop would cascade; inside a transaction the switch does nothing.
    connection.detach()
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    with connection.begin():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        _upgrade(connection)
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise ValueError(f"the database holds rows whose owner is missing, such as one of {broken[0]}")


def _upgrade(connection: sa.Connection) -> None:
    present = _revision(connection)
    if present == HEAD:  # another process was faster
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    if present is None:
        if (made := _made_without_revisions(connection)) is not None:
            command.stamp(config, made)
    elif present not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
        raise ValueError(f"the database is at revision {present}, made by a newer version; this one knows {HEAD}")
    command.upgrade(config, HEAD)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_REVISIONS.name):
        return None
    return connection.execute(sa.select(_REVISIONS.c.version_num)).scalar_one_or_none()


def _made_without_revisions(connection: sa.Connection) -> str | None:
    """The revision whose tables are there already; None for a database without them."""
    look = sa.inspect(connection)
    if not look.has_table("meters"):
        return None
    return "0001" if "counter_volume" in {column["name"] for column in look.get_columns("meters")} else "0002"
