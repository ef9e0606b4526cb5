"""Months of customers, from the first reading to the receipt."""

from __future__ import annotations

import pytest
from billing_client import BillingClient, ConflictError
from billing_client.models import AdjustmentTypeCode, PaymentStatusCode, TierMode

from consumer_tests.billing_flows.calculation import calculate, statements
from consumer_tests.billing_flows.cleaning import clear_month
from consumer_tests.billing_flows.contracts import Agreement, Tiers, adjust_group, adjust_project, apply_contract
from consumer_tests.billing_flows.credits import Gift, balance, grant
from consumer_tests.billing_flows.customers import Customer
from consumer_tests.billing_flows.debts import debts
from consumer_tests.billing_flows.errors import UsageRefusedError
from consumer_tests.billing_flows.metering import Reading, submit_usage
from consumer_tests.billing_flows.payments import close, code_of, prepare_payment, reopen
from tests.stories.conftest import NewCustomer
from tests.stories.play import MONTH, bill, by_region, settle, use

pytestmark = pytest.mark.scenario


def test_a_new_customer_uses_is_billed_and_pays_the_first_month(client: BillingClient, customer: Customer) -> None:
    prepared = prepare_payment(client, customer, MONTH)
    use(client, customer, 1000)

    settled = settle(client, customer, bill(client, customer))

    # 1000 h x 250 = 250,000; VAT 10% = 25,000, none in ETC
    due = by_region(kr=275_000, jp=275_000, etc=250_000)[customer.terms.region]
    assert (prepared.payment_status_code, prepared.payable) == (PaymentStatusCode.REGISTERED, 0)
    assert (settled.statement.charge, settled.payment.amount) == (250_000, due)
    assert settled.receipt is not None
    assert [line.amount for line in settled.receipt.lines if line.label == "Usage"] == [250_000]
    assert debts(client, customer, "2026-11").total == 0


def test_a_minimum_fee_that_is_half_used_is_charged_in_full(client: BillingClient, customer: Customer) -> None:
    apply_contract(client, customer, Agreement(base_fee=200_000), month_from=MONTH)
    use(client, customer, 400)

    settled = settle(client, customer, bill(client, customer))

    # 400 h x 250 = 100,000, and 100,000 to the minimum of 200,000; VAT on all of it = 20,000
    due = by_region(kr=220_000, jp=220_000, etc=200_000)[customer.terms.region]
    assert (settled.statement.charge, settled.statement.base_fee_top_up) == (100_000, 100_000)
    assert settled.payment.amount == due


@pytest.mark.parametrize("mode", [TierMode.GRADUATED, TierMode.VOLUME])
def test_usage_that_crosses_tiers_is_priced_by_the_tiers_it_reaches(
    client: BillingClient, customer: Customer, mode: TierMode
) -> None:
    tiers = Tiers(steps=[(100, 300), (1000, 250)], beyond=200, mode=mode)
    apply_contract(client, customer, Agreement(prices={"compute": tiers}), month_from="2026-09")
    use(client, customer, 1000, "2026-09")
    use(client, customer, 1500, "2026-10")

    at_the_bound, beyond = (bill(client, customer, month) for month in ("2026-09", "2026-10"))

    # graduated: 100 x 300 + 900 x 250 = 30,000 + 225,000 = 255,000; and 500 x 200 = 100,000 more
    # by volume: 1000 x 250 = 250,000, the bound belongs to the tier below; 1500 x 200 = 300,000
    expected = {TierMode.GRADUATED: (255_000, 355_000), TierMode.VOLUME: (250_000, 300_000)}[mode]
    assert (at_the_bound.charge, beyond.charge) == expected
    # VAT of the second month: 35,500 or 30,000
    due = {
        TierMode.GRADUATED: by_region(kr=390_500, jp=390_500, etc=355_000),
        TierMode.VOLUME: by_region(kr=330_000, jp=330_000, etc=300_000),
    }[mode][customer.terms.region]
    assert settle(client, customer, beyond).payment.amount == due


def test_a_project_has_its_discount_before_the_group_has_its_surcharge(
    client: BillingClient, new_customer: NewCustomer
) -> None:
    customer = new_customer(main=("web", "db"))
    use(client, customer, 1000)
    use(client, customer, 333, name="db", project="db")
    adjust_project(client, customer, AdjustmentTypeCode.PERCENT_DISCOUNT, 15, month=MONTH)
    adjust_group(client, customer, AdjustmentTypeCode.STATIC_DISCOUNT, 1000, month=MONTH)
    adjust_group(client, customer, AdjustmentTypeCode.PERCENT_EXTRA, 3, month=MONTH)

    settled = settle(client, customer, bill(client, customer))

    # web 1000 x 250 = 250,000 less 15% = 212,500; db 333 x 250 = 83,250; together 295,750
    # plus 3% = 8,872.5, half up 8,873, less 1,000: 303,623; VAT 30,362.3, down to 30,362
    now = settled.statement
    assert (now.charge, now.total_discount, now.total_extra) == (333_250, 38_500, 8_873)
    due = by_region(kr=333_985, jp=333_985, etc=303_623)[customer.terms.region]
    assert settled.payment.amount == due


