"""Handlers of the tag payments."""

from __future__ import annotations

from attrs import frozen

from provider_stub.generated import schemas
from provider_stub.usecases import payments, statements
from provider_stub.usecases.context import Context, once, window
from provider_stub.usecases.payments import Bill
from provider_stub.usecases.statements import Place
from provider_stub.wire import decode, encode


@frozen
class Payments:
    ctx: Context

    def list_statements(
        self, *, month: str, uuid: str, page: int = 1, items_per_page: int = 100
    ) -> schemas.StatementList:
        found = statements.list_statements(self.ctx, uuid, decode.path_month(month), window(page, items_per_page))
        shown = [encode.statement(one) for one in found.items]
        return {"header": encode.success(), "statements": shown, "totalItems": found.total}

    def list_unpaid_statements(
        self, *, month: str, uuid: str, page: int = 1, items_per_page: int = 100
    ) -> schemas.UnpaidStatementList:
        found = statements.list_unpaid_statements(
            self.ctx, uuid, decode.path_month(month), window(page, items_per_page)
        )
        shown = [encode.unpaid_statement(one) for one in found.items]
        return {"header": encode.success(), "statements": shown, "totalItems": found.total}

    def list_payments(
        self, *, month_from: str, month_to: str, uuid: str | None = None, page: int = 1, items_per_page: int = 20
    ) -> schemas.StatementList:
        months = (decode.month(month_from, "/query/monthFrom"), decode.month(month_to, "/query/monthTo"))
        found = statements.list_payments(self.ctx, *months, uuid, window(page, items_per_page))
        shown = [encode.statement(one) for one in found.items]
        return {"header": encode.success(), "statements": shown, "totalItems": found.total}

    def change_payment_status(self, *, month: str, body: schemas.ChangePaymentStatusRequest) -> schemas.PaymentResponse:
        place = Place(decode.path_month(month), body["paymentGroupId"])
        target = decode.payment_state(body.get("paymentStatusCode"))
        return _reply(payments.change_payment_status(self.ctx, place, target))

    def pay(
        self, *, month: str, uuid: str, body: schemas.PayRequest, idempotency_key: str | None = None
    ) -> schemas.PaymentResponse:
        place = Place(decode.path_month(month), body["paymentGroupId"])
        one_time = once(_reply, "pay", idempotency_key, (month, body), account_id=uuid)
        return payments.pay(self.ctx, uuid, place, one_time)

    def cancel_payment(self, *, month: str, payment_group_id: str) -> schemas.PaymentResponse:
        return _reply(payments.cancel_payment(self.ctx, Place(decode.path_month(month), payment_group_id)))

    def refund_payment(
        self, *, month: str, body: schemas.RefundPaymentRequest, idempotency_key: str | None = None
    ) -> schemas.PaymentResponse:
        place = Place(decode.path_month(month), body["paymentGroupId"])
        account_id = statements.owner(self.ctx, place)
        one_time = once(_reply, "refund_payment", idempotency_key, (month, body), account_id=account_id)
        return payments.refund_payment(self.ctx, place, body["reason"], one_time)

    def get_receipt(self, *, month: str, uuid: str, payment_group_id: str) -> schemas.ReceiptResponse:
        receipt = statements.get_receipt(self.ctx, uuid, Place(decode.path_month(month), payment_group_id))
        return {"header": encode.success(), "receipt": encode.receipt(receipt)}


def _reply(bill: Bill) -> schemas.PaymentResponse:
    payment = encode.payment(bill.statement, paid_at=bill.paid_at, refunded_at=bill.refunded_at, reason=bill.reason)
    return {"header": encode.success(), "payment": payment}
