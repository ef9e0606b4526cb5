"""What holds for credit and its ledger, whatever is billed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, combinations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_stub.engine.calculation import Calculation, CalculationInput, calculate
from provider_stub.engine.credits import (
    CreditGrant,
    EntryKind,
    LedgerEntry,
    balance_of,
    balances,
    restoring,
    unreversed,
    use_entry,
)
from tests.engine.bills import BILLS, COUNTERS

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CREDITED = BILLS.filter(lambda inputs: len(inputs.credits) > 0)


def _granted(inputs: CalculationInput) -> tuple[list[CreditGrant], list[LedgerEntry]]:
    grants = [held.grant for held in inputs.credits]
    return grants, [
        LedgerEntry(f"{grant.grant_id}-granted", grant.grant_id, EntryKind.GRANT, grant.amount, NOW) for grant in grants
    ]


def _billed(
    inputs: CalculationInput, grants: Sequence[CreditGrant], ledger: list[LedgerEntry]
) -> tuple[Calculation, list[LedgerEntry]]:
    """The bill on what the ledger holds, and the ledger afterwards."""
    calculation = calculate(evolve(inputs, credits=balances(grants, ledger)))
    uses = [
        use_entry(
            use,
            entry_id=f"use-{len(ledger) + number}",
            at=NOW,
            payment_group_id=inputs.payment_group_id,
            month=inputs.month,
        )
        for number, use in enumerate(calculation.credit_uses)
    ]
    return calculation, [*ledger, *uses]


def _left(grants: Sequence[CreditGrant], ledger: Sequence[LedgerEntry]) -> dict[str, int]:
    return {one.grant_id: balance_of(e for e in ledger if e.grant_id == one.grant_id) for one in grants}


@given(CREDITED, st.integers(1, 4))
def test_the_balance_of_a_credit_never_falls_below_zero_however_many_bills_burn_it(
    inputs: CalculationInput, times: int
) -> None:
    grants, ledger = _granted(inputs)
    burnt = 0
    for _ in range(times):
        calculation, ledger = _billed(inputs, grants, ledger)
        burnt += calculation.statement.total_credit
    left = _left(grants, ledger)
    assert all(0 <= left[grant.grant_id] <= grant.amount for grant in grants)
    assert sum(left.values()) + burnt == sum(grant.amount for grant in grants)


@given(CREDITED)
def test_giving_back_restores_every_balance_and_the_same_bill_comes_out_again(inputs: CalculationInput) -> None:
    grants, granted = _granted(inputs)
    first, used = _billed(inputs, grants, granted)
    back = [restoring(use, entry_id=f"back-{use.entry_id}", at=NOW) for use in unreversed(used)]
    ledger = [*used, *back]
    assert _left(grants, ledger) == {grant.grant_id: grant.amount for grant in grants}
    assert unreversed(ledger) == ()
    again, _ = _billed(inputs, grants, ledger)
    assert again == first


@given(BILLS)
def test_the_credits_of_some_counters_pay_no_more_than_these_counters_cost(inputs: CalculationInput) -> None:
    """Where nothing but usage is billed, what a credit may pay for is known: the lines of its counters. The credits
    are large, so that this is their limit.
    """
    bare = evolve(
        inputs,
        region=evolve(inputs.region, vat_rate=Decimal(0)),
        contract=None,
        project_adjustments=(),
        group_adjustments=(),
        credits=[evolve(held, balance=1000 * held.balance) for held in inputs.credits],
    )
    calculation = calculate(bare)
    counters = {held.grant.grant_id: held.grant.counters for held in bare.credits}
    for some in chain.from_iterable(combinations(COUNTERS, size) for size in range(1, len(COUNTERS) + 1)):
        cost = sum(line.amount for line in calculation.statement.line_items if line.counter_name in some)
        paid = [use.amount for use in calculation.credit_uses if use.restricted and counters[use.grant_id] <= {*some}]
        assert sum(paid) <= cost
    assert calculation.statement.total_credit <= calculation.statement.charge
