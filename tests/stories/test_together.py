"""Many customers at the same time."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from billing_client import AsyncBillingClient, BillingClient, ConflictError
from billing_client.models import Region

from consumer_tests.billing_flows import asynchronous
from consumer_tests.billing_flows.calculation import Progress
from consumer_tests.billing_flows.credits import Gift, balance, grant
from consumer_tests.billing_flows.customers import Customer, open_customer, set_price
from consumer_tests.billing_flows.metering import Reading, Submission
from consumer_tests.billing_flows.payments import Settled, prepare_payment
from tests.serving import Served
from tests.stories.conftest import NewCustomer
from tests.stories.play import HOUR, MONTH, bill, by_region, settle, use

pytestmark = pytest.mark.scenario


def test_customers_are_billed_side_by_side_on_one_event_loop(
    bank: Served, token: str, client: BillingClient, new_customer: NewCustomer
) -> None:
    customers = [new_customer() for _ in range(3)]
    seen: list[Progress] = []

    async def month_of(calling: AsyncBillingClient, customer: Customer, hours: int) -> tuple[Submission, int]:
        readings = [Reading("compute", hours, customer.terms.instant(MONTH, 5))]
        await asynchronous.submit_usage(calling, customer, readings, name="usage")
        again = await asynchronous.submit_usage(calling, customer, readings, name="usage")
        (statement,) = await asynchronous.calculate(calling, customer, MONTH, on_progress=seen.append)
        await asynchronous.close(calling, statement)
        settled = await asynchronous.pay_and_verify(calling, customer, statement)
        with pytest.raises(ConflictError):
            await asynchronous.calculate(calling, customer, MONTH)
        return again, settled.payment.amount

    async def play() -> list[tuple[Submission, int]]:
        async with AsyncBillingClient(bank.url, token) as calling:
            return await asyncio.gather(
                *(month_of(calling, customer, 100 * number) for number, customer in enumerate(customers, start=1))
            )

    # 100, 200 and 300 x 250, each with its VAT; the second time the reading is a duplicate
    expected = by_region(kr=27_500, jp=27_500, etc=25_000)[customers[0].terms.region]
    repeated = Submission(0, 1)
    assert asyncio.run(play()) == [(repeated, expected), (repeated, 2 * expected), (repeated, 3 * expected)]
    assert sum(one.ended for one in seen) == len(customers)
    assert {prepare_payment(client, each, MONTH).charge for each in customers} == {25_000, 50_000, 75_000}


def test_twenty_customers_of_all_regions_at_once_each_pay_their_own(bank: Served, token: str) -> None:
    regions = [tuple(Region)[number % 3] for number in range(20)]

    def story(calling: BillingClient, region: Region, hours: int) -> tuple[Customer, Settled]:
        customer = open_customer(calling, f"crowd-{uuid4().hex[:12]}", region)
        set_price(calling, customer, "compute", HOUR)
        grant(calling, customer, Gift(name="welcome", amount=10_000))
        use(calling, customer, hours)
        return customer, settle(calling, customer, bill(calling, customer))

    with BillingClient(bank.url, token) as calling, ThreadPoolExecutor(20) as threads:
        hours = range(100, 120)
        outcomes = list(threads.map(story, [calling] * 20, regions, hours))
        left = [balance(calling, customer).total for customer, _ in outcomes]

    # h x 250 - 10,000 of credit, and in KR and JP 10% of that: (h x 250 - 10,000) x 1.1 = h x 275 - 11,000
    expected = [
        each * 250 - 10_000 if region is Region.ETC else each * 275 - 11_000
        for region, each in zip(regions, hours, strict=True)
    ]
    assert [settled.payment.amount for _, settled in outcomes] == expected
    assert left == [0] * 20
