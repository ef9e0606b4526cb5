"""Metering: readings of counters, and what a month's readings amount to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from attrs import frozen

from provider_stub.engine.money import EXACT, decimal_in
from provider_stub.engine.period import Month
from provider_stub.engine.units import UNITS, unit_named

MAX_VOLUME: Final = 10**15
VOLUME_PLACES: Final = 12
"""A volume has at most this many decimal places and is at most MAX_VOLUME in its own unit."""


class CounterType(StrEnum):
    """How the readings of a counter add up over a month (billing rules, Metering)."""

    DELTA = "DELTA"
    GAUGE = "GAUGE"
    CUMULATIVE = "CUMULATIVE"


@frozen
class Meter:
    """One reading. `timestamp` carries an offset; `meter_id` is the sender's id or one given on arrival."""

    meter_id: str
    project_id: str
    app_key: str
    counter_name: str
    counter_type: CounterType
    counter_unit: str
    counter_volume: Decimal
    timestamp: datetime
    resource_id: str = ""
    resource_name: str = ""
    parent_resource_id: str = ""
    source: str = ""


@frozen
class Usage:
    """What a project used of a counter in one month, in any unit of the counter's dimension."""

    project_id: str
    counter_name: str
    unit: str
    quantity: Decimal


@frozen
class Readings:
    """A month's readings of some projects, as few as their usage takes; what is more than that does no harm.

    `sums` are the DELTA readings, added up by project, counter and unit. `meters` are the others that decide: of a
    GAUGE the latest of each resource; of a CUMULATIVE the first, the latest, each reset, and the one before each reset.
    `carry_in` are the last CUMULATIVE readings before the month, of the resources that have one in it.
    """

    sums: Sequence[Usage] = ()
    meters: Sequence[Meter] = ()
    carry_in: Sequence[Meter] = ()


def check_volume(volume: Decimal, pointer: str = "/counterVolume") -> None:
    """Raises InvalidValue for a volume that is negative, absurdly large, or too finely written."""
    decimal_in(volume, pointer, most=MAX_VOLUME, places=VOLUME_PLACES)


def aggregate(
    meters: Iterable[Meter],
    month: Month,
    zone: ZoneInfo,
    carry_in: Iterable[Meter] = (),
    sums: Iterable[Usage] = (),
) -> tuple[Usage, ...]:
    """The month's usage per project and counter, in the smallest unit of the counter's dimension.

    DELTA readings add up. GAUGE counts the latest reading (event time, then id) of each resource, and adds
    the resources. CUMULATIVE counts the increase of each resource over the month, from its last reading in
    `carry_in` (readings before the month) or from zero where there is none; a lower reading is a reset that
    starts again from zero (billing rules, Metering).

    Readings outside the month are ignored, and so is a meter id that came before: replaying changes nothing.
    `sums` are DELTA readings of the month that were added up already.
    """
    first, end = month.bounds(zone)
    within = _by_series(meter for meter in meters if first <= meter.timestamp < end)
    before = _by_series(
        meter for meter in carry_in if meter.timestamp < first and meter.counter_type is CounterType.CUMULATIVE
    )
    totals: dict[tuple[str, str, str], Decimal] = {}
    for one in sums:
        unit = unit_named(one.unit, "/counterUnit")
        key = (one.project_id, one.counter_name, unit.dimension)
        totals[key] = EXACT.add(totals.get(key, _ZERO), EXACT.multiply(one.quantity, unit.scale))
    for series, readings in within.items():
        earlier = max(before.get(series, ()), key=_time_then_id, default=None)
        quantity = _FOLDS[series.counter_type](readings, earlier)
        key = (series.project_id, series.counter_name, series.base_unit)
        totals[key] = EXACT.add(totals.get(key, _ZERO), quantity)
    return tuple(Usage(*key, quantity) for key, quantity in sorted(totals.items()))


_ZERO: Final = Decimal(0)
_time_then_id = attrgetter("timestamp", "meter_id")


class _Series(NamedTuple):
    """The readings that belong together: those of one counter on one resource."""

    project_id: str
    counter_name: str
    base_unit: str
    resource_id: str
    counter_type: CounterType


def _by_series(meters: Iterable[Meter]) -> dict[_Series, list[Meter]]:
    seen: set[str] = set()
    found: dict[_Series, list[Meter]] = {}
    for meter in meters:
        if meter.meter_id in seen:
            continue
        seen.add(meter.meter_id)
        base_unit = unit_named(meter.counter_unit, "/counterUnit").dimension
        series = _Series(meter.project_id, meter.counter_name, base_unit, meter.resource_id, meter.counter_type)
        found.setdefault(series, []).append(meter)
    return found


def _base_volume(meter: Meter) -> Decimal:
    return EXACT.multiply(meter.counter_volume, UNITS[meter.counter_unit].scale)


def _sum(readings: Iterable[Meter], _earlier: Meter | None) -> Decimal:
    total = _ZERO
    for reading in readings:
        total = EXACT.add(total, _base_volume(reading))
    return total


def _latest(readings: Iterable[Meter], _earlier: Meter | None) -> Decimal:
    return _base_volume(max(readings, key=_time_then_id))


def _increase(readings: Iterable[Meter], earlier: Meter | None) -> Decimal:
    last = _base_volume(earlier) if earlier else _ZERO
    total = _ZERO
    for reading in sorted(readings, key=_time_then_id):
        volume = _base_volume(reading)
        start = last if volume >= last else _ZERO
        total = EXACT.add(total, EXACT.subtract(volume, start))
        last = volume
    return total


_FOLDS: Final[Mapping[CounterType, Callable[[Iterable[Meter], Meter | None], Decimal]]] = MappingProxyType(
    {CounterType.DELTA: _sum, CounterType.GAUGE: _latest, CounterType.CUMULATIVE: _increase}
)
