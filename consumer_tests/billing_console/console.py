"""What customers see of their bills in the web console."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import frozen
from billing_client import AuthenticatedClient
from billing_client.api.calculations import calculate
from billing_client.api.credits import get_credit_balance, list_credit_history, redeem_coupon
from billing_client.api.payments import get_receipt, list_statements, list_unpaid_statements
from billing_client.models import (
    BalancePriceTypeCode,
    CalculateRequest,
    ContractInput,
    Problem,
    Region,
    Statement,
    UsageInput,
)

COUPON_REDEEMED = 40909


class ConsoleError(Exception):
    """The billing API refused."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.header.result_code}: {problem.detail}")


class NotFoundError(ConsoleError):
    """There is no such account or statement."""


class NotYoursError(ConsoleError):
    """It belongs to another account."""


class CouponUsedError(ConsoleError):
    """The account has had the coupon's credit before."""


class EstimateError(ConsoleError):
    """An estimate names something that cannot be priced; `rows` are the numbers of the rows to mark, from 0."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        usage = (fault.pointer for fault in problem.errors or () if fault.pointer.startswith("/usage/"))
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

    def __init__(self, client: AuthenticatedClient, account: str) -> None:
        self._client = client
        self._account = account

    def invoices(self, month: str) -> list[Invoice]:
        answer = list_statements.sync(month, client=self._client, uuid=self._account)
        if isinstance(answer, Problem):
            raise error_of(answer)
        return [invoice_of(statement) for statement in answer.statements]

    def reminders(self, month: str) -> list[Reminder]:
        """What is owed for the months before this one."""
        answer = list_unpaid_statements.sync(month, client=self._client, uuid=self._account)
        if isinstance(answer, Problem):
            raise error_of(answer)
        return [Reminder(each.payment_group_id, each.payable, each.late_fee) for each in answer.statements]

    def receipt_number(self, month: str, payment_group: str) -> str:
        answer = get_receipt.sync(month, client=self._client, uuid=self._account, payment_group_id=payment_group)
        if isinstance(answer, Problem):
            raise error_of(answer)
        return answer.receipt.number

    def credit(self) -> Mapping[str, int]:
        """What is left of each type of credit."""
        answer = get_credit_balance.sync(client=self._client, uuid=self._account)
        if isinstance(answer, Problem):
            raise error_of(answer)
        rests = answer.stats.rest_credits_by_balance_price_type_code
        return {rest.balance_price_type_code.value: rest.rest_amount for rest in rests}

    def credit_book(self, kind: BalancePriceTypeCode, page: int = 1) -> Sequence[Movement]:
        answer = list_credit_history.sync(
            client=self._client, uuid=self._account, balance_price_type_code=kind, page=page
        )
        if isinstance(answer, Problem):
            raise error_of(answer)
        return [
            Movement(entry.credit_name, f"{entry.at:%Y-%m-%d}", entry.amount, entry.payment_group_id or None)
            for entry in answer.entries
        ]

    def redeem(self, coupon: str) -> int:
        """The credit that the coupon gives."""
        answer = redeem_coupon.sync(coupon, client=self._client, uuid=self._account)
        if isinstance(answer, Problem):
            raise error_of(answer)
        return answer.credit.credit

    def estimate(self, region: Region, month: str, hours: Mapping[str, Decimal], base_fee: int) -> int:
        """What the month would cost with these hours of machines, under a contract with this base fee."""
        usage = [
            UsageInput(counter_name=name, counter_unit="HOURS", counter_volume=volume) for name, volume in hours.items()
        ]
        body = CalculateRequest(region=region, usage=usage, month=month, contract=ContractInput(base_fee=base_fee))
        answer = calculate.sync(client=self._client, body=body)
        if isinstance(answer, Problem):
            raise error_of(answer)
        return answer.statement.payable


def invoice_of(statement: Statement) -> Invoice:
    return Invoice(
        number=statement.payment_group_id,
        lines=tuple((line.counter_name, f"{line.quantity} {line.unit}", line.amount) for line in statement.line_items),
        discounts=sum(each.amount for each in statement.adjustments if each.adjustment_type_code.endswith("_DISCOUNT")),
        tax=statement.tax_amount,
        payable=statement.payable,
        due=statement.total_due,
    )


def error_of(problem: Problem) -> ConsoleError:
    if problem.header.result_code == COUPON_REDEEMED:
        return CouponUsedError(problem)
    kinds = {403: NotYoursError, 404: NotFoundError, 422: EstimateError}
    return kinds.get(problem.status, ConsoleError)(problem)
