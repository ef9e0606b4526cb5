"""What the billing console needs of the billing API."""

from decimal import Decimal
from typing import Any

import pytest
from billing_client import ConflictError, ForbiddenError, NotFoundError
from billing_client.models import BalancePriceTypeCode, Region
from pact import Pact, match
from pact.interaction import HttpInteraction

from consumer_tests.billing_console.console import (
    Console,
    EstimateError,
    Invoice,
    Movement,
    Reminder,
)
from consumer_tests.interactions import amounts, ask, billing, decimal, identifier, instant, one_of, refuse, succeed
from consumer_tests.states import State, account, batch, counter, coupon, credit, meter, project_adjustment, statement

COMPUTE = "compute.c2.c8m8"
STATEMENTS = "/billing/payments/2026-10/statements"
FIRST_PAGE = {"page": "1"}
STATUSES = ("REGISTERED", "READY", "PAID", "CANCELLED", "REFUNDED")
CURRENCIES = ("KRW", "JPY", "USD")
STEPS = ("PRICED_USAGE", "CREDITS", "PROJECT_ADJUSTMENTS", "GROUP_ADJUSTMENTS", "BASE_FEE", "VAT")
POLICIES = ("CREDITS_FIRST", "CREDITS_BEFORE_TAX", "CREDITS_AFTER_TAX")


def bill(adjustments: object) -> dict[str, Any]:
    """A statement with one line. The client takes none that lacks a member, so the console depends on all of them."""
    used = amounts(freeCreditLimit=0, freeCreditAll=0, paidCreditLimit=0, paidCreditAll=0, totalCredit=0)
    charged = amounts(charge=180000, totalDiscount=18000, totalExtra=0, baseFeeTopUp=0, taxAmount=16200)
    owed = amounts(totalAmount=178200, lateFee=0, payable=178200, unpaidAmount=0, totalDue=178200)
    line = {
        "projectId": identifier("acme-web"),
        "counterName": identifier(COMPUTE),
        "unit": one_of("HOURS", "MINUTES", "DAYS", "COUNT", "BYTES", "KB", "MB", "GB", "TB", "PB", "SECONDS"),
        "quantity": decimal("720"),
        "priceModel": one_of("PER_UNIT", "FLAT", "PACKAGE", "GRADUATED", "VOLUME"),
        "exactAmount": decimal("180000"),
        **amounts(amount=180000, creditApplied=0),
    }
    step = {"step": one_of(*STEPS), **amounts(base=0, change=180000, result=180000)}
    return {
        "paymentGroupId": identifier("acme-main.2026-10"),
        "paymentStatusCode": one_of(*STATUSES),
        "uuid": identifier("acme"),
        "billingGroupId": identifier("acme-main"),
        "region": one_of("KR", "JP", "ETC"),
        "month": "2026-10",
        "currency": one_of(*CURRENCIES),
        **charged,
        **used,
        **owed,
        "overdue": match.bool(False),
        "calculationPolicy": one_of(*POLICIES),
        "lineItems": match.each_like(line),
        "adjustments": adjustments,
        "trace": match.each_like(step),
    }


def discount() -> dict[str, Any]:
    kinds = ("PERCENT_DISCOUNT", "STATIC_DISCOUNT", "PERCENT_EXTRA", "STATIC_EXTRA")
    return {
        "adjustmentId": identifier("adj-web-10-percent"),
        "level": one_of("PROJECT", "BILLING_GROUP"),
        "adjustmentTypeCode": one_of(*kinds),
        "adjustment": match.number(10),
        **amounts(base=180000, amount=18000),
    }


def test_the_invoices_of_a_month_are_drawn(pact: Pact) -> None:
    states = account(), counter(), project_adjustment(), meter(), statement("REGISTERED")
    asked = ask(pact, "the statements of October", *states, request=f"GET {STATEMENTS}", account="acme")
    asked.with_query_parameters(FIRST_PAGE)
    succeed(asked, statements=[bill(match.each_like(discount()))], totalItems=1)
    with billing(pact) as client:
        invoices = Console(client, "acme").invoices("2026-10")
    lines = ((COMPUTE, "720 HOURS", 180000),)
    assert invoices == [Invoice("acme-main.2026-10", lines, discounts=18000, tax=16200, payable=178200, due=178200)]


def test_a_month_that_was_not_calculated_yet_has_no_invoice(pact: Pact) -> None:
    asked = ask(pact, "the statements of a month to come", account(), request=f"GET {STATEMENTS}", account="acme")
    succeed(asked.with_query_parameters(FIRST_PAGE), statements=[], totalItems=0)
    with billing(pact) as client:
        assert Console(client, "acme").invoices("2026-10") == []


