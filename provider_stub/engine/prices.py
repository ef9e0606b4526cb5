"""Prices: what a quantity of a counter costs (billing rules, Pricing)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from attrs import frozen

from provider_stub.engine.errors import Fault, InvalidTiers
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


class Tier(NamedTuple):
    """Quantities above the tier before, up to and including `up_to`; the last tier is open (None)."""

    up_to: Decimal | None
    price: Decimal


@frozen(slots=False)  # a contract makes one anew for each counter, and a frozen class with slots takes longer to make
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
    faults = []
    lower = Decimal(0)
    for index, tier in enumerate(tiers):
        if tier.up_to is not None:
            if tier.up_to <= lower:
                faults.append(Fault(f"/tiers/{index}/upTo", "each tier has to end above those before"))
            else:
                lower = decimal_in(tier.up_to, f"/tiers/{index}/upTo")
        elif index < len(tiers) - 1:
            faults.append(Fault(f"/tiers/{index}/upTo", "only the last tier may be open"))
    if not tiers or tiers[-1].up_to is not None:
        faults.append(Fault("/tiers", "the last tier has to be open: quantities have no upper limit"))
    if faults:
        raise InvalidTiers(faults[0].detail, *faults)


def discounted(price: Price, rate: Decimal) -> Price:
    """The same price less `rate` percent, exactly: a discount on a unit price is not rounded."""
    if not rate:
        return price
    left = EXACT.subtract(Decimal(100), rate).scaleb(-2, EXACT)
    tiers = tuple([Tier(tier.up_to, _multiply(tier.price, left)) for tier in price.tiers])
    return Price(price.unit, price.currency, tiers, price.model, price.package)


def cost(price: Price, quantity: Decimal, scale: int = 1) -> Decimal:
    """What `quantity` costs, in minor units, not rounded; `scale` of its unit make one of the price's.

    Everything is added up in the quantity's own unit and divided once at the end, so that a price per hour
    of a usage in seconds comes out right to the last digit (billing rules, Money).
    """
    total, _ = charge(price, scale)(quantity)
    return total if scale == 1 else QUOTIENT.divide(total, scale)


Charge = Callable[[Decimal], tuple[Decimal, Decimal | None]]
"""From a quantity to `scale` times its cost in minor units, not rounded, and to the one price per unit that the
whole quantity was billed at, where there is one."""


def charge(price: Price, scale: int) -> Charge:
    """The price made ready for many quantities, `scale` of whose unit make one of the price's: rates are in minor
    units and bounds in the quantity's unit already. The division by `scale` is left to the caller.
    """
    return _CHARGES[price.model](price, scale)


def _per_unit(price: Price, _scale: int) -> Charge:
    single = price.tiers[0].price
    rate = _rates(price)[0]
    return lambda quantity: (_multiply(quantity, rate), single)


def _flat(price: Price, scale: int) -> Charge:
    rate = _rates(price)[0]
    used, unused = (_multiply(rate, scale), None), (_multiply(rate, 0), None)
    return lambda quantity: used if quantity else unused


def _package(price: Price, scale: int) -> Charge:
    size = _multiply(price.package, scale)
    rate = _rates(price)[0]

    def charged(quantity: Decimal) -> tuple[Decimal, None]:
        begun = QUOTIENT.divide(quantity, size).to_integral_value(ROUND_CEILING)
        return _multiply(_multiply(begun, rate), scale), None

    return charged


def _graduated(price: Price, scale: int) -> Charge:
    bounds, rates = _bounds(price, scale), _rates(price)
    lower, below = Decimal(0), Decimal(0).scaleb(minor_digits(price.currency))
    lowers, belows = [lower], [below]  # where each tier begins, and what everything below it costs
    for upper, rate in zip(bounds, rates, strict=False):
        below = _fma(_subtract(upper, lower), rate, below)
        lower = upper
        lowers.append(lower)
        belows.append(below)
    single = price.tiers[0].price

    def charged(quantity: Decimal) -> tuple[Decimal, Decimal | None]:
        tier = _reached(bounds, quantity)
        if not quantity:
            return belows[0], single
        total = _fma(_subtract(quantity, lowers[tier]), rates[tier], belows[tier])
        return total, None if tier else single

    return charged


def _volume(price: Price, scale: int) -> Charge:
    bounds, rates = _bounds(price, scale), _rates(price)
    singles = [tier.price for tier in price.tiers]

    def charged(quantity: Decimal) -> tuple[Decimal, Decimal]:
        tier = _reached(bounds, quantity)
        return _multiply(quantity, rates[tier]), singles[tier]

    return charged


def _rates(price: Price) -> list[Decimal]:
    digits = minor_digits(price.currency)
    if not digits:
        return [tier.price for tier in price.tiers]
    return [tier.price.scaleb(digits, EXACT) for tier in price.tiers]


def _bounds(price: Price, scale: int) -> list[Decimal]:
    """The upper bounds of all tiers but the last, which is open."""
    bounds = [_multiply(tier.up_to, scale) for tier in price.tiers if tier.up_to is not None]
    if len(bounds) != len(price.tiers) - 1:
        raise InvalidTiers("the last tier has to be open, and no other")
    return bounds


# Bounds belong to the tier below them, as bisect_left has it.
_reached = bisect_left
_multiply, _subtract, _fma = EXACT.multiply, EXACT.subtract, EXACT.fma

_CHARGES: Final[Mapping[PriceModel, Callable[[Price, int], Charge]]] = MappingProxyType(
    {
        PriceModel.PER_UNIT: _per_unit,
        PriceModel.FLAT: _flat,
        PriceModel.PACKAGE: _package,
        PriceModel.GRADUATED: _graduated,
        PriceModel.VOLUME: _volume,
    }
)
