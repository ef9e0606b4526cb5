"""What readings become, by the type of their counter and by the clocks of the region."""

from __future__ import annotations

import datetime as dt

import pytest
from attrs import evolve
from billing_client import BillingClient
from billing_client.models import CounterType, Unit

from consumer_tests.billing_flows.calculation import calculate
from consumer_tests.billing_flows.customers import Customer, set_price
from consumer_tests.billing_flows.errors import CalculationFailedError, UsageRefusedError
from consumer_tests.billing_flows.metering import Reading, Submission, submit_usage
from tests.stories.play import MONTH, bill, by_region, settle, use

pytestmark = pytest.mark.scenario


def test_a_gauge_counts_its_latest_reading_and_a_meter_that_was_reset_goes_on_from_zero(
    client: BillingClient, customer: Customer
) -> None:
    set_price(client, customer, "storage", 100, kind=CounterType.GAUGE, unit=Unit.GB)
    set_price(client, customer, "traffic", 10, kind=CounterType.CUMULATIVE, unit=Unit.GB)
    at = customer.terms.instant

    def disk(volume: int, day: int, unit: Unit = Unit.GB, resource: str = "disk-1") -> Reading:
        return Reading("storage", volume, at(MONTH, day), unit, CounterType.GAUGE, resource=resource)

    def stands(volume: int, month: str, day: int) -> Reading:
        return Reading("traffic", volume, at(month, day), Unit.GB, CounterType.CUMULATIVE, resource="port-1")

    disks = [disk(300, 20), disk(500, 1), disk(524_288_000, 9, Unit.KB, "disk-2")]
    port = [stands(100, "2026-09", 30), stands(150, MONTH, 3), stands(30, MONTH, 11), stands(80, MONTH, 25)]
    submit_usage(client, customer, disks + port, name="readings")

    settled = settle(client, customer, bill(client, customer))

    # disks: 300 GB of the 20th, and 524,288,000 KB = 500 GB; 800 x 100 = 80,000
    # port: from 100 to 150 are 50, a new start to 30, and 50 more to 80: 130 x 10 = 1,300; VAT 8,130
    quantities = {item.counter_name: item.quantity for item in settled.statement.line_items}
    assert quantities == {customer.counter("storage"): 800, customer.counter("traffic"): 130}
    due = by_region(kr=89_430, jp=89_430, etc=81_300)[customer.terms.region]
    assert settled.payment.amount == due


def test_readings_beyond_the_size_of_a_batch_all_arrive_and_sent_again_add_nothing(
    client: BillingClient, customer: Customer
) -> None:
    first = customer.terms.instant(MONTH, 1, 0)
    readings = [Reading("compute", 1, first + dt.timedelta(minutes=minute)) for minute in range(2345)]

    sent = submit_usage(client, customer, readings, name="month")
    again = submit_usage(client, customer, readings, name="month")
    with pytest.raises(UsageRefusedError) as refused:
        submit_usage(client, customer, [*readings[:1500], evolve(readings[1500], volume=2)], name="month")

    assert (sent, again) == (Submission(2345, 0), Submission(0, 2345))
    assert [fault.where for fault in refused.value.faults] == ["month-1500"]
    # 2,345 h x 250 = 586,250; VAT 58,625
    due = by_region(kr=644_875, jp=644_875, etc=586_250)[customer.terms.region]
    assert bill(client, customer).payable == due


def test_the_last_minute_of_a_month_by_the_clocks_of_the_region_is_billed_in_it(
    client: BillingClient, customer: Customer
) -> None:
    at = customer.terms.instant
    last, next_month = at(MONTH, 31, 23, 59), at("2026-11", 1, 0, 0)
    # the same instants, as a machine that runs on UTC sends them
    readings = [Reading("compute", 100, last.astimezone(dt.UTC)), Reading("compute", 30, next_month.astimezone(dt.UTC))]
    submit_usage(client, customer, readings, name="midnight")

    # 100 x 250 and 30 x 250
    assert [bill(client, customer, month).charge for month in (MONTH, "2026-11")] == [25_000, 7_500]


def test_a_month_with_a_counter_that_has_no_price_yet_fails_and_is_calculated_once_it_has_one(
    client: BillingClient, customer: Customer
) -> None:
    set_price(client, customer, "backup", 40, since=dt.date(2026, 12, 1))
    use(client, customer, 10)
    use(client, customer, 10, name="backup", counter="backup")

    with pytest.raises(CalculationFailedError) as failed:
        calculate(client, customer, MONTH)
    set_price(client, customer, "backup", 30, since=dt.date(2026, 10, 1))

    assert any(customer.counter("backup") in fault.detail for fault in failed.value.faults)
    # 10 x 250 + 10 x 30 = 2,800; VAT 280
    due = by_region(kr=3_080, jp=3_080, etc=2_800)[customer.terms.region]
    assert settle(client, customer, bill(client, customer)).payment.amount == due
