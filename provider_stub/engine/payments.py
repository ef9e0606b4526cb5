"""Payment of a statement: its states and moves, as tables (billing rules, Statements)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import frozen

from provider_stub.engine.period import Month


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


@frozen
class ReceiptLine:
    label: str
    amount: int


@frozen
class Receipt:
    """Proof of money received; `amount` is the sum of its lines."""

    number: str
    account_id: str
    payment_group_id: str
    month: Month
    currency: str
    amount: int
    lines: tuple[ReceiptLine, ...]
    paid_at: datetime