def test_a_contract_counts_from_its_month_and_a_later_one_takes_its_place(
    client: BillingClient, customer: Customer
) -> None:
    apply_contract(client, customer, Agreement(discount=10), month_from="2026-09")
    apply_contract(client, customer, Agreement(prices={"compute": 150}), month_from="2026-10")
    months = ("2026-08", "2026-09", "2026-10")
    for month in months:
        use(client, customer, 100, month)

    charges = [bill(client, customer, month).charge for month in months]

    # 100 h at the list price of 250, at 10% less, and at the agreed 150
    assert charges == [25_000, 22_500, 15_000]


def test_terms_that_are_said_twice_are_agreed_once(client: BillingClient, customer: Customer) -> None:
    use(client, customer, 100)
    agreed = [apply_contract(client, customer, Agreement(base_fee=1000), month_from=MONTH) for _ in range(2)]
    discounts = [
        adjust_project(client, customer, AdjustmentTypeCode.STATIC_DISCOUNT, 100, month=MONTH, name=name)
        for name in ("1", "1", "2")
    ]

    assert agreed[0] == agreed[1]
    assert discounts[0] == discounts[1]
    # the discounts named 1 and 2
    assert bill(client, customer).total_discount == 200


def test_each_billing_group_has_its_contract_and_its_statement(
    client: BillingClient, new_customer: NewCustomer
) -> None:
    customer = new_customer(main=("web",), lab=("tests",))
    apply_contract(client, customer, Agreement(prices={"compute": 200}), month_from=MONTH, group="lab")
    use(client, customer, 100)
    use(client, customer, 100, name="lab", project="tests")

    made = {one.billing_group_id: one.total_amount for one in calculate(client, customer, MONTH)}

    # main 100 x 250 = 25,000 at the list price, lab 100 x 200 = 20,000 as agreed; each with its VAT
    main = by_region(kr=27_500, jp=27_500, etc=25_000)[customer.terms.region]
    lab = by_region(kr=22_000, jp=22_000, etc=20_000)[customer.terms.region]
    assert made == {customer.group("main"): main, customer.group("lab"): lab}


def test_readings_that_come_late_are_billed_after_the_payment_is_cancelled(
    client: BillingClient, customer: Customer
) -> None:
    use(client, customer, 100)
    first = settle(client, customer, bill(client, customer))
    with pytest.raises(UsageRefusedError) as refused:
        use(client, customer, 20, name="late")

    prepare_payment(client, customer, MONTH)
    use(client, customer, 20, name="late")
    second = settle(client, customer, bill(client, customer), name="2")

    # 100 x 250 = 25,000, then 120 x 250 = 30,000; each with its VAT
    before = by_region(kr=27_500, jp=27_500, etc=25_000)[customer.terms.region]
    after = by_region(kr=33_000, jp=33_000, etc=30_000)[customer.terms.region]
    assert [fault.where for fault in refused.value.faults] == [f"{MONTH}-late-0"]
    assert (first.payment.amount, second.payment.amount) == (before, after)


def test_a_month_that_was_paid_is_cleared_and_played_again(client: BillingClient, new_customer: NewCustomer) -> None:
    customer = new_customer(main=("web", "db"), lab=("tests",))
    grant(client, customer, Gift(name="welcome", amount=1_000))
    # the first and the last hour by the clocks of the region, which are in other months by those of UTC
    hours = [
        Reading("compute", 10, customer.terms.instant(MONTH, 1, 0), project="web"),
        Reading("compute", 20, customer.terms.instant(MONTH, 31, 23), project="db"),
        Reading("compute", 30, customer.terms.instant(MONTH, 15), project="tests"),
    ]
    for name in ("1", "2"):
        submit_usage(client, customer, hours, name="again")
        main, lab = sorted(calculate(client, customer, MONTH), key=lambda one: one.charge)
        settle(client, customer, main, name=name)
        assert (main.charge, lab.charge) == (7_500, 7_500)  # 30 x 250 each

        assert [clear_month(client, customer, MONTH) for _ in range(2)] == [3, 0]
        assert statements(client, customer, MONTH) == ()
        assert balance(client, customer).total == 1_000


def test_a_closed_month_is_not_calculated_until_it_is_opened(client: BillingClient, customer: Customer) -> None:
    use(client, customer, 100)
    closed = bill(client, customer)
    close(client, closed)
    use(client, customer, 60, name="late")

    with pytest.raises(ConflictError) as refused:
        calculate(client, customer, MONTH)
    (kept,) = statements(client, customer, MONTH)
    reopen(client, kept)
    again = bill(client, customer)

    # 100 x 250, then 160 x 250
    assert code_of(refused.value) == 40902
    assert (kept.charge, again.charge) == (25_000, 40_000)
