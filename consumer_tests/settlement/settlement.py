"""Closes the month, takes the money, and corrects what went wrong."""

from attrs import frozen
from billing_client import AuthenticatedClient
from billing_client.api.payments import cancel_payment, change_payment_status, get_receipt, pay, refund_payment
from billing_client.models import (
    ChangePaymentStatusRequest,
    Payment,
    PaymentResponse,
    PaymentStatusCode,
    PayRequest,
    Problem,
    Receipt,
    RefundPaymentRequest,
)

COVERED_BY_CREDITS = 12009
MOVE_NOT_ALLOWED = 40902


class SettlementError(Exception):
    """The billing API refused."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.header.result_code}: {problem.detail}")


class NoStatementError(SettlementError):
    """Nothing was calculated for this billing group and month."""


class WrongStateError(SettlementError):
    """The statement is not where we thought: somebody else was faster, or a step was left out."""


@frozen
class Claim:
    """One statement that is to be settled."""

    account: str
    month: str
    payment_group: str


class Settlement:
    """Each call moves one statement on and answers the payment as it is then."""

    def __init__(self, client: AuthenticatedClient) -> None:
        self._client = client

    def close(self, claim: Claim) -> Payment:
        return self._move(claim, PaymentStatusCode.READY)

    def reopen(self, claim: Claim) -> Payment:
        return self._move(claim, PaymentStatusCode.REGISTERED)

    def collect(self, claim: Claim, order: str) -> Payment:
        """Takes the money. `order` is our payment order: running it twice charges once."""
        body = PayRequest(payment_group_id=claim.payment_group)
        return payment_of(
            pay.sync(claim.month, client=self._client, body=body, uuid=claim.account, idempotency_key=order)
        )

    def cancel(self, claim: Claim) -> Payment:
        return payment_of(cancel_payment.sync(claim.month, client=self._client, payment_group_id=claim.payment_group))

    def refund(self, claim: Claim, order: str, reason: str) -> Payment:
        body = RefundPaymentRequest(payment_group_id=claim.payment_group, reason=reason)
        return payment_of(refund_payment.sync(claim.month, client=self._client, body=body, idempotency_key=order))

    def receipt(self, claim: Claim) -> Receipt | None:
        """The receipt to post, or None where credit paid all and there is no money to receipt."""
        answer = get_receipt.sync(
            claim.month, client=self._client, uuid=claim.account, payment_group_id=claim.payment_group
        )
        if not isinstance(answer, Problem):
            return answer.receipt
        if answer.header.result_code == COVERED_BY_CREDITS:
            return None
        raise error_of(answer)

    def _move(self, claim: Claim, target: PaymentStatusCode) -> Payment:
        body = ChangePaymentStatusRequest(payment_group_id=claim.payment_group, payment_status_code=target)
        return payment_of(change_payment_status.sync(claim.month, client=self._client, body=body))


def payment_of(answer: PaymentResponse | Problem) -> Payment:
    if isinstance(answer, Problem):
        raise error_of(answer)
    return answer.payment


def error_of(problem: Problem) -> SettlementError:
    if problem.status == 404:
        return NoStatementError(problem)
    return WrongStateError(problem) if problem.header.result_code == MOVE_NOT_ALLOWED else SettlementError(problem)
