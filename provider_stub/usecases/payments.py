"""Closing statements and paying them.

Money moves at the gateway, which may fail between any two lines. So a charge goes in three steps: the attempt is
written down, the gateway is called, the answer is written down. Whatever is cut off leaves an attempt that says that
money may have moved, and no second charge starts before that is resolved.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from attrs import evolve, frozen

from provider_stub.engine.credits import unreversed, use_entry
from provider_stub.engine.errors import (
    BillingError,
    Conflict,
    CreditSpent,
    IllegalTransition,
    PaymentDeclined,
    PaymentInDoubt,
)
from provider_stub.engine.payments import (
    ATTEMPT_MOVES,
    OWED,
    AttemptState,
    AttemptTrigger,
    PaymentAttempt,
    PaymentState,
    Trigger,
    move,
    move_attempt,
    status_trigger,
)
from provider_stub.store.protocol.records import Bill, Charge, ChargeState
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.calculations import give_back
from provider_stub.usecases.context import Context, Once, locked, own
from provider_stub.usecases.errors import GatewayTimedOut
from provider_stub.usecases.gateway import GatewayRefusedError, GatewayTimeoutError
from provider_stub.usecases.statements import Place, at, with_debts

# The bill is what these use cases give; whoever calls them need not know the store.
__all__ = ["Bill", "cancel_payment", "change_payment_status", "pay", "reconcile_payments", "refund_payment"]

B = TypeVar("B")
LOG = logging.getLogger(__name__)


def change_payment_status(ctx: Context, place: Place, target: PaymentState | None) -> Bill:
    """Closes the statement or opens it again. Raises NotFound, IllegalTransition, PaymentInDoubt."""
    with ctx.store.write() as tx:
        bill = _locked(tx, place)
        trigger = status_trigger(bill.statement.payment_status, target)
        if tx.payments.live(place.payment_group_id) is not None:
            raise PaymentInDoubt(f"{place.payment_group_id} is being paid")
        return _moved(tx, bill, trigger)


def pay(ctx: Context, account_id: str, place: Place, once: Once[Bill, B]) -> B:
    """Charges what is payable and makes the statement PAID; replies to the paid bill.

    A repetition that comes while the first request with its key is under way waits a little for the answer to that.

    Raises NotFound, Forbidden, IllegalTransition (not READY), PaymentInDoubt, PaymentDeclined, CreditSpent, and
    GatewayTimedOut when it is not known whether the money moved.
    """
    with ctx.store.write() as tx:
        locked(tx, account_id)
        kept = once.begin(tx, ctx.clock())
        if kept is not None and kept.reply is not None:
            return once.again(kept.reply)
        bill = at(tx, place)
        own(bill.statement.account_id, account_id, f"statement {place.payment_group_id}")
        earlier = tx.payments.get(kept.subject) if kept and kept.subject else None
        if earlier is not None and earlier.state not in _UNANSWERED:
            return once.end(tx, _as_paid(bill, earlier))
        attempt = tx.payments.live(place.payment_group_id) if bill.statement.payment_status in OWED else None
        standing = attempt is not None
        if attempt is None:
            attempt = _begin(ctx, tx, bill)
            if attempt is None:
                return once.end(tx, _paid(ctx, tx, bill))
            once.about(tx, attempt.attempt_id)
        elif not _in_doubt(ctx, attempt) and attempt != earlier:
            raise PaymentInDoubt(f"{place.payment_group_id} is being paid")
    if not standing:
        return _charge(ctx, attempt, once)
    if _in_doubt(ctx, attempt):
        _settle(ctx, attempt)
    else:
        _await_answer(ctx, attempt)
    return pay(ctx, account_id, place, once)


def reconcile_payments(ctx: Context) -> None:
    """Asks the gateway about every charge whose answer never came, and writes down what it says."""
    with ctx.store.read() as tx:
        doubted = tx.payments.started_before(ctx.clock() - ctx.patience)
    for attempt in doubted:
        try:
            _settle(ctx, attempt)
        except PaymentInDoubt:
            LOG.warning("attempt %s stays in doubt", attempt.attempt_id)
        except BillingError:  # one charge that cannot be written down must not leave all others in doubt
            LOG.exception("attempt %s cannot be settled", attempt.attempt_id)


def cancel_payment(ctx: Context, place: Place) -> Bill:
    """Voids the charge, gives credit back, and makes the statement READY. Raises NotFound, IllegalTransition."""
    undoing = _Undoing(Trigger.CANCEL_PAYMENT, AttemptTrigger.VOID, ctx.gateway.void)
    return _undo(ctx, place, undoing, Once[Bill, Bill](lambda bill: bill))


def refund_payment(ctx: Context, place: Place, reason: str, once: Once[Bill, B]) -> B:
    """Pays the money back, gives credit back, and makes the statement REFUNDED. Raises NotFound, IllegalTransition."""
    undoing = _Undoing(Trigger.REFUND, AttemptTrigger.REFUND, ctx.gateway.refund, reason)
    return _undo(ctx, place, undoing, once)


_LOOKS: Final = 100
_LOOK_SECONDS: Final = 0.05
_UNANSWERED: Final = frozenset({AttemptState.STARTED, AttemptState.UNKNOWN})


def _in_doubt(ctx: Context, attempt: PaymentAttempt) -> bool:
    """An attempt that started just now is still with the gateway; an older one lost its answer."""
    stale = attempt.started_at <= ctx.clock() - ctx.patience
    return attempt.state is AttemptState.UNKNOWN or (attempt.state is AttemptState.STARTED and stale)


def _await_answer(ctx: Context, attempt: PaymentAttempt) -> None:
    """Waits until the gateway has answered. Raises PaymentInDoubt when that takes long: threads are few."""
    for _ in range(_LOOKS):
        with ctx.store.read() as tx:
            standing = tx.payments.get(attempt.attempt_id)
        if standing is None or standing.state is not AttemptState.STARTED:
            return
        ctx.wait(_LOOK_SECONDS)
    raise PaymentInDoubt(f"{attempt.payment_group_id} is still being paid; repeat the request, with the same key")


def _as_paid(bill: Bill, attempt: PaymentAttempt) -> Bill:
    """What paying answered, or would have answered, if its reply was lost; a decline is answered as one again.

    Raises Conflict when the bill is another by now: it must not read as paid with an amount that never was.
    """
    if attempt.state is AttemptState.DECLINED:
        raise PaymentDeclined(f"the payment gateway declined: {attempt.reason}")
    if attempt.amount != bill.statement.payable:
        charged = f"{attempt.payment_group_id} was charged {attempt.amount} for this key, and is another bill since"
        raise Conflict(f"{charged}; pay it with a new key")
    paid = evolve(bill.statement, payment_status=PaymentState.PAID)
    return evolve(bill, statement=paid, paid_at=bill.paid_at or attempt.started_at, refunded_at=None, reason=None)


def _begin(ctx: Context, tx: Tx, bill: Bill) -> PaymentAttempt | None:
    """Writes the attempt down, so that nobody else can start one; None when there is nothing to charge."""
    statement = bill.statement
    move(statement.payment_status, Trigger.PAY)
    _burn_again(ctx, tx, bill)
    if statement.payable == 0:
        return None
    attempt = PaymentAttempt(
        ctx.new_id("attempt"),
        statement.payment_group_id,
        statement.payable,
        statement.currency,
        AttemptState.STARTED,
        ctx.clock(),
    )
    if not tx.payments.start(statement.account_id, attempt):
        raise PaymentInDoubt(f"{statement.payment_group_id} is being paid")
    return attempt


def _burn_again(ctx: Context, tx: Tx, bill: Bill) -> None:
    """A cancelled payment gave the statement's credit back; paying again takes the same, if it is still there."""
    statement = bill.statement
    if not bill.credit_uses or unreversed(tx.credits.of_payment_group(statement.payment_group_id)):
        return
    left = tx.credits.left(statement.account_id)
    if short := [use.grant_id for use in bill.credit_uses if left.get(use.grant_id, 0) < use.amount]:
        raise CreditSpent(f"credit that the statement used is gone ({', '.join(short)}); open and calculate it again")
    burnt = (
        use_entry(
            use,
            entry_id=ctx.new_id("entry"),
            at=ctx.clock(),
            payment_group_id=statement.payment_group_id,
            month=statement.month,
        )
        for use in bill.credit_uses
    )
    tx.credits.book(statement.account_id, burnt)


