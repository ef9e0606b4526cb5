from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_stub.engine.counters import Counter, check_meter, price_list
from provider_stub.engine.errors import Invalid, InvalidValue, UnknownUnit
from provider_stub.engine.metering import CounterType, Meter, Usage, aggregate
from provider_stub.engine.period import Month
from provider_stub.engine.prices import per_unit
from provider_stub.engine.regions import REGIONS
from tests.engine.builders import KR, MONTH, hourly, meter

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)

EVENTS = st.lists(
    st.builds(
        meter,
        st.integers(0, 999).map(str),
        st.integers(0, 10**12).map(lambda thousandths: f"{thousandths}e-3"),
        at=st.integers(0, 33 * 24).map(lambda hours: datetime(2026, 10, 30, tzinfo=UTC) + hours * HOUR),
        kind=st.sampled_from(CounterType),
        unit=st.sampled_from(["SECONDS", "MINUTES", "HOURS"]),
        resource=st.sampled_from(["vm-1", "vm-2"]),
        project=st.sampled_from(["web", "shop"]),
    ),
    max_size=12,
    unique_by=lambda one: one.meter_id,
)


def _hours(*meters: Meter, before: tuple[Meter, ...] = ()) -> Decimal:
    (usage,) = aggregate(meters, MONTH, KR.zone, before)
    return usage.quantity / 3600


@given(EVENTS, st.randoms())
def test_neither_order_nor_replay_of_events_changes_the_usage(events: list[Meter], random: Random) -> None:
    shuffled = [*events, *events]
    random.shuffle(shuffled)
    assert aggregate(shuffled, MONTH, KR.zone) == aggregate(events, MONTH, KR.zone)


@given(EVENTS, st.integers(0, 12))
def test_splitting_delta_events_over_batches_does_not_matter(events: list[Meter], cut: int) -> None:
    deltas = [one for one in events if one.counter_type is CounterType.DELTA]
    whole = {(u.project_id, u.counter_name): u.quantity for u in aggregate(deltas, MONTH, KR.zone)}
    parts: dict[tuple[str, str], Decimal] = {}
    for batch in (deltas[:cut], deltas[cut:]):
        for usage in aggregate(batch, MONTH, KR.zone):
            key = (usage.project_id, usage.counter_name)
            parts[key] = parts.get(key, Decimal(0)) + usage.quantity
    assert parts == whole


@given(EVENTS)
def test_every_delta_event_is_counted_in_exactly_one_month(events: list[Meter]) -> None:
    deltas = [one for one in events if one.counter_type is CounterType.DELTA and one.project_id == "web"]
    scale = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600}
    everything = sum((one.counter_volume * scale[one.counter_unit] for one in deltas), Decimal(0))
    for region in REGIONS.values():
        months = (Month(2026, number) for number in (9, 10, 11, 12))
        counted = [u.quantity for month in months for u in aggregate(deltas, month, region.zone)]
        assert sum(counted, Decimal(0)) == everything


def test_deltas_of_different_units_add_up_exactly_in_the_smallest_unit() -> None:
    assert aggregate(
        [meter("a", "1.5", unit="HOURS"), meter("b", 20, unit="MINUTES"), meter("c", 7, unit="SECONDS")],
        MONTH,
        KR.zone,
    ) == (Usage("web", "compute", "SECONDS", Decimal(6607)),)


def test_a_month_takes_its_first_instant_and_leaves_the_next_months() -> None:
    first, end = MONTH.bounds(KR.zone)
    readings = [
        meter("before", 1, at=first - timedelta(microseconds=1)),
        meter("first", 10, at=first),
        meter("last", 100, at=end - timedelta(microseconds=1)),
        meter("after", 1000, at=end),
    ]
    assert _hours(*readings) == 110


def test_a_gauge_counts_the_latest_reading_of_each_resource() -> None:
    readings = [
        meter("a", 5, kind=CounterType.GAUGE, at=NOON + DAY),
        meter("b", 9, kind=CounterType.GAUGE, at=NOON),
        meter("c", 3, kind=CounterType.GAUGE, at=NOON, resource="vm-2"),
    ]
    assert _hours(*readings) == 8


