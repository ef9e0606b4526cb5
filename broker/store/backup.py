"""A back-up of everything in one file, made while the broker runs, and the way back.

On SQLite the file is a database of its own, on PostgreSQL an archive of pg_dump. It holds the secrets of
webhooks, so only its owner may read it.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from attrs import frozen
from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.engine import URL, make_url

from broker.errors import UnusableError
from broker.store.census import totals
from broker.store.database import peek, shown
from broker.store.migrate import STAMP, revision
from broker.store.schema import contents, metadata, pacticipants, schema_info

_BUSY_SECONDS = 30
_OWN = frozenset({*metadata.tables, STAMP.name})
# What every database of a broker has, of whatever revision.
_MARKS = frozenset({schema_info.name, pacticipants.name, contents.name})
# Of what an archive lists, that which belongs to tables. Archives of earlier brokers hold whole databases.
_OF_TABLES = re.compile(
    r"\d+; \d+ \d+ (TABLE DATA|TABLE|SEQUENCE OWNED BY|SEQUENCE SET|SEQUENCE|DEFAULT|CONSTRAINT|FK CONSTRAINT|INDEX) "
    r"(\S+) (\S+)"
)


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
        schema, present = inspect(tx).default_schema_name, sorted(_OWN.intersection(inspect(tx).get_table_names()))
    source = make_url(url)
    _refuse_own_file(source, file)
    if source.get_backend_name() == "sqlite":
        size = _written(file, lambda part: _copy_sqlite(Path(str(source.database)), part, single_file=True))
    else:
        # Others may have tables in the same database.
        tables = [f'--table="{schema}"."{name}"' for name in present]
        size = _written(file, lambda part: _run(source, "pg_dump", "--format=custom", f"--file={part}", *tables))
    return Saved(held, at, size)


def restore(url: str, file: Path) -> None:
    """Fills a database that holds nothing of a broker with what `save` wrote from one of the same kind.

    Raises UnusableError, and has changed nothing then.
    """
    target = make_url(url)
    _refuse_own_file(target, file)
    if target.get_backend_name() == "sqlite":
        _restore_sqlite(url, Path(str(target.database)), file)
    else:
        _restore_postgresql(url, target, file)


def _restore_sqlite(url: str, target: Path, file: Path) -> None:
    _check_kind(file, b"SQLite format 3\0", "SQLite")
    _check_sqlite(file)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        _written(target, lambda part: _copy_sqlite(file, part))
        return
    with peek(url) as tx:
        # The copy takes the place of the whole file.
        others = sorted(set(inspect(tx).get_table_names()) - _OWN)
        if others:
            raise UnusableError(f"{shown(url)} holds tables of another application: {', '.join(others)}")
        _require_empty(tx, url)
    _copy_sqlite(file, target)


def _restore_postgresql(url: str, target: URL, file: Path) -> None:
    _check_kind(file, b"PGDMP", "PostgreSQL")
    found = [matched for matched in map(_OF_TABLES.match, _listed(file)) if matched and _is_chosen(matched)]
    tables = {matched[3] for matched in found if matched[1] == "TABLE"}
    if not tables >= _MARKS:
        raise UnusableError(f"{file} is not a back-up of a broker")
    if tables - _OWN:
        others = ", ".join(sorted(tables - _OWN))
        raise UnusableError(f"{file} holds tables of another application, too: {others}. pg_restore can choose from it")
    schemas = {matched[2] for matched in found}
    with peek(url) as tx:
        own = inspect(tx).default_schema_name
        if schemas != {own}:
            raise UnusableError(f"{file} is of the schema {', '.join(sorted(schemas))}, and {shown(url)} uses {own}")
        _require_empty(tx, url)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as chosen:
        chosen.write("".join(f"{matched.string}\n" for matched in found))
        chosen.flush()
        # What an empty broker has laid down is replaced; all of it or nothing.
        options = ("--clean", "--if-exists", "--single-transaction", f"--use-list={chosen.name}")
        _run(target, "pg_restore", *options, str(file))


def _is_chosen(entry: re.Match[str]) -> bool:
    """Whether it is not a sequence that stands alone."""
    return not entry[1].startswith("SEQUENCE") or entry[3].removesuffix("_id_seq") in _OWN


def _require_empty(tx: Connection, url: str) -> None:
    """No table that has the name of a broker's but those of an empty broker."""
    present = _OWN.intersection(inspect(tx).get_table_names())
    if present and not present >= _MARKS:
        named = ", ".join(sorted(present))
        raise UnusableError(f"{shown(url)} holds tables of another application that have a broker's names: {named}")
    tables = [table for table in metadata.sorted_tables if table.name in present and table is not schema_info]
    if any(tx.execute(select(func.count()).select_from(table)).scalar_one() for table in tables):
        raise UnusableError(f"{shown(url)} holds data already; a back-up goes into an empty database only")


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


def _check_sqlite(file: Path) -> None:
    """Before the target is touched."""
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY_SECONDS)) as reader:
            fault = reader.execute("PRAGMA quick_check(1)").fetchone()[0]
            names = {row[0] for row in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise UnusableError(f"{file} cannot be read: {error}") from None
    if fault != "ok":
        raise UnusableError(f"{file} is damaged: {fault.splitlines()[-1]}")
    if not names >= _MARKS:
        raise UnusableError(f"{file} is not a back-up of a broker")


def _listed(file: Path) -> list[str]:
    """What the archive holds, an entry a line."""
    _require_program("pg_restore")
    return _finished("pg_restore", "--list", str(file)).splitlines()


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
    _require_program(program)
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
        _finished(program, "--no-owner", "--no-privileges", f"--dbname={plain}", *options)


def _require_program(name: str) -> None:
    if shutil.which(name) is None:
        raise UnusableError(f"{name} is not on the PATH; it comes with PostgreSQL's client programs")


def _finished(program: str, *options: str) -> str:
    """What it printed."""
    done = subprocess.run([program, *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        # Other lines, such as the context of a row, may quote what is stored.
        first, *more = done.stderr.strip().splitlines() or ["it says nothing"]
        details = [line.partition(": ")[2] for line in more if line.startswith(f"{program}: detail: ")]
        raise UnusableError(f"{program} fails: {'; '.join([first, *details])}")
    return done.stdout


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
