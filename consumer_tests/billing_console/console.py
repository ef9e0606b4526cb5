"""What customers see of their bills in the web console.

The client's errors say what to show: NotFoundError, ForbiddenError for what belongs to another account, and
ConflictError for a coupon whose credit the account has had before.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import frozen
from billing_client import BillingClient, UnprocessableError
from billing_client.models import (
    BalancePriceTypeCode,
    CalculateRequest,
    ContractInput,
    Region,
    Statement,
    UsageInput,
)


class EstimateError(Exception):
    """An estimate names something that cannot be priced; `rows` are the numbers of the rows to mark, from 0."""

    def __init__(self, error: UnprocessableError) -> None:
        super().__init__(str(error))
        usage = (pointer for pointer in error.pointers if pointer.startswith("/usage/"))
        self.rows = list(dict.fromkeys(int(pointer.split("/")[2]) for pointer in usage))


@frozen
class Invoice:
    """A statement as the console draws it: lines and discounts by name, and what is to be paid now and in all."""

    number: str
    lines: tuple[tuple[str, str, int], ...]  # counter, quantity with its unit, amount
    discounts: int
    tax: int
    payable: int
    due: int


@frozen
class Reminder:
    """What an earlier month still owes, its late fee included."""

    number: str
    payable: int
    late_fee: int


@frozen
class Movement:
    """A line of the credit book; `amount` is negative for what was used, by the invoice with this number."""

    name: str
    day: str
    amount: int
    invoice: str | None = None


class Console:
    """The pages of one account."""

    def __init__(self, client: BillingClient, account: str) -> None:
        self._client = client
        self._account = account

    def invoices(self, month: str) -> list[Invoice]:
        statements = self._client.payments.iter_statements(month=month, uuid=self._account)
        return [invoice_of(statement) for statement in statements]

    def reminders(self, month: str) -> list[Reminder]:
        """What is owed for the months before this one."""
        unpaid = self._client.payments.iter_unpaid_statements(month=month, uuid=self._account)
        return [Reminder(each.payment_group_id, each.payable, each.late_fee) for each in unpaid]

    def receipt_number(self, month: str, payment_group: str) -> str:
        found = self._client.payments.get_receipt(month=month, uuid=self._account, payment_group_id=payment_group)
        return found.receipt.number

    def credit(self) -> Mapping[str, int]:
        """What is left of each type of credit."""
        rests = self._client.credits.get_credit_balance(uuid=self._account).stats
        return {
            rest.balance_price_type_code.value: rest.rest_amount
            for rest in rests.rest_credits_by_balance_price_type_code
        }

    def credit_book(self, kind: BalancePriceTypeCode, page: int = 1) -> Sequence[Movement]:
        found = self._client.credits.list_credit_history(uuid=self._account, balance_price_type_code=kind, page=page)
        return [
            Movement(entry.credit_name, f"{entry.at:%Y-%m-%d}", entry.amount, entry.payment_group_id)
            for entry in found.entries
        ]

    def redeem(self, coupon: str) -> int:
        """The credit that the coupon gives."""
        return self._client.credits.redeem_coupon(coupon_code=coupon, uuid=self._account).credit.credit

    def estimate(self, region: Region, month: str, hours: Mapping[str, Decimal], base_fee: int) -> int:
        """What the month would cost with these hours of machines, under a contract with this base fee."""
        usage = [
            UsageInput(counter_name=name, counter_unit="HOURS", counter_volume=volume) for name, volume in hours.items()
        ]
        body = CalculateRequest(region=region, usage=usage, month=month, contract=ContractInput(base_fee=base_fee))
        try:
            return self._client.calculations.calculate(body=body).statement.payable
        except UnprocessableError as error:
            raise EstimateError(error) from error


def invoice_of(statement: Statement) -> Invoice:
    return Invoice(
        number=statement.payment_group_id,
        lines=tuple((line.counter_name, f"{line.quantity} {line.unit}", line.amount) for line in statement.line_items),
        discounts=sum(each.amount for each in statement.adjustments if each.adjustment_type_code.endswith("_DISCOUNT")),
        tax=statement.tax_amount,
        payable=statement.payable,
        due=statement.total_due,
    )