def test_of_two_gauge_readings_at_one_instant_the_greater_id_is_the_later() -> None:
    assert _hours(meter("b", 4, kind=CounterType.GAUGE), meter("a", 7, kind=CounterType.GAUGE)) == 4


def test_a_cumulative_counter_bills_its_increase_since_the_last_reading_of_the_month_before() -> None:
    october = datetime(2026, 10, 20, tzinfo=UTC)
    cumulative = CounterType.CUMULATIVE
    before = (
        meter("o1", 90, kind=cumulative, at=october),
        meter("o2", 100, kind=cumulative, at=october + DAY),
        meter("o3", 40, kind=cumulative, at=october, resource="vm-2"),
    )
    readings = [
        meter("n1", 130, kind=cumulative, at=NOON),
        meter("n2", 150, kind=cumulative, at=NOON + DAY),
        meter("n3", 45, kind=cumulative, at=NOON, resource="vm-2"),
    ]
    assert _hours(*readings, before=before) == 50 + 5


def test_a_cumulative_counter_that_falls_has_started_again_from_zero() -> None:
    cumulative = CounterType.CUMULATIVE
    readings = [
        meter("n1", 130, kind=cumulative, at=NOON),
        meter("n2", 20, kind=cumulative, at=NOON + DAY),
        meter("n3", 50, kind=cumulative, at=NOON + 2 * DAY),
    ]
    assert _hours(*readings, before=(meter("o", 100, kind=cumulative, at=NOON - 30 * DAY),)) == 30 + 20 + 30


def test_a_cumulative_counter_without_an_earlier_reading_started_from_zero() -> None:
    assert _hours(meter("n1", 12, kind=CounterType.CUMULATIVE)) == 12


def test_a_reading_is_refused_with_every_field_that_is_wrong() -> None:
    row = Counter("compute", CounterType.DELTA, hourly(250), date(2026, 1, 1))
    check_meter(meter("fine", 720), row)
    with pytest.raises(Invalid) as refusal:
        check_meter(meter("bad", -1, unit="GB", kind=CounterType.GAUGE), row)
    assert [fault.pointer for fault in refusal.value.under("/meterList/3").faults] == [
        "/meterList/3/counterType",
        "/meterList/3/counterUnit",
        "/meterList/3/counterVolume",
    ]


@pytest.mark.parametrize(
    ("reading", "refusal"),
    [
        (meter("m", 1, unit="FORTNIGHTS"), UnknownUnit),
        (meter("m", 1, unit="KB"), UnknownUnit),
        (meter("m", -1), InvalidValue),
        (meter("m", "1E+16"), InvalidValue),
        (meter("m", 1, at=datetime(2026, 11, 1)), InvalidValue),  # noqa: DTZ001 - that is the point
    ],
    ids=["no such unit", "a unit of something else", "negative", "absurd", "no offset"],
)
def test_a_reading_that_cannot_be_billed_is_refused(reading: Meter, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        check_meter(reading, Counter("compute", CounterType.DELTA, hourly(250), date(2026, 1, 1)))


def test_a_month_is_billed_at_the_price_in_effect_on_its_first_day() -> None:
    def row(price: int, effective_from: date) -> Counter:
        return Counter("compute", CounterType.DELTA, hourly(price), effective_from)

    rows = [row(300, date(2026, 11, 2)), row(200, date(2026, 1, 1)), row(250, date(2026, 11, 1))]
    assert price_list(rows, MONTH) == {"compute": hourly(250)}
    assert price_list(rows, MONTH.next()) == {"compute": hourly(300)}
    assert price_list(rows[:1], MONTH) == {"compute": hourly(300)}
    assert price_list(rows[:1], MONTH.previous()) == {}


def test_a_price_in_a_unit_or_currency_that_is_not_billed_is_refused() -> None:
    with pytest.raises(UnknownUnit):
        per_unit(Decimal(1), "FORTNIGHTS", "KRW")
    with pytest.raises(InvalidValue):
        per_unit(Decimal(1), "HOURS", "EUR")
