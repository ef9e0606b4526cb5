"""One database: its connections, its transactions, and what is checked before the first request."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from broker.errors import UnusableError
from broker.store.migrate import upgrade

_BUSY_TIMEOUT_MS = 30_000
# Any number will do; it names the lock that lets one writer in at a time across processes on PostgreSQL.
_WRITER_LOCK = 0x70616374

_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
# Classes of SQLSTATE: connection, rollback of a transaction, resources, intervention of an operator, system.
_POSTGRESQL_AWAY = frozenset({"08", "40", "53", "57", "58"})


class Database:
    """Reads run side by side on a snapshot each; writes run one after the other.

    One writer at a time, in the process and in the file, is why nobody ever sees "database is locked".
    """

    def __init__(self, url: str, on_wait: Callable[[float], None] | None = None) -> None:
        """Opens the database, and brings its tables up to date; raises UnusableError with the reason if it cannot.

        `on_wait` is told, for each change, how many seconds it waited for its turn to write.
        """
        self._on_wait = on_wait
        self._writer = threading.Lock()
        self._engine = _engine(url)
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        try:
            self._prepare()
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise UnusableError(f"cannot use the database {shown(url)}: {_reason(error)}") from None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._engine.connect() as connection:
            # PostgreSQL would otherwise show each statement what others have committed meanwhile.
            tx = connection if self._is_sqlite else connection.execution_options(isolation_level="REPEATABLE READ")
            with tx.begin():
                yield tx

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is applied whole at the end of the block, or not at all if the block raises."""
        asked = time.monotonic()
        with self._writer, self._engine.connect() as connection:
            tx = connection.execution_options(broker_writes=True)
            with tx.begin():
                if not self._is_sqlite:
                    tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITER_LOCK})
                if self._on_wait is not None:
                    self._on_wait(time.monotonic() - asked)
                yield tx

    def close(self) -> None:
        """Leaves a single file behind on SQLite: what the write-ahead log holds goes into the database."""
        if self._is_sqlite:
            with suppress(SQLAlchemyError, sqlite3.Error), closing(self._engine.raw_connection()) as connection:
                cursor = connection.cursor()
                cursor.execute("PRAGMA busy_timeout=1000")  # another process may use the file: it will do it then
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._engine.dispose()

    def shrink(self) -> None:
        """Gives the room of what was removed back to the disk, while changes wait; raises UnusableError.

        On PostgreSQL it does nothing: the server uses such room again by itself.
        """
        if not self._is_sqlite:
            return
        try:
            with self._writer, closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("VACUUM")
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise UnusableError(f"the file cannot be made smaller: {_reason(error)}") from None

    def _prepare(self) -> None:
        if self._is_sqlite:
            with closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA journal_mode=WAL")
        with self.write() as tx:
            upgrade(tx)


def is_away(error: Exception) -> bool:
    """Whether the database did not answer, so that the same may succeed later; all else is a fault of the broker."""
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, (InterfaceError, OperationalError)):
        return False
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return cause.sqlite_errorcode & 0xFF in _SQLITE_AWAY
    # Connecting fails without a statement.
    state = getattr(cause, "sqlstate", None) or ""
    return error.connection_invalidated or error.statement is None or state[:2] in _POSTGRESQL_AWAY


@contextmanager
def peek(url: str) -> Iterator[Connection]:
    """A transaction on a database that exists and stays as it is, whatever its age; raises UnusableError."""
    if url.startswith("sqlite") and not Path(_parsed(url).database or "").is_file():
        raise UnusableError(f"there is no database at {shown(url)}")
    engine = _engine(url)
    try:
        with engine.connect() as tx, tx.begin():
            yield tx
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise UnusableError(f"cannot use the database {shown(url)}: {_reason(error)}") from None
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    parsed = _parsed(url)
    # Errors reach the log, and what is written may be a webhook's secret: hence `hide_parameters`.
    try:
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() != "sqlite":
            # The ping finds connections that a restart of the server has ended, before a request does.
            return create_engine(parsed, pool_size=20, max_overflow=20, pool_pre_ping=True, hide_parameters=True)
        _make_folder(parsed)
        engine = create_engine(parsed, poolclass=QueuePool, pool_size=20, max_overflow=40, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise UnusableError(f"cannot use the database {shown(url)}: {_reason(error)}") from None
    except ImportError as error:
        needs = "pip install 'contract-broker[postgresql]'"
        raise UnusableError(f"cannot use the database {shown(url)}: {_reason(error)}; it needs {needs}") from None
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnusableError(f"cannot use the database {shown(url)}: {_reason(error)}") from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        kinds = "sqlite:///FILE or postgresql://USER@HOST/NAME"
        raise UnusableError(f"cannot use the database {shown(url)}: its address must be {kinds}")
    return parsed


def _make_folder(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        raise UnusableError("the broker needs a database file, such as sqlite:///.contract/broker.db")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnusableError(f"cannot create the folder of {url.database}: {error.strerror}") from None


def _configure_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver would begin transactions by itself, and late; `_begin_sqlite` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    # With a write-ahead log, NORMAL loses nothing that was acknowledged when the process dies.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("broker_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def shown(url: str) -> str:
    """The address without anything secret."""
    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except ArgumentError:
        return repr(url)


def _reason(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