def test_an_unknown_account_has_no_page(pact: Pact) -> None:
    asked = ask(pact, "the statements of an unknown account", request=f"GET {STATEMENTS}", account="acme")
    refuse(asked.with_query_parameters(FIRST_PAGE), 404, 40400)
    with billing(pact) as client, pytest.raises(NotFoundError):
        Console(client, "acme").invoices("2026-10")


def test_earlier_months_that_are_owed_are_reminded_of_with_their_late_fee(pact: Pact) -> None:
    august = meter("vm1-2026-08", timestamp="2026-08-15T00:00:00Z")
    states = account(), counter(), august, statement("READY", month="2026-08"), batch()
    asked = ask(pact, "what earlier months owe", *states, request=f"GET {STATEMENTS}/unpaid", account="acme")
    owed = {
        "paymentGroupId": identifier("acme-main.2026-08"),
        "paymentStatusCode": one_of("READY", "REGISTERED"),
        "uuid": identifier("acme"),
        "billingGroupId": identifier("acme-main"),
        "month": "2026-08",
        "currency": one_of(*CURRENCIES),
        "overdue": True,
        **amounts(charge=180000, totalDiscount=0, totalExtra=0, baseFeeTopUp=0, totalCredit=0, taxAmount=18000),
        **amounts(lateFee=3960, totalAmount=201960, payable=201960),
    }
    succeed(asked.with_query_parameters(FIRST_PAGE), statements=[owed], totalItems=1)
    with billing(pact) as client:
        reminders = Console(client, "acme").reminders("2026-10")
    assert reminders == [Reminder("acme-main.2026-08", payable=201960, late_fee=3960)]


def test_a_receipt_of_another_account_is_not_shown(pact: Pact) -> None:
    states = account(), account("globex"), counter(), meter(uuid="globex"), statement("PAID", uuid="globex")
    asked = ask(
        pact,
        "the receipt of another account",
        *states,
        request="GET /billing/payments/2026-10/receipt",
        account="acme",
    )
    refuse(asked.with_query_parameter("paymentGroupId", "globex-main.2026-10"), 403, 40300)
    with billing(pact) as client, pytest.raises(ForbiddenError):
        Console(client, "acme").receipt_number("2026-10", "globex-main.2026-10")


def test_what_is_left_of_the_credit_is_shown_by_type(pact: Pact) -> None:
    states = account(), credit(500000)
    asked = ask(pact, "what is left of the credit", *states, request="GET /billing/v5.0/credits", account="acme")
    left = {"FREE": 500000, "PAID": 0, "PROMOTIONAL": 0, "REFUND": 0}
    rests = [{"balancePriceTypeCode": one_of(kind, *left), **amounts(restAmount=left[kind])} for kind in left]
    stats = {"currency": one_of(*CURRENCIES), "restCreditsByBalancePriceTypeCode": rests}
    succeed(asked, stats={**amounts(totalAmount=500000), **stats})
    with billing(pact) as client:
        assert Console(client, "acme").credit() == left


def test_the_credit_book_is_shown(pact: Pact) -> None:
    states = account(), credit(500000)
    asked = ask(pact, "the history of free credit", *states, request="GET /billing/credits/history", account="acme")
    asked.with_query_parameters({"balancePriceTypeCode": "FREE", "page": "1"})
    entry = {
        "entryId": identifier("entry-1"),
        "creditId": identifier("cr-spring-acme"),
        "creditName": match.str("Spring credit"),
        "balancePriceTypeCode": "FREE",
        "kind": one_of("GRANT", "USE", "RESTORE", "EXPIRE", "CANCEL"),
        "currency": one_of(*CURRENCIES),
        "at": instant("2026-11-21T00:00:00Z"),
        **amounts(amount=500000),
    }
    succeed(asked, entries=match.each_like(entry), **amounts(totalCreditAmt=500000, totalItems=1))
    with billing(pact) as client:
        book = Console(client, "acme").credit_book(BalancePriceTypeCode.FREE)
    assert book == [Movement("Spring credit", "2026-11-21", 500000)]


