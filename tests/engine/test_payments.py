from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from attrs import evolve

from provider_stub.engine.calculation import calculate
from provider_stub.engine.errors import Conflict, CoveredByCredits, IllegalTransition
from provider_stub.engine.payments import (
    ATTEMPT_MOVES,
    LIVE_ATTEMPTS,
    MOVES,
    OWED,
    AttemptState,
    AttemptTrigger,
    PaymentState,
    Trigger,
    move,
    move_attempt,
    status_trigger,
)
from provider_stub.engine.receipts import receipt
from provider_stub.engine.statements import Statement
from tests.engine.builders import bill_inputs, contract, credit, discount, hourly, used

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LEGAL = {
    ("REGISTERED", "RECALCULATE", "REGISTERED"),
    ("REGISTERED", "CLOSE", "READY"),
    ("READY", "REOPEN", "REGISTERED"),
    ("READY", "PAY", "PAID"),
    ("PAID", "CANCEL_PAYMENT", "READY"),
    ("PAID", "REFUND", "REFUNDED"),
}


@pytest.mark.parametrize(("state", "trigger"), [*product(PaymentState, Trigger)])
def test_a_statement_makes_the_moves_of_the_rules_and_no_other(state: PaymentState, trigger: Trigger) -> None:
    reached = [PaymentState(to) for source, by, to in LEGAL if (source, by) == (state, trigger)]
    if reached:
        assert [move(state, trigger)] == reached
    else:
        with pytest.raises(IllegalTransition):
            move(state, trigger)
    assert len(MOVES) == len(LEGAL)


@pytest.mark.parametrize(("state", "target"), [*product(PaymentState, [*PaymentState, None])])
def test_the_status_call_opens_and_closes_and_toggles_without_a_target(
    state: PaymentState, target: PaymentState | None
) -> None:
    other = {PaymentState.REGISTERED: PaymentState.READY, PaymentState.READY: PaymentState.REGISTERED}.get(state)
    if other is not None and target in (None, other):
        assert move(state, status_trigger(state, target)) is other
    else:
        with pytest.raises(IllegalTransition):
            status_trigger(state, target)


@pytest.mark.parametrize(("state", "trigger"), [*product(AttemptState, AttemptTrigger)])
def test_a_charge_that_ended_cannot_end_otherwise(state: AttemptState, trigger: AttemptTrigger) -> None:
    if (state, trigger) in ATTEMPT_MOVES:
        assert move_attempt(state, trigger) is not state
    else:
        with pytest.raises(IllegalTransition):
            move_attempt(state, trigger)


def test_an_attempt_without_an_answer_blocks_the_next_one() -> None:
    assert {AttemptState.STARTED, AttemptState.UNKNOWN, AttemptState.CAPTURED} == LIVE_ATTEMPTS
    assert move_attempt(AttemptState.UNKNOWN, AttemptTrigger.DECLINE) not in LIVE_ATTEMPTS


def test_every_state_is_either_owed_or_settled() -> None:
    assert {PaymentState.PAID, PaymentState.CANCELLED, PaymentState.REFUNDED} == set(PaymentState) - OWED


def _paid(statement: Statement) -> Statement:
    return evolve(statement, payment_status=PaymentState.PAID)


def test_a_receipt_goes_from_usage_to_what_was_paid() -> None:
    statement = calculate(
        bill_inputs(
            [used(720)],
            {"compute": hourly(250)},
            project=[discount("STATIC_DISCOUNT", 100_000)],
            agreed=contract(100_000),
            credits=[credit("c", 30_000)],
            overdue=True,
        )
    ).statement
    proof = receipt(_paid(statement), number="R-1", paid_at=NOW)
    assert [(line.label, line.amount) for line in proof.lines] == [
        ("Usage", 180_000),
        ("Discounts", -100_000),
        ("Base fee top-up", 50_000),
        ("VAT", 10_000),
        ("Credits", -30_000),
        ("Late fee", 2_200),
    ]
    assert proof.amount == 112_200 == statement.payable


def test_credits_that_paid_everything_leave_no_receipt() -> None:
    inputs = bill_inputs([used(10)], {"compute": hourly(250)}, credits=[credit("c", 2_500)])
    statement = calculate(inputs).statement
    assert statement.payable == 0
    with pytest.raises(CoveredByCredits):
        receipt(_paid(statement), number="R-1", paid_at=NOW)


def test_an_unpaid_statement_has_no_receipt() -> None:
    with pytest.raises(Conflict):
        receipt(calculate(bill_inputs([], {})).statement, number="R-1", paid_at=NOW)
