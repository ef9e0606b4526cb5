"""Rating: usage times price, one line per project and counter (billing rules, Pricing)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain, repeat
from typing import NamedTuple

from attrs import evolve, field, frozen

from provider_stub.engine.errors import Fault, InvalidValue, UnpricedCounter
from provider_stub.engine.metering import Usage
from provider_stub.engine.money import EXACT, LINE, QUOTIENT, same_currency
from provider_stub.engine.prices import Charge, Price, PriceModel, charge
from provider_stub.engine.statements import LineItem
from provider_stub.engine.units import scale_in, unit_named


@frozen
class Rated:
    """The priced lines as columns, sorted by project and counter; `spans` says where each project's lines stand."""

    spans: Mapping[str, slice]
    counters: Sequence[str]
    amounts: Sequence[int]
    _tariffs: Sequence[_Tariff] = field(alias="tariffs")
    _quantities: Sequence[Decimal] = field(alias="quantities")
    _prices: Sequence[Decimal | None] = field(alias="prices")
    _exact_amounts: Sequence[Decimal] = field(alias="exact_amounts")

    def lines(self, credit_applied: Iterable[int]) -> tuple[LineItem, ...]:
        """Made once, when the credit of each line is known; `credit_applied` may go on beyond the lines."""
        columns = zip(
            chain.from_iterable(repeat(name, span.stop - span.start) for name, span in self.spans.items()),
            self.counters,
            [tariff.unit for tariff in self._tariffs],
            self._quantities,
            self._prices,
            [tariff.model for tariff in self._tariffs],
            self.amounts,
            self._exact_amounts,
            credit_applied,
            strict=False,
        )
        # What LineItem(...) does, without its way through Python for each of many lines.
        return tuple([tuple.__new__(LineItem, row) for row in columns])


class _Tariff(NamedTuple):
    """A price made ready for usage in one unit: `factor` of the smallest unit make one of the usage's, and `scale`
    one of the price's. Where the two units are the same, both are 1 and nothing is converted.
    """

    usage_unit: str
    unit: str
    model: PriceModel
    converted: bool
    factor: int
    scale: int
    charge: Charge


def rate(usage: Iterable[Usage], prices: Mapping[str, Price], currency: str) -> Rated:
    """Usage of one counter in one project is added up before pricing.

    Raises UnpricedCounter (with every counter that has no price), CurrencyMismatch, UnknownUnit, and
    InvalidValue for a negative quantity.
    """
    merged = _merged(usage)
    _check_prices(set().union(*merged.values()), prices, currency)
    spans: dict[str, slice] = {}
    counters: list[str] = []
    known: dict[str, _Tariff] = {}
    tariffs, quantities, singles, exacts = [], [], [], []
    for project_id in sorted(merged):
        own = merged[project_id]
        names = sorted(own)
        spans[project_id] = slice(len(counters), len(counters) + len(names))
        counters += names
        for name in names:
            used = own[name]
            tariff = known.get(name)
            if tariff is None or tariff.usage_unit != used.unit:
                tariff = known[name] = _tariff(prices[name], used.unit)
            _, _, _, converted, factor, scale, charged = tariff
            quantity = shown = used.quantity
            if converted:
                if factor != 1:
                    quantity = _multiply(quantity, factor)
                shown = _divide(quantity, scale)
            total, single = charged(quantity)
            tariffs.append(tariff)
            quantities.append(shown)
            singles.append(single)
            exacts.append(total if scale == 1 else _divide(total, scale))
    return Rated(spans, counters, list(map(LINE.minor, exacts)), tariffs, quantities, singles, exacts)


# Looking a method up takes as long as the arithmetic.
_multiply, _divide = EXACT.multiply, QUOTIENT.divide


def _tariff(price: Price, usage_unit: str) -> _Tariff:
    if usage_unit == price.unit:
        return _Tariff(usage_unit, price.unit, price.model, False, 1, 1, charge(price, 1))
    scale, factor = unit_named(price.unit).scale, scale_in(usage_unit, price.unit)
    return _Tariff(usage_unit, price.unit, price.model, True, factor, scale, charge(price, scale))


def _merged(usage: Iterable[Usage]) -> dict[str, dict[str, Usage]]:
    """By project, then by counter."""
    merged: dict[str, dict[str, Usage]] = {}
    for one in usage:
        if one.quantity.is_signed() and one.quantity:
            raise InvalidValue.at_field("/counterVolume", f"{one.quantity} of {one.counter_name} is below 0")
        own = merged.get(one.project_id)
        if own is None:
            own = merged[one.project_id] = {}
        held = own.get(one.counter_name)
        own[one.counter_name] = one if held is None else _sum(held, one)
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
