"""Opening files of events, and what can be asked of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import duckdb
from attrs import define, frozen

from provider_stub.engine.metering import Meter
from provider_stub.store.parquet import queries
from provider_stub.store.parquet.columns import OPTIONAL, Check, check_schema, checks
from provider_stub.store.protocol.events import Complaint, Kind, ProjectMonth, UnreadableEventsError

MEMORY: Final = "600MB"
THREADS: Final = 2

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(2000, 1, 1)
_LAST_DAY: Final = date(2099, 12, 31)
_AT_ONCE: Final = 10_000
_ROWS_SHOWN: Final = 3


@frozen
class _Unit:
    """One way to name a counter in an event: `counter` is the number of the counter."""

    counter: int
    kind: Kind
    name: str


@define
class ParquetEvents:
    """The protocol's `Events` over a database of its own, which is gone when `open_events` ends."""

    _database: duckdb.DuckDBPyConnection
    _files: Sequence[Path]
    _checks: Sequence[Check]
    _months: Sequence[ProjectMonth] = ()
    _units: Sequence[_Unit] = ()
    _repeats: int = 0

    def count(self) -> int:
        return int(self._one(queries.COUNT)[0])

    def digest(self) -> str:
        """A file that is there twice adds nothing, so it does not count here either."""
        return hashlib.sha256(" ".join(sorted({_sha256(file) for file in self._files})).encode()).hexdigest()

    def account_ids(self) -> frozenset[str]:
        return frozenset(name for (name,) in self._all(queries.ACCOUNTS) if name is not None)

    def days(self) -> frozenset[date]:
        """The days, in UTC, on which there are events, of the years 2000 to 2099."""
        span = [(day - _EPOCH.date()).days for day in (_FIRST_DAY, _LAST_DAY)]
        return frozenset(_EPOCH.date() + timedelta(days=day) for (day,) in self._all(queries.DAYS, span))

    def check(self, months: Sequence[ProjectMonth], kinds: Collection[Kind]) -> tuple[Complaint, ...]:
        """What is wrong with the events; nothing when all of them can be billed at these projects and months."""
        self._months = months
        self._units = [
            _Unit(number, kind, unit)
            for number, kind in enumerate(sorted(kinds, key=lambda kind: kind.counter_name))
            for unit in kind.units
        ]
        self._note_months()
        self._note_kinds()
        found = [*self._checks, *queries.AGAINST_STORED]
        times = self._one(queries.count_wrong(found))
        complaints = tuple(self._complaint(check, rows) for check, rows in zip(found, times, strict=True) if rows)
        return complaints or self._check_ids()

    def recorded(self, ids: Iterable[tuple[str, str]]) -> tuple[Complaint, ...]:
        """The events are gone through once, and not at all where there are no ids."""
        self._database.execute(queries.RECORDED)
        left, noted = iter(ids), False
        while batch := list(islice(left, _AT_ONCE)):
            self._database.execute(queries.NOTE_RECORDED, [list(column) for column in zip(*batch, strict=True)])
            noted = True
        if not noted or not (rows := self._one(queries.COUNT_AGAIN)[0]):
            return ()
        shown = self._all(queries.AGAIN, [_ROWS_SHOWN])
        return (Complaint("meter_id", "was recorded before, one by one", rows, tuple(map(_where, shown))),)

    def repeats(self) -> int:
        """How many events came before, with the same id and content."""
        return self._repeats

    def condensed(self) -> Iterator[tuple[ProjectMonth, Meter]]:
        """As few meters as the usage takes, in the order of the months given."""
        for query in queries.condense(repeats=self._repeats > 0):
            self._database.execute(query)
        cursor = self._database.execute(queries.CONDENSED)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from map(self._condensed, rows)

    def _condensed(self, row: Sequence[Any]) -> tuple[ProjectMonth, Meter]:
        number, unit_number, meter_id, volume, at, *resource = row
        month, unit = self._months[number], self._units[unit_number]
        meter = Meter(
            meter_id,
            month.project_id,
            month.app_key,
            unit.kind.counter_name,
            unit.kind.counter_type,
            unit.name,
            volume,
            _EPOCH + timedelta(microseconds=at),
            *resource,
        )
        return month, meter

    def _note_months(self) -> None:
        columns = (
            range(len(self._months)),
            [month.account_id for month in self._months],
            [month.app_key for month in self._months],
            [_microseconds(month.first) for month in self._months],
            [_microseconds(month.end) for month in self._months],
        )
        self._database.execute(queries.MONTHS, [list(column) for column in columns])
        self._database.execute(queries.KEYS)

    def _note_kinds(self) -> None:
        columns = (
            range(len(self._units)),
            [unit.counter for unit in self._units],
            [unit.kind.counter_name for unit in self._units],
            [unit.kind.counter_type.value for unit in self._units],
            [unit.name for unit in self._units],
        )
        self._database.execute(queries.KINDS, [list(column) for column in columns])
        self._database.execute(queries.NAMES)

    def _check_ids(self) -> tuple[Complaint, ...]:
        """Hashes tell fast that no id comes twice; only where one may, the ids themselves are compared."""
        events, hashes = self._one(queries.COUNT_IDS)
        if events == hashes:
            return ()
        for query in queries.REPEATS:
            self._database.execute(query)
        (self._repeats,) = self._one(queries.COUNT_REPEATS)
        (rows,) = self._one(queries.COUNT_CONTRARY)
        if not rows:
            return ()
        shown = self._all(queries.CONTRARY, [_ROWS_SHOWN])
        return (Complaint("meter_id", "comes again with other content", rows, tuple(map(_where, shown))),)

    def _complaint(self, check: Check, rows: int) -> Complaint:
        shown = self._all(queries.show_wrong(check), [_ROWS_SHOWN])
        return Complaint(check.column, check.problem, rows, tuple(map(_where, shown)))

    def _one(self, query: str) -> tuple[Any, ...]:
        (row,) = self._all(query)
        return row

    def _all(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._database.execute(query, parameters).fetchall()


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _where(row: Sequence[Any]) -> str:
    file, number, value = row
    return f"{Path(file).name} row {number + 1}: {'nothing' if value is None else value}"


@contextmanager
def open_events(
    files: Sequence[Path], scratch: Path, *, account_id: str | None = None, memory: str = MEMORY
) -> Iterator[ParquetEvents]:
    """The events of Parquet files, all of one account where `account_id` is given, else of that in their column.

    Columns are named like the fields of a meter in the API, in snake_case. What does not fit into `memory` goes to the
    folder `scratch`, which has to be there. Raises UnreadableEventsError, and KeyboardInterrupt in queries as well.
    """
    settings: dict[str, str | int | float | list[str]] = {
        "threads": THREADS,
        "memory_limit": memory,
        "temp_directory": str(scratch),
        "autoinstall_known_extensions": "false",
    }
    database = duckdb.connect(config=settings)
    try:
        database.execute("SET preserve_insertion_order = false")
        database.execute("SET enable_progress_bar = false")  # it would be drawn into whatever the caller writes
        types = _types(database, files)
        check_schema(types, account_id)
        database.execute(queries.events(files, [name for name in OPTIONAL if name in types], account_id))
        yield ParquetEvents(database, files, tuple(checks(types)))
    except duckdb.Error as error:
        raise UnreadableEventsError(str(error).partition("\n")[0]) from error
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from error  # what Ctrl-C is everywhere else
    finally:
        database.close()


def _types(database: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> dict[str, str]:
    """The columns of the files, which have to be the same: DuckDB would convert those of the second as it sees fit."""
    found: dict[str, str] = {}
    for file in files:
        if not file.is_file():
            raise UnreadableEventsError(f"{file} is not a file")
        if files.count(file) > 1:
            # Rows are told apart by file and number: each would be taken for a repeat of itself, and left out.
            raise UnreadableEventsError(f"{file} is given twice")
        rows = database.execute(queries.describe(file)).fetchall()
        types = {name: kind for name, kind, *_ in rows}
        if found and types != found:
            raise UnreadableEventsError(f"the columns of {file} are not those of {files[0]}")
        found = types
    return found
