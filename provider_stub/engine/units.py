"""Units of measure: what a unit measures, and how many of the smallest unit it holds.

Bytes go up by 1024, so 524288000 KB are 500 GB (billing rules, Metering). Quantities are added in the
smallest unit, where every conversion is a whole factor and therefore exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from provider_stub.engine.errors import UnknownUnit


@frozen
class Unit:
    """`scale` of the smallest unit of `dimension` make one of this unit."""

    name: str
    dimension: str
    scale: int


def _table(*units: Unit) -> Mapping[str, Unit]:
    return MappingProxyType({unit.name: unit for unit in units})


UNITS: Final = _table(
    Unit("BYTES", "BYTES", 1),
    Unit("KB", "BYTES", 1024),
    Unit("MB", "BYTES", 1024**2),
    Unit("GB", "BYTES", 1024**3),
    Unit("TB", "BYTES", 1024**4),
    Unit("PB", "BYTES", 1024**5),
    Unit("SECONDS", "SECONDS", 1),
    Unit("MINUTES", "SECONDS", 60),
    Unit("HOURS", "SECONDS", 3600),
    Unit("DAYS", "SECONDS", 86400),
    Unit("COUNT", "COUNT", 1),
)
"""Every unit by name. `dimension` is the name of the dimension's smallest unit."""


def unit_named(name: str, pointer: str = "/unit") -> Unit:
    """Raises UnknownUnit at `pointer`."""
    try:
        return UNITS[name]
    except KeyError:
        raise UnknownUnit.at_field(pointer, f"{name!r} is not a unit of measure") from None


def scale_in(name: str, counter_unit: str, pointer: str = "/counterUnit") -> int:
    """How many of the smallest unit one `name` holds, for a counter that is priced per `counter_unit`.

    Raises UnknownUnit when the two do not measure the same thing.
    """
    unit = unit_named(name, pointer)
    if unit.dimension != unit_named(counter_unit).dimension:
        raise UnknownUnit.at_field(pointer, f"{name} cannot be converted to {counter_unit}")
    return unit.scale
