"""Counters and meters."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from attrs import evolve

from provider_stub.engine.counters import Counter
from provider_stub.engine.metering import CounterType
from provider_stub.engine.prices import per_unit
from provider_stub.store.protocol.records import (
    Window,
)
from provider_stub.store.protocol.tx import Store
from tests.store.builders import EVERYTHING, NOW, meter


def test_counters_are_listed_by_name_with_all_their_prices(store: Store) -> None:
    rows = [
        Counter("a", CounterType.DELTA, per_unit(Decimal("0.1"), "GB", "KRW"), date(2026, 1, 1)),
        Counter("a", CounterType.DELTA, per_unit(Decimal("0.2"), "GB", "KRW"), date(2026, 2, 1)),
        Counter("a", CounterType.DELTA, per_unit(Decimal("0.3"), "GB", "USD"), date(2026, 1, 1)),
        Counter("b", CounterType.GAUGE, per_unit(Decimal(7), "COUNT", "KRW"), date(2026, 1, 1)),
    ]
    with store.write() as tx:
        for row in reversed(rows):
            tx.counters.put(evolve(row, price=per_unit(Decimal(99), row.price.unit, row.price.currency)))
            tx.counters.put(row)
    with store.read() as tx:
        assert tuple(rows) == tx.counters.rows()
        assert (rows[3],) == tx.counters.rows(["b", "none"])
        page = tx.counters.names(Window(1, 1))
        assert (page.items, page.total) == (("b",), 2)


def test_meters_that_are_there_stay_and_are_handed_back(store: Store) -> None:
    first = meter("m-1", volume="123456789012345.123456789012")
    with store.write() as tx:
        assert tx.meters.add("acme", [first, meter("m-2", hour=1)]) == {}
    with store.write() as tx:
        assert tx.meters.add("acme", [meter("m-1", volume="2"), meter("m-3")]) == {"m-1": first}
        assert tx.meters.add("acme", []) == {}
    with store.read() as tx:
        assert first == tx.meters.get("acme", "m-1")
        assert tx.meters.any_of(["acme-main-web", "none"]) == {"acme-main-web"}


def test_meters_are_found_by_half_open_spans_of_time(store: Store) -> None:
    with store.write() as tx:
        tx.meters.add("acme", [meter(f"m-{hour}", hour=hour) for hour in (3, 1, 2, 0)])
    first, end = NOW + timedelta(hours=1), NOW + timedelta(hours=3)
    projects = ["acme-main-web"]
    with store.write() as tx:
        page = tx.meters.page(projects, first, end, None, EVERYTHING)
        assert ([one.meter_id for one in page.items], page.total) == (["m-1", "m-2"], 2)
        assert tx.meters.page(projects, None, None, None, Window(1, 2)).items == page.items
        assert tx.meters.page(projects, None, None, "other", EVERYTHING).total == 0
        assert tx.meters.spans("acme-main-web", first, end) == (first, first + timedelta(hours=1))
        assert sorted(tx.meters.ids([*projects, "none"], first, end)) == ["m-1", "m-2"]
        assert tx.meters.remove("acme-main-web", first, end) == 2
        assert tx.meters.spans("acme-main-web", first, end) is None
        assert tx.meters.page(projects, None, None, None, EVERYTHING).total == 2
