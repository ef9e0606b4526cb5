"""Events in Parquet files: what DuckDB makes of them is what the engine makes of every single one."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import duckdb
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from provider_stub.engine.metering import CounterType, Meter, aggregate
from provider_stub.engine.period import Month
from provider_stub.engine.regions import region_of
from provider_stub.store.parquet.events import open_events
from provider_stub.store.protocol.events import Complaint, Kind, ProjectMonth, UnreadableEventsError
from tests.store.parquet_files import row, write

KR = region_of("KR")
MONTH = Month(2026, 10)
FIRST, END = MONTH.bounds(KR.zone)
PROJECTS = ("app", "web", *(f"p-{number}" for number in range(8)))
MONTHS = [
    ProjectMonth("acme", project, f"{project}-key", month, *month.bounds(KR.zone))
    for project in PROJECTS
    for month in (MONTH.previous(), MONTH)
]
UNITS = ("BYTES", "KB", "MB", "GB", "TB", "PB")
COUNTERS = {"sum": CounterType.DELTA, "level": CounterType.GAUGE, "total": CounterType.CUMULATIVE}
KINDS = [Kind(name, kind, UNITS) for name, kind in COUNTERS.items()]
EVENT = Meter("m-1", "web", "web-key", "sum", CounterType.DELTA, "KB", Decimal(7), FIRST)


def _random_events(random: Random) -> list[Meter]:
    """Few instants and small volumes, so that resets, ties and changes of unit are common; some events come twice."""
    found = []
    for number in range(800):
        name = random.choice(sorted(COUNTERS))
        volume = Decimal(random.choice((0, 1, 1000, random.randrange(10**27)))).scaleb(-12)
        at = random.choice((FIRST, END - timedelta(hours=4))) + timedelta(hours=random.randrange(-3, 4))
        project, unit = random.choice(PROJECTS), random.choice(("KB", "KB", "KB", "PB"))
        key, resource = f"{project}-key", random.choice(("", "vm-1"))
        found.append(Meter(f"m-{number}", project, key, name, COUNTERS[name], unit, volume, at, resource))
    return found + random.choices(found, k=random.choice((0, 5)))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_condensed_meters_of_a_file_give_the_usage_of_all_its_events(seed: int) -> None:
    events = _random_events(Random(seed))  # noqa: S311 - test data, no secret
    with tempfile.TemporaryDirectory() as folder:
        condensed = _condensed(write(Path(folder) / "events.parquet", list(map(row, events))))
    for month in (MONTH.previous(), MONTH):
        assert aggregate(condensed, month, KR.zone, condensed) == aggregate(events, month, KR.zone, events)


def test_a_sum_is_one_meter_at_the_time_of_its_last_event(tmp_path: Path) -> None:
    rows = [row(EVENT) | {"meter_id": f"m-{hour}", "timestamp": FIRST + timedelta(hours=hour)} for hour in range(100)]
    (found,) = _condensed(write(tmp_path / "events.parquet", rows))
    assert (found.counter_volume, found.timestamp) == (Decimal(700), FIRST + timedelta(hours=99))


def test_a_sum_beyond_what_decimals_hold_raises() -> None:
    """Volumes are small enough that no file can bring it about; this is what DuckDB would do."""
    largest = Decimal("99999999999999999999999999.999999999999")
    with pytest.raises(duckdb.OutOfRangeException), duckdb.connect() as database:
        database.execute("SELECT sum(volume) FROM (SELECT unnest(?::DECIMAL(38,12)[]) AS volume)", [[largest] * 3])


@pytest.mark.parametrize(
    ("kind", "volume", "expected"),
    [
        ("VARCHAR", "0.000000000001", "0.000000000001"),
        ("VARCHAR", "999999999999999.999999999999", "999999999999999.999999999999"),
        ("BIGINT", 10**15 - 1, "999999999999999"),
        ("UINTEGER", 3, "3"),
        ("DECIMAL(5,2)", Decimal("7.25"), "7.25"),
        ("DECIMAL(38,20)", Decimal("0.1"), "0.1"),
    ],
)
def test_a_volume_may_be_text_a_whole_number_or_a_decimal(
    tmp_path: Path, kind: str, volume: object, expected: str
) -> None:
    rows = [row(EVENT) | {"counter_volume": volume}]
    (found,) = _condensed(write(tmp_path / "events.parquet", rows, counter_volume=kind))
    assert found.counter_volume == Decimal(expected)


@pytest.mark.parametrize(
    ("column", "kind", "value", "problem"),
    [
        ("counter_volume", "VARCHAR", "-1", "is not a number from 0"),
        ("counter_volume", "VARCHAR", "1e3", "is not a number from 0"),
        ("counter_volume", "VARCHAR", "0.0000000000001", "is not a number from 0"),
        ("counter_volume", "DECIMAL(38,20)", Decimal("0.0000000000001"), "is not a number from 0"),
        ("counter_volume", "DECIMAL(28,12)", Decimal(10**15), "is not a number from 0"),
        ("counter_volume", "DECIMAL(28,12)", Decimal(-1), "is not a number from 0"),
        ("counter_volume", "UBIGINT", 10**15, "is not a number from 0"),
        ("counter_volume", "BIGINT", None, "is empty"),
        ("meter_id", "VARCHAR", "not an id", "is not an identifier"),
        ("app_key", "VARCHAR", "strange-key", "is not one of the account"),
        ("counter_name", "VARCHAR", "strange", "is not in the price list"),
        ("counter_type", "VARCHAR", "GAUGE", "is not the type"),
        ("counter_unit", "VARCHAR", "HOURS", "does not measure"),
        ("timestamp", "TIMESTAMP WITH TIME ZONE", datetime(1999, 12, 31, 23, tzinfo=UTC), "is not of the years"),
        ("timestamp", "TIMESTAMP WITH TIME ZONE", datetime(2099, 12, 31, 15, tzinfo=UTC), "is not of the years"),
        ("resource_id", "VARCHAR", "a b", "has spaces"),
        ("source", "VARCHAR", "a\nb", "has control characters"),
    ],
)
def test_a_wrong_value_is_named_by_column_row_and_number_of_rows(
    tmp_path: Path, column: str, kind: str, value: object, problem: str
) -> None:
    wrong = row(EVENT) | {column: value}
    rows = [row(EVENT), *(wrong | {"meter_id": wrong["meter_id"] and f"{wrong['meter_id']}{n}"} for n in range(4))]
    (found,) = _complaints(write(tmp_path / "events.parquet", rows, **{column: kind}))
    assert (found.column, found.rows, len(found.first)) == (column, 4, 3)
    assert problem in found.problem
    assert found.first[0].startswith("events.parquet row 2: ")


@pytest.mark.parametrize("instant", ["infinity", "-infinity"])
def test_an_infinite_instant_is_refused_with_its_row_rather_than_dropped(tmp_path: Path, instant: str) -> None:
    rows = [row(EVENT) | {"timestamp": at} for at in (str(FIRST), instant)]
    (found,) = _complaints(write(tmp_path / "events.parquet", rows))
    assert str(found) == f"timestamp: is infinite: 1 rows (events.parquet row 2: {instant})"


def test_an_id_that_comes_again_with_other_content_is_named_with_its_row(tmp_path: Path) -> None:
    rows = [row(EVENT), row(EVENT), row(EVENT) | {"counter_volume": Decimal(8)}]
    (found,) = _complaints(write(tmp_path / "events.parquet", rows))
    assert (found.column, found.rows, found.first) == ("meter_id", 1, ("events.parquet row 3: m-1",))


def test_an_event_that_comes_again_is_counted_and_adds_nothing_also_from_another_file(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}.parquet", [row(EVENT)] * 2) for name in ("one", "two")]
    with open_events(files, tmp_path, account_id="acme") as events:
        assert events.check(MONTHS, KINDS) == ()
        assert [meter.counter_volume for _, meter in events.condensed()] == [7]
        assert (events.count(), events.repeats()) == (4, 3)


@pytest.mark.parametrize(
    ("types", "problem"),
    [
        ({"counter_volume": "DOUBLE"}, "counter_volume has to be a decimal, a whole number or text, not DOUBLE"),
        ({"counter_volume": "FLOAT"}, "counter_volume has to be a decimal, a whole number or text, not FLOAT"),
        ({"timestamp": "TIMESTAMP"}, "timestamp has to be TIMESTAMP WITH TIME ZONE, not TIMESTAMP"),
        ({"counter_volume": "HUGEINT"}, "counter_volume has to be a decimal, a whole number or text, not DOUBLE"),
        ({"app_key": "INTEGER"}, "app_key has to be VARCHAR, not INTEGER"),
        ({"price": "INTEGER"}, "columns are not known: price"),
        ({"account_id": "VARCHAR"}, "columns are not known: account_id"),
    ],
)
def test_a_file_whose_columns_cannot_be_exact_is_refused(tmp_path: Path, types: dict[str, str], problem: str) -> None:
    file = write(tmp_path / "events.parquet", [], **types)
    with pytest.raises(UnreadableEventsError, match=problem.replace("(", r"\(")):
        _complaints(file)


def test_a_second_file_with_other_columns_is_refused_rather_than_converted(tmp_path: Path) -> None:
    files = [write(tmp_path / "one.parquet", []), write(tmp_path / "two.parquet", [], counter_volume="DOUBLE")]
    with pytest.raises(UnreadableEventsError, match=r"the columns of .*two\.parquet are not those of"):
        _complaints(*files)


@pytest.mark.parametrize("name", ["part[1]", "part[[]1]", "p*1", "par?1", 'it\'s "1"', "part 1", "{part1,x}", "parté"])
def test_a_file_is_read_by_its_name_and_not_by_what_the_name_matches(tmp_path: Path, name: str) -> None:
    write(tmp_path / "part1.parquet", [row(EVENT)])
    file = write(tmp_path / "written", [row(EVENT) | {"counter_volume": Decimal(8)}])
    (found,) = _condensed(file.rename(tmp_path / f"{name}.parquet"))
    assert found.counter_volume == 8


def test_a_folder_named_like_a_column_does_not_change_the_events(tmp_path: Path) -> None:
    (folder := tmp_path / "meter_id=other" / "month=10").mkdir(parents=True)
    rows = [row(EVENT) | {"counter_name": "level", "counter_type": "GAUGE"}]
    (found,) = _condensed(write(folder / "events.parquet", rows))
    assert found.meter_id == EVENT.meter_id


def test_a_file_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "events.parquet", [row(EVENT)])
    with pytest.raises(UnreadableEventsError, match=r"events\.parquet is given twice"):
        _complaints(file, file)


def test_what_is_no_parquet_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "events.parquet").write_text("meter_id,app_key")
    for name in ("events.parquet", "nowhere.parquet"):
        with pytest.raises(UnreadableEventsError, match=name) as refused:
            _complaints(tmp_path / name)
        assert "\n" not in str(refused.value)


def _complaints(*files: Path) -> tuple[Complaint, ...]:
    with open_events(files, files[0].parent, account_id="acme") as events:
        return events.check(MONTHS, KINDS)


def _condensed(file: Path) -> list[Meter]:
    """The meters of the file. A sum has no id of its own, and the engine counts no id twice: so each gets one."""
    with open_events([file], file.parent, account_id="acme") as events:
        assert events.check(MONTHS, KINDS) == ()
        found = enumerate(events.condensed())
        return [meter if meter.meter_id else evolve(meter, meter_id=f"sum-{number}") for number, (_, meter) in found]
