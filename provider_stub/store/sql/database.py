"""Connections and units of work on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import orjson
import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import URL

from provider_stub.store.protocol.tx import StoreConflictError, StoreUnavailableError
from provider_stub.store.sql.accounts import SqlAccounts
from provider_stub.store.sql.contracts import SqlAdjustments, SqlContracts
from provider_stub.store.sql.credits import SqlCredits
from provider_stub.store.sql.jobs import SqlJobs, SqlKeys
from provider_stub.store.sql.metering import SqlCounters, SqlMeters
from provider_stub.store.sql.migrate import migrate
from provider_stub.store.sql.payments import SqlCharges, SqlPayments
from provider_stub.store.sql.schema import METADATA
from provider_stub.store.sql.statements import SqlStatements

# Other processes may hold SQLite's one write lock; a unit of work lasts milliseconds, a close of the month longer.
_BUSY_MILLISECONDS: Final = 30_000
_CONNECTIONS: Final = 10


@frozen
class SqlTx:
    """One unit of work over one connection."""

    accounts: SqlAccounts
    counters: SqlCounters
    meters: SqlMeters
    contracts: SqlContracts
    adjustments: SqlAdjustments
    credits: SqlCredits
    statements: SqlStatements
    payments: SqlPayments
    jobs: SqlJobs
    keys: SqlKeys
    charges: SqlCharges

    @classmethod
    def over(cls, connection: sa.Connection) -> SqlTx:
        return cls(
            SqlAccounts(connection),
            SqlCounters(connection),
            SqlMeters(connection),
            SqlContracts(connection),
            SqlAdjustments(connection),
            SqlCredits(connection),
            SqlStatements(connection),
            SqlPayments(connection),
            SqlJobs(connection),
            SqlKeys(connection),
            SqlCharges(connection),
        )


@frozen
class SqlStore:
    """The store behind a database URL; `open_store` makes one."""

    _readers: sa.Engine
    _writers: sa.Engine
    _turn: AbstractContextManager[Any]
    _begin_reading: str | None = None
    _begin_writing: str | None = None

    @contextmanager
    def read(self) -> Iterator[SqlTx]:
        with _translated(), _begun(self._readers, self._begin_reading) as connection:
            yield SqlTx.over(connection)

    @contextmanager
    def write(self) -> Iterator[SqlTx]:
        with _translated(), self._turn, _begun(self._writers, self._begin_writing) as connection:
            yield SqlTx.over(connection)

    def check(self) -> None:
        with _translated(), self._readers.begin() as connection:
            connection.execute(sa.text("SELECT 1"))

    def clear(self) -> None:
        with _translated(), self._turn, _begun(self._writers, self._begin_writing) as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(table.delete())

    def close(self) -> None:
        self._readers.dispose()
        self._writers.dispose()


@contextmanager
def _begun(engine: sa.Engine, begin: str | None) -> Iterator[sa.Connection]:
    """A transaction, with the words that begin it where the driver does not find the right ones."""
    with engine.begin() as connection:
        if begin:
            # Not by an event: one listener makes SQLAlchemy prepare several events for every statement.
            connection.exec_driver_sql(begin)
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sa.exc.IntegrityError, sa.exc.OperationalError) as error:
        if _collided(error):
            raise StoreConflictError("others changed the same data meanwhile") from error
        if isinstance(error, sa.exc.IntegrityError):
            raise
        raise _unavailable(error.orig) from error
    except sa.exc.TimeoutError as error:
        raise _unavailable(error) from error


_COLLISIONS: Final = frozenset(
    {
        "23503",  # a foreign key that points at nothing, or a row that one points at
        "23505",  # a key that is taken
        "40001",  # no serial order
        "40P01",  # a deadlock
        "SQLITE_CONSTRAINT_FOREIGNKEY",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
        "SQLITE_CONSTRAINT_UNIQUE",
    }
)
"""SQLSTATEs of PostgreSQL, and names of SQLite's errors. A violated CHECK is not among them: it is a defect of ours."""


def _collided(error: sa.exc.DBAPIError) -> bool:
    return bool(_COLLISIONS & {getattr(error.orig, "sqlstate", None), getattr(error.orig, "sqlite_errorname", None)})


def _unavailable(cause: BaseException | None) -> StoreUnavailableError:
    return StoreUnavailableError(f"the database does not answer: {str(cause).partition(chr(10))[0]}")


def open_store(url: str) -> SqlStore:
    """The store behind `sqlite:///file` or `postgresql://...`; its schema is brought up to date.

    Raises ValueError for a URL of another kind or a database of a newer version, and StoreUnavailableError when the
    database does not answer.
    """
    try:
        where = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ValueError("a database URL begins with sqlite:/// or postgresql://") from None
    if where.get_backend_name() == "sqlite":
        store = _sqlite(where)
    elif where.get_backend_name() == "postgresql":
        store = _postgresql(where)
    else:
        raise ValueError(f"a database URL begins with sqlite:/// or postgresql://, not {where.drivername}")
    try:
        with _translated():
            migrate(store._readers, store._writers)
    except BaseException:
        store.close()
        raise
    return store


def _sqlite(url: URL) -> SqlStore:
    if not url.database or url.database == ":memory:":
        raise ValueError("sqlite:/// needs the name of a file; without a file there is the memory store")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = _engine(url.set(drivername="sqlite"), connect_args={"timeout": _BUSY_MILLISECONDS / 1000})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    # SQLite has one writer at a time. A lock lets our threads queue for it; its own busy handler polls with sleeps.
    return SqlStore(engine, engine, threading.Lock(), "BEGIN", "BEGIN IMMEDIATE")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves: the driver would begin them too late
    _keep_a_log(connection)
    for pragma in (
        "synchronous = NORMAL",
        f"busy_timeout = {_BUSY_MILLISECONDS}",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _keep_a_log(connection: Any) -> None:
    """Where two connections switch a new file to WAL at once, SQLite fails one of them without waiting."""
    deadline = time.monotonic() + _BUSY_MILLISECONDS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def _postgresql(url: URL) -> SqlStore:
    engine = _engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    readers = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return SqlStore(readers, engine, nullcontext())


def _engine(url: URL, **options: Any) -> sa.Engine:
    return sa.create_engine(
        url,
        pool_size=_CONNECTIONS,
        max_overflow=40,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        **options,
    )
