from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_stub.engine.adjustments import (
    Adjustment,
    AdjustmentType,
    Level,
    adjust,
    check_adjustment,
    check_percent_total,
    covers,
)
from provider_stub.engine.errors import BillingError, InvalidValue, InvalidWindow, PercentOverLimit
from tests.engine.builders import MONTH, discount

BASES = st.integers(0, 10**10)
STATICS = st.builds(discount, st.sampled_from(["STATIC_DISCOUNT", "STATIC_EXTRA"]), st.integers(0, 10**7).map(str))
PERCENTS = st.builds(
    discount, st.sampled_from(["PERCENT_DISCOUNT", "PERCENT_EXTRA"]), st.decimals(0, 25, places=2).map(str)
)
SETS = st.lists(STATICS | PERCENTS, max_size=4).map(
    lambda given_set: [evolve(one, adjustment_id=f"a{index}") for index, one in enumerate(given_set)]
)


@given(BASES, SETS)
def test_a_discount_never_takes_more_than_there_is(base: int, adjustments: list[Adjustment]) -> None:
    outcome = adjust(base, adjustments)
    assert 0 <= outcome.discount <= base + outcome.extra
    assert outcome.extra >= 0


@given(BASES, SETS)
def test_the_applied_amounts_sum_to_the_totals_of_the_level(base: int, adjustments: list[Adjustment]) -> None:
    outcome = adjust(base, adjustments)
    extras = [one.amount for one in outcome.applied if one.adjustment_type.endswith("EXTRA")]
    discounts = [one.amount for one in outcome.applied if one.adjustment_type.endswith("DISCOUNT")]
    assert (sum(extras), sum(discounts)) == (outcome.extra, outcome.discount)
    assert len(outcome.applied) == len(adjustments)


@given(BASES, SETS, st.randoms())
def test_the_order_in_which_adjustments_are_given_has_no_meaning(
    base: int, adjustments: list[Adjustment], random: Random
) -> None:
    shuffled = list(adjustments)
    random.shuffle(shuffled)
    assert adjust(base, shuffled) == adjust(base, adjustments)


def test_surcharges_come_before_discounts_and_percentages_before_fixed_amounts() -> None:
    outcome = adjust(
        10_000,
        [
            discount("STATIC_DISCOUNT", 500),
            discount("PERCENT_DISCOUNT", 10),
            discount("STATIC_EXTRA", 1000),
            discount("PERCENT_EXTRA", 20),
        ],
    )
    assert [(one.adjustment_type, one.base, one.amount) for one in outcome.applied] == [
        (AdjustmentType.PERCENT_EXTRA, 10_000, 2_000),
        (AdjustmentType.STATIC_EXTRA, 10_000, 1_000),
        (AdjustmentType.PERCENT_DISCOUNT, 13_000, 1_300),
        (AdjustmentType.STATIC_DISCOUNT, 13_000, 500),
    ]
    assert (outcome.extra, outcome.discount, outcome.change) == (3_000, 1_800, 1_200)


def test_a_percent_discount_is_rounded_in_the_customers_favour_and_a_surcharge_half_up() -> None:
    assert adjust(1_001, [discount("PERCENT_DISCOUNT", "0.1")]).discount == 2
    assert adjust(1_499, [discount("PERCENT_EXTRA", "0.1")]).extra == 1
    assert adjust(1_500, [discount("PERCENT_EXTRA", "0.1")]).extra == 2


def test_two_percent_discounts_are_each_of_the_same_base_and_each_rounded() -> None:
    halves = [discount("PERCENT_DISCOUNT", 50, name=name) for name in ("a", "b")]
    outcome = adjust(101, halves)
    assert [one.amount for one in outcome.applied] == [51, 50]


def test_percent_discounts_of_one_level_may_not_exceed_a_hundred() -> None:
    adjust(100, [discount("PERCENT_DISCOUNT", 60), discount("PERCENT_DISCOUNT", 40)])
    with pytest.raises(PercentOverLimit):
        adjust(100, [discount("PERCENT_DISCOUNT", 60), discount("PERCENT_DISCOUNT", "40.01")])


def test_a_percent_discount_is_refused_where_it_meets_others_in_some_month() -> None:
    early = discount("PERCENT_DISCOUNT", 60, month_from=MONTH, month_to=MONTH.plus(1))
    late = discount("PERCENT_DISCOUNT", 50, month_from=MONTH.plus(2))
    elsewhere = discount("PERCENT_DISCOUNT", 90, target="shop")
    on_group = discount("PERCENT_DISCOUNT", 90, level=Level.BILLING_GROUP)
    others = [early, late, elsewhere, on_group, discount("STATIC_DISCOUNT", 99)]
    check_percent_total(discount("PERCENT_DISCOUNT", 40, name="new"), others)
    check_percent_total(
        discount("PERCENT_DISCOUNT", 41, name="new", month_to=MONTH.plus(-1), month_from=MONTH.plus(-1)), others
    )
    check_percent_total(discount("PERCENT_EXTRA", 100, name="new"), others)
    check_percent_total(evolve(early, value=Decimal(100)), others)
    for too_much in (
        discount("PERCENT_DISCOUNT", 41, name="new"),
        discount("PERCENT_DISCOUNT", 51, name="new", month_from=MONTH.plus(2)),
        discount("PERCENT_DISCOUNT", 51, name="new", month_from=MONTH.plus(2), month_to=MONTH.plus(9)),
    ):
        with pytest.raises(PercentOverLimit):
            check_percent_total(too_much, others)


@pytest.mark.parametrize(
    ("wrong", "refusal", "pointer"),
    [
        (discount("PERCENT_DISCOUNT", "100.1"), InvalidValue, "/adjustment"),
        (discount("PERCENT_EXTRA", 101), InvalidValue, "/adjustment"),
        (discount("STATIC_EXTRA", -1), InvalidValue, "/adjustment"),
        (discount("STATIC_DISCOUNT", "0.5"), InvalidValue, "/adjustment"),
        (discount("STATIC_EXTRA", 1, month_to=MONTH.previous()), InvalidWindow, "/monthTo"),
    ],
)
def test_an_adjustment_out_of_its_limits_is_refused(
    wrong: Adjustment, refusal: type[BillingError], pointer: str
) -> None:
    with pytest.raises(refusal) as refused:
        check_adjustment(wrong)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_an_adjustment_covers_its_first_and_its_last_month() -> None:
    limited = discount("STATIC_EXTRA", 1, month_to=MONTH.plus(2))
    assert [covers(limited, MONTH.plus(n)) for n in (-1, 0, 2, 3)] == [False, True, True, False]
    assert covers(discount("STATIC_EXTRA", 1), MONTH.plus(500))
