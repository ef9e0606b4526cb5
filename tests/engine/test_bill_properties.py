"""What holds for every bill, whatever it is made of."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from random import Random

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from provider_stub.engine.calculation import CalculationInput, calculate
from provider_stub.engine.policies import STEPS, Step
from provider_stub.engine.statements import marked_overdue
from tests.engine import oracle
from tests.engine.bills import BILLS
from tests.engine.builders import credit
from tests.engine.comparison import answered, asked


@settings(max_examples=250)
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