def _charge(ctx: Context, attempt: PaymentAttempt, once: Once[Bill, B]) -> B:
    try:
        charge = ctx.gateway.charge(attempt)
    except GatewayTimeoutError as error:
        with ctx.store.write() as tx:
            _move_attempt(tx, attempt, AttemptTrigger.TIME_OUT, reason="the gateway did not answer in time")
        raise GatewayTimedOut("the payment gateway did not answer in time; it may or may not have charged") from error
    with ctx.store.write() as tx:
        bill = _write_down(ctx, tx, attempt, charge)
        if bill is not None:
            return once.end(tx, bill)
    if charge.state is ChargeState.DECLINED:
        raise PaymentDeclined(f"the payment gateway declined: {charge.reason}")
    try:
        ctx.gateway.void(attempt)
    except GatewayTimeoutError as error:
        gone = f"{attempt.payment_group_id} was removed while it was being paid"
        raise GatewayTimedOut(f"{gone}, and the gateway did not answer in time whether it voided the charge") from error
    raise Conflict(f"{attempt.payment_group_id} was removed while it was being paid; the charge was voided")


def _settle(ctx: Context, attempt: PaymentAttempt) -> None:
    """Ends the doubt about a charge. Raises PaymentInDoubt when the gateway cannot tell."""
    try:
        charge = ctx.gateway.settle(attempt)
    except GatewayTimeoutError as error:
        raise PaymentInDoubt(f"a charge of {attempt.payment_group_id} is in doubt") from error
    with ctx.store.write() as tx:
        _write_down(ctx, tx, attempt, charge)


