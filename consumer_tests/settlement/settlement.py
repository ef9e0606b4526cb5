"""Closes the month, takes the money, and corrects what went wrong."""

from attrs import frozen
from billing_client import BillingClient, ConflictError
from billing_client.models import (
    ChangePaymentStatusRequest,
    Payment,
    PaymentStatusCode,
    PayRequest,
    Receipt,
    RefundPaymentRequest,
)

COVERED_BY_CREDITS = 12009


@frozen
class Claim:
    """One statement that is to be settled."""

    account: str
    month: str
    payment_group: str


class Settlement:
    """Each call moves one statement on and answers the payment as it is then.

    Raises NotFoundError where nothing was calculated, and ConflictError where the statement is not where we thought:
    somebody else was faster, or a step was left out.
    """

    def __init__(self, client: BillingClient) -> None:
        self._payments = client.payments

    def close(self, claim: Claim) -> Payment:
        return self._move(claim, PaymentStatusCode.READY)

    def reopen(self, claim: Claim) -> Payment:
        return self._move(claim, PaymentStatusCode.REGISTERED)

    def collect(self, claim: Claim, order: str) -> Payment:
        """Takes the money. `order` is our payment order: running it twice charges once."""
        body = PayRequest(payment_group_id=claim.payment_group)
        paid = self._payments.pay(month=claim.month, body=body, uuid=claim.account, idempotency_key=order)
        return paid.payment

    def cancel(self, claim: Claim) -> Payment:
        return self._payments.cancel_payment(month=claim.month, payment_group_id=claim.payment_group).payment

    def refund(self, claim: Claim, order: str, reason: str) -> Payment:
        body = RefundPaymentRequest(payment_group_id=claim.payment_group, reason=reason)
        return self._payments.refund_payment(month=claim.month, body=body, idempotency_key=order).payment

    def receipt(self, claim: Claim) -> Receipt | None:
        """The receipt to post, or None where credit paid all and there is no money to receipt."""
        try:
            return self._payments.get_receipt(
                month=claim.month, uuid=claim.account, payment_group_id=claim.payment_group
            ).receipt
        except ConflictError as error:
            if error.problem.header.result_code == COVERED_BY_CREDITS:
                return None
            raise

    def _move(self, claim: Claim, target: PaymentStatusCode) -> Payment:
        body = ChangePaymentStatusRequest(payment_group_id=claim.payment_group, payment_status_code=target)
        return self._payments.change_payment_status(month=claim.month, body=body).payment
