"""Customers who pay with credit, in part or in all."""

from __future__ import annotations

import datetime as dt

import pytest
from billing_client import BillingClient, ConflictError
from billing_client.models import AdjustmentTypeCode, BalancePriceTypeCode, CreditEntryKind

from consumer_tests.billing_flows.contracts import adjust_group
from consumer_tests.billing_flows.credits import Gift, balance, expire, grant, ledger, redeem, take_back, uses
from consumer_tests.billing_flows.customers import Customer, set_price
from consumer_tests.billing_flows.payments import cancel, code_of, pay_and_verify, prepare_payment
from tests.stories.play import MONTH, bill, by_region, settle, use

pytestmark = pytest.mark.scenario

FREE, PAID, PROMOTIONAL = BalancePriceTypeCode.FREE, BalancePriceTypeCode.PAID, BalancePriceTypeCode.PROMOTIONAL


def test_credit_burns_restricted_first_then_of_the_campaign_then_free_then_paid(
    client: BillingClient, customer: Customer
) -> None:
    for gift in (
        Gift(name="top-up", amount=10_000, kind=PAID),
        Gift(name="welcome", amount=40_000, kind=FREE),
        Gift(name="campaign", amount=20_000, kind=PROMOTIONAL),
        Gift(name="computing", amount=30_000, kind=FREE, counters=["compute"]),
    ):
        grant(client, customer, gift)
    set_price(client, customer, "support", 100)
    use(client, customer, 400)
    use(client, customer, 200, name="support", counter="support")
    adjust_group(client, customer, AdjustmentTypeCode.PERCENT_DISCOUNT, 10, month=MONTH)

    settled = settle(client, customer, bill(client, customer))

    # 400 x 250 + 200 x 100 = 120,000; all 100,000 of credit are used, and in which step the region's policy says
    # KR: 120,000 - 100,000 = 20,000, less 10% = 18,000, and 1,800 of VAT
    # JP: 120,000 less 10% = 108,000, - 100,000 = 8,000, and 800 of VAT
    # ETC: 108,000, no VAT, - 100,000
    due = by_region(kr=19_800, jp=8_800, etc=8_000)[customer.terms.region]
    assert settled.payment.amount == due
    burnt = (("computing", 30_000), ("campaign", 20_000), ("welcome", 40_000), ("top-up", 10_000))
    assert uses(client, customer, MONTH) == burnt
    now = settled.statement
    assert (now.free_credit_limit, now.free_credit_all, now.paid_credit_all) == (30_000, 60_000, 10_000)
    assert balance(client, customer).total == 0


def test_a_month_that_credit_covers_is_paid_without_a_receipt(client: BillingClient, customer: Customer) -> None:
    grant(client, customer, Gift(name="welcome", amount=1_000_000))
    use(client, customer, 100)

    settled = settle(client, customer, bill(client, customer))

    # 100 x 250 = 25,000. KR and JP: credit before VAT, 10% of nothing. ETC: credit after VAT, of which there is none
    assert (settled.payment.amount, settled.receipt) == (0, None)
    assert balance(client, customer).by_kind[FREE] == 975_000


def test_a_cancelled_payment_gives_its_credit_back_and_the_next_one_takes_it_again(
    client: BillingClient, customer: Customer
) -> None:
    grant(client, customer, Gift(name="welcome", amount=10_000))
    use(client, customer, 100)
    first = settle(client, customer, bill(client, customer))

    cancelled = cancel(client, first.statement)
    between = balance(client, customer).total, uses(client, customer, MONTH)
    second = pay_and_verify(client, customer, first.statement, name="2")

    # KR and JP: 25,000 - 10,000 = 15,000, and 1,500 of VAT; ETC: 25,000 - 10,000
    due = by_region(kr=16_500, jp=16_500, etc=15_000)[customer.terms.region]
    assert (first.payment.amount, cancelled.payable, second.payment.amount) == (due, due, due)
    assert (between, balance(client, customer).total) == ((10_000, ()), 0)
    kinds = [entry.kind for entry in ledger(client, customer)]
    used, restored = CreditEntryKind.USE, CreditEntryKind.RESTORE
    assert kinds == [CreditEntryKind.GRANT, used, restored, used]


