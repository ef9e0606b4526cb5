"""A customer's month when the network and the provider fail now and again."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from billing_client import BillingClient, CallEvent, Hooks, Resilience
from billing_client.models import AdjustmentTypeCode, CreditEntryKind, Region

from consumer_tests.billing_flows.contracts import Agreement, adjust_group, apply_contract
from consumer_tests.billing_flows.credits import Gift, grant, ledger
from consumer_tests.billing_flows.customers import open_customer, set_price
from consumer_tests.billing_flows.payments import cancel, pay_and_verify, prepare_payment
from tests.serving import Served, served
from tests.stories.play import HOUR, MONTH, bill, by_region, settle, use

pytestmark = pytest.mark.scenario

# No move that the client does not repeat by itself is ever answered: closing is done and its answer lost, cancelling
# is lost on its way first, and then done. Of all other calls about every second is lost, before or after its work.
FAULTS = (
    "change_payment_status: reset-after; cancel_payment: reset calls 1,3,5; cancel_payment: html-after; "
    "*: reset-after every 4; *: 503 retry-after 0 every 3; *: html every 7; *: truncate every 11"
)
EAGER = Resilience(attempts=8, wait_initial=0.01, wait_max=0.02, breaker_failures=None)


@pytest.fixture(scope="module")
def shaky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("shaky"), None, "--faults", FAULTS) as running:
        yield running


def test_a_month_on_a_bad_network_is_billed_and_charged_as_on_a_good_one(shaky: Served, region: Region) -> None:
    calls: list[CallEvent] = []
    with BillingClient(
        shaky.url, shaky.token("--admin"), resilience=EAGER, hooks=Hooks(after=[calls.append])
    ) as client:
        customer = open_customer(client, f"shaky-{uuid4().hex[:12]}", region)
        set_price(client, customer, "compute", HOUR)
        apply_contract(client, customer, Agreement(base_fee=50_000), month_from=MONTH)
        adjust_group(client, customer, AdjustmentTypeCode.STATIC_DISCOUNT, 5_000, month=MONTH)
        grant(client, customer, Gift(name="welcome", amount=10_000))
        prepare_payment(client, customer, MONTH)
        sent = use(client, customer, 100)
        first = settle(client, customer, bill(client, customer))
        cancel(client, first.statement)
        second = pay_and_verify(client, customer, first.statement, name="2")
        entries = ledger(client, customer)

    # KR: 25,000 - 10,000 - 5,000 = 10,000, up to the minimum of 50,000, VAT 5,000
    # JP: 25,000 - 5,000, up to 50,000, - 10,000 = 40,000, VAT 4,000; ETC: 50,000 - 10,000
    due = by_region(kr=55_000, jp=44_000, etc=40_000)[region]
    assert sent.accepted == 1
    assert (first.payment.amount, second.payment.amount) == (due, due)
    assert sum(entry.amount for entry in entries) == 0
    assert [entry.kind for entry in entries].count(CreditEntryKind.GRANT) == 1
    assert sum(call.attempts for call in calls) > len(calls)
