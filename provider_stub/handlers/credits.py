"""Handlers of the tag credits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from provider_stub.generated import schemas
from provider_stub.usecases import credits as credit
from provider_stub.usecases.context import Context, once, window
from provider_stub.wire import decode, encode


@frozen
class Credits:
    ctx: Context

    def redeem_coupon(
        self, *, coupon_code: str, uuid: str, idempotency_key: str | None = None
    ) -> schemas.CreditResponse:
        one_time = once(_one, "redeem_coupon", idempotency_key, coupon_code, account_id=uuid)
        return credit.redeem_coupon(self.ctx, uuid, coupon_code, one_time)

    def grant_credits(
        self, *, campaign_id: str, body: schemas.GrantCreditsRequest, idempotency_key: str | None = None
    ) -> schemas.CreditList:
        gift = credit.Gift(
            int(body["credit"]),
            body["creditName"],
            decode.credit_type(body["balancePriceTypeCode"]),
            tuple(body["uuidList"]),
            body.get("currency"),
            tuple(body.get("counterNames", ())),
            decode.optional_day(body.get("expirationDateFrom"), "/expirationDateFrom"),
            decode.optional_day(body.get("expirationDateTo"), "/expirationDateTo"),
            int(body["expirationPeriod"]) if "expirationPeriod" in body else None,
        )
        one_time = once(_shown, "grant_credits", idempotency_key, (campaign_id, body))
        return {"header": encode.success(), "credits": credit.grant_credits(self.ctx, campaign_id, gift, one_time)}

    def cancel_credits(self, *, campaign_id: str, reason: str) -> schemas.CreditList:
        return _several(credit.cancel_credits(self.ctx, campaign_id, reason))

    def list_credit_history(
        self,
        *,
        uuid: str,
        balance_price_type_code: Literal["FREE", "PAID", "PROMOTIONAL", "REFUND"] | None = None,
        page: int = 1,
        items_per_page: int = 20,
    ) -> schemas.CreditHistory:
        wanted = decode.optional_credit_type(balance_price_type_code)
        history = credit.list_credit_history(self.ctx, uuid, wanted, window(page, items_per_page))
        return {
            "header": encode.success(),
            "totalCreditAmt": history.left,
            "entries": [
                encode.credit_entry(one.entry, one.grant, one.coupon, one.reason) for one in history.entries.items
            ],
            "totalItems": history.entries.total,
        }

    def get_credit_balance(self, *, uuid: str) -> schemas.CreditBalance:
        balance = credit.get_credit_balance(self.ctx, uuid)
        return {
            "header": encode.success(),
            "stats": {
                "totalAmount": sum(balance.left.values()),
                "currency": encode.code(balance.currency),
                "restCreditsByBalancePriceTypeCode": [
                    {"balancePriceTypeCode": encode.code(kind), "restAmount": left}
                    for kind, left in balance.left.items()
                ],
            },
        }


def _one(made: credit.Credit) -> schemas.CreditResponse:
    return {"header": encode.success(), "credit": _shown(made)}


def _several(made: Sequence[credit.Credit]) -> schemas.CreditList:
    return {"header": encode.success(), "credits": [_shown(one) for one in made]}


def _shown(made: credit.Credit) -> schemas.Credit:
    return encode.credit(made.grant, made.left, made.coupon)
