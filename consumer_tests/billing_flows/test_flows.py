"""What the flows do with answers that a healthy provider never gives: no server, the examples of the contract."""

from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from billing_client import BillingClient, ConflictError
from billing_client.models import PaymentStatusCode, Region, Statement, StatementList
from billing_client.testing import ExampleTransport

from consumer_tests.billing_flows.calculation import Progress, calculate, calculating
from consumer_tests.billing_flows.customers import Customer, open_customer
from consumer_tests.billing_flows.debts import leave_unpaid
from consumer_tests.billing_flows.errors import (
    CalculationFailedError,
    Fault,
    MismatchError,
    NotEndedError,
    NotPreparableError,
    UsageRefusedError,
)
from consumer_tests.billing_flows.metering import Reading, submit_usage
from consumer_tests.billing_flows.payments import pay_and_verify, prepare_payment
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


def listed(transport: ExampleTransport, statement: Statement, status: str, times: int = 1) -> None:
    """The next answers show the statement in a status."""
    body = {"statements": [evolve(statement, payment_status_code=PaymentStatusCode(status)).to_dict()], "totalItems": 1}
    success = {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}
    shown = StatementList.from_dict({"header": success, **body})
    transport.reply("list_statements", body=shown, times=times)


@pytest.mark.parametrize("status", ["REFUNDED", "CANCELLED", "WRITTEN_OFF"])
def test_a_status_that_nothing_leads_out_of_is_named_and_nothing_is_tried(
    billing_client: BillingClient,
    billing_client_transport: ExampleTransport,
    customer: Customer,
    october: Statement,
    status: str,
) -> None:
    before = len(billing_client_transport.requests)
    listed(billing_client_transport, october, status)

    with pytest.raises(NotPreparableError, match=rf"acme-main.2026-10 is {status}"):
        prepare_payment(billing_client, customer, MONTH)

    assert [one.operation for one in billing_client_transport.requests[before:]] == ["list_statements"]


def test_a_statement_that_somebody_else_moved_is_looked_at_again(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer, october: Statement
) -> None:
    for status in ("PAID", "READY", "REGISTERED"):
        listed(billing_client_transport, october, status)
    billing_client_transport.reply("cancel_payment", status=409, example="illegal-transition")

    prepared = prepare_payment(billing_client, customer, MONTH)

    assert prepared.payment_status_code is PaymentStatusCode.REGISTERED
    assert len(billing_client_transport.requests_of("cancel_payment")) == 1


def test_a_statement_that_cannot_be_moved_is_tried_until_the_deadline(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer, october: Statement
) -> None:
    listed(billing_client_transport, october, "READY", times=1000)
    billing_client_transport.reply("change_payment_status", status=409, example="illegal-transition", times=1000)

    with pytest.raises(NotEndedError, match="is not REGISTERED after"):
        prepare_payment(billing_client, customer, MONTH, patience=HURRY)

    assert len(billing_client_transport.requests_of("change_payment_status")) > 1


def test_a_calculation_that_failed_raises_its_faults_after_its_progress(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer
) -> None:
    billing_client_transport.reply("get_progress", example="running", times=2).reply("get_progress", example="failed")
    seen: list[Progress] = []

    with pytest.raises(CalculationFailedError) as failed:
        calculate(billing_client, customer, MONTH, on_progress=seen.append, patience=HURRY)

    assert failed.value.faults == (Fault("/counterName", "network.nat has no price in 2026-10"),)
    assert [(one.done, one.total, one.ended) for one in seen] == [(2, 4, False), (4, 4, True)]


def test_a_calculation_that_stands_still_is_given_up_at_the_deadline(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer
) -> None:
    billing_client_transport.reply("get_progress", example="running", times=1000)

    with pytest.raises(NotEndedError, match=r"RUNNING after 0\.05 s, 2 of 4"):
        list(calculating(billing_client, customer, MONTH, HURRY))


def test_a_payment_that_differs_from_the_bill_is_told_with_all_that_differs(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer, october: Statement
) -> None:
    billed = evolve(october, payable=october.payable + 1)

    with pytest.raises(MismatchError) as told:
        pay_and_verify(billing_client, customer, billed)

    assert [fault.where for fault in told.value.faults] == [
        "status of the statement",
        "payable after paying",
        "amount of the payment",
    ]
    (sent,) = billing_client_transport.requests_of("pay")
    assert sent.headers["idempotency-key"] == "pay-acme-main.2026-10-1"


