"""The way of a statement: prepared, closed, paid and verified, and back again."""

import time
from collections.abc import Callable
from typing import NoReturn

from attrs import frozen
from billing_client import (
    BillingClient,
    ConflictError,
    ProblemError,
    ServerError,
    ServiceUnavailableError,
    TransportError,
    UnexpectedResponse,
)
from billing_client.models import (
    ChangePaymentStatusRequest,
    Payment,
    PaymentStatusCode,
    PayRequest,
    Receipt,
    RefundPaymentRequest,
    Statement,
)

from consumer_tests.billing_flows.calculation import calculate, statements
from consumer_tests.billing_flows.customers import Customer
from consumer_tests.billing_flows.errors import (
    Fault,
    MismatchError,
    NotEndedError,
    NotPreparableError,
    PaymentDeclinedError,
    PaymentInDoubtError,
)
from consumer_tests.billing_flows.waiting import PATIENT, Patience

MOVED = 40902
"""The result code of a move that the statement's state does not allow: somebody else was faster."""
DECLINED = 40906
IN_DOUBT = 40907
CREDITS_PAID_ALL = 12009

_OPEN = PaymentStatusCode.REGISTERED
_UNANSWERED = (TransportError, UnexpectedResponse, ServerError)
_Move = Callable[[BillingClient, Statement, PaymentStatusCode], None]


@frozen
class Settled:
    """A statement that is paid. `receipt` is None where no money was received, since credits paid all."""

    statement: Statement
    payment: Payment
    receipt: Receipt | None


def prepare_payment(
    client: BillingClient, customer: Customer, month: str, *, group: str = "main", patience: Patience = PATIENT
) -> Statement:
    """Ends with the month's statement REGISTERED, whatever state it was in; needs the token of an administrator.

    | found | what is done |
    |---|---|
    | none | the month is calculated |
    | REGISTERED | nothing |
    | READY | it is opened; while a charge is in doubt, waits until the provider has resolved that |
    | PAID | the payment is cancelled, and the statement opened |
    | REFUNDED, CANCELLED | NotPreparableError: nothing leads out of these |

    A state that is new to this client is NotPreparableError too. Raises NotEndedError when a doubt, or somebody else
    who moves the statement all the time, outlasts the patience. What was calculated stays until it is calculated again.
    """
    wanted = customer.statement(month, group)
    for wait in patience.waits():
        found = next((one for one in statements(client, customer, month) if one.payment_group_id == wanted), None)
        if found is not None and found.payment_status_code is _OPEN:
            return found
        try:
            _open(client, customer, month, found, patience)
        except ConflictError as error:
            if code_of(error) not in (MOVED, IN_DOUBT):
                raise
            time.sleep(wait)
    raise NotEndedError(f"{wanted} is not {_OPEN} after {patience.deadline} s")


def close(client: BillingClient, statement: Statement, *, patience: Patience = PATIENT) -> Statement:
    """REGISTERED to READY. Raises ConflictError from any other state."""
    return _bring(client, statement, PaymentStatusCode.READY, _set, patience)


def reopen(client: BillingClient, statement: Statement, *, patience: Patience = PATIENT) -> Statement:
    """READY to REGISTERED. Raises ConflictError from any other state, and while a charge is in doubt."""
    return _bring(client, statement, PaymentStatusCode.REGISTERED, _set, patience)


def cancel(client: BillingClient, statement: Statement, *, patience: Patience = PATIENT) -> Statement:
    """PAID to READY, with the credit back where it came from. Raises ConflictError from any other state."""
    return _bring(client, statement, PaymentStatusCode.READY, _take_back, patience)


def refund(client: BillingClient, statement: Statement, reason: str) -> Payment:
    """PAID to REFUNDED, which is final; done twice it is refunded once. Raises ConflictError from any other state."""
    body = RefundPaymentRequest(payment_group_id=statement.payment_group_id, reason=reason)
    key = f"refund-{statement.payment_group_id}"
    return client.payments.refund_payment(month=statement.month, body=body, idempotency_key=key).payment


def pay_and_verify(client: BillingClient, customer: Customer, statement: Statement, *, name: str = "1") -> Settled:
    """Pays a READY statement, and makes sure that payment, statement and receipt say the same.

    `name` tells this payment of the statement from others: repeated with the same one, it charges once and is answered
    as it was. A statement that was paid, taken back and is paid again needs another name; with the same one the old
    answer comes, which is a MismatchError. Raises PaymentDeclinedError, PaymentInDoubtError, and ConflictError for a
    statement that is not READY as well.
    """
    try:
        answer = client.payments.pay(
            month=statement.month,
            body=PayRequest(payment_group_id=statement.payment_group_id),
            uuid=customer.account,
            idempotency_key=payment_key(statement, name),
        )
    except (ConflictError, ServiceUnavailableError) as error:
        explain(error)
    now = same(statements(client, customer, statement.month), statement)
    check_payment(statement, now, answer.payment)
    try:
        receipt: Receipt | None = client.payments.get_receipt(
            month=statement.month, uuid=customer.account, payment_group_id=statement.payment_group_id
        ).receipt
    except ConflictError as error:
        require_covered(error)
        receipt = None
    return receipted(Settled(now, answer.payment, receipt))


