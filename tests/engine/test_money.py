from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provider_stub.engine.errors import CurrencyMismatch, InvalidValue
from provider_stub.engine.money import (
    LATE_FEE,
    LINE,
    PERCENT_DISCOUNT,
    PERCENT_EXTRA,
    QUOTIENT,
    VAT,
    decimal_in,
    decimal_of,
    decimal_text,
    minor_digits,
    same_currency,
    split,
)


@pytest.mark.parametrize(
    ("given_value", "exact"), [(0.1, "0.1"), (1e-7, "0.0000001"), (5, "5"), ("5.60", "5.60"), (1e22, "1E+22")]
)
def test_a_json_number_is_the_decimal_that_it_shows(given_value: float | str, exact: str) -> None:
    assert decimal_of(given_value) == Decimal(exact)


@pytest.mark.parametrize("nonsense", ["", "1,5", "ten", "NaN", "Infinity", float("inf"), True])
def test_what_is_not_a_finite_number_is_refused_at_its_field(nonsense: float | str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        decimal_of(nonsense, "/price")
    assert [fault.pointer for fault in refusal.value.faults] == ["/price"]


@pytest.mark.parametrize("bad", ["-1", "1000000000000001", "0.0000000000001", "1E-400000000", "1E+400000000"])
def test_a_number_out_of_range_or_too_finely_written_is_refused(bad: str) -> None:
    with pytest.raises(InvalidValue):
        decimal_in(Decimal(bad), "/counterVolume")


@pytest.mark.parametrize("fine", ["0", "1000.0", "1E+15", "0.000000000001", "1.00000000000000000", "0E-99"])
def test_trailing_zeros_are_not_decimal_places(fine: str) -> None:
    assert decimal_in(Decimal(fine), "/counterVolume") == Decimal(fine)


@pytest.mark.parametrize(("value", "text"), [("5E+2", "500"), ("500.00", "500"), ("0.160", "0.16"), ("-0.5", "-0.5")])
def test_decimals_are_written_plainly(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


def test_each_rounding_goes_its_named_way() -> None:
    half = Decimal("10.5")
    assert [one.minor(half) for one in (LINE, PERCENT_DISCOUNT, PERCENT_EXTRA, VAT, LATE_FEE)] == [
        11,
        11,
        11,
        10,
        10,
    ]
    assert PERCENT_DISCOUNT.percent(1001, Decimal("0.1")) == 2
    assert PERCENT_EXTRA.percent(1001, Decimal("0.1")) == 1


@given(st.integers(0, 10**30), st.integers(1, 10**12))
@example(30, 60)
@example(10**30 + 1, 2)
def test_rounding_a_quotient_half_up_is_exact_although_the_quotient_may_be_endless(top: int, bottom: int) -> None:
    quotient = QUOTIENT.divide(Decimal(top), Decimal(bottom))
    assert LINE.minor(quotient) == (2 * top + bottom) // (2 * bottom)


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_a_split_sums_to_the_whole_and_no_part_is_a_unit_off_its_share(total: int, weights: list[int]) -> None:
    parts = split(total, weights)
    shares = [Fraction(weight, sum(weights)) if any(weights) else Fraction(1, len(weights)) for weight in weights]
    assert sum(parts) == total
    assert all(abs(part - total * share) < 1 for part, share in zip(parts, shares, strict=True))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any), st.data())
def test_a_split_takes_from_no_part_more_than_it_has(weights: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    assert all(part <= weight for part, weight in zip(split(total, weights), weights, strict=True))


def test_equal_remainders_are_served_in_the_order_of_the_parts() -> None:
    assert split(5, [1, 1, 1]) == [2, 2, 1]
    assert split(-5, [1, 1, 1]) == [-2, -2, -1]
    assert split(10, [0, 3, 0]) == [0, 10, 0]


def test_two_currencies_do_not_meet() -> None:
    with pytest.raises(CurrencyMismatch):
        same_currency("KRW", "USD", "the price")


def test_a_currency_without_a_minor_unit_table_is_refused() -> None:
    assert (minor_digits("KRW"), minor_digits("USD")) == (0, 2)
    with pytest.raises(InvalidValue):
        minor_digits("EUR")
