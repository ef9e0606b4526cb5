"""What a store adds up and picks out of a month's readings is what the engine finds in all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.engine.metering import CounterType, Meter, Usage, aggregate
from provider_stub.engine.period import Month
from provider_stub.engine.regions import region_of
from provider_stub.store.memory.store import MemoryStore
from provider_stub.store.protocol.tx import Store
from tests.stores import STORES, empty_store

KR = region_of("KR")
MONTH = Month(2026, 10)
FIRST, END = MONTH.bounds(KR.zone)
PROJECTS = ("web", "app")
ACCOUNT = Account(
    "acme", "KR", (BillingGroup("main", "main", tuple(Project(name, f"{name}-key") for name in PROJECTS), True),)
)
COUNTERS = {"sum": CounterType.DELTA, "level": CounterType.GAUGE, "total": CounterType.CUMULATIVE}


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with empty_store(request.param, request, tmp_path_factory.mktemp("readings")) as opened:
        yield opened


@st.composite
def meters(draw: st.DrawFn) -> list[Meter]:
    """Few series and few instants, so that resets, ties, changes of unit and readings beside the month are common."""
    found = []
    for number in range(draw(st.integers(0, 25))):
        name = draw(st.sampled_from(sorted(COUNTERS)))
        volume = draw(
            st.sampled_from((Decimal(0), Decimal(1), Decimal("1.000000000001"), Decimal(1024), Decimal(10**15)))
        )
        at = draw(st.sampled_from((FIRST, END))) + timedelta(hours=draw(st.integers(-3, 3)))
        project, unit = draw(st.sampled_from(PROJECTS)), draw(st.sampled_from(("KB", "KB", "MB")))
        resource = draw(st.sampled_from(("", "vm-1")))
        found.append(_meter(f"m-{number}", project, name, unit, volume, at, resource))
    return found


def _meter(
    meter_id: str, project: str, name: str, unit: str, volume: Decimal, at: datetime, resource: str = ""
) -> Meter:
    return Meter(meter_id, project, f"{project}-key", name, COUNTERS[name], unit, volume, at, resource)


@settings(max_examples=150)
@given(readings=meters())
def test_a_stores_readings_give_the_usage_of_all_readings(store: Store, readings: list[Meter]) -> None:
    _store(store, readings)
    assert _usage(store) == aggregate(readings, MONTH, KR.zone, readings)


def test_a_sum_beyond_64_bits_is_exact(store: Store) -> None:
    largest = Decimal(10**15) - Decimal("0.000000000001")
    one = _meter("m", "web", "sum", "KB", largest, FIRST)
    _store(store, [evolve(one, meter_id=f"m-{number}") for number in range(10_000)])
    assert _usage(store) == (Usage("web", "sum", "BYTES", Decimal("10239999999999999999999.99998976")),)


def test_a_steady_counter_hands_out_its_ends_and_its_carry_in(store: Store) -> None:
    """A month of readings costs what decides about it, not what was sent."""
    rising = [
        _meter(f"m-{hour}", "web", "total", "KB", Decimal(hour), FIRST + timedelta(hours=hour - 50))
        for hour in range(100)
    ]
    _store(store, rising)
    with store.read() as tx:
        readings = tx.meters.readings(["web"], FIRST, END)
    if not isinstance(store, MemoryStore):
        assert (sorted(one.meter_id for one in readings.meters), [one.meter_id for one in readings.carry_in]) == (
            ["m-50", "m-99"],
            ["m-49"],
        )
    assert _usage(store) == (Usage("web", "total", "BYTES", Decimal(50 * 1024)),)


def _store(store: Store, readings: Sequence[Meter]) -> None:
    store.clear()
    with store.write() as tx:
        tx.accounts.put(ACCOUNT)
        tx.meters.add("acme", readings)


def _usage(store: Store) -> tuple[Usage, ...]:
    with store.read() as tx:
        readings = tx.meters.readings(PROJECTS, FIRST, END)
    return aggregate(readings.meters, MONTH, KR.zone, readings.carry_in, readings.sums)
