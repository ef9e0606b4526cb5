"""Counters: the price list, and whether a reading can be billed under it (billing rules, Pricing)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from attrs import frozen

from provider_stub.engine.errors import BillingError, InvalidValue, gathered
from provider_stub.engine.metering import CounterType, Meter, check_volume
from provider_stub.engine.period import Month, check_instant
from provider_stub.engine.prices import Price
from provider_stub.engine.units import scale_in


@frozen
class Counter:
    """A row of the price list. Rows of one name differ in `effective_from`, the first day of their price."""

    counter_name: str
    counter_type: CounterType
    price: Price
    effective_from: date


def check_meter(meter: Meter, counter: Counter) -> None:
    """Whether a reading can be billed under its counter; every fault is named, not only the first.

    Raises InvalidValue (/counterType, /counterVolume, /timestamp) or UnknownUnit (/counterUnit), or an
    Invalid that gathers several.
    """
    found: list[BillingError] = []
    if meter.counter_type is not counter.counter_type:
        problem = f"{counter.counter_name} is a {counter.counter_type} counter, not {meter.counter_type}"
        found.append(InvalidValue.at_field("/counterType", problem))
    checks: tuple[Callable[[], object], ...] = (
        lambda: scale_in(meter.counter_unit, counter.price.unit),
        lambda: check_volume(meter.counter_volume),
        lambda: check_instant(meter.timestamp),
    )
    for check in checks:
        try:
            check()
        except BillingError as error:
            found.append(error)
    if found:
        raise gathered(found)


def price_list(counters: Iterable[Counter], month: Month) -> dict[str, Price]:
    """The one list price of each counter for a month.

    A month is billed at one price: the latest in effect on its first day or, for a counter that is new in
    the month, the first one of the month.
    """
    chosen: dict[str, Counter] = {}
    for row in sorted(counters, key=lambda row: row.effective_from):
        known = row.counter_name in chosen
        if row.effective_from <= month.first_day or (not known and row.effective_from <= month.last_day):
            chosen[row.counter_name] = row
    return {name: row.price for name, row in chosen.items()}
