"""The observed totals, from readings through the engine to the won."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Level
from provider_stub.engine.calculation import Calculation, CalculationInput, calculate
from provider_stub.engine.contracts import Contract, ContractPrice, ContractType
from provider_stub.engine.credits import CreditBalance, CreditGrant, CreditType
from provider_stub.engine.metering import CounterType, Meter, aggregate
from provider_stub.engine.period import Month
from provider_stub.engine.policies import Step
from provider_stub.engine.prices import per_unit
from provider_stub.engine.regions import REGIONS
from provider_stub.engine.statements import marked_overdue, unpaid_of, with_unpaid
from tests.golden import figures
from tests.golden.figures import CASES, TWO_MONTHS, Case

KR = REGIONS["KR"]
MONTH = Month(2026, 11)


def _meters(usage: str, month: Month) -> list[Meter]:
    first, _ = month.bounds(KR.zone)
    return [
        Meter(
            meter_id=f"meter-{index}",
            project_id="web",
            app_key="web-key",
            counter_name=counter,
            counter_type=CounterType.GAUGE if counter in figures.GAUGES else CounterType.DELTA,
            counter_unit=unit,
            counter_volume=volume,
            timestamp=first,
        )
        for index, (counter, unit, volume) in enumerate(figures.USAGE[usage])
    ]


def _contract(name: str) -> Contract:
    kind, prices = figures.CONTRACTS[name]
    agreed = (
        ContractPrice(counter, per_unit(price, figures.LIST_PRICES[counter][0], "KRW"))
        for counter, price in prices.items()
    )
    return Contract(name, name, ContractType(kind), "KRW", base_fee=figures.BASE_FEE, prices=tuple(agreed))


def _adjustments(level: Level, target: str, given: tuple[tuple[str, int], ...]) -> list[Adjustment]:
    return [
        Adjustment(f"{level}-{index}", level, target, AdjustmentType(kind), Decimal(value), MONTH, MONTH)
        for index, (kind, value) in enumerate(given)
    ]


def _bill(case: Case, month: Month = MONTH, credit: CreditBalance | None = None) -> Calculation:
    return calculate(
        CalculationInput(
            region=KR,
            month=month,
            account_id="acme",
            billing_group_id="main",
            payment_group_id="main-payment",
            usage=aggregate(_meters(case.usage, month), month, KR.zone),
            prices={counter: per_unit(price, unit, "KRW") for counter, (unit, price) in figures.LIST_PRICES.items()},
            contract=_contract(case.contract) if case.contract else None,
            project_adjustments=_adjustments(Level.PROJECT, "web", case.project),
            group_adjustments=_adjustments(Level.BILLING_GROUP, "main", case.group),
            credits=[credit] if credit else [],
        )
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_observed_total_is_reproduced_to_the_won(case: Case) -> None:
    assert case.payable == _bill(case).statement.payable


def test_the_unpaid_bill_without_contract_carries_the_observed_late_fee_once() -> None:
    statement = marked_overdue(_bill(CASES[-1]).statement, KR)

    assert statement.payable == figures.NO_CONTRACT_WITH_LATE_FEE
    assert statement == marked_overdue(statement, KR)


def test_two_months_with_a_restricted_free_credit_give_the_observed_figures() -> None:
    grant = CreditGrant(
        "welcome",
        "acme",
        CreditType.FREE,
        TWO_MONTHS.credit,
        "KRW",
        valid_from=date(2026, 9, 1),
        valid_to=date(2026, 12, 31),
        granted_at=datetime(2026, 9, 1, tzinfo=UTC),
        counters=frozenset(TWO_MONTHS.credit_counters),
    )
    earlier = _bill(TWO_MONTHS.earlier, MONTH.plus(-2), CreditBalance(grant, grant.amount))
    overdue = marked_overdue(earlier.statement, KR)
    left = grant.amount - earlier.credit_uses[0].amount
    later = _bill(TWO_MONTHS.later, MONTH, CreditBalance(grant, left))
    left_later = left - later.credit_uses[0].amount
    shown = with_unpaid(later.statement, [unpaid_of(overdue)])

    assert (TWO_MONTHS.earlier.payable, TWO_MONTHS.earlier_with_late_fee) == (
        earlier.statement.payable,
        overdue.payable,
    )
    assert TWO_MONTHS.credit_after_earlier == left
    assert TWO_MONTHS.later.payable == later.statement.payable
    assert TWO_MONTHS.credit_after_later == left_later
    assert TWO_MONTHS.later.payable + TWO_MONTHS.earlier_with_late_fee == shown.total_due


def test_the_seeds_figure_shows_each_step_in_its_trace() -> None:
    grant = CreditGrant(
        "welcome",
        "acme",
        CreditType.FREE,
        TWO_MONTHS.credit,
        "KRW",
        valid_from=date(2026, 9, 1),
        valid_to=None,
        granted_at=datetime(2026, 9, 1, tzinfo=UTC),
        counters=frozenset(TWO_MONTHS.credit_counters),
    )
    statement = _bill(TWO_MONTHS.later, credit=CreditBalance(grant, 2_000_000)).statement

    assert [(entry.step, entry.change, entry.result) for entry in statement.trace] == [
        (Step.PRICED_USAGE, 1_346_192, 1_346_192),
        (Step.CREDITS, -166_112, 1_180_080),
        (Step.PROJECT_ADJUSTMENTS, -116_208, 1_063_872),
        (Step.GROUP_ADJUSTMENTS, 1_000, 1_064_872),
        (Step.BASE_FEE, 0, 1_064_872),
        (Step.VAT, 106_487, 1_171_359),
    ]
    assert (statement.total_discount, statement.total_extra) == (119_208, 4_000)
    assert (
        statement.free_credit_limit,
        statement.free_credit_all,
        statement.paid_credit_limit,
        statement.paid_credit_all,
    ) == (166_112, 0, 0, 0)
