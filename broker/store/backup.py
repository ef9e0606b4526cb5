"""A back-up of everything in one file, made while the broker runs, and the way back.

On SQLite the file is a database of its own, on PostgreSQL an archive of pg_dump. It holds the secrets of
webhooks, so only its owner may read it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from attrs import frozen
from sqlalchemy import func, inspect, select
from sqlalchemy.engine import URL, make_url

from broker.errors import UnusableError
from broker.store.census import totals
from broker.store.database import peek, shown
from broker.store.migrate import revision
from broker.store.schema import metadata, schema_info

_BUSY_SECONDS = 30


@frozen
class Saved:
    """`totals` by name of what is counted; `revision` is None for a database from before revisions."""

    totals: dict[str, int]
    revision: str | None
    size: int


def save(url: str, file: Path, *, replace: bool = False) -> Saved:
    """Writes the state of one instant to `file`, which appears whole or not at all.

    Raises UnusableError.
    """
    if file.exists() and not replace:
        raise UnusableError(f"{file} exists already; --force replaces it")
    with peek(url) as tx:
        if not inspect(tx).has_table(schema_info.name):
            raise UnusableError(f"{shown(url)} is not a broker's database")
        held, at = totals(tx), revision(tx)
    source = make_url(url)
    _refuse_own_file(source, file)
    if source.get_backend_name() == "sqlite":
        size = _written(file, lambda part: _copy_sqlite(Path(str(source.database)), part, single_file=True))
    else:
        size = _written(file, lambda part: _run(source, "pg_dump", "--format=custom", f"--file={part}"))
    return Saved(held, at, size)


def restore(url: str, file: Path) -> None:
    """Fills a database that holds nothing with what `save` wrote from one of the same kind.

    Raises UnusableError.
    """
    target = make_url(url)
    _refuse_own_file(target, file)
    sqlite = target.get_backend_name() == "sqlite"
    _check_kind(file, b"SQLite format 3\0" if sqlite else b"PGDMP", "SQLite" if sqlite else "PostgreSQL")
    if not sqlite or Path(str(target.database)).exists():
        with peek(url) as tx:
            present = set(inspect(tx).get_table_names())
            tables = [table for table in metadata.sorted_tables if table.name in present and table is not schema_info]
            if any(tx.execute(select(func.count()).select_from(table)).scalar_one() for table in tables):
                raise UnusableError(f"{shown(url)} holds data already; a back-up goes into an empty database only")
    if sqlite:
        Path(str(target.database)).parent.mkdir(parents=True, exist_ok=True)
        _copy_sqlite(file, Path(str(target.database)))
    else:
        # What an empty broker has laid down is replaced; all of it or nothing.
        _run(target, "pg_restore", "--clean", "--if-exists", "--single-transaction", str(file))


def _refuse_own_file(address: URL, file: Path) -> None:
    """A broker that runs would go on in the file that was taken away, and lose everything when it stops."""
    if address.get_backend_name() != "sqlite":
        return
    own = Path(str(address.database))
    for part in (own.with_name(own.name + ending) for ending in ("", "-wal", "-shm", "-journal")):
        if file.resolve() == part.resolve() or (file.exists() and part.exists() and file.samefile(part)):
            raise UnusableError(f"{file} belongs to the database itself: give another file")


def _check_kind(file: Path, magic: bytes, name: str) -> None:
    try:
        with file.open("rb") as opened:
            found = opened.read(len(magic))
    except OSError as error:
        raise UnusableError(f"cannot read {file}: {error.strerror}") from None
    if found != magic:
        raise UnusableError(f"{file} is not a back-up from {name}")


def _copy_sqlite(source: Path, target: Path, *, single_file: bool = False) -> None:
    """In one step of SQLite's own back-up: writers go on beside it, and none of their changes is seen in part.

    A `single_file` needs no write-ahead log beside it when it is read.
    """
    try:
        with (
            closing(sqlite3.connect(source, timeout=_BUSY_SECONDS)) as reader,
            closing(sqlite3.connect(target, timeout=_BUSY_SECONDS)) as writer,
        ):
            reader.backup(writer)
            if single_file:
                writer.execute("PRAGMA journal_mode=DELETE")
            found = writer.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise UnusableError(f"cannot copy {source} to {target}: {error}") from None
    if found != "ok":
        raise UnusableError(f"the copy of {source} is damaged: {found}")


def _run(address: URL, program: str, *options: str) -> None:
    """Runs a tool of PostgreSQL, which reads the password from a file: others can see a command line."""
    if shutil.which(program) is None:
        raise UnusableError(f"{program} is not on the PATH; it comes with PostgreSQL's client programs")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as secret:
        query = dict(address.query)
        if "sslpassword" in query:
            raise UnusableError(f"{program} can be told of an sslpassword on its command line only: leave it out")
        password = str(query.pop("password", address.password) or "").replace("\\", "\\\\").replace(":", "\\:")
        secret.write(f"*:*:*:*:{password}\n")
        secret.flush()
        if password:
            query["passfile"] = secret.name
        plain = URL.create(
            "postgresql", address.username, None, address.host, address.port, address.database, query
        ).render_as_string()
        command = [program, "--no-owner", "--no-privileges", f"--dbname={plain}", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        told = done.stderr.strip().splitlines() or ["it says nothing"]
        raise UnusableError(f"{program} fails: {told[0]}")


def _written(file: Path, write: Callable[[Path], None]) -> int:
    """The size of the file, which takes its place only when all of it is on the disk."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        part = Path(name)
        try:
            write(part)
            os.fsync(handle)
            part.replace(file)
        finally:
            os.close(handle)
            part.unlink(missing_ok=True)
        _sync_folder(file.parent)
        return file.stat().st_size
    except OSError as error:
        raise UnusableError(f"cannot write {file}: {error.strerror}") from None


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