def test_a_receipt_that_differs_from_the_payment_is_told_with_all_that_differs(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer, october: Statement
) -> None:
    listed(billing_client_transport, october, "PAID")
    found = billing_client.payments.get_receipt(month=MONTH, uuid="acme", payment_group_id=october.payment_group_id)
    wrong = evolve(found.receipt, amount=found.receipt.amount - 1, lines=found.receipt.lines[:-1])
    billing_client_transport.reply("get_receipt", body=evolve(found, receipt=wrong))

    with pytest.raises(MismatchError) as told:
        pay_and_verify(billing_client, customer, october)

    assert [fault.where for fault in told.value.faults] == ["amount of the receipt", "sum of the receipt's lines"]


def test_money_that_was_paid_without_a_receipt_is_told(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer, october: Statement
) -> None:
    listed(billing_client_transport, october, "PAID")
    billing_client_transport.reply("get_receipt", status=409, example="covered-by-credits")

    with pytest.raises(MismatchError, match=f"payable without a receipt: 0 expected, {october.payable} found"):
        pay_and_verify(billing_client, customer, october)


def test_a_conflict_about_a_receipt_that_credit_does_not_explain_is_raised(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer, october: Statement
) -> None:
    listed(billing_client_transport, october, "PAID")
    billing_client_transport.reply("get_receipt", status=409, example="not-paid")

    with pytest.raises(ConflictError, match="get_receipt"):
        pay_and_verify(billing_client, customer, october)


def test_a_batch_that_is_refused_whole_names_its_readings_and_the_others_are_sent(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer
) -> None:
    readings = [Reading("compute", 1, customer.terms.instant(MONTH, 1))] * 1001
    billing_client_transport.reply("record_meters", status=409, example="month-paid")

    with pytest.raises(UsageRefusedError) as refused:
        submit_usage(billing_client, customer, readings, name="usage")

    assert refused.value.faults[0] == Fault("usage-0", "2026-10 is paid")
    sizes = [len(one.body["meterList"]) for one in billing_client_transport.requests_of("record_meters")]
    assert sizes == [1000, 1]


def test_a_repeated_request_about_readings_with_another_fault_comes_as_it_is(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer
) -> None:
    billing_client_transport.reply("record_meters", status=409, example="idempotency-conflict")

    with pytest.raises(ConflictError, match="record_meters"):
        submit_usage(billing_client, customer, [Reading("compute", 1, customer.terms.instant(MONTH, 1))], name="usage")


def test_names_that_cannot_be_are_refused_before_anything_is_sent(
    billing_client: BillingClient, billing_client_transport: ExampleTransport, customer: Customer
) -> None:
    before = len(billing_client_transport.requests)

    with pytest.raises(ValueError, match="1 to 40 characters"):
        open_customer(billing_client, "x" * 41, Region.KR)
    with pytest.raises(KeyError, match="lab"):
        customer.group("lab")
    with pytest.raises(KeyError, match="db"):
        customer.project("db")

    assert len(billing_client_transport.requests) == before


@pytest.mark.parametrize(("month", "next_day"), [("2026-01", "2026-02-01"), ("2026-12", "2027-01-01")])
def test_a_month_is_overdue_from_the_first_day_of_the_next(
    billing_client: BillingClient,
    billing_client_transport: ExampleTransport,
    customer: Customer,
    month: str,
    next_day: str,
) -> None:
    billing_client_transport.reply("start_batch", example="done").reply("get_batch", example="done")

    leave_unpaid(billing_client, customer, month)

    (batch,) = billing_client_transport.requests_of("start_batch")
    (debts,) = billing_client_transport.requests_of("list_unpaid_statements")
    assert (batch.body["batchJobCode"], batch.body["date"], batch.body["region"]) == ("CALC_LATE_FEE", next_day, "KR")
    assert debts.path.split("/")[3] == next_day[:7]


def test_an_instant_is_by_the_clocks_of_the_region(customer: Customer) -> None:
    instant = customer.terms.instant("2026-11", 1, 0)

    assert instant.tzinfo == ZoneInfo("Asia/Seoul")
    assert instant.isoformat() == "2026-11-01T00:00:00+09:00"


def test_the_waits_double_up_to_the_longest_and_never_go_beyond_the_deadline() -> None:
    assert list(islice(Patience(deadline=60, pause=1, longest=3).waits(), 4)) == [1, 2, 3, 3]
    assert next(Patience(deadline=2, pause=5, longest=5).waits()) <= 2
