"""Money moves once, whatever goes wrong between us and the gateway."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from provider_stub.engine.errors import (
    BillingError,
    Conflict,
    CoveredByCredits,
    CreditSpent,
    Forbidden,
    IdempotencyConflict,
    IllegalTransition,
    NotFound,
    PaymentDeclined,
    PaymentInDoubt,
)
from provider_stub.engine.latefee import late_fee
from provider_stub.engine.money import MAX_MONEY
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.regions import REGIONS
from provider_stub.engine.statements import LARGEST_BILL
from provider_stub.store.protocol.records import Bill, ChargeState, JobKind
from provider_stub.usecases import jobs, payments, statements
from provider_stub.usecases.context import Once, once, plain
from provider_stub.usecases.errors import GatewayTimedOut
from tests.usecases.world import MONTH, World


def test_paying_captures_what_is_payable_and_freezes_the_statement(world: World) -> None:
    world.use(20, month=MONTH.previous())
    world.calculate(month=MONTH.previous())
    world.ready()

    paid = world.pay()

    assert (paid.statement.payment_status, paid.paid_at) == (PaymentState.PAID, world.clock.now)
    assert [line.amount for line in world.captured()] == [1100]
    assert paid.statement.unpaid_amount == 2200
    world.close(world.place(MONTH.previous()))
    world.pay(place=world.place(MONTH.previous()))
    assert world.bill() == paid


def test_a_charge_is_written_down_however_much_earlier_months_owe(world: World) -> None:
    nearly_the_largest = 62_000_000_000
    for month in (MONTH.plus(-2), MONTH.plus(-1), MONTH):
        world.use(nearly_the_largest, month=month)
        world.calculate(month=month)
    world.close()

    paid = world.pay()

    assert paid.statement.unpaid_amount == 2 * nearly_the_largest * 110
    assert [line.amount for line in world.captured()] == [nearly_the_largest * 110]


def test_a_bill_that_a_century_of_debts_could_not_hold_is_refused(world: World) -> None:
    world.use(64_000_000_000)

    (error,) = world.calculate().errors

    assert "larger than the largest" in error.detail
    assert all(
        1200 * (LARGEST_BILL + late_fee(region, LARGEST_BILL)) + LARGEST_BILL <= MAX_MONEY
        for region in REGIONS.values()
    )


def test_the_same_key_is_answered_alike_and_charged_once(world: World) -> None:
    world.ready()
    first = world.pay("k")
    world.clock.passes(timedelta(days=1))

    assert world.pay("k") == first
    assert len(world.captured()) == 1


def test_the_same_key_for_another_request_is_refused(world: World) -> None:
    world.ready()
    world.pay("k")
    other: Once[Bill, Bill] = once(lambda bill: bill, "pay", "k", "something else", account_id="acme")
    with pytest.raises(IdempotencyConflict):
        payments.pay(world.ctx, "acme", world.place(), other)


def test_a_declined_payment_leaves_the_statement_ready_and_its_key_declined(world: World) -> None:
    world.ready()
    world.gateway.declines = True
    for _ in range(2):
        with pytest.raises(PaymentDeclined):
            world.pay("k")
    world.gateway.declines = False
    with pytest.raises(PaymentDeclined):
        world.pay("k")

    world.pay("another key")

    assert len(world.captured()) == 1


def test_a_lost_answer_blocks_a_second_charge_until_the_gateway_has_told(world: World) -> None:
    world.ready()
    world.gateway.loses = True
    with pytest.raises(GatewayTimedOut):
        world.pay("k")
    with pytest.raises(PaymentInDoubt):
        world.pay("another key")
    with pytest.raises(PaymentInDoubt):
        world.close()

    world.gateway.loses = False
    assert world.pay("k").statement.payment_status is PaymentState.PAID
    assert len(world.captured()) == 1
    with pytest.raises(IllegalTransition):
        world.pay("another key")


def test_a_charge_in_doubt_gets_no_late_fee_that_it_would_not_have_paid(world: World) -> None:
    world.ready()
    world.gateway.loses = True
    with pytest.raises(GatewayTimedOut):
        world.pay("k")
    world.gateway.loses = False
    jobs.start_batch(world.ctx, JobKind.CALC_LATE_FEE, date(2026, 11, 5), None, False, plain())

    paid = world.pay("k")

    assert [line.amount for line in world.captured()] == [paid.statement.payable] == [1100]


def test_a_late_answer_never_tells_of_a_payment_of_another_bill(world: World) -> None:
    world.ready()
    world.gateway.loses = True
    with pytest.raises(GatewayTimedOut):
        world.pay("k")
    world.gateway.loses = False
    world.clock.passes(timedelta(minutes=1))
    payments.reconcile_payments(world.ctx)
    payments.cancel_payment(world.ctx, world.place())
    world.close()
    world.ready()

    with pytest.raises(Conflict, match="was charged 1100 for this key"):
        world.pay("k")

    assert world.captured() == []
    assert world.pay("a new key").statement.payable == 2200


def test_a_question_that_never_arrived_is_charged_once_when_it_is_asked_again(world: World) -> None:
    world.ready()
    world.gateway.drops = True
    with pytest.raises(GatewayTimedOut):
        world.pay("first")
    world.gateway.drops = False

    # The first question was settled as declined for good; so its own key says so, and a new one pays.
    with pytest.raises(PaymentDeclined):
        world.pay("first")
    world.pay("second")

    assert len(world.captured()) == 1


def test_an_attempt_that_a_kill_cut_off_is_settled_by_the_next_start(world: World) -> None:
    world.ready()

    def killed() -> None:
        raise KeyboardInterrupt

    world.gateway.hold = killed
    with pytest.raises(KeyboardInterrupt):
        world.pay("k")
    world.gateway.hold = lambda: None
    with pytest.raises(PaymentInDoubt):
        world.pay("another key")

    payments.reconcile_payments(world.ctx)
    with pytest.raises(PaymentInDoubt):
        world.pay("another key")
    world.clock.passes(world.ctx.patience)
    world.clock.passes(timedelta(seconds=1))
    payments.reconcile_payments(world.ctx)

    world.pay("another key")
    assert len(world.captured()) == 1


def test_cancelling_voids_the_charge_and_gives_back_exactly_the_credit_that_was_used(world: World) -> None:
    world.grant(300)
    world.ready()
    world.pay()
    assert world.left() == 0

    cancelled = payments.cancel_payment(world.ctx, world.place())

    assert (cancelled.statement.payment_status, cancelled.paid_at) == (PaymentState.READY, None)
    assert (world.left(), world.captured()) == (300, [])
    with pytest.raises(IllegalTransition):
        payments.cancel_payment(world.ctx, world.place())
    assert world.left() == 300


def test_paying_again_burns_the_same_credit_again(world: World) -> None:
    world.grant(300)
    world.ready()
    first = world.pay()
    payments.cancel_payment(world.ctx, world.place())
    world.clock.passes(timedelta(hours=1))

    again = world.pay()

    assert again.statement == first.statement
    assert (world.left(), len(world.captured())) == (0, 1)


def test_credit_that_went_elsewhere_meanwhile_has_to_be_calculated_again(world: World) -> None:
    world.grant(300)
    world.ready()
    world.pay()
    payments.cancel_payment(world.ctx, world.place())
    world.use(50, month=MONTH.next())
    world.calculate(month=MONTH.next())
    with pytest.raises(CreditSpent):
        world.pay()
    assert world.captured() == []

    world.close()
    world.calculate()
    world.close()
    assert world.pay().statement.total_credit == 0


def test_a_refund_returns_money_and_credit_and_is_final(world: World) -> None:
    world.grant(300)
    world.ready()
    world.pay()

    refunded = payments.refund_payment(world.ctx, world.place(), "sorry", plain())

    assert (refunded.statement.payment_status, refunded.reason) == (PaymentState.REFUNDED, "sorry")
    assert (world.left(), world.captured()) == (300, [])
    for move in (world.pay, world.close, lambda: payments.cancel_payment(world.ctx, world.place())):
        with pytest.raises(IllegalTransition):
            move()


def test_a_refund_with_the_same_key_is_answered_alike_and_done_once(world: World) -> None:
    world.ready()
    world.pay()
    replies = [
        payments.refund_payment(
            world.ctx, world.place(), "sorry", once(lambda bill: {"at": str(bill.refunded_at)}, "refund", "k", "r")
        )
        for _ in range(2)
    ]
    assert replies[0] == replies[1]


@pytest.mark.parametrize("undo", ["cancel", "refund"])
def test_a_gateway_that_does_not_answer_leaves_a_payment_that_can_still_be_undone(world: World, undo: str) -> None:
    def undone() -> object:
        if undo == "cancel":
            return payments.cancel_payment(world.ctx, world.place())
        return payments.refund_payment(world.ctx, world.place(), "sorry", plain())

    world.ready()
    world.pay()
    world.gateway.loses = True
    with pytest.raises(GatewayTimedOut):
        undone()
    assert world.bill().statement.payment_status is PaymentState.PAID
    world.gateway.loses = False
    undone()
    assert world.bill().statement.payment_status is not PaymentState.PAID


def test_what_the_gateway_has_voided_it_does_not_refund_as_well(world: World) -> None:
    world.ready()
    world.pay()
    world.gateway.loses = True
    with pytest.raises(GatewayTimedOut):
        payments.cancel_payment(world.ctx, world.place())
    world.gateway.loses = False
    with pytest.raises(IllegalTransition):
        payments.refund_payment(world.ctx, world.place(), "sorry", plain())
    assert world.bill().statement.payment_status is PaymentState.PAID


def test_a_statement_that_credit_covers_is_paid_without_a_charge_and_has_no_receipt(world: World) -> None:
    world.grant(5000)
    world.ready()
    paid = world.pay()
    assert (paid.statement.payable, world.captured()) == (0, [])
    with pytest.raises(CoveredByCredits):
        statements.get_receipt(world.ctx, "acme", world.place())
    payments.cancel_payment(world.ctx, world.place())
    assert world.left() == 5000


def test_a_receipt_sums_to_what_was_paid_and_keeps_its_number(world: World) -> None:
    world.ready()
    with pytest.raises(Conflict):
        statements.get_receipt(world.ctx, "acme", world.place())
    world.pay()
    receipt = statements.get_receipt(world.ctx, "acme", world.place())
    assert receipt.amount == sum(line.amount for line in receipt.lines) == 1100
    assert receipt == statements.get_receipt(world.ctx, "acme", world.place())


def test_nobody_pays_or_sees_a_statement_of_another_account(world: World) -> None:
    world.account("globex")
    world.ready()
    with pytest.raises(Forbidden):
        payments.pay(world.ctx, "globex", world.place(), plain())
    with pytest.raises(Forbidden):
        statements.get_receipt(world.ctx, "globex", world.place())
    with pytest.raises(NotFound):
        payments.pay(world.ctx, "acme", statements.Place(Month(2026, 1), f"acme-main.{MONTH}"), plain())
    assert world.captured() == []


def test_a_charge_for_an_account_that_was_cleared_away_meanwhile_is_voided(world: World) -> None:
    world.ready()
    world.gateway.hold = world.store.clear
    with pytest.raises(Conflict):
        payments.pay(world.ctx, "acme", world.place(), plain())
    with world.store.read() as tx:
        assert [line.state for line in tx.charges.all()] == [ChargeState.VOIDED]


def test_sixteen_threads_that_pay_one_statement_leave_one_capture(world: World) -> None:
    world.ready()
    outcomes = _at_once(16, world.pay)
    assert sorted(outcomes) == ["done"] + ["refused"] * 15
    assert len(world.captured()) == 1


def test_threads_that_pay_and_cancel_and_retry_never_hold_two_captures(world: World) -> None:
    world.ready()
    numbers = iter(range(1000))

    def act() -> object:
        if next(numbers) % 3 == 2:
            return payments.cancel_payment(world.ctx, world.place())
        return world.pay("one key for all")

    _at_once(24, act)
    paid = world.bill().statement.payment_status is PaymentState.PAID
    assert len(world.captured()) == paid


def _at_once(count: int, act: Callable[[], object]) -> list[str]:
    """What became of each of many that start together."""
    barrier = threading.Barrier(count)

    def one(_number: int) -> str:
        barrier.wait()
        try:
            act()
        except BillingError:
            return "refused"
        return "done"

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
