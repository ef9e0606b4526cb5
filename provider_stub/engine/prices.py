"""Prices: what a quantity of a counter costs (billing rules, Pricing)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from provider_stub.engine.metering import CounterType


class PriceModel(StrEnum):
    """PER_UNIT: price x quantity. FLAT: the price, once, when anything was used. PACKAGE: the price for each
    package begun. GRADUATED: each part of the quantity at the price of its tier. VOLUME: the whole quantity
    at the price of the tier that it reaches.
    """

    PER_UNIT = "PER_UNIT"
    FLAT = "FLAT"
    PACKAGE = "PACKAGE"
    GRADUATED = "GRADUATED"
    VOLUME = "VOLUME"


@frozen
class Tier:
    """Quantities above the tier before, up to and including `up_to`; the last tier is open (None)."""

    up_to: Decimal | None
    price: Decimal


@frozen
class Price:
    """A price per `unit`, in major units of `currency` (0.16 is 16 cents in USD).

    PER_UNIT, FLAT and PACKAGE have exactly one, open tier. `package` is the size of a package in `unit`s.
    """

    unit: str
    currency: str
    tiers: tuple[Tier, ...]
    model: PriceModel = PriceModel.PER_UNIT
    package: Decimal = Decimal(1)


@frozen
class Counter:
    """A row of the price list. Rows of one name differ in `effective_from`, the first day of their price."""

    counter_name: str
    counter_type: CounterType
    price: Price
    effective_from: date
