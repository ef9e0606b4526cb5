"""Prices: what a quantity of a counter costs (billing rules, Pricing)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from attrs import frozen

from provider_stub.engine.errors import InvalidTiers
from provider_stub.engine.money import EXACT, QUOTIENT, decimal_in, minor_digits
from provider_stub.engine.units import unit_named


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


def per_unit(price: Decimal, unit: str, currency: str) -> Price:
    """One price for every unit. Raises InvalidValue, UnknownUnit."""
    return _checked(Price(unit, currency, (Tier(None, price),)))


def tiered(model: PriceModel, tiers: Sequence[Tier], unit: str, currency: str) -> Price:
    """A GRADUATED or VOLUME price; the tiers go up and the last is open. Raises InvalidTiers."""
    return _checked(Price(unit, currency, tuple(tiers), model))


def _checked(price: Price) -> Price:
    minor_digits(price.currency)
    unit_named(price.unit)
    for index, tier in enumerate(price.tiers):
        decimal_in(tier.price, f"/tiers/{index}/price" if len(price.tiers) > 1 else "/price")
    _check_bounds(price.tiers)
    return price


def _check_bounds(tiers: Sequence[Tier]) -> None:
    if not tiers or tiers[-1].up_to is not None:
        raise InvalidTiers.at_field("/tiers", "the last tier has to be open: quantities have no upper limit")
    bounds = [tier.up_to for tier in tiers[:-1]]
    for index, (lower, upper) in enumerate(pairwise([Decimal(0), *bounds])):
        if upper is None or lower is None or upper <= lower:
            raise InvalidTiers.at_field(f"/tiers/{index}/upTo", "each tier has to end above the one before")
        decimal_in(upper, f"/tiers/{index}/upTo")


def discounted(price: Price, rate: Decimal) -> Price:
    """The same price less `rate` percent, exactly: a discount on a unit price is not rounded."""
    if not rate:
        return price
    left = EXACT.subtract(Decimal(100), rate)
    tiers = tuple(Tier(tier.up_to, EXACT.multiply(tier.price, left).scaleb(-2, EXACT)) for tier in price.tiers)
    return Price(price.unit, price.currency, tiers, price.model, price.package)


def tier_of(price: Price, quantity: Decimal, scale: int) -> Tier:
    """The one tier that a quantity reaches; `scale` of its unit make one of the price's."""
    for tier in price.tiers:
        if tier.up_to is None or quantity <= EXACT.multiply(tier.up_to, scale):
            return tier
    raise InvalidTiers("the last tier has to be open")


def cost(price: Price, quantity: Decimal, scale: int = 1) -> Decimal:
    """What `quantity` costs, in minor units, not rounded; `scale` of its unit make one of the price's.

    Everything is added up in the quantity's own unit and divided once at the end, so that a price per hour
    of a usage in seconds comes out right to the last digit (billing rules, Money).
    """
    digits = minor_digits(price.currency)
    total = _COSTS[price.model](price, quantity, scale)
    if scale != 1:
        total = QUOTIENT.divide(total, scale)
    return total.scaleb(digits, EXACT) if digits else total


# Each of these returns `scale` times the cost in major units: the division is left to `cost`.


def _per_unit(price: Price, quantity: Decimal, _scale: int) -> Decimal:
    return EXACT.multiply(quantity, price.tiers[0].price)


def _flat(price: Price, quantity: Decimal, scale: int) -> Decimal:
    return EXACT.multiply(price.tiers[0].price, scale if quantity else 0)


def _package(price: Price, quantity: Decimal, scale: int) -> Decimal:
    packages = QUOTIENT.divide(quantity, EXACT.multiply(price.package, scale))
    begun = packages.to_integral_value(ROUND_CEILING)
    return EXACT.multiply(EXACT.multiply(begun, price.tiers[0].price), scale)


def _graduated(price: Price, quantity: Decimal, scale: int) -> Decimal:
    total = lower = Decimal(0)
    for tier in price.tiers:
        upper = quantity if tier.up_to is None else min(quantity, EXACT.multiply(tier.up_to, scale))
        if upper <= lower:
            break
        total = EXACT.fma(EXACT.subtract(upper, lower), tier.price, total)
        lower = upper
    return total


def _volume(price: Price, quantity: Decimal, scale: int) -> Decimal:
    return EXACT.multiply(quantity, tier_of(price, quantity, scale).price)


_COSTS: Final[Mapping[PriceModel, Callable[[Price, Decimal, int], Decimal]]] = MappingProxyType(
    {
        PriceModel.PER_UNIT: _per_unit,
        PriceModel.FLAT: _flat,
        PriceModel.PACKAGE: _package,
        PriceModel.GRADUATED: _graduated,
        PriceModel.VOLUME: _volume,
    }
)
