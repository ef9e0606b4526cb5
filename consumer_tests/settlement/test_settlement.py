"""What settlement needs of the billing API."""

from typing import Any

import pytest
from billing_client import ConflictError, NotFoundError
from billing_client.models import PaymentStatusCode
from pact import Pact, match
from pact.interaction import HttpInteraction

from consumer_tests.interactions import amounts, ask, billing, identifier, instant, one_of, refuse, succeed
from consumer_tests.settlement.settlement import Claim, Settlement
from consumer_tests.states import State, account, counter, credit, meter, statement

OCTOBER = Claim("acme", "2026-10", "acme-main.2026-10")
PAYMENT = "/billing/payments/2026-10"
ADMIN = "/billing/admin/payments/2026-10"
NAMED = {"paymentGroupId": "acme-main.2026-10"}


def october(status: str) -> tuple[State, ...]:
    """October of acme, used, calculated and taken to a status."""
    return account(), counter(), meter(), statement(status)


def payment(status: str, **more: Any) -> dict[str, Any]:
    """Where the statement stands is what settlement goes by."""
    return {
        **NAMED,
        "paymentStatusCode": status,
        "uuid": identifier("acme"),
        "billingGroupId": identifier("acme-main"),
        "month": "2026-10",
        "currency": one_of("KRW", "JPY", "USD"),
        **amounts(amount=198000),
        **more,
    }


def moving(pact: Pact, description: str, *states: State, target: str) -> HttpInteraction:
    asked = ask(pact, description, *states, request=f"PUT {ADMIN}/status")
    return asked.with_body({**NAMED, "paymentStatusCode": target}, "application/json")


def paying(pact: Pact, description: str, *states: State) -> HttpInteraction:
    asked = ask(pact, description, *states, request=f"POST {PAYMENT}", account="acme")
    return asked.with_header("Idempotency-Key", "order-1").with_body(NAMED, "application/json")


def refunding(pact: Pact, description: str, *states: State) -> HttpInteraction:
    asked = ask(pact, description, *states, request=f"POST {ADMIN}/refund")
    asked.with_header("Idempotency-Key", "order-2")
    return asked.with_body({**NAMED, "reason": "goodwill"}, "application/json")


def receipt(pact: Pact, description: str, *states: State) -> HttpInteraction:
    asked = ask(pact, description, *states, request=f"GET {PAYMENT}/receipt", account="acme")
    return asked.with_query_parameters(NAMED)


def test_a_calculated_statement_is_closed(pact: Pact) -> None:
    asked = moving(pact, "closing a statement", *october("REGISTERED"), target="READY")
    succeed(asked, payment=payment("READY"))
    with billing(pact) as client:
        assert Settlement(client).close(OCTOBER).payment_status_code is PaymentStatusCode.READY


def test_a_statement_that_was_never_calculated_can_not_be_closed(pact: Pact) -> None:
    refuse(moving(pact, "closing a statement that does not exist", account(), target="READY"), 404, 40400)
    with billing(pact) as client, pytest.raises(NotFoundError):
        Settlement(client).close(OCTOBER)


def test_a_paid_statement_can_not_be_closed_again(pact: Pact) -> None:
    refuse(moving(pact, "closing a statement that is paid", *october("PAID"), target="READY"), 409, 40902)
    with billing(pact) as client, pytest.raises(ConflictError):
        Settlement(client).close(OCTOBER)


def test_a_closed_statement_is_opened_again(pact: Pact) -> None:
    asked = moving(pact, "opening a closed statement again", *october("READY"), target="REGISTERED")
    succeed(asked, payment=payment("REGISTERED"))
    with billing(pact) as client:
        assert Settlement(client).reopen(OCTOBER).payment_status_code is PaymentStatusCode.REGISTERED


def test_a_closed_statement_is_paid(pact: Pact) -> None:
    asked = paying(pact, "paying a closed statement", *october("READY"))
    succeed(asked, payment=payment("PAID", paidAt=instant("2026-11-21T00:00:00Z")))
    with billing(pact) as client:
        paid = Settlement(client).collect(OCTOBER, order="order-1")
    assert (paid.payment_status_code, paid.amount) == (PaymentStatusCode.PAID, 198000)


def test_an_open_statement_can_not_be_paid(pact: Pact) -> None:
    refuse(paying(pact, "paying a statement that is not closed", *october("REGISTERED")), 409, 40902)
    with billing(pact) as client, pytest.raises(ConflictError):
        Settlement(client).collect(OCTOBER, order="order-1")


def test_a_payment_is_cancelled(pact: Pact) -> None:
    asked = ask(pact, "cancelling a payment", *october("PAID"), request=f"DELETE {ADMIN}")
    succeed(asked.with_query_parameters(NAMED), payment=payment("READY"))
    with billing(pact) as client:
        assert Settlement(client).cancel(OCTOBER).payment_status_code is PaymentStatusCode.READY


def test_a_payment_is_given_back(pact: Pact) -> None:
    asked = refunding(pact, "refunding a payment", *october("PAID"))
    succeed(asked, payment=payment("REFUNDED", refundedAt=instant("2026-11-21T00:00:00Z"), reason="goodwill"))
    with billing(pact) as client:
        refunded = Settlement(client).refund(OCTOBER, order="order-2", reason="goodwill")
    assert refunded.payment_status_code is PaymentStatusCode.REFUNDED


def test_what_was_not_paid_is_not_given_back(pact: Pact) -> None:
    refuse(refunding(pact, "refunding a statement that is not paid", *october("READY")), 409, 40902)
    with billing(pact) as client, pytest.raises(ConflictError):
        Settlement(client).refund(OCTOBER, order="order-2", reason="goodwill")


def test_a_payment_is_given_back_once(pact: Pact) -> None:
    refuse(refunding(pact, "refunding a payment under another order", *october("REFUNDED")), 409, 40902)
    with billing(pact) as client, pytest.raises(ConflictError):
        Settlement(client).refund(OCTOBER, order="order-2", reason="goodwill")


def test_what_was_given_back_is_not_collected_again(pact: Pact) -> None:
    refuse(paying(pact, "paying a statement that was refunded", *october("REFUNDED")), 409, 40902)
    with billing(pact) as client, pytest.raises(ConflictError):
        Settlement(client).collect(OCTOBER, order="order-1")


def test_a_payment_has_a_receipt(pact: Pact) -> None:
    asked = receipt(pact, "the receipt of a payment", *october("PAID"))
    proof = {
        "number": identifier("R-acme-main.2026-10"),
        "uuid": identifier("acme"),
        **NAMED,
        "month": "2026-10",
        "currency": one_of("KRW", "JPY", "USD"),
        **amounts(amount=198000),
        "lines": match.each_like({"label": match.str("Usage"), **amounts(amount=198000)}),
        "paidAt": instant("2026-11-21T00:00:00Z"),
    }
    succeed(asked, receipt=proof)
    with billing(pact) as client:
        found = Settlement(client).receipt(OCTOBER)
    assert found is not None
    assert (found.number, found.amount) == ("R-acme-main.2026-10", 198000)


def test_what_credit_paid_has_no_receipt(pact: Pact) -> None:
    states = account(), counter(), meter(), credit(1000000), statement("PAID")
    refuse(receipt(pact, "the receipt of a statement that credit paid", *states), 409, 12009)
    with billing(pact) as client:
        assert Settlement(client).receipt(OCTOBER) is None
