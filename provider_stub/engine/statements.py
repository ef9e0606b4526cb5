"""The statement of one billing group's month (billing rules, Statements)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from attrs import evolve, frozen

from provider_stub.engine.adjustments import AppliedAdjustment
from provider_stub.engine.errors import BrokenInvariant, InvalidValue
from provider_stub.engine.latefee import late_fee
from provider_stub.engine.money import MAX_MONEY, same_currency
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.policies import Policy, Step
from provider_stub.engine.prices import PriceModel
from provider_stub.engine.regions import Region


class LineItem(NamedTuple):  # there are many, and no other immutable class is made as fast
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


LARGEST_BILL: Final = MAX_MONEY // 1300
"""In minor units. A group may owe for all 1,200 months of the century, with late fees, and the sum is still exact in
JSON: so no debt of earlier months can ever keep a charge that was captured from being written down.
"""


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

    @property
    def principal(self) -> int:
        """What is owed without the late fee."""
        return self.total_amount - self.total_credit


def marked_overdue(statement: Statement, region: Region) -> Statement:
    """The statement with its late fee. Marking it again changes nothing: there is no fee on a fee."""
    fee = late_fee(region, statement.principal)
    payable = statement.principal + fee
    due = payable + statement.unpaid_amount
    return checked(evolve(statement, overdue=True, late_fee=fee, payable=payable, total_due=due))


def with_unpaid(statement: Statement, unpaid: Iterable[Unpaid]) -> Statement:
    """The statement with what earlier months owe today. Raises as `unpaid_total` does."""
    owed = unpaid_total(unpaid, statement.month, statement.currency)
    return checked(evolve(statement, unpaid_amount=owed, total_due=statement.payable + owed))


def unpaid_of(statement: Statement) -> Unpaid:
    """What an unpaid statement adds to those of later months."""
    return Unpaid(statement.month, statement.principal, statement.currency, statement.late_fee)


def unpaid_total(unpaid: Iterable[Unpaid], month: Month, currency: str) -> int:
    """What months before `month` still owe, with their late fees.

    Raises InvalidValue (/unpaid/N/month) for a month that is not earlier, and CurrencyMismatch.
    """
    total = 0
    for index, one in enumerate(unpaid):
        if one.month >= month:
            raise InvalidValue.at_field(f"/unpaid/{index}/month", f"{one.month} is not before {month}")
        same_currency(currency, one.currency, f"the unpaid statement of {one.month}")
        total += one.amount + one.late_fee
    return total


def checked(statement: Statement) -> Statement:
    """The statement itself, once its amounts agree with each other (billing rules, Statements).

    Raises BrokenInvariant where they do not, and InvalidValue for a bill beyond LARGEST_BILL.
    """
    s = statement
    total = s.charge - s.total_discount + s.total_extra + s.base_fee_top_up + s.tax_amount
    credit = s.free_credit_limit + s.free_credit_all + s.paid_credit_limit + s.paid_credit_all
    identities = (
        ("the lines sum to charge", sum([line.amount for line in s.line_items]), s.charge),
        ("totalAmount", total, s.total_amount),
        ("totalCredit", credit, s.total_credit),
        ("payable", s.total_amount - s.total_credit + s.late_fee, s.payable),
        ("totalDue", s.payable + s.unpaid_amount, s.total_due),
        ("the trace ends at what is owed", s.trace[-1].result, s.principal),
    )
    for name, expected, found in identities:
        if expected != found:
            raise BrokenInvariant(f"{name}: expected {expected}, found {found}")
    if s.principal < 0:
        raise BrokenInvariant(f"a statement cannot owe {s.principal}")
    if max(s.charge, s.total_amount, s.total_extra) > LARGEST_BILL:
        raise InvalidValue(f"the bill is larger than the largest, {LARGEST_BILL}")
    if s.total_due > MAX_MONEY:
        raise InvalidValue(f"what is due is larger than the largest amount, {MAX_MONEY}")
    return s