def test_credit_that_went_elsewhere_after_a_cancelled_payment_is_not_counted_twice(
    client: BillingClient, customer: Customer
) -> None:
    grant(client, customer, Gift(name="welcome", amount=10_000))
    for month in (MONTH, "2026-11"):
        use(client, customer, 100, month)
    october = bill(client, customer)
    paid = settle(client, customer, october)
    cancel(client, paid.statement)
    november = bill(client, customer, "2026-11")

    with pytest.raises(ConflictError) as spent:
        pay_and_verify(client, customer, october, name="2")
    prepare_payment(client, customer, MONTH)
    again = settle(client, customer, bill(client, customer), name="3")

    # KR and JP: 25,000 - 10,000, and 10% VAT; without the credit 25,000 and 2,500. ETC: without VAT
    with_credit = by_region(kr=16_500, jp=16_500, etc=15_000)[customer.terms.region]
    without = by_region(kr=27_500, jp=27_500, etc=25_000)[customer.terms.region]
    assert code_of(spent.value) == 40908
    assert (paid.payment.amount, november.payable, again.payment.amount) == (with_credit, with_credit, without)
    assert balance(client, customer).total == 0


def test_a_coupon_is_redeemed_once(client: BillingClient, customer: Customer) -> None:
    credit = redeem(client, customer, "WELCOME-2026")
    with pytest.raises(ConflictError) as again:
        redeem(client, customer, "WELCOME-2026")
    month = credit.expiration_date_from.isoformat()[:7]
    use(client, customer, 1000, month)

    settled = settle(client, customer, bill(client, customer, month))

    assert code_of(again.value) == 40909
    # worth 100,000 won, 10,000 yen or 100.00 dollars. KR: 250,000 - 100,000 = 150,000, and 15,000 of VAT
    # JP: 250,000 - 10,000 = 240,000, and 24,000 of VAT; ETC: 250,000 - 10,000
    due = by_region(kr=165_000, jp=264_000, etc=240_000)[customer.terms.region]
    assert settled.payment.amount == due
    assert balance(client, customer).total == 0


def test_credit_that_ends_sooner_burns_first_and_what_is_left_of_it_expires(
    client: BillingClient, customer: Customer
) -> None:
    grant(client, customer, Gift(name="until-june", amount=10_000, kind=PROMOTIONAL, last=dt.date(2090, 6, 30)))
    grant(client, customer, Gift(name="until-march", amount=10_000, kind=PAID, last=dt.date(2090, 3, 31)))
    for month in ("2090-03", "2090-04"):
        use(client, customer, 20, month)
    bill(client, customer, "2090-03")

    expire(client, customer.terms.region, dt.date(2090, 4, 1))
    left = balance(client, customer)
    bill(client, customer, "2090-04")

    # 20 x 250 = 5,000 a month, all of it from credit: the PAID one in March, since it ends sooner
    assert uses(client, customer, "2090-03") == (("until-march", 5_000),)
    assert (left.by_kind[PAID], left.by_kind[PROMOTIONAL]) == (0, 10_000)
    assert uses(client, customer, "2090-04") == (("until-june", 5_000),)
    expired = [entry.amount for entry in ledger(client, customer, PAID) if entry.kind is CreditEntryKind.EXPIRE]
    assert expired == [-5_000]


def test_a_campaign_that_is_taken_back_pays_no_more(client: BillingClient, customer: Customer) -> None:
    gift = Gift(name="mistaken", amount=40_000)
    grant(client, customer, gift)
    use(client, customer, 100)
    before = bill(client, customer).total_credit

    (taken,) = take_back(client, customer, gift, "granted by mistake")
    use(client, customer, 100, "2026-11")
    after = bill(client, customer, "2026-11").total_credit

    # 25,000 of 40,000 are used and stay used; the 15,000 that are left go
    assert (before, after, taken.rest_amount) == (25_000, 0, 0)
    assert [entry.amount for entry in ledger(client, customer)] == [40_000, -25_000, -15_000]
