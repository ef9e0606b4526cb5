"""Payment of a statement: its states and moves, as tables (billing rules, Statements)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from attrs import frozen

from provider_stub.engine.errors import IllegalTransition


class PaymentState(StrEnum):
    """REGISTERED may be recalculated, READY may be paid; from PAID on a statement is immutable."""

    REGISTERED = "REGISTERED"
    READY = "READY"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"


class Trigger(StrEnum):
    RECALCULATE = "RECALCULATE"
    CLOSE = "CLOSE"
    REOPEN = "REOPEN"
    PAY = "PAY"
    CANCEL_PAYMENT = "CANCEL_PAYMENT"
    REFUND = "REFUND"


class AttemptState(StrEnum):
    """One charge at the payment gateway. STARTED is written before the gateway is called; UNKNOWN is a
    time-out: the money may have moved, so nothing else may be charged until it is resolved.
    """

    STARTED = "STARTED"
    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    UNKNOWN = "UNKNOWN"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"


class AttemptTrigger(StrEnum):
    CAPTURE = "CAPTURE"
    DECLINE = "DECLINE"
    TIME_OUT = "TIME_OUT"
    VOID = "VOID"
    REFUND = "REFUND"


@frozen
class PaymentAttempt:
    """`amount` is the statement's payable in minor units; `gateway_id` is known once the gateway answered."""

    attempt_id: str
    payment_group_id: str
    amount: int
    currency: str
    state: AttemptState
    started_at: datetime
    gateway_id: str | None = None
    reason: str | None = None


MOVES: Final[Mapping[tuple[PaymentState, Trigger], PaymentState]] = MappingProxyType(
    {
        (PaymentState.REGISTERED, Trigger.RECALCULATE): PaymentState.REGISTERED,
        (PaymentState.REGISTERED, Trigger.CLOSE): PaymentState.READY,
        (PaymentState.READY, Trigger.REOPEN): PaymentState.REGISTERED,
        (PaymentState.READY, Trigger.PAY): PaymentState.PAID,
        (PaymentState.PAID, Trigger.CANCEL_PAYMENT): PaymentState.READY,
        (PaymentState.PAID, Trigger.REFUND): PaymentState.REFUNDED,
    }
)
"""Every move there is; any other is an IllegalTransition."""

ATTEMPT_MOVES: Final[Mapping[tuple[AttemptState, AttemptTrigger], AttemptState]] = MappingProxyType(
    {
        (AttemptState.STARTED, AttemptTrigger.CAPTURE): AttemptState.CAPTURED,
        (AttemptState.STARTED, AttemptTrigger.DECLINE): AttemptState.DECLINED,
        (AttemptState.STARTED, AttemptTrigger.TIME_OUT): AttemptState.UNKNOWN,
        (AttemptState.UNKNOWN, AttemptTrigger.CAPTURE): AttemptState.CAPTURED,
        (AttemptState.UNKNOWN, AttemptTrigger.DECLINE): AttemptState.DECLINED,
        (AttemptState.CAPTURED, AttemptTrigger.VOID): AttemptState.VOIDED,
        (AttemptState.CAPTURED, AttemptTrigger.REFUND): AttemptState.REFUNDED,
    }
)

LIVE_ATTEMPTS: Final = frozenset({AttemptState.STARTED, AttemptState.UNKNOWN, AttemptState.CAPTURED})
"""A statement has at most one attempt in these states: there the customer's money may be with us."""

OWED: Final = frozenset({PaymentState.REGISTERED, PaymentState.READY})
"""A statement in these states is unpaid."""


def move(state: PaymentState, trigger: Trigger) -> PaymentState:
    """The state after a trigger. Raises IllegalTransition."""
    try:
        return MOVES[state, trigger]
    except KeyError:
        raise IllegalTransition(f"a {state} statement cannot do {trigger}") from None


def status_trigger(state: PaymentState, target: PaymentState | None = None) -> Trigger:
    """What the status call asks for: it opens or closes, and toggles when no target is given.

    Raises IllegalTransition when neither leads from `state` to the target.
    """
    for trigger in (Trigger.CLOSE, Trigger.REOPEN):
        reached = MOVES.get((state, trigger))
        if reached is not None and target in (None, reached):
            return trigger
    wish = target or "the other status"
    raise IllegalTransition(f"a {state} statement cannot be set to {wish} by the status call")


def move_attempt(state: AttemptState, trigger: AttemptTrigger) -> AttemptState:
    """The state of a charge after what the gateway said. Raises IllegalTransition."""
    try:
        return ATTEMPT_MOVES[state, trigger]
    except KeyError:
        raise IllegalTransition(f"a {state} payment attempt cannot do {trigger}") from None
