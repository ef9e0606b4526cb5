"""What is done for every customer of a region at once."""

from __future__ import annotations

import datetime as dt

import pytest
from billing_client import BillingClient
from billing_client.models import BatchJobCode

from consumer_tests.billing_flows.calculation import Progress, run_batch, statements
from consumer_tests.billing_flows.contracts import Agreement, apply_contract
from consumer_tests.billing_flows.customers import Customer, close_customer, set_price
from consumer_tests.billing_flows.debts import debts, leave_unpaid, mark_overdue
from consumer_tests.billing_flows.errors import CalculationFailedError
from tests.stories.conftest import NewCustomer
from tests.stories.play import bill, by_region, settle, use

pytestmark = pytest.mark.scenario

# Batches act on whoever is there, so these months are long before those of the other stories.
JANUARY, FEBRUARY, MARCH = "2020-01", "2020-02", "2020-03"


def test_an_unpaid_month_gets_its_late_fee_once_and_is_paid_with_the_next_one(
    client: BillingClient, customer: Customer
) -> None:
    use(client, customer, 1000, JANUARY)
    january = bill(client, customer, JANUARY)
    owed = leave_unpaid(client, customer, JANUARY)
    mark_overdue(client, customer.terms.region, dt.date(2020, 2, 29))
    use(client, customer, 100, FEBRUARY)
    february = bill(client, customer, FEBRUARY)

    # January 250,000, VAT 25,000; late fee 2% of 275,000 = 5,500, in ETC 5% of 250,000 = 12,500
    fee = by_region(kr=5_500, jp=5_500, etc=12_500)[customer.terms.region]
    with_fee = by_region(kr=280_500, jp=280_500, etc=262_500)[customer.terms.region]
    assert (owed.total, owed.late_fees) == (with_fee, fee)
    assert debts(client, customer, FEBRUARY) == owed
    # February 25,000, VAT 2,500
    own = by_region(kr=27_500, jp=27_500, etc=25_000)[customer.terms.region]
    assert (february.payable, february.unpaid_amount) == (own, with_fee)
    assert february.total_due == by_region(kr=308_000, jp=308_000, etc=287_500)[customer.terms.region]

    (overdue,) = statements(client, customer, JANUARY)
    paid_late = settle(client, customer, overdue)
    (freed,) = statements(client, customer, FEBRUARY)
    paid = settle(client, customer, freed)

    assert january.late_fee == 0
    assert (paid_late.payment.amount, freed.total_due, paid.payment.amount) == (with_fee, own, own)
    assert debts(client, customer, MARCH).statements == ()


def test_a_month_of_several_customers_is_calculated_in_one_batch_with_its_progress(
    client: BillingClient, new_customer: NewCustomer
) -> None:
    customers = [new_customer() for _ in range(3)]
    for number, each in enumerate(customers, start=1):
        use(client, each, 100 * number, MARCH)
    seen: list[Progress] = []

    last = run_batch(
        client,
        BatchJobCode.CALCULATE_ALL,
        dt.date(2020, 3, 31),
        region=customers[0].terms.region,
        on_progress=seen.append,
    )

    # 100, 200 and 300 x 250, each with its VAT
    expected = by_region(kr=27_500, jp=27_500, etc=25_000)[customers[0].terms.region]
    made = [one.payable for each in customers for one in statements(client, each, MARCH)]
    assert made == [expected, 2 * expected, 3 * expected]
    done = [one.done for one in seen]
    assert done == sorted(done)
    assert last.ended
    assert last.total >= len(customers)


def test_a_batch_names_the_customer_that_cannot_be_billed_and_bills_the_others(
    client: BillingClient, new_customer: NewCustomer
) -> None:
    month = "2020-04"
    sound, broken = new_customer(), new_customer()
    set_price(client, broken, "backup", 40, since=dt.date(2020, 12, 1))
    use(client, sound, 100, month)
    use(client, broken, 100, month, counter="backup")

    with pytest.raises(CalculationFailedError) as failed:
        run_batch(client, BatchJobCode.CALCULATE_ALL, dt.date(2020, 4, 30), region=sound.terms.region)
    close_customer(client, broken)  # other batches of the region would fail at it too

    accounts = {fault.where.split("/")[1] for fault in failed.value.faults}
    assert accounts == {broken.account}
    # 100 x 250
    assert [one.charge for one in statements(client, sound, month)] == [25_000]


def test_a_paid_month_stays_as_it_is_whatever_is_agreed_priced_and_calculated_later(
    client: BillingClient, customer: Customer
) -> None:
    month = "2020-05"
    use(client, customer, 100, month)
    paid = settle(client, customer, bill(client, customer, month))

    set_price(client, customer, "compute", 999)
    apply_contract(client, customer, Agreement(base_fee=500_000), month_from=month)
    run_batch(client, BatchJobCode.CALCULATE_ALL, dt.date(2020, 5, 31), region=customer.terms.region)
    leave_unpaid(client, customer, month)

    assert statements(client, customer, month) == (paid.statement,)
