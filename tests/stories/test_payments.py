"""Statements on their way to being paid, and what may go wrong there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from billing_client import BillingClient
from billing_client.models import PaymentStatusCode, Statement

from consumer_tests.billing_flows.calculation import statements
from consumer_tests.billing_flows.credits import Gift, balance, grant
from consumer_tests.billing_flows.customers import Customer, set_price
from consumer_tests.billing_flows.errors import (
    MismatchError,
    NotPreparableError,
    PaymentDeclinedError,
    PaymentInDoubtError,
    UsageRefusedError,
)
from consumer_tests.billing_flows.payments import close, pay_and_verify, prepare_payment, refund
from consumer_tests.billing_flows.waiting import Patience
from tests.stories.play import MONTH, bill, by_region, settle, use

pytestmark = pytest.mark.scenario

REGISTERED, READY, PAID = PaymentStatusCode.REGISTERED, PaymentStatusCode.READY, PaymentStatusCode.PAID
Bring = Callable[[BillingClient, Customer, Statement], object]


def as_it_is(_client: BillingClient, _customer: Customer, _statement: Statement) -> None:
    """Calculated, and no more."""


def closed(client: BillingClient, _customer: Customer, statement: Statement) -> None:
    close(client, statement)


def penny(client: BillingClient, customer: Customer, units: int, *, name: str = "usage") -> None:
    """So many minor units of usage."""
    set_price(client, customer, "penny", 1)
    use(client, customer, units, name=name, counter="penny")


@pytest.mark.parametrize("bring", [as_it_is, closed, settle])
def test_a_statement_is_prepared_whatever_was_done_to_it(
    client: BillingClient, customer: Customer, bring: Bring
) -> None:
    grant(client, customer, Gift(name="welcome", amount=10_000))
    use(client, customer, 100)
    bring(client, customer, bill(client, customer))

    prepared = [prepare_payment(client, customer, MONTH) for _ in range(2)]

    assert [one.payment_status_code for one in prepared] == [REGISTERED, REGISTERED]
    use(client, customer, 60, name="late")
    # 160 x 250 = 40,000 less 10,000 of credit
    assert settle(client, customer, bill(client, customer), name="2").statement.total_credit == 10_000


def test_a_payment_under_a_name_that_was_used_before_is_noticed_not_to_be_one(
    client: BillingClient, customer: Customer
) -> None:
    use(client, customer, 100)
    paid = settle(client, customer, bill(client, customer))
    prepare_payment(client, customer, MONTH)

    with pytest.raises(MismatchError) as told:
        settle(client, customer, paid.statement)

    assert [fault.where for fault in told.value.faults] == ["status of the statement"]
    assert pay_and_verify(client, customer, paid.statement, name="2").payment.amount == paid.payment.amount


def test_a_refunded_month_gives_money_and_credit_back_and_is_final(client: BillingClient, customer: Customer) -> None:
    grant(client, customer, Gift(name="welcome", amount=10_000))
    use(client, customer, 100)
    paid = settle(client, customer, bill(client, customer))

    refunded = [refund(client, paid.statement, "goodwill") for _ in range(2)]

    # 25,000 - 10,000 = 15,000, with VAT in KR and JP 16,500
    due = by_region(kr=16_500, jp=16_500, etc=15_000)[customer.terms.region]
    assert [(one.payment_status_code, one.amount) for one in refunded] == [(PaymentStatusCode.REFUNDED, due)] * 2
    assert balance(client, customer).total == 10_000
    with pytest.raises(NotPreparableError, match="REFUNDED"):
        prepare_payment(client, customer, MONTH)
    with pytest.raises(UsageRefusedError):
        use(client, customer, 1, name="late")


def test_a_declined_card_leaves_the_statement_to_be_paid_with_another_amount(
    client: BillingClient, customer: Customer
) -> None:
    # The gateway declines what ends with 901: 12,901 = 11,729 + 1,172 of VAT
    penny(client, customer, by_region(kr=11_729, jp=11_729, etc=12_901)[customer.terms.region])
    statement = bill(client, customer)
    with pytest.raises(PaymentDeclinedError, match="insufficient funds"):
        settle(client, customer, statement)
    (declined,) = statements(client, customer, MONTH)

    prepare_payment(client, customer, MONTH)
    penny(client, customer, 100, name="more")
    settled = settle(client, customer, bill(client, customer), name="2")

    # 11,829 + 1,182 of VAT, and 12,901 + 100
    due = by_region(kr=13_011, jp=13_011, etc=13_001)[customer.terms.region]
    assert (statement.payable, declined.payment_status_code) == (12_901, READY)
    assert settled.payment.amount == due


def test_a_payment_in_doubt_is_resolved_by_the_same_payment_and_charged_once(
    client: BillingClient, customer: Customer
) -> None:
    # The gateway captures what ends with 903 and does not answer: 12,903 = 11,730 + 1,173 of VAT
    penny(client, customer, by_region(kr=11_730, jp=11_730, etc=12_903)[customer.terms.region])
    statement = bill(client, customer)
    with pytest.raises(PaymentInDoubtError):
        settle(client, customer, statement)

    settled = pay_and_verify(client, customer, statement)

    assert (settled.payment.payment_status_code, settled.payment.amount) == (PAID, 12_903)


def test_a_payment_in_doubt_is_waited_for_before_the_month_is_prepared(
    client: BillingClient, customer: Customer
) -> None:
    # The gateway never hears of what ends with 902: 13,902 = 12,639 + 1,263 of VAT
    penny(client, customer, by_region(kr=12_639, jp=12_639, etc=13_902)[customer.terms.region])
    statement = bill(client, customer)
    with pytest.raises(PaymentInDoubtError):
        settle(client, customer, statement)
    prepared = prepare_payment(client, customer, MONTH, patience=Patience(deadline=20, longest=0.2))

    assert (prepared.payment_status_code, prepared.payable) == (REGISTERED, 13_902)
