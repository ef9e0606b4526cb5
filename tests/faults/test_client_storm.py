"""Random mixes of faults, and of charges that go wrong at the gateway: what is insisted on is done once (8 s)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import Final, TypeVar

import pytest
from billing_client import (
    AsyncBillingClient,
    BillingClient,
    CircuitOpenError,
    ConflictError,
    RateLimitedError,
    Resilience,
    ServerError,
    TransportError,
    UnexpectedResponse,
)
from billing_client.models import PaymentResponse, PaymentStatusCode, PayRequest

from provider_stub.gateway import Course
from tests.faults.deeds import DEEDS, Subject, Subjects, pay
from tests.faults.sandbox import MONTH, amount_of, book, captured, ready
from tests.faults.struck import MET, Caller, Clock, Struck

T = TypeVar("T")

SEEDS: Final = range(10)
MIX: Final = "; ".join(f"*: {fault.rule} p=0.04" for fault in MET)
"""Spoils half of all calls, reads and writes, before and after the provider does its work."""
UNCERTAIN: Final = (CircuitOpenError, RateLimitedError, ServerError, TransportError, UnexpectedResponse)
"""What may be done or not; all else is a plain answer."""
PATIENT: Final = Resilience(deadline=None)  # the sleeps of all threads move one clock
THREADS: Final = 8
PAYMENTS: Final = 20


def _insisted(call: Callable[[], T], clock: Clock) -> T:
    """What a caller gets who repeats a call, with its key, until there is a plain answer."""
    for _ in range(50):
        try:
            return call()
        except UNCERTAIN as error:
            clock.sleep(getattr(error, "retry_after", None) or 1)
    raise AssertionError("it never comes to an answer")


async def _insisted_async(call: Callable[[], Awaitable[T]], clock: Clock) -> T:
    for _ in range(50):
        try:
            return await call()
        except UNCERTAIN as error:
            await clock.asleep(getattr(error, "retry_after", None) or 1)
    raise AssertionError("it never comes to an answer")


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_insisted_on_is_done_once_under_a_random_mix_of_faults(
    seed: int, faulty: Struck, clock: Clock, subjects: Subjects
) -> None:
    mixed = [(deed, subjects.new(deed)) for deed in DEEDS]
    faulty.strike(MIX, seed=seed)
    with Caller(faulty.url, asynchronous=bool(seed % 2), resilience=PATIENT) as caller:
        for deed, subject in mixed:
            said = [
                _insisted(lambda: caller.call(lambda client: deed.do(client, subject, subject.name)), clock)  # noqa: B023  # called at once
                for _ in range(3)
            ]
            assert said == said[:1] * 3
    assert any(faulty.injected(deed.operation) for deed in DEEDS)
    faulty.spare()
    for deed, subject in mixed:
        assert deed.effect(faulty, subject) == deed.once


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    "fault", ["latency 0ms", "reset first 1", "reset-after first 1", "503-after first 1", "truncate first 2"]
)
@pytest.mark.parametrize(
    ("course", "answer", "kept"),
    [
        (Course.DECLINED, "insufficient funds", False),
        (Course.UNHEARD, "the charge never arrived", False),
        (Course.UNANSWERED, "", True),
        (Course.LATE, "the charge never arrived", False),
        (Course.TWICE, "", True),
    ],
)
def test_a_charge_that_goes_wrong_at_the_gateway_is_settled_by_the_next_try_and_answered_as_it_is(
    course: Course,
    answer: str,
    kept: bool,
    fault: str,
    faulty: Struck,
    numbers: Iterator[int],
) -> None:
    subject = Subject(f"charged-{next(numbers)}")
    ready(faulty.api, subject.account, course)
    faulty.strike(f"pay: {fault}")
    with Caller(faulty.url) as caller:
        if kept:
            paid = caller.call(lambda client: pay(client, subject, None))
            assert paid.payment.payment_status_code is PaymentStatusCode.PAID
        else:
            with pytest.raises(ConflictError, match=answer):
                caller.call(lambda client: pay(client, subject, None))
    faulty.spare()
    assert captured(faulty.store, subject.place) == [amount_of(course)] * kept
    assert faulty.api.statement(subject.account, MONTH)["paymentStatusCode"] == ("PAID" if kept else "READY")


@pytest.mark.parametrize("asynchronous", [False, True], ids=["threads", "tasks"])
def test_in_a_storm_of_payments_and_faults_each_is_made_once_and_no_money_is_lost_or_found(
    asynchronous: bool, faulty: Struck, clock: Clock, numbers: Iterator[int]
) -> None:
    accounts = [f"storm-{next(numbers)}" for _ in range(THREADS)]
    bills = [bill for account in accounts for bill in DEEDS[0].prepare(faulty, account)]
    faulty.strike(MIX.replace("*:", "pay:"), seed=int(asynchronous))
    paid = _tasks(faulty, bills, clock) if asynchronous else _threads(faulty, bills, clock)
    assert faulty.injected("pay").keys() == {fault.rule.split()[0] for fault in MET}
    faulty.spare()

    due = {bill.place: bill.amount for bill in bills}
    assert {each.payment.payment_group_id: each.payment.amount for each in paid} == due
    kept = book(faulty.store)
    assert {place: [line.amount for line in kept[place]] for place in due} == {
        place: [amount] for place, amount in due.items()
    }
    with BillingClient(faulty.url) as client:
        asked = (client.payments.iter_payments(month_from=MONTH, month_to=MONTH, uuid=account) for account in accounts)
        listed = list(chain.from_iterable(asked))
    assert {each.payment_status_code for each in listed} == {PaymentStatusCode.PAID}
    assert sum(each.payable for each in listed) == sum(due.values())


def _threads(to: Struck, bills: list[Subject], clock: Clock) -> list[PaymentResponse]:
    with BillingClient(to.url, resilience=PATIENT) as client, ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda bill: _insisted(lambda: pay(client, bill, bill.name), clock), bills))


def _tasks(to: Struck, bills: list[Subject], clock: Clock) -> list[PaymentResponse]:
    async def storm() -> list[PaymentResponse]:
        async with AsyncBillingClient(to.url, resilience=PATIENT) as client, asyncio.TaskGroup() as group:
            shares = [bills[number::THREADS] for number in range(THREADS)]
            tasks = [group.create_task(share(each, client)) for each in shares]
        return [paid for task in tasks for paid in task.result()]

    async def share(bills: list[Subject], client: AsyncBillingClient) -> list[PaymentResponse]:
        return [await _insisted_async(partial(_pay_async, client, bill), clock) for bill in bills]

    return asyncio.run(storm())


async def _pay_async(client: AsyncBillingClient, bill: Subject) -> PaymentResponse:
    body = PayRequest(payment_group_id=bill.place)
    return await client.payments.pay(month=MONTH, body=body, uuid=bill.account, idempotency_key=bill.name)