def test_what_an_invoice_used_of_the_credit_names_the_invoice(pact: Pact) -> None:
    states = account(), counter(), meter(), credit(100000), statement("PAID")
    asked = ask(pact, "the history of used credit", *states, request="GET /billing/credits/history", account="acme")
    asked.with_query_parameters({"balancePriceTypeCode": "FREE", "page": "1"})
    line = {
        "entryId": identifier("entry-2"),
        "creditId": identifier("cr-spring-acme"),
        "creditName": match.str("Spring credit"),
        "balancePriceTypeCode": "FREE",
        "currency": one_of(*CURRENCIES),
        "at": instant("2026-11-21T00:00:00Z"),
    }
    used = {**line, "kind": "USE", "paymentGroupId": "acme-main.2026-10", "month": "2026-10", **amounts(amount=-100000)}
    granted = {**line, "kind": "GRANT", **amounts(amount=100000)}
    succeed(asked, entries=[used, granted], **amounts(totalCreditAmt=0, totalItems=2))
    with billing(pact) as client:
        book = Console(client, "acme").credit_book(BalancePriceTypeCode.FREE)
    assert [(each.amount, each.invoice) for each in book] == [(-100000, "acme-main.2026-10"), (100000, None)]


def redeeming(pact: Pact, description: str, *states: State) -> HttpInteraction:
    return ask(pact, description, *states, request="POST /billing/coupons/WELCOME-2026", account="acme")


def test_a_coupon_becomes_credit(pact: Pact) -> None:
    made = {
        "creditId": identifier("cr-welcome"),
        "uuid": identifier("acme"),
        "creditName": match.str("Welcome"),
        "balancePriceTypeCode": one_of("PROMOTIONAL", "FREE", "PAID", "REFUND"),
        "currency": one_of(*CURRENCIES),
        "expirationDateFrom": match.regex("2026-11-21", regex=r"^\d{4}-\d{2}-\d{2}$"),
        "grantedAt": instant("2026-11-21T00:00:00Z"),
        **amounts(credit=50000, restAmount=50000),
    }
    succeed(redeeming(pact, "redeeming a coupon", account()), 201, credit=made)
    with billing(pact) as client:
        assert Console(client, "acme").redeem("WELCOME-2026") == 50000


def test_a_coupon_is_redeemed_once(pact: Pact) -> None:
    refuse(redeeming(pact, "redeeming a coupon again", account(), coupon()), 409, 40909)
    with billing(pact) as client, pytest.raises(ConflictError):
        Console(client, "acme").redeem("WELCOME-2026")


def what_if() -> dict[str, Any]:
    usage = [{"counterName": COMPUTE, "counterUnit": "HOURS", "counterVolume": "720"}]
    return {"region": "KR", "month": "2026-10", "usage": usage, "contract": {"baseFee": 100000}}


def test_a_month_is_estimated_before_anybody_pays_for_it(pact: Pact) -> None:
    asked = ask(pact, "a what-if under a base fee", counter(), request="POST /billing/admin/calculate")
    asked.with_body(what_if(), "application/json")
    succeed(asked, statement=bill(match.type([])), **amounts(totalCreditAmt=0))
    with billing(pact) as client:
        assert (
            Console(client, "acme").estimate(Region.KR, "2026-10", {COMPUTE: Decimal(720)}, base_fee=100000) == 178200
        )


def test_an_estimate_says_which_row_has_no_price(pact: Pact) -> None:
    states = (counter(currency="USD", price="0.2"),)
    asked = ask(pact, "a what-if with an unpriced counter", *states, request="POST /billing/admin/calculate")
    refuse(asked.with_body(what_if(), "application/json"), 422, 42204, "/usage/0/counterName")
    with billing(pact) as client, pytest.raises(EstimateError) as refused:
        Console(client, "acme").estimate(Region.KR, "2026-10", {COMPUTE: Decimal(720)}, base_fee=100000)
    assert refused.value.rows == [0]


def test_an_estimate_marks_every_row_that_can_not_be_priced(pact: Pact) -> None:
    body = what_if()
    body["usage"] += [{"counterName": name, "counterUnit": "HOURS", "counterVolume": "1"} for name in ("none", "no.2")]
    asked = ask(pact, "a what-if with two unknown counters", counter(), request="POST /billing/admin/calculate")
    refuse(asked.with_body(body, "application/json"), 422, 42200, "/usage/1/counterName", "/usage/2/counterName")
    hours = {COMPUTE: Decimal(720), "none": Decimal(1), "no.2": Decimal(1)}
    with billing(pact) as client, pytest.raises(EstimateError) as refused:
        Console(client, "acme").estimate(Region.KR, "2026-10", hours, base_fee=100000)
    assert refused.value.rows == [1, 2]
