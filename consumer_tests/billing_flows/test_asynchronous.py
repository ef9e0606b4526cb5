"""What the flows for asyncio do with answers that a healthy provider never gives: no server, but examples."""

import asyncio

import pytest
from attrs import evolve
from billing_client import AsyncBillingClient, BillingClient
from billing_client.models import Region, Statement
from billing_client.testing import ExampleTransport

from consumer_tests.billing_flows.asynchronous import calculate, pay_and_verify, submit_usage
from consumer_tests.billing_flows.customers import Customer
from consumer_tests.billing_flows.errors import (
    CalculationFailedError,
    Fault,
    MismatchError,
    NotEndedError,
    PaymentDeclinedError,
    UsageRefusedError,
)
from consumer_tests.billing_flows.metering import Reading
from consumer_tests.billing_flows.regions import terms_of
from consumer_tests.billing_flows.waiting import Patience

MONTH = "2026-10"
HURRY = Patience(deadline=0.05, pause=0.01)


@pytest.fixture
def customer(billing_client: BillingClient) -> Customer:
    """The account of the contract's examples."""
    return Customer("acme", terms_of(billing_client, Region.KR), {"main": ("web",)})


@pytest.fixture
def october(billing_client: BillingClient) -> Statement:
    return billing_client.payments.list_statements(month=MONTH, uuid="acme").statements[0]


def test_a_calculation_that_failed_raises_its_faults(
    async_billing_client: AsyncBillingClient, billing_client_transport: ExampleTransport, customer: Customer
) -> None:
    billing_client_transport.reply("get_progress", example="running").reply("get_progress", example="failed")

    with pytest.raises(CalculationFailedError) as failed:
        asyncio.run(calculate(async_billing_client, customer, MONTH, patience=HURRY))

    assert failed.value.faults == (Fault("/counterName", "network.nat has no price in 2026-10"),)


def test_a_calculation_that_stands_still_is_given_up_at_the_deadline(
    async_billing_client: AsyncBillingClient, billing_client_transport: ExampleTransport, customer: Customer
) -> None:
    billing_client_transport.reply("get_progress", example="running", times=1000)

    with pytest.raises(NotEndedError, match="2 of 4"):
        asyncio.run(calculate(async_billing_client, customer, MONTH, patience=HURRY))


def test_readings_that_are_refused_are_named(
    async_billing_client: AsyncBillingClient, billing_client_transport: ExampleTransport, customer: Customer
) -> None:
    billing_client_transport.reply("record_meters", status=409, example="month-paid")
    readings = [Reading("compute", 1, customer.terms.instant(MONTH, 1))]

    with pytest.raises(UsageRefusedError) as refused:
        asyncio.run(submit_usage(async_billing_client, customer, readings, name="usage"))

    assert refused.value.faults == (Fault("usage-0", "2026-10 is paid"),)


def test_a_card_that_is_declined_is_told_as_such(
    async_billing_client: AsyncBillingClient,
    billing_client_transport: ExampleTransport,
    customer: Customer,
    october: Statement,
) -> None:
    billing_client_transport.reply("pay", status=409, example="payment-declined")

    with pytest.raises(PaymentDeclinedError, match="declined the charge"):
        asyncio.run(pay_and_verify(async_billing_client, customer, october))


def test_a_payment_that_differs_from_the_bill_is_told(
    async_billing_client: AsyncBillingClient, customer: Customer, october: Statement
) -> None:
    billed = evolve(october, payable=october.payable + 1)

    with pytest.raises(MismatchError, match="amount of the payment"):
        asyncio.run(pay_and_verify(async_billing_client, customer, billed))
