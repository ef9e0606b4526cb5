"""The statement of one billing group's month (billing rules, Statements)."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from provider_stub.engine.adjustments import AppliedAdjustment
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.policies import Policy, Step
from provider_stub.engine.prices import PriceModel


@frozen
class LineItem:
    """Usage of one counter in one project. `price` is per `unit` in major units of the currency, None where
    no single price applies (several tiers). `amount` is `exact_amount` rounded half up; both in minor units.
    """

    project_id: str
    counter_name: str
    unit: str
    quantity: Decimal
    price: Decimal | None
    price_model: PriceModel
    amount: int
    exact_amount: Decimal
    credit_applied: int = 0


@frozen
class TraceEntry:
    """One step of the calculation: `base` + `change` = `result`, in minor units."""

    step: Step
    base: int
    change: int
    result: int


@frozen
class Unpaid:
    """What an earlier month still owes: `amount` is its principal (totalAmount - totalCredit)."""

    month: Month
    amount: int
    currency: str
    late_fee: int = 0


@frozen
class Statement:
    """All amounts in minor units of `currency`. `overdue` is the mark that the late-fee batch sets; the fee
    itself follows from it. Everything else is derived from the month's lines.
    """

    payment_group_id: str
    account_id: str
    billing_group_id: str
    region: str
    month: Month
    currency: str
    payment_status: PaymentState
    calculation_policy: Policy
    charge: int
    total_discount: int
    total_extra: int
    base_fee_top_up: int
    tax_amount: int
    total_amount: int
    free_credit_limit: int
    free_credit_all: int
    paid_credit_limit: int
    paid_credit_all: int
    total_credit: int
    late_fee: int
    payable: int
    unpaid_amount: int
    total_due: int
    overdue: bool
    line_items: tuple[LineItem, ...]
    adjustments: tuple[AppliedAdjustment, ...]
    trace: tuple[TraceEntry, ...]
