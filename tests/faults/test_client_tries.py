"""Which calls of a client are tried again, how often and when, as the provider counts them (4 s)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import httpx
import pytest
from billing_client import (
    ApiError,
    BillingClient,
    DeadlineError,
    GatewayTimeoutError,
    RateLimitedError,
    Resilience,
    ServiceUnavailableError,
    TransportError,
    UnexpectedResponse,
)
from billing_client.models import ChangePaymentStatusRequest, ContractList, PayRequest

from tests.faults.deeds import DEEDS, Deed, Subject, Subjects
from tests.faults.sandbox import MONTH
from tests.faults.struck import Caller, Clock, Struck

LONGEST: Final = (1, 2, 4, 8)
"""The waits after each try, before they are shortened at random by up to a half; in seconds."""
PAY, REFUND, _, _, CONTRACT, _ = DEEDS


@pytest.fixture(params=[False, True], ids=["sync", "async"], scope="module")
def caller(struck_provider: Struck, request: pytest.FixtureRequest) -> Iterator[Caller]:
    with Caller(struck_provider.url, asynchronous=request.param) as caller:
        yield caller


def _contracts(client: BillingClient) -> ContractList:
    return client.contracts.list_contracts()


def _toggle(client: BillingClient, subject: Subject) -> object:
    body = ChangePaymentStatusRequest(payment_group_id=subject.place)
    return client.payments.change_payment_status(month=MONTH, body=body)


def _cancel(client: BillingClient, subject: Subject) -> object:
    return client.payments.cancel_payment(month=MONTH, payment_group_id=subject.place)


@pytest.mark.parametrize(
    ("fault", "error", "done"),
    [
        ("reset", TransportError, False),
        ("reset-after", TransportError, True),
        ("truncate", TransportError, True),
        ("503 retry-after 1", ServiceUnavailableError, False),
        ("503-after retry-after 1", ServiceUnavailableError, True),
        ("504-after", GatewayTimeoutError, True),
        ("429", RateLimitedError, False),
        ("html-after", UnexpectedResponse, True),
    ],
)
@pytest.mark.parametrize(
    ("operation", "do", "of", "after"),
    [
        ("change_payment_status", _toggle, PAY, ["REGISTERED"]),
        ("cancel_payment", _cancel, REFUND, ["CAPTURED", "VOIDED", "READY"]),
    ],
)
def test_what_is_unsafe_reaches_the_provider_once_and_its_error_does_not_say_more_than_is_known(
    operation: str,
    do: Callable[[BillingClient, Subject], object],
    of: Deed,
    after: object,
    fault: str,
    error: type[ApiError],
    done: bool,
    faulty: Struck,
    caller: Caller,
    clock: Clock,
    subjects: Subjects,
) -> None:
    subject = subjects.new(of)
    faulty.strike(f"{operation}: {fault} first 1")  # a second try would succeed
    with pytest.raises(error) as caught:
        caller.call(lambda client: do(client, subject))
    assert ("whether it took effect is not known" in str(caught.value)) is (error is TransportError)
    assert (faulty.calls(operation), clock.sleeps) == (1, [])
    assert PAY.effect(faulty, subject) == (after if done else of.never)


@pytest.mark.parametrize("fault", ["reset", "reset-after", "truncate", "html", "502-after", "503", "504"])
def test_a_read_that_breaks_is_tried_again_until_it_is_whole(
    fault: str, faulty: Struck, caller: Caller, clock: Clock
) -> None:
    faulty.strike("")
    whole = caller.call(_contracts)
    faulty.strike(f"list_contracts: {fault} first 4")
    assert caller.call(_contracts) == whole
    assert faulty.calls("list_contracts") == 5
    assert len(clock.sleeps) == len(LONGEST)
    assert all(most / 2 <= slept <= most for slept, most in zip(clock.sleeps, LONGEST, strict=True))


def test_a_list_is_read_whole_and_in_order_though_half_of_its_pages_break(faulty: Struck, clock: Clock) -> None:
    with Caller(faulty.url) as caller:
        for _ in range(7):
            caller.call(lambda client: CONTRACT.do(client, Subject("listed"), None))
        whole = caller.call(lambda client: list(client.contracts.iter_contracts()))
        faulty.strike("list_contracts: truncate every 2; list_contracts: reset every 3")
        found = caller.call(lambda client: list(client.contracts.iter_contracts(items_per_page=2)))
    assert len(found) >= 7
    assert found == whole
    assert len(clock.sleeps) == sum(faulty.injected("list_contracts").values()) >= 4


@pytest.mark.parametrize(
    ("fault", "status", "tries", "reason", "body"),
    [
        ("malformed", 200, 1, "the body is no application/json: ", b'{"header":'),
        ("html 200", 200, 1, "the media type is text/html", b"<html>"),
        ("html-after 200", 200, 1, "the media type is text/html", b"<html>"),
        ("html", 502, 5, "the media type is text/html", b"<html>"),
    ],
)
def test_an_answer_that_stays_wrong_is_an_unexpected_response_that_shows_it(
    fault: str, status: int, tries: int, reason: str, body: bytes, faulty: Struck, caller: Caller, clock: Clock
) -> None:
    faulty.strike(f"list_contracts: {fault}")
    with pytest.raises(UnexpectedResponse, match=rf"^list_contracts: status {status}: ") as caught:
        caller.call(_contracts)
    assert caught.value.reason.startswith(reason)
    assert caught.value.content.startswith(body)
    assert (faulty.calls("list_contracts"), len(clock.sleeps)) == (tries, tries - 1)


@pytest.mark.parametrize(("fault", "waits"), [("429 retry-after 7", [7, 7, 7]), ("503 retry-after 2", [2, 2, 2])])
def test_waits_are_as_long_as_the_provider_asks_for(
    fault: str, waits: list[int], faulty: Struck, caller: Caller, clock: Clock
) -> None:
    faulty.strike(f"list_contracts: {fault} first 3")
    caller.call(_contracts)
    assert clock.sleeps == waits
    assert faulty.calls("list_contracts") == 4


@pytest.mark.parametrize("deadline", [45, 59.9])
def test_a_wait_that_would_pass_the_deadline_of_all_tries_is_not_begun(
    deadline: float, faulty: Struck, caller: Caller, clock: Clock
) -> None:
    faulty.strike("list_contracts: 429 retry-after 20")
    with pytest.raises(RateLimitedError) as caught:
        caller.call(lambda client: client.contracts.list_contracts(deadline=deadline))
    assert caught.value.retry_after == 20
    assert clock.sleeps == [20, 20]
    assert faulty.calls("list_contracts") == 3


def test_a_deadline_of_the_client_is_over_all_tries_too(faulty: Struck, clock: Clock) -> None:
    faulty.strike("list_contracts: 429 retry-after 20")
    with Caller(faulty.url, resilience=Resilience(deadline=30)) as caller, pytest.raises(RateLimitedError):
        caller.call(_contracts)
    assert clock.sleeps == [20]


def test_a_payment_that_is_slower_than_its_deadline_is_not_known_to_be_made_and_may_be_repeated(
    faulty: Struck, caller: Caller, subjects: Subjects
) -> None:
    subject = subjects.new(PAY)
    faulty.strike("pay: latency-after 1000ms first 1")
    body = PayRequest(payment_group_id=subject.place)
    with pytest.raises(DeadlineError, match="whether it took effect is not known") as caught:
        caller.call(
            lambda client: client.payments.pay(
                month=MONTH, body=body, uuid=subject.account, idempotency_key=subject.name, deadline=0.2
            )
        )
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout | TimeoutError)
    caller.call(lambda client: PAY.do(client, subject, subject.name))
    assert PAY.effect(faulty, subject) == PAY.once


def test_the_timeout_is_for_each_piece_of_an_answer_and_the_deadline_for_all_of_it(faulty: Struck) -> None:
    faulty.strike("list_contracts: slow 800ms")
    with Caller(faulty.url, timeout=0.6) as caller:
        caller.call(_contracts)
        with pytest.raises(DeadlineError, match=r"^list_contracts: the deadline passed"):
            caller.call(lambda client: client.contracts.list_contracts(deadline=0.3))