def payment_key(statement: Statement, name: str) -> str:
    """The Idempotency-Key of a payment."""
    return f"pay-{statement.payment_group_id}-{name}"


def explain(error: ConflictError | ServiceUnavailableError) -> NoReturn:
    """Raises what a refusal of the payment means: PaymentDeclinedError, PaymentInDoubtError, or the error itself.

    A 503 does not tell a provider that did nothing from a gateway that did not answer, so it counts as doubt.
    """
    if code_of(error) == DECLINED:
        raise PaymentDeclinedError(error.detail or error.title) from error
    if code_of(error) == IN_DOUBT or isinstance(error, ServiceUnavailableError):
        raise PaymentInDoubtError(error.detail or error.title) from error
    raise error


def require_covered(error: ConflictError) -> None:
    """Raises the error, unless it says that credits paid all."""
    if code_of(error) != CREDITS_PAID_ALL:
        raise error


def check_payment(billed: Statement, now: Statement, payment: Payment) -> None:
    """Raises MismatchError with everything in which what was billed and what was paid differ."""
    _compare(
        billed,
        ("status of the statement", PaymentStatusCode.PAID, now.payment_status_code),
        ("status of the payment", PaymentStatusCode.PAID, payment.payment_status_code),
        ("payable after paying", billed.payable, now.payable),
        ("amount of the payment", billed.payable, payment.amount),
        ("currency of the payment", billed.currency, payment.currency),
    )


def receipted(settled: Settled) -> Settled:
    """Raises MismatchError with everything in which payment and receipt differ."""
    now, payment, receipt = settled.statement, settled.payment, settled.receipt
    if receipt is None:
        _compare(now, ("payable without a receipt", 0, now.payable))
    else:
        _compare(
            now,
            ("amount of the receipt", payment.amount, receipt.amount),
            ("sum of the receipt's lines", payment.amount, sum(line.amount for line in receipt.lines)),
            ("currency of the receipt", payment.currency, receipt.currency),
            ("time of the receipt", payment.paid_at, receipt.paid_at),
        )
    return settled


def same(found: tuple[Statement, ...], wanted: Statement) -> Statement:
    """The statement as it is in a later answer."""
    return next(one for one in found if one.payment_group_id == wanted.payment_group_id)


def code_of(error: ProblemError) -> int:
    """What tells situations of one status apart."""
    return error.problem.header.result_code


def _compare(billed: Statement, *rows: tuple[str, object, object]) -> None:
    """Each row is what is compared, what it should be, and what it is."""
    faults = tuple(Fault(what, f"{want} expected, {found} found") for what, want, found in rows if want != found)
    if faults:
        raise MismatchError(f"{billed.payment_group_id} was not paid as billed", faults)


def _open(client: BillingClient, customer: Customer, month: str, found: Statement | None, patience: Patience) -> None:
    """One step towards REGISTERED."""
    if found is None:
        calculate(client, customer, month, patience=patience)
    elif found.payment_status_code is PaymentStatusCode.READY:
        reopen(client, found, patience=patience)
    elif found.payment_status_code is PaymentStatusCode.PAID:
        cancel(client, found, patience=patience)
    else:
        state = found.payment_status_code
        raise NotPreparableError(f"{found.payment_group_id} is {state}, and nothing leads from there to {_OPEN}")


def _bring(
    client: BillingClient, statement: Statement, target: PaymentStatusCode, move: _Move, patience: Patience
) -> Statement:
    """Moves the statement, and answers it as it is then.

    The client does not repeat a move by itself, since a second one is refused or does something else. Whether one whose
    answer was lost came to pass, the statement shows.
    """
    lost: Exception | None = None
    for wait in patience.waits():
        try:
            move(client, statement, target)
        except _UNANSWERED as error:
            lost = error
            time.sleep(wait)
        now = same(_month_of(client, statement), statement)
        if lost is None or now.payment_status_code is target:
            return now
    raise NotEndedError(f"{statement.payment_group_id} is not {target} after {patience.deadline} s") from lost


def _month_of(client: BillingClient, statement: Statement) -> tuple[Statement, ...]:
    return tuple(client.payments.iter_statements(month=statement.month, uuid=statement.uuid))


def _set(client: BillingClient, statement: Statement, target: PaymentStatusCode) -> None:
    body = ChangePaymentStatusRequest(payment_group_id=statement.payment_group_id, payment_status_code=target)
    client.payments.change_payment_status(month=statement.month, body=body)


def _take_back(client: BillingClient, statement: Statement, _target: PaymentStatusCode) -> None:
    client.payments.cancel_payment(month=statement.month, payment_group_id=statement.payment_group_id)
