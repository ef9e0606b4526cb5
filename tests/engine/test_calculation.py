"""Bills worked by hand, and bills that are refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from provider_stub.engine.adjustments import Adjustment, Level
from provider_stub.engine.calculation import Calculation, CalculationInput, calculate
from provider_stub.engine.credits import CreditBalance, CreditType
from provider_stub.engine.errors import (
    BrokenInvariant,
    CurrencyMismatch,
    InvalidValue,
    PercentOverLimit,
    UnpricedCounter,
)
from provider_stub.engine.policies import STEPS, Policy, Step
from provider_stub.engine.regions import REGIONS, Region
from provider_stub.engine.statements import (
    Statement,
    TraceEntry,
    Unpaid,
    checked,
    unpaid_of,
    with_unpaid,
)
from tests.engine.builders import (
    ETC,
    JP,
    KR,
    MONTH,
    bill_inputs,
    contract,
    credit,
    discount,
    hourly,
    used,
)

COUNTERS = ["compute", "disk", "gpu"]
JP_IN_WON = evolve(JP, currency="KRW")


def _on_group(kind: str, value: int) -> Adjustment:
    return discount(kind, value, level=Level.BILLING_GROUP, target="main")


# One month worked by hand under each policy: 60000 + 40000 of usage, a free credit of 30000 on one counter.


def _worked(region: Region) -> Calculation:
    currency = region.currency
    minor = 100 if currency == "USD" else 1
    return calculate(
        bill_inputs(
            [used(60, counter="compute"), used(40, counter="gpu", project="shop")],
            {name: hourly(Decimal(1000) / minor, currency) for name in COUNTERS},
            region=region,
            agreed=contract(80_000, currency=currency),
            project=[discount("PERCENT_DISCOUNT", 10)],
            group=[_on_group("STATIC_EXTRA", 6_000)],
            credits=[credit("gift", 45_000, counters=["gpu"], currency=currency)],
        )
    )


@pytest.mark.parametrize(
    ("region", "results"),
    [
        # the credit pays gpu (40000); then 10% off compute, 6000 on the group, up to 80000, VAT
        (KR, [100_000, 60_000, 54_000, 60_000, 80_000, 88_000]),
        # gpu keeps 40000 of 94000 and takes 40000/94000 of the 6000: 42553, paid by the credit; VAT on the rest
        (JP, [100_000, 94_000, 100_000, 100_000, 57_447, 63_191]),
        # no VAT outside the two: the same, in cents
        (ETC, [100_000, 94_000, 100_000, 100_000, 100_000, 57_447]),
    ],
    ids=["CREDITS_FIRST", "CREDITS_BEFORE_TAX", "CREDITS_AFTER_TAX"],
)
def test_each_policy_gives_the_result_worked_by_hand(region: Region, results: list[int]) -> None:
    assert [entry.result for entry in _worked(region).statement.trace] == results


def test_credits_after_tax_pay_the_tax_of_their_lines_too() -> None:
    taxed = evolve(KR, policy=Policy.CREDITS_AFTER_TAX)
    inputs = bill_inputs(
        [used(60, counter="compute"), used(40, counter="gpu")],
        {name: hourly(1000) for name in COUNTERS},
        region=taxed,
        credits=[credit("gift", 1_000_000, counters=["gpu"])],
    )
    assert calculate(inputs).statement.total_credit == 44_000


def test_only_unrestricted_credit_pays_the_base_fee() -> None:
    def left(*counters: str) -> int:
        return calculate(
            bill_inputs(
                [used(10)],
                {"compute": hourly(1000)},
                region=JP_IN_WON,
                agreed=contract(50_000),
                credits=[credit("gift", 1_000_000, counters=counters)],
            )
        ).statement.payable

    assert (left("compute"), left()) == (44_000, 0)


def test_restricted_free_and_own_money_stand_in_their_own_fields() -> None:
    statement = calculate(
        bill_inputs(
            [used(100)],
            {"compute": hourly(1000)},
            credits=[
                credit("a", 1, kind=CreditType.PROMOTIONAL, counters=["compute"]),
                credit("b", 20, kind=CreditType.FREE),
                credit("c", 300, kind=CreditType.REFUND, counters=["compute"]),
                credit("d", 4000, kind=CreditType.PAID),
            ],
        )
    ).statement
    assert (statement.free_credit_limit, statement.free_credit_all) == (1, 20)
    assert (statement.paid_credit_limit, statement.paid_credit_all) == (300, 4000)


def test_a_project_without_usage_can_still_be_surcharged_and_a_credit_on_counters_does_not_pay_that() -> None:
    statement = calculate(
        bill_inputs(
            [],
            {},
            region=JP_IN_WON,
            project=[discount("STATIC_EXTRA", 5_000, target="idle")],
            credits=[credit("gift", 1_000, counters=["compute"]), credit("all", 100)],
        )
    ).statement
    assert (statement.total_credit, statement.payable) == (100, 5_390)


def test_project_adjustments_see_their_own_project_and_group_adjustments_the_sum() -> None:
    statement = calculate(
        bill_inputs(
            [used(100), used(50, project="shop")],
            {"compute": hourly(10)},
            project=[discount("PERCENT_DISCOUNT", 50), discount("STATIC_DISCOUNT", 800, target="shop")],
            group=[_on_group("PERCENT_EXTRA", 10)],
        )
    ).statement
    assert [entry.result for entry in statement.trace][2:4] == [500, 550]


def test_adjustments_of_other_months_are_left_out() -> None:
    later = discount("STATIC_EXTRA", 5_000, month_from=MONTH.next())
    assert calculate(bill_inputs([], {}, project=[later], group=[later])).statement.payable == 0


def test_what_earlier_months_owe_is_due_with_their_late_fees() -> None:
    october = Unpaid(MONTH.previous(), 1_000_000, "KRW", 20_000)
    statement = calculate(bill_inputs([used(1)], {"compute": hourly(1000)}, unpaid=[october])).statement
    assert (statement.payable, statement.unpaid_amount, statement.total_due) == (1_100, 1_020_000, 1_021_100)
    assert with_unpaid(statement, []).total_due == 1_100
    following = Unpaid(MONTH, 1_100, "KRW", 0)
    assert unpaid_of(statement) == following
    with pytest.raises(InvalidValue):
        with_unpaid(statement, [following])


def _one_line(**more: Any) -> CalculationInput:
    return evolve(bill_inputs([used(1)], {"compute": hourly(1000)}), **more)


@pytest.mark.parametrize(
    ("inputs", "refusal"),
    [
        (_one_line(prices={}), UnpricedCounter),
        (_one_line(prices={"compute": hourly(1, "USD")}), CurrencyMismatch),
        (_one_line(contract=contract(currency="USD")), CurrencyMismatch),
        (_one_line(credits=[credit("c", 1, currency="USD")]), CurrencyMismatch),
        (_one_line(unpaid=[Unpaid(MONTH.previous(), 1, "USD")]), CurrencyMismatch),
        (_one_line(credits=[credit("c", 1), credit("c", 1)]), BrokenInvariant),
        (_one_line(prices={"compute": hourly(10**15)}, usage=[used(10**6)]), InvalidValue),
        (_one_line(group_adjustments=[discount("PERCENT_DISCOUNT", n) for n in (51, 50)]), PercentOverLimit),
    ],
    ids=[
        "no price",
        "price in another currency",
        "contract in another currency",
        "credit in another currency",
        "debt in another currency",
        "one grant twice",
        "beyond the largest amount",
        "more than everything off",
    ],
)
def test_a_bill_that_cannot_be_computed_is_refused(inputs: CalculationInput, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        calculate(inputs)


@pytest.mark.parametrize(
    "field",
    ["charge", "total_discount", "tax_amount", "total_credit", "free_credit_all", "payable", "late_fee", "total_due"],
)
def test_a_statement_whose_amounts_disagree_does_not_pass(field: str) -> None:
    statement = calculate(_one_line()).statement
    checked(statement)
    with pytest.raises(BrokenInvariant):
        checked(evolve(statement, **{field: getattr(statement, field) + 1}))


def test_a_policy_that_forgets_the_credits_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    without = tuple(step for step in STEPS[Policy.CREDITS_FIRST] if step is not Step.CREDITS)
    monkeypatch.setattr("provider_stub.engine.calculation.STEPS", {Policy.CREDITS_FIRST: without})
    with pytest.raises(BrokenInvariant, match="left over"):
        calculate(_one_line(credits=[credit("c", 1)]))


def test_a_statement_says_whose_it_is_and_by_which_policy() -> None:
    s: Statement = calculate(_one_line()).statement
    assert (s.account_id, s.billing_group_id, s.payment_group_id) == ("acme", "main", "main-payment")
    assert (s.region, s.currency, s.calculation_policy) == ("KR", "KRW", Policy.CREDITS_FIRST)
    assert s.trace[-1] == TraceEntry(Step.VAT, 1_000, 100, 1_100)


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("KR", ("KRW", "Asia/Seoul", 10, 2, Policy.CREDITS_FIRST)),
        ("JP", ("JPY", "Asia/Tokyo", 10, 2, Policy.CREDITS_BEFORE_TAX)),
        ("ETC", ("USD", "UTC", 0, 5, Policy.CREDITS_AFTER_TAX)),
    ],
)
def test_each_region_bills_by_its_row(code: str, row: tuple[object, ...]) -> None:
    one = REGIONS[code]
    assert (one.currency, one.time_zone, one.vat_rate, one.late_fee_rate, one.policy) == row


def test_a_credit_line_shows_what_was_paid_of_it() -> None:
    held: CreditBalance = credit("gift", 1_000, counters=["compute"])
    (line,) = calculate(_one_line(credits=[held])).statement.line_items
    assert (line.amount, line.credit_applied) == (1_000, 1_000)
