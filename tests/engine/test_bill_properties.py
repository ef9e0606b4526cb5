"""What holds for every bill, whatever it is made of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from math import floor
from random import Random
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_stub.engine.adjustments import Adjustment, Level
from provider_stub.engine.calculation import CalculationInput, calculate
from provider_stub.engine.contracts import Contract
from provider_stub.engine.credits import CreditType
from provider_stub.engine.policies import STEPS, Step
from provider_stub.engine.prices import Price, PriceModel, Tier, tiered
from provider_stub.engine.regions import REGIONS, Region
from provider_stub.engine.statements import Unpaid, marked_overdue
from tests.engine import oracle
from tests.engine.builders import (
    MONTH,
    bill_inputs,
    contract,
    credit,
    discount,
    hourly,
    used,
)
from tests.engine.comparison import answered, asked

COUNTERS = ["compute", "disk", "gpu"]
PROJECTS = ["shop", "web"]
GROUP = Level.BILLING_GROUP


# From the first month to the last, counted from the month billed.
WINDOWS = st.sampled_from([(-1, 0), (0, 0), (0, 1), (-2, -1), (1, 2)])


def _adjustment(kind: str, value: int | str, target: str, months: tuple[int, int]) -> Adjustment:
    level = GROUP if target == "main" else Level.PROJECT
    first, last = (MONTH.plus(number) for number in months)
    return discount(kind, value, level=level, target=target, month_from=first, month_to=last)


def _adjustment_sets(targets: list[str]) -> st.SearchStrategy[list[Adjustment]]:
    percents = st.builds(
        _adjustment,
        st.sampled_from(["PERCENT_DISCOUNT", "PERCENT_EXTRA"]),
        st.decimals(0, "33.33", places=2).map(str),
        st.sampled_from(targets),
        WINDOWS,
    )
    statics = st.builds(
        _adjustment,
        st.sampled_from(["STATIC_DISCOUNT", "STATIC_EXTRA"]),
        st.integers(0, 50_000),
        st.sampled_from(targets),
        WINDOWS,
    )
    return st.lists(percents | statics, max_size=3, unique_by=lambda one: one.adjustment_id)


LINES = st.builds(
    used,
    st.integers(0, 800_000).map(lambda thousandths: f"{thousandths}e-3"),
    counter=st.sampled_from(COUNTERS),
    project=st.sampled_from(PROJECTS),
    unit=st.sampled_from(["HOURS", "MINUTES"]),
)
GRANTS = st.builds(
    credit,
    st.integers(0, 99).map(str),
    st.integers(1, 200_000),
    kind=st.sampled_from(CreditType),
    counters=st.lists(st.sampled_from(COUNTERS), max_size=2),
    valid_from=st.sampled_from([date(2026, 1, 1), date(2026, 11, 30), date(2026, 12, 1)]),
    granted_at=st.sampled_from([datetime(2026, day, day, tzinfo=UTC) for day in (1, 2)]),
    valid_to=st.sampled_from([None, date(2026, 10, 31), date(2026, 11, 1), date(2027, 1, 1)]),
)
# Per unit, per hour begun, once, and in tiers of 100 and 400 hours.
PRICES = [
    hourly("0.16"),
    hourly("1639.005"),
    evolve(hourly(40), model=PriceModel.PACKAGE, package=Decimal("1.5")),
    evolve(hourly(7000), model=PriceModel.FLAT),
    *(
        tiered(
            model,
            [Tier(Decimal(100), Decimal(250)), Tier(Decimal(400), Decimal("99.9")), Tier(None, Decimal(3))],
            "HOURS",
            "KRW",
        )
        for model in (PriceModel.GRADUATED, PriceModel.VOLUME)
    ),
]
PRICE_LISTS = st.fixed_dictionaries({counter: st.sampled_from(PRICES) for counter in COUNTERS})
CONTRACTS = st.builds(
    lambda fee, rate, agreed: contract(fee, rate, **agreed),
    st.integers(0, 100_000),
    st.integers(0, 100),
    st.dictionaries(st.sampled_from(COUNTERS), st.sampled_from(PRICES), max_size=2),
)
UNPAID = st.builds(
    lambda months, amount, fee: Unpaid(MONTH.plus(-months), amount, "KRW", fee),
    st.integers(1, 12),
    st.integers(0, 10**6),
    st.integers(0, 10**4),
)


def _bill(region: Region, agreed: Contract | None, prices: dict[str, Price], **parts: Any) -> CalculationInput:
    """The parts put together in the region's currency."""
    currency = region.currency
    if agreed:
        own = (evolve(one, price=evolve(one.price, currency=currency)) for one in agreed.prices)
        agreed = evolve(agreed, currency=currency, prices=tuple(own))
    held = parts.pop("credits")
    owed = parts.pop("unpaid")
    return bill_inputs(
        prices={counter: evolve(price, currency=currency) for counter, price in prices.items()},
        region=region,
        agreed=agreed,
        credits=[evolve(one, grant=evolve(one.grant, currency=currency)) for one in held],
        unpaid=[evolve(one, currency=currency) for one in owed],
        **parts,
    )


