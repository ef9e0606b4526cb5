"""Receipts: proof of the money received for a statement (billing rules, Statements)."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from provider_stub.engine.errors import BrokenInvariant, Conflict, CoveredByCredits
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.statements import Statement


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


def receipt(statement: Statement, *, number: str, paid_at: datetime) -> Receipt:
    """The receipt of a paid statement, from priced usage to what was paid; empty lines are left out.

    Raises CoveredByCredits when credits paid everything, so that no money came in, and Conflict for a
    statement that is not PAID.
    """
    if statement.payment_status is not PaymentState.PAID:
        raise Conflict(f"a {statement.payment_status} statement has no receipt")
    if statement.payable == 0 and statement.total_credit > 0:
        raise CoveredByCredits("credits paid the whole statement; no money was received")
    lines = (
        ReceiptLine("Usage", statement.charge),
        ReceiptLine("Discounts", -statement.total_discount),
        ReceiptLine("Surcharges", statement.total_extra),
        ReceiptLine("Base fee top-up", statement.base_fee_top_up),
        ReceiptLine("VAT", statement.tax_amount),
        ReceiptLine("Credits", -statement.total_credit),
        ReceiptLine("Late fee", statement.late_fee),
    )
    if sum(line.amount for line in lines) != statement.payable:
        raise BrokenInvariant("the lines of a receipt have to sum to what was paid")
    return Receipt(
        number=number,
        account_id=statement.account_id,
        payment_group_id=statement.payment_group_id,
        month=statement.month,
        currency=statement.currency,
        amount=statement.payable,
        lines=tuple(line for line in lines if line.amount),
        paid_at=paid_at,
    )
