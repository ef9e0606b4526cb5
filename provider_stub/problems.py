"""Which HTTP answer each domain error is: status, title, and the result code that clients decide by.

The result code of any other problem is its status times 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from provider_stub.engine.errors import BillingError

URN: Final = "urn:problem:billing:"
RETRY_SECONDS: Final = 5
"""What Retry-After says when something outside the provider does not answer."""

LONGEST_DETAIL: Final = 1000


@frozen
class Answer:
    """How a kind of error is answered; an empty title is the phrase of the status."""

    status: int
    result_code: int
    title: str = ""
    type: str = "about:blank"


def _domain(status: int, result_code: int, name: str, title: str) -> Answer:
    return Answer(status, result_code, title, URN + name)


ANSWERS: Final[Mapping[str, Answer]] = MappingProxyType(
    {
        "INVALID": _domain(422, 42200, "invalid", "Several values not allowed"),
        "INVALID_VALUE": _domain(422, 42201, "invalid-value", "Value not allowed"),
        "UNKNOWN_UNIT": _domain(422, 42202, "unknown-unit", "Unknown unit"),
        "UNKNOWN_COUNTER": _domain(422, 42203, "unknown-counter", "Unknown counter"),
        "UNPRICED_COUNTER": _domain(422, 42204, "unpriced-counter", "Counter has no price"),
        "CURRENCY_MISMATCH": _domain(422, 42205, "currency-mismatch", "Currencies differ"),
        "INVALID_TIERS": _domain(422, 42206, "invalid-tiers", "Tiers not valid"),
        "PERCENT_OVER_LIMIT": _domain(422, 42207, "percent-over-limit", "Discounts above 100 percent"),
        "INVALID_WINDOW": _domain(422, 42208, "invalid-window", "Period not valid"),
        "UNKNOWN_REGION": _domain(422, 42201, "invalid-value", "Value not allowed"),
        "UNKNOWN_REFERENCE": _domain(422, 42210, "unknown-reference", "Unknown reference"),
        "NOT_FOUND": Answer(404, 40400),
        "FORBIDDEN": Answer(403, 40300),
        "CONFLICT": _domain(409, 40900, "conflict", "Conflict"),
        "MONTH_PAID": _domain(409, 40901, "month-paid", "Month is paid"),
        "ILLEGAL_TRANSITION": _domain(409, 40902, "illegal-transition", "Move not allowed"),
        "IDEMPOTENCY_CONFLICT": _domain(
            409, 40903, "idempotency-conflict", "Idempotency key was used for another request"
        ),
        "CONTRACT_IN_USE": _domain(409, 40904, "contract-in-use", "Contract is in use"),
        "IDENTIFIER_TAKEN": _domain(409, 40905, "identifier-taken", "Identifier is taken"),
        "PAYMENT_DECLINED": _domain(409, 40906, "payment-declined", "Payment was declined"),
        "PAYMENT_IN_DOUBT": _domain(409, 40907, "payment-in-doubt", "Payment is in doubt"),
        "CREDIT_SPENT": _domain(409, 40908, "credit-spent", "Credit is spent"),
        "COUPON_REDEEMED": _domain(409, 40909, "coupon-redeemed", "Coupon was redeemed"),
        "METER_CONFLICT": _domain(409, 40900, "conflict", "Conflict"),
        # The number that clients of the billing system have always known for this.
        "COVERED_BY_CREDITS": _domain(409, 12009, "covered-by-credits", "Credits paid all"),
        "GATEWAY_TIMED_OUT": Answer(503, 50300),
    }
)
"""By the error's code. A code that is not here is a defect of the provider, and answered as one."""

_RESULT_CODES: Final = MappingProxyType({one.type: one.result_code for one in ANSWERS.values() if one.title})


def answer_to(error: BillingError) -> Answer | None:
    """None for an error that is nobody's fault but the provider's."""
    return ANSWERS.get(error.code)


def summary(error: BillingError) -> str:
    """The error's detail. One that gathers hundreds of faults is cut; each of these has its own place."""
    return error.detail if len(error.detail) <= LONGEST_DETAIL else f"{error.detail[:LONGEST_DETAIL]} ..."


def result_code(status: int, kind: str) -> int:
    """The result code of a problem document, from its status and type."""
    return _RESULT_CODES.get(kind, status * 100)
