"""Rating: usage times price, one line per project and counter (billing rules, Pricing)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import evolve

from provider_stub.engine.errors import Fault, InvalidValue, UnpricedCounter
from provider_stub.engine.metering import Usage
from provider_stub.engine.money import EXACT, LINE, QUOTIENT, same_currency
from provider_stub.engine.prices import Price, PriceModel, cost, tier_of
from provider_stub.engine.statements import LineItem
from provider_stub.engine.units import scale_in, unit_named


def rate(usage: Iterable[Usage], prices: Mapping[str, Price], currency: str) -> list[LineItem]:
    """The priced lines, sorted by project and counter; usage of one counter is added up before pricing.

    Raises UnpricedCounter (with every counter that has no price), CurrencyMismatch, UnknownUnit, and
    InvalidValue for a negative quantity.
    """
    merged = _merged(usage)
    _check_prices({counter for _, counter in merged}, prices, currency)
    return [_line(merged[key], prices[key[1]]) for key in sorted(merged)]


def _merged(usage: Iterable[Usage]) -> dict[tuple[str, str], Usage]:
    merged: dict[tuple[str, str], Usage] = {}
    for one in usage:
        if one.quantity.is_signed() and one.quantity:
            raise InvalidValue.at_field("/counterVolume", f"{one.quantity} of {one.counter_name} is below 0")
        key = (one.project_id, one.counter_name)
        held = merged.get(key)
        merged[key] = one if held is None else _sum(held, one)
    return merged


def _sum(held: Usage, more: Usage) -> Usage:
    if held.unit == more.unit:
        return evolve(held, quantity=EXACT.add(held.quantity, more.quantity))
    # The smallest unit is where both are exact.
    base = unit_named(held.unit, "/counterUnit").dimension
    return evolve(held, unit=base, quantity=EXACT.add(_in_base(held, base), _in_base(more, base)))


def _in_base(usage: Usage, base: str) -> Decimal:
    return EXACT.multiply(usage.quantity, scale_in(usage.unit, base))


def _check_prices(used: Iterable[str], prices: Mapping[str, Price], currency: str) -> None:
    missing = sorted(name for name in used if name not in prices)
    if missing:
        faults = [Fault("/counterName", f"{name} has no price") for name in missing]
        raise UnpricedCounter(f"no price for {', '.join(missing)}", *faults)
    for name in used:
        same_currency(currency, prices[name].currency, f"the price of {name}")


def _line(usage: Usage, price: Price) -> LineItem:
    quantity = shown = usage.quantity
    scale = 1
    if usage.unit != price.unit:
        scale = unit_named(price.unit).scale
        quantity = EXACT.multiply(quantity, scale_in(usage.unit, price.unit))
        shown = QUOTIENT.divide(quantity, scale)
    exact = cost(price, quantity, scale)
    return LineItem(
        usage.project_id,
        usage.counter_name,
        price.unit,
        shown,
        _single_price(price, quantity, scale),
        price.model,
        LINE.minor(exact),
        exact,
    )


def _single_price(price: Price, quantity: Decimal, scale: int) -> Decimal | None:
    """The one price per unit that the whole quantity was billed at, where there is one."""
    if price.model is PriceModel.PER_UNIT:
        return price.tiers[0].price
    if price.model is PriceModel.VOLUME:
        return tier_of(price, quantity, scale).price
    if price.model is PriceModel.GRADUATED:
        reached = tier_of(price, quantity, scale)
        return reached.price if reached is price.tiers[0] else None
    return None
