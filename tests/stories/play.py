"""What most stories begin with: an hour of computing, used, billed and paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from billing_client import BillingClient
from billing_client.models import Region, Statement

from consumer_tests.billing_flows.calculation import calculate
from consumer_tests.billing_flows.customers import Customer
from consumer_tests.billing_flows.metering import Reading, Submission, submit_usage
from consumer_tests.billing_flows.payments import Settled, close, pay_and_verify

MONTH: Final = "2026-10"
HOUR: Final = 250
"""The list price of an hour of `compute`, in minor units: 250 won, 250 yen, 2.50 dollars. So the net amounts of a
story are the same numbers in all regions, and what differs is what a region makes of them."""


def by_region(*, kr: int, jp: int, etc: int) -> Mapping[Region, int]:
    """Amounts in minor units."""
    return {Region.KR: kr, Region.JP: jp, Region.ETC: etc}


def use(
    client: BillingClient,
    customer: Customer,
    hours: int,
    month: str = MONTH,
    *,
    name: str = "usage",
    project: str = "web",
    counter: str = "compute",
) -> Submission:
    """Reports hours; `name` tells the readings of a month from each other."""
    reading = Reading(counter, hours, customer.terms.instant(month, 5), project=project)
    return submit_usage(client, customer, [reading], name=f"{month}-{name}")


def bill(client: BillingClient, customer: Customer, month: str = MONTH) -> Statement:
    """The one statement of a month, calculated."""
    (statement,) = calculate(client, customer, month)
    return statement


def settle(client: BillingClient, customer: Customer, statement: Statement, *, name: str = "1") -> Settled:
    """The statement closed, paid and verified."""
    close(client, statement)
    return pay_and_verify(client, customer, statement, name=name)
