"""A month made as if nothing had happened in it."""

import datetime as dt

from billing_client import BillingClient

from consumer_tests.billing_flows.calculation import statements
from consumer_tests.billing_flows.customers import Customer
from consumer_tests.billing_flows.payments import prepare_payment
from consumer_tests.billing_flows.waiting import PATIENT, Patience


def clear_month(client: BillingClient, customer: Customer, month: str, *, patience: Patience = PATIENT) -> int:
    """Takes payments back, and removes the statements and readings of a month; answers how many readings there were.

    Contracts, adjustments and credit stay, the latter with what the month had used of it. Done twice it removes nothing
    more. A statement of the month that is made later is paid under another name. Raises what `prepare_payment` raises:
    a month that was refunded cannot be cleared.
    """
    billed = {one.billing_group_id for one in statements(client, customer, month)}
    for group in customer.groups:
        if customer.group(group) in billed:
            prepare_payment(client, customer, month, group=group, patience=patience)
    client.calculations.delete_calculated_resources(month=month, uuid=customer.account)
    first = dt.date.fromisoformat(f"{month}-01")
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    projects = [project for projects in customer.groups.values() for project in projects]
    return sum(
        client.metering.delete_meters(app_key=customer.project(project), from_=first, to=last).deleted
        for project in projects
    )
