"""Importing a month's events from Parquet: billed as if every event had been sent, all of it or nothing, once."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from provider_stub.engine.counters import Counter
from provider_stub.engine.errors import Conflict, Invalid, MonthPaid, NotFound
from provider_stub.engine.metering import CounterType
from provider_stub.engine.prices import per_unit
from provider_stub.engine.regions import region_of
from provider_stub.store.memory.store import MemoryStore
from provider_stub.store.parquet.events import open_events
from provider_stub.store.protocol.records import Window
from provider_stub.store.sql.database import open_store
from provider_stub.usecases import counters
from provider_stub.usecases.bulk import Imported, import_meters
from provider_stub.usecases.metering import list_meters
from tests.store.parquet_files import write
from tests.usecases.world import MONTH, World

FIRST, END = MONTH.bounds(region_of("KR").zone)
EVENT = {
    "meter_id": "m-1",
    "app_key": "acme-main-key",
    "counter_name": "compute",
    "counter_type": "DELTA",
    "counter_unit": "HOURS",
    "counter_volume": Decimal(10),
    "timestamp": FIRST,
    "resource_id": "vm-1",
}


@pytest.fixture
def world() -> World:
    made = World(MemoryStore())
    for name, kind, unit in (("disk", CounterType.GAUGE, "GB"), ("traffic", CounterType.CUMULATIVE, "GB")):
        price = per_unit(Decimal(1000), unit, "KRW")
        counters.put_counter(made.ctx, Counter(name, kind, price, MONTH.plus(-20).first_day))
    return made


def test_an_import_is_billed_like_its_events(world: World, tmp_path: Path) -> None:
    level = EVENT | {"counter_name": "disk", "counter_type": "GAUGE", "counter_unit": "GB"}
    total = EVENT | {"counter_name": "traffic", "counter_type": "CUMULATIVE", "counter_unit": "GB"}
    rows = [*_hourly(EVENT, [10, 20, 30], "d"), *_hourly(level, [5, 7, 6], "g"), *_hourly(total, [4, 9, 2, 3], "c")]
    done = _import(world, tmp_path, rows)
    assert done == Imported(events=10, repeats=0, meters=6, known=0)
    world.calculate()
    # 60 hours at 100, 6 GB at 1000, and 9 GB up to the reset and 3 behind it at 1000
    assert world.bill().statement.charge == 6000 + 6000 + 12000


def test_importing_again_under_the_same_name_changes_nothing(world: World, tmp_path: Path) -> None:
    rows = [*_hourly(EVENT, [10, 20], "d"), EVENT | {"meter_id": "d-0", "counter_volume": Decimal(10)}]
    assert _import(world, tmp_path, rows) == Imported(events=3, repeats=1, meters=1, known=0)
    before = _stored(world)
    assert _import(world, tmp_path, rows) == Imported(events=3, repeats=1, meters=1, known=1)
    assert _stored(world) == before


def test_other_events_under_the_same_name_are_a_conflict(world: World, tmp_path: Path) -> None:
    _import(world, tmp_path, [EVENT])
    with pytest.raises(Conflict, match="nothing was imported"):
        _import(world, tmp_path, [EVENT | {"counter_volume": Decimal(11)}])
    elsewhere = EVENT | {"meter_id": "m-2", "timestamp": END}  # a month that no meter of the first import is in
    with pytest.raises(Conflict) as refused:
        _import(world, tmp_path, [elsewhere])
    assert refused.value.faults[0].detail == "other content was imported as july for account acme"
    assert [volume for _, volume in _stored(world)] == [10]
    assert _import(world, tmp_path, [EVENT | {"counter_volume": Decimal(11)}], name="more").known == 0
    assert sorted(volume for _, volume in _stored(world)) == [10, 11]


def test_files_are_known_again_by_what_they_hold_in_any_order_and_under_any_name(world: World, tmp_path: Path) -> None:
    one = write(tmp_path / "one.parquet", _hourly(EVENT, [10, 20], "a"))
    two = write(tmp_path / "two.parquet", _hourly(EVENT, [30, 40], "b"))
    assert _import_files(world, tmp_path, one, two) == Imported(events=4, repeats=0, meters=1, known=0)
    assert _import_files(world, tmp_path, two, one).known == 1
    renamed = one.rename(tmp_path / "zero.parquet")
    assert _import_files(world, tmp_path, renamed, two).known == 1
    copied = tmp_path / "copy.parquet"
    shutil.copy(two, copied)
    assert _import_files(world, tmp_path, renamed, two, copied) == Imported(events=6, repeats=2, meters=1, known=1)
    assert [volume for _, volume in _stored(world)] == [100]


def test_files_of_the_same_name_that_hold_other_events_are_another_import(world: World, tmp_path: Path) -> None:
    for day in (1, 2):
        (folder := tmp_path / str(day)).mkdir()
        file = write(folder / "part.parquet", [EVENT | {"meter_id": f"m-{day}"}])
        assert _import_files(world, tmp_path, file).known == 0
    assert [volume for _, volume in _stored(world)] == [10, 10]


def test_a_sum_of_events_that_were_sent_before_is_refused_with_their_rows(world: World, tmp_path: Path) -> None:
    world.use(10, meter_id="d-1", at=FIRST + timedelta(days=20))
    rows = _hourly(EVENT, [1, 2, 3], "d")
    with pytest.raises(Invalid, match="nothing was imported") as refused:
        _import(world, tmp_path, rows)
    (fault,) = refused.value.faults
    assert fault.detail == "meter_id: was recorded before, one by one: 1 rows (july.parquet row 2: d-1)"
    assert _stored(world) == [("d-1", Decimal(10))]
    assert _import(world, tmp_path, [rows[0], rows[2]]).meters == 1


def test_ids_of_other_accounts_and_levels_that_are_sent_again_do_not_refuse_an_import(
    world: World, tmp_path: Path
) -> None:
    world.account("globex")
    world.use(10, account="globex", meter_id="d-0")
    level = EVENT | {"counter_name": "disk", "counter_type": "GAUGE", "counter_unit": "GB"}
    rows = [*_hourly(EVENT, [1, 2], "d"), *_hourly(level, [5], "g")]
    assert _import(world, tmp_path, rows).known == 0
    assert _import(world, tmp_path, rows, name="again").known == 1


def test_a_name_is_of_one_account(world: World, tmp_path: Path) -> None:
    world.account("globex")
    _import(world, tmp_path, [EVENT])
    assert _import(world, tmp_path, [EVENT | {"app_key": "globex-main-key"}], account="globex").known == 0


def test_events_fall_in_the_month_of_the_accounts_zone(world: World, tmp_path: Path) -> None:
    edges = [FIRST - timedelta(microseconds=1), FIRST, END - timedelta(microseconds=1), END]
    rows = [EVENT | {"meter_id": f"m-{number}", "timestamp": edge} for number, edge in enumerate(edges)]
    assert _import(world, tmp_path, rows).meters == 3
    world.calculate()
    assert world.bill().statement.charge == 2 * 10 * 100


def test_an_import_takes_events_of_two_years_and_refuses_more(world: World, tmp_path: Path) -> None:
    """From the first instant of 24 months in Seoul, which UTC still counts to the month before, to the last of them."""
    zone = region_of("KR").zone
    starts = [MONTH.plus(-number).bounds(zone)[0] for number in range(24)]
    instants = [*starts, END - timedelta(microseconds=1)]
    rows = [EVENT | {"meter_id": f"m-{number}", "timestamp": at} for number, at in enumerate(instants)]
    longer = [*rows, EVENT | {"meter_id": "m-late", "timestamp": END + timedelta(days=1)}]
    with pytest.raises(Invalid) as refused:
        _import(world, tmp_path, longer)
    assert refused.value.faults[0].detail == (
        "timestamp: there are events of 26 months of UTC, 2024-10 to 2026-11; one import takes at most 25"
    )
    assert _stored(world) == []
    assert _import(world, tmp_path, rows).meters == 24


def test_a_sum_larger_than_a_reading_may_be_is_parted_and_stays_whole(world: World, tmp_path: Path) -> None:
    largest = Decimal("999999999999999.999999999999")
    rows = [EVENT | {"meter_id": f"m-{number}", "counter_volume": largest} for number in range(3)]
    assert _import(world, tmp_path, rows).meters == 4
    assert sum(volume for _, volume in _stored(world)) == Decimal("2999999999999999.999999999997")


def test_wrong_rows_refuse_the_whole_import_and_name_every_column(world: World, tmp_path: Path) -> None:
    rows = [EVENT, EVENT | {"meter_id": "m-2", "app_key": "nobody"}, EVENT | {"meter_id": "m-3", "counter_unit": "GB"}]
    with pytest.raises(Invalid) as refused:
        _import(world, tmp_path, rows)
    assert [fault.pointer for fault in refused.value.faults] == ["/app_key", "/counter_unit"]
    assert refused.value.faults[0].detail == "app_key: is not one of the account: 1 rows (july.parquet row 2: nobody)"
    assert _stored(world) == []


def test_a_paid_month_refuses_the_whole_import(world: World, tmp_path: Path) -> None:
    world.ready()
    world.pay()
    later = EVENT | {"meter_id": "m-2", "timestamp": END}
    before = _stored(world)
    for rows, error in (([EVENT], MonthPaid), ([EVENT, later], Conflict)):
        with pytest.raises(error) as refused:
            _import(world, tmp_path, rows)
        found = [fault.detail for fault in refused.value.faults]
        assert found == ["2026-10 is paid: project acme-main-web of account acme"]
    assert _stored(world) == before


def test_a_refusal_in_a_later_batch_takes_the_earlier_ones_back(tmp_path: Path) -> None:
    world = World(open_store(f"sqlite:///{tmp_path / 'billing.db'}"))
    world.account("acme", ["main", *(f"g{number}" for number in range(1100))])
    world.use(1, group="g999", meter_id="taken")
    counters.put_counter(
        world.ctx, Counter("disk", CounterType.GAUGE, per_unit(Decimal(1), "GB", "KRW"), MONTH.first_day)
    )
    level = EVENT | {"counter_name": "disk", "counter_type": "GAUGE", "counter_unit": "GB"}
    rows = [
        level | {"meter_id": "taken" if number == 1099 else f"m-{number}", "app_key": f"acme-g{number}-key"}
        for number in range(1100)
    ]
    with pytest.raises(Conflict, match="nothing was imported"):
        _import(world, tmp_path, rows)
    assert len(_stored(world)) == 1
    world.store.close()


def test_a_file_may_hold_many_accounts_each_with_months_of_its_own_zone(world: World, tmp_path: Path) -> None:
    counters.put_counter(
        world.ctx, Counter("compute", CounterType.DELTA, per_unit(Decimal(1), "HOURS", "USD"), MONTH.first_day)
    )
    world.account("globex", region="ETC")
    rows = [EVENT | {"account_id": "acme"}, EVENT | {"account_id": "globex", "app_key": "globex-main-key"}]
    file = write(tmp_path / "july.parquet", rows, account_id="VARCHAR")
    with open_events([file], tmp_path) as events:
        assert import_meters(world.ctx, events, file.name, lambda _: None).meters == 2
    for account, charge in (("acme", 1000), ("globex", 0)):  # in UTC it is still the month before
        world.calculate(account)
        assert world.bill(f"{account}-main.{MONTH}").statement.charge == charge


def test_an_account_that_does_not_exist_is_named(world: World, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nobody"):
        _import(world, tmp_path, [EVENT], account="nobody")


def _hourly(event: Mapping[str, object], volumes: Sequence[int], prefix: str) -> list[dict[str, object]]:
    return [
        {
            **event,
            "meter_id": f"{prefix}-{hour}",
            "counter_volume": Decimal(volume),
            "timestamp": FIRST + timedelta(hours=hour),
        }
        for hour, volume in enumerate(volumes)
    ]


def _import(
    world: World, folder: Path, rows: Sequence[Mapping[str, object]], *, account: str = "acme", name: str = "july"
) -> Imported:
    return _import_files(world, folder, write(folder / "july.parquet", rows), account=account, name=name)


def _import_files(world: World, folder: Path, *files: Path, account: str = "acme", name: str | None = None) -> Imported:
    with open_events(files, folder, account_id=account) as events:
        return import_meters(world.ctx, events, name, lambda _: None)


def _stored(world: World) -> list[tuple[str, Decimal]]:
    found = list_meters(
        world.ctx, "acme", app_key=None, first_day=None, last_day=None, counter_name=None, window=Window(0, 5000)
    )
    return [(meter.meter_id, meter.counter_volume) for meter in found.items]