# A month of two projects with everything that a bill can have.
BILLS = st.builds(
    _bill,
    st.sampled_from(list(REGIONS.values())),
    st.none() | CONTRACTS,
    PRICE_LISTS,
    credits=st.lists(GRANTS, max_size=4, unique_by=lambda one: one.grant.grant_id),
    unpaid=st.lists(UNPAID, max_size=2),
    usage=st.lists(LINES, max_size=6),
    project=_adjustment_sets(PROJECTS),
    group=_adjustment_sets(["main"]),
    overdue=st.booleans(),
)


@given(BILLS)
def test_the_engine_equals_an_oracle_in_fractions(inputs: CalculationInput) -> None:
    assert answered(calculate(inputs)) == oracle.statement(asked(inputs))


@given(BILLS, st.randoms())
def test_the_order_of_the_inputs_has_no_meaning_and_calculating_twice_gives_the_same(
    inputs: CalculationInput, random: Random
) -> None:
    other = evolve(
        inputs,
        usage=random.sample(inputs.usage, len(inputs.usage)),
        project_adjustments=random.sample(inputs.project_adjustments, len(inputs.project_adjustments)),
        group_adjustments=random.sample(inputs.group_adjustments, len(inputs.group_adjustments)),
        credits=random.sample(inputs.credits, len(inputs.credits)),
    )
    assert calculate(other) == calculate(inputs)


@given(BILLS)
def test_amounts_sum_up_at_every_level(inputs: CalculationInput) -> None:
    s = calculate(inputs).statement
    assert s.charge == sum(line.amount for line in s.line_items)
    assert s.total_amount == s.charge - s.total_discount + s.total_extra + s.base_fee_top_up + s.tax_amount
    assert s.total_credit == (s.free_credit_limit + s.free_credit_all + s.paid_credit_limit + s.paid_credit_all)
    assert s.payable == s.total_amount - s.total_credit + s.late_fee
    assert s.total_due == s.payable + s.unpaid_amount
    discounts = sum(one.amount for one in s.adjustments if one.adjustment_type.endswith("DISCOUNT"))
    extras = sum(one.amount for one in s.adjustments if one.adjustment_type.endswith("EXTRA"))
    assert (s.total_discount, s.total_extra) == (discounts, extras)


@given(BILLS)
def test_the_trace_leads_from_nothing_to_what_is_owed_by_the_steps_of_the_policy(
    inputs: CalculationInput,
) -> None:
    statement = calculate(inputs).statement
    assert tuple(entry.step for entry in statement.trace) == STEPS[inputs.region.policy]
    reached = 0
    for entry in statement.trace:
        assert (entry.base, entry.base + entry.change) == (reached, entry.result)
        reached = entry.result
    assert reached == statement.principal >= 0


@given(BILLS)
def test_a_credit_pays_no_more_than_its_balance_and_only_in_its_window(inputs: CalculationInput) -> None:
    held = {one.grant.grant_id: one for one in inputs.credits}
    uses = calculate(inputs).credit_uses
    assert len({use.grant_id for use in uses}) == len(uses)
    for use in uses:
        grant = held[use.grant_id].grant
        assert 0 < use.amount <= held[use.grant_id].balance
        assert grant.valid_from <= inputs.month.last_day
        assert grant.valid_to is None or grant.valid_to >= inputs.month.first_day


@given(BILLS)
def test_a_restricted_credit_pays_only_for_its_counters(inputs: CalculationInput) -> None:
    only_gpu = [evolve(one, grant=evolve(one.grant, counters=frozenset({"gpu"}))) for one in inputs.credits]
    statement = calculate(evolve(inputs, credits=only_gpu)).statement
    assert all(line.credit_applied == 0 for line in statement.line_items if line.counter_name != "gpu")
    assert statement.total_credit == sum(line.credit_applied for line in statement.line_items)


@given(BILLS)
def test_no_credit_is_kept_back_while_something_it_may_pay_is_owed(inputs: CalculationInput) -> None:
    free = [credit(one.grant.grant_id, one.balance, currency=one.grant.currency) for one in inputs.credits]
    statement = calculate(evolve(inputs, credits=free)).statement
    step = next(entry for entry in statement.trace if entry.step is Step.CREDITS)
    assert statement.total_credit == min(step.base, sum(one.balance for one in free))


@given(BILLS)
def test_a_bill_is_never_below_the_base_fee_before_vat_and_later_credits(inputs: CalculationInput) -> None:
    statement = calculate(inputs).statement
    fee = inputs.contract.base_fee if inputs.contract else 0
    step = next(entry for entry in statement.trace if entry.step is Step.BASE_FEE)
    assert step.result == max(step.base, fee)
    assert statement.base_fee_top_up == step.change


@given(BILLS)
def test_the_late_fee_is_of_the_principal_alone_and_marking_twice_adds_nothing(inputs: CalculationInput) -> None:
    statement = calculate(evolve(inputs, overdue=False)).statement
    overdue = marked_overdue(statement, inputs.region)
    rate = Fraction(inputs.region.late_fee_rate) / 100
    assert statement.late_fee == 0
    assert overdue.late_fee == floor(rate * (statement.total_amount - statement.total_credit))
    assert marked_overdue(overdue, inputs.region) == overdue
    assert overdue == calculate(evolve(inputs, overdue=True)).statement