def _write_down(ctx: Context, tx: Tx, attempt: PaymentAttempt, charge: Charge) -> Bill | None:
    """What the gateway said of a charge: the paid bill, or None for one that did not come to that.

    Somebody else may have asked the gateway as well and been here first; then it stands already.
    """
    bill = tx.statements.get(attempt.payment_group_id)
    if bill is None or tx.accounts.lock(bill.statement.account_id) is None:
        return None
    if charge.state is ChargeState.DECLINED:
        _move_attempt(tx, attempt, AttemptTrigger.DECLINE, reason=charge.reason)
        return None
    if _move_attempt(tx, attempt, AttemptTrigger.CAPTURE, gateway_id=charge.gateway_id):
        return _paid(ctx, tx, tx.statements.get(attempt.payment_group_id) or bill)
    standing = tx.payments.get(attempt.attempt_id)
    return None if standing is None else _as_paid(bill, standing)


def _move_attempt(
    tx: Tx,
    attempt: PaymentAttempt,
    trigger: AttemptTrigger,
    *,
    gateway_id: str | None = None,
    reason: str | None = None,
) -> bool:
    """One conditional update from the state that the attempt is in now; False when that state has no such move."""
    standing = tx.payments.get(attempt.attempt_id)
    if standing is None or (standing.state, trigger) not in ATTEMPT_MOVES:
        return False
    change = evolve(
        standing,
        state=move_attempt(standing.state, trigger),
        gateway_id=gateway_id or standing.gateway_id,
        reason=reason or standing.reason,
    )
    return tx.payments.save(change, standing.state)


@frozen
class _Undoing:
    """A way back from PAID: the move of the statement, that of its charge, and what the gateway does."""

    trigger: Trigger
    attempt_trigger: AttemptTrigger
    at_gateway: Callable[[PaymentAttempt], None]
    reason: str | None = None


def _undo(ctx: Context, place: Place, undoing: _Undoing, once: Once[Bill, B]) -> B:
    """The gateway goes first and takes repetitions: if we are cut off behind it, doing it again ends it."""
    with ctx.store.read() as tx:
        kept = once.look(tx)
        if kept is not None and kept.reply is not None:
            return once.again(kept.reply)
        move(at(tx, place).statement.payment_status, undoing.trigger)
        attempt = tx.payments.live(place.payment_group_id)
    if attempt is not None:
        _at_gateway(undoing, attempt)
    with ctx.store.write() as tx:
        bill = _locked(tx, place)
        kept = once.begin(tx, ctx.clock())
        if kept is not None and kept.reply is not None:
            return once.again(kept.reply)
        if tx.payments.live(place.payment_group_id) != attempt:
            raise IllegalTransition(f"the payment of {place.payment_group_id} was undone meanwhile")
        if attempt is not None:
            _move_attempt(tx, attempt, undoing.attempt_trigger, reason=undoing.reason)
        undone = _moved(tx, bill, undoing.trigger, **_stamps(ctx, bill, undoing))
        give_back(ctx, tx, bill, ctx.clock())
        return once.end(tx, undone)


def _at_gateway(undoing: _Undoing, attempt: PaymentAttempt) -> None:
    try:
        undoing.at_gateway(attempt)
    except GatewayTimeoutError as error:
        raise GatewayTimedOut("the payment gateway did not answer in time; try it again") from error
    except GatewayRefusedError as error:
        raise IllegalTransition(f"the payment gateway refused: {error}") from error


def _stamps(ctx: Context, bill: Bill, undoing: _Undoing) -> dict[str, Any]:
    if undoing.trigger is Trigger.CANCEL_PAYMENT:
        return {"paid_at": None}
    return {"paid_at": bill.paid_at, "refunded_at": ctx.clock(), "reason": undoing.reason}


def _locked(tx: Tx, place: Place) -> Bill:
    """The bill, with its account locked: what is read now still holds when it is written."""
    locked(tx, at(tx, place).statement.account_id)
    return at(tx, place)


def _paid(ctx: Context, tx: Tx, bill: Bill) -> Bill:
    """The bill as PAID, and from now on immutable: what earlier months owe is frozen on it too."""
    statement = bill.statement
    final = with_debts(statement, tx.statements.owed_before(statement.account_id, statement.month))
    return _moved(tx, evolve(bill, statement=final), Trigger.PAY, paid_at=ctx.clock())


def _moved(tx: Tx, bill: Bill, trigger: Trigger, **stamps: Any) -> Bill:
    """One conditional update from the state that the bill is in. Raises IllegalTransition."""
    before = bill.statement.payment_status
    changed = evolve(bill, statement=evolve(bill.statement, payment_status=move(before, trigger)), **stamps)
    if not tx.statements.save(changed, before):
        raise IllegalTransition(f"{bill.statement.payment_group_id} is no longer {before}")
    return changed
