"""Regions as data: a new region is a row here and a test."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from attrs import frozen

from provider_stub.engine.errors import UnknownRegion
from provider_stub.engine.policies import Policy


@frozen
class Region:
    """Rates are percentages: `Decimal(10)` is 10%."""

    code: str
    currency: str
    time_zone: str
    vat_rate: Decimal
    late_fee_rate: Decimal
    policy: Policy

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that decides in which month an instant falls."""
        return ZoneInfo(self.time_zone)


def _table(*regions: Region) -> Mapping[str, Region]:
    return MappingProxyType({region.code: region for region in regions})


REGIONS: Final = _table(
    Region("KR", "KRW", "Asia/Seoul", Decimal(10), Decimal(2), Policy.CREDITS_FIRST),
    Region("JP", "JPY", "Asia/Tokyo", Decimal(10), Decimal(2), Policy.CREDITS_BEFORE_TAX),
    Region("ETC", "USD", "UTC", Decimal(0), Decimal(5), Policy.CREDITS_AFTER_TAX),
)


def region_of(code: str, pointer: str = "/region") -> Region:
    """Raises UnknownRegion at `pointer`."""
    try:
        return REGIONS[code]
    except KeyError:
        raise UnknownRegion.at_field(pointer, f"{code!r} is not one of {', '.join(REGIONS)}") from None
