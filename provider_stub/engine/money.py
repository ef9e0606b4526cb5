"""Exact amounts: currencies, decimals, named roundings, splits that sum to the whole.

Money is an int in the currency's minor unit. Unit prices, quantities and rates are Decimals. No digit is
lost except in a `Rounding`, and each rounding has a name (billing rules, Money).
"""

from __future__ import annotations

import decimal
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final

from attrs import frozen

from provider_stub.engine.errors import BrokenInvariant, CurrencyMismatch, InvalidValue

MINOR_DIGITS: Final[Mapping[str, int]] = MappingProxyType({"KRW": 0, "JPY": 0, "USD": 2})
"""Decimal places of each currency's minor unit."""

MAX_MONEY: Final = 9_007_199_254_740_991
"""The largest amount, in minor units, that every JSON reader keeps exact."""

# Adding and multiplying must be exact: a result of more digits raises instead of being rounded.
EXACT: Final = decimal.Context(prec=120, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.DivisionByZero])
# A quotient may be endless. ROUND_05UP keeps a trace of the digits cut off, so that the one named rounding
# that follows sees on which side of a half, or of a whole, the true quotient lies.
QUOTIENT: Final = decimal.Context(
    prec=60, rounding=decimal.ROUND_05UP, traps=[decimal.InvalidOperation, decimal.DivisionByZero]
)


@frozen
class Rounding:
    """A named way from an exact amount to whole minor units."""

    name: str
    mode: str

    def minor(self, exact: Decimal) -> int:
        return int(exact.to_integral_value(self.mode))

    def percent(self, base: int, rate: Decimal) -> int:
        """`rate` percent of `base`."""
        return self.minor(EXACT.multiply(rate, base).scaleb(-2, EXACT))


LINE: Final = Rounding("line amount", ROUND_HALF_UP)
PERCENT_DISCOUNT: Final = Rounding("percentage discount, in the customer's favour", ROUND_CEILING)
PERCENT_EXTRA: Final = Rounding("percentage surcharge", ROUND_HALF_UP)
VAT: Final = Rounding("VAT, once per statement and rate", ROUND_FLOOR)
LATE_FEE: Final = Rounding("late fee", ROUND_FLOOR)


def decimal_of(value: str | int | float | Decimal, pointer: str = "") -> Decimal:
    """The Decimal that a JSON string or number shows, through its shortest text: 0.1 is one tenth.

    Raises InvalidValue at `pointer` for what is not a finite decimal number.
    """
    if isinstance(value, Decimal):
        parsed = value
    else:
        try:
            parsed = Decimal(value if isinstance(value, str) else repr(value))
        except decimal.InvalidOperation:
            raise InvalidValue.at_field(pointer, f"{value!r} is not a decimal number") from None
    if not parsed.is_finite():
        raise InvalidValue.at_field(pointer, f"{value!r} is not a finite number")
    return parsed


def decimal_in(value: Decimal, pointer: str, *, least: int = 0, most: int = 10**15, places: int = 12) -> Decimal:
    """`value`, if it lies in [least, most] and has at most `places` decimal places; else InvalidValue."""
    if not value.is_finite() or _places(value) > places:
        raise InvalidValue.at_field(pointer, f"{value} has more than {places} decimal places")
    if not least <= value <= most:
        raise InvalidValue.at_field(pointer, f"{value} is not between {least} and {most}")
    return value


def _places(value: Decimal) -> int:
    """Decimal places without trailing zeros: a JSON writer may well say 1000.0 for a thousand."""
    if value == value.to_integral_value():
        return 0
    _, digits, exponent = value.as_tuple()
    places = -exponent if isinstance(exponent, int) else 0
    for digit in reversed(digits):
        if digit or places <= 0:
            return places
        places -= 1
    return 0


def decimal_text(value: Decimal) -> str:
    """Plain notation without exponent and without trailing zeros: 5E+2 and 500.00 are both `500`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def minor_digits(currency: str) -> int:
    """Decimal places of the currency's minor unit. Raises InvalidValue for a currency we do not bill in."""
    try:
        return MINOR_DIGITS[currency]
    except KeyError:
        raise InvalidValue.at_field("/currency", f"{currency!r} is not a billing currency") from None


def same_currency(expected: str, found: str, what: str) -> None:
    """Raises CurrencyMismatch unless both are one: two currencies never meet in one sum."""
    if expected != found:
        raise CurrencyMismatch.at_field("/currency", f"{what} is in {found}, the bill is in {expected}")


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Parts of `total` in proportion to `weights`, by largest remainder; the parts sum to `total`.

    Equal remainders are served in the order given, so callers put the parts in the order of a stable key.
    Weights of zero get nothing, unless all are zero: then all weigh alike (billing rules, Money).
    """
    if total < 0:
        return [-part for part in split(-total, weights)]
    whole = sum(weights)
    if whole == 0:
        if not weights and total:
            raise BrokenInvariant(f"{total} cannot be split over nothing")
        weights, whole = [1] * len(weights), len(weights)
    if total == whole:
        return list(weights)
    parts = []
    remainders = []
    for weight in weights:
        part, remainder = divmod(total * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    left = total - sum(parts)
    if left:
        # sorted() is stable in reverse too: of equal remainders the first comes first.
        for index in sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)[:left]:
            parts[index] += 1
    return parts
