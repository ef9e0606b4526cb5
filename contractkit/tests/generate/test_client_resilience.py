"""A generated client against failing servers: which calls are tried again, how often, when, and when none is sent."""

import asyncio
import time
from email.utils import formatdate
from random import Random
from typing import Any

import httpx
import pytest

from contractkit.tests.generate.runtime import Client, Clock, Pieces, Script, calls, errors, operation, resilience

TEMPORARY = (429, 502, 503, 504)
NETWORK = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.WriteError,
    httpx.RemoteProtocolError,
    httpx.PoolTimeout,
)
UNSAFE = operation(id="pay", method="POST", idempotent=False)
KEYED = operation(id="pay", method="POST", idempotent=True, key_header="Idempotency-Key")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.put(monkeypatch)


def settings(**members: Any) -> Any:
    return resilience.Resilience(**members)


@pytest.mark.parametrize("outcome", [*TEMPORARY, *NETWORK])
def test_what_may_pass_is_tried_again_until_it_does(asynchronous: bool, outcome: Any) -> None:
    server = Script(outcome, outcome, 200)
    assert Client(asynchronous, server).call() == {"status": 200}
    assert len(server.requests) == 3


@pytest.mark.parametrize("outcome", [*TEMPORARY, *NETWORK])
def test_the_last_of_the_tries_decides_what_is_raised(asynchronous: bool, clock: Clock, outcome: Any) -> None:
    server = Script(outcome)
    with pytest.raises(errors.ApiError) as caught:
        Client(asynchronous, server).call()
    expected = errors.error_class(outcome) if isinstance(outcome, int) else errors.TransportError
    assert type(caught.value) is expected
    assert len(server.requests) == 5
    assert len(clock.sleeps) == 4


@pytest.mark.parametrize("outcome", [400, 401, 403, 404, 409, 422, 499, 500, 501, 505, 520, 302])
def test_what_another_try_would_only_repeat_is_tried_once(asynchronous: bool, clock: Clock, outcome: int) -> None:
    server = Script(outcome)
    with pytest.raises(errors.ResponseError):
        Client(asynchronous, server).call()
    assert (len(server.requests), clock.sleeps) == (1, [])


@pytest.mark.parametrize("outcome", [httpx.LocalProtocolError, httpx.UnsupportedProtocol])
def test_an_error_of_this_side_is_not_tried_again(asynchronous: bool, outcome: Any) -> None:
    server = Script(outcome)
    with pytest.raises(errors.TransportError):
        Client(asynchronous, server).call()
    assert len(server.requests) == 1


@pytest.mark.parametrize("outcome", [*TEMPORARY, *NETWORK])
def test_what_is_unsafe_is_never_tried_again(asynchronous: bool, clock: Clock, outcome: Any) -> None:
    server = Script(outcome, 200)
    with pytest.raises(errors.ApiError):
        Client(asynchronous, server).call(UNSAFE)
    assert (len(server.requests), clock.sleeps) == (1, [])


def test_a_body_that_breaks_off_is_tried_again(asynchronous: bool) -> None:
    broken = Pieces(b'{"half":', httpx.RemoteProtocolError("incomplete"))
    server = Script(httpx.Response(200, headers={"content-type": "application/json"}, stream=broken), 200)
    assert Client(asynchronous, server).call() == {"status": 200}


def test_a_body_that_is_not_as_documented_is_not_asked_for_again(asynchronous: bool) -> None:
    server = Script(httpx.Response(200, text="<html>"), 200)
    with pytest.raises(errors.UnexpectedResponse):
        Client(asynchronous, server).call()
    assert len(server.requests) == 1


def test_waits_double_up_to_the_longest_and_are_shortened_by_at_most_a_half(asynchronous: bool, clock: Clock) -> None:
    client = Client(asynchronous, Script(503), resilience=settings(attempts=7, deadline=None), seed=7)
    with pytest.raises(errors.ServiceUnavailableError):
        client.call()
    whole = [1, 2, 4, 8, 8, 8]
    assert all(full / 2 <= wait <= full for wait, full in zip(clock.sleeps, whole, strict=True))
    assert len(set(clock.sleeps)) == len(whole)


def test_waits_are_spread_over_the_whole_half_so_that_clients_do_not_come_back_together() -> None:
    waits = [settings().wait(1, Random(seed)) for seed in range(200)]  # noqa: S311  # repeatable
    assert 0.5 <= min(waits) < 0.55
    assert 0.95 < max(waits) <= 1


def test_a_seed_gives_the_same_waits_in_both_sessions(clock: Clock) -> None:
    waits = []
    for asynchronous in (False, True):
        clock.sleeps.clear()
        with pytest.raises(errors.TransportError):
            Client(asynchronous, Script(httpx.ConnectError), seed=3).call()
        waits.append(tuple(clock.sleeps))
    assert waits[0] == waits[1]


def test_a_retry_after_in_seconds_is_waited_for_exactly(asynchronous: bool, clock: Clock) -> None:
    busy = httpx.Response(429, headers={"retry-after": "17"}, json={})
    Client(asynchronous, Script(busy, 200)).call()
    assert clock.sleeps == [17.0]


def test_a_retry_after_as_a_date_is_waited_for(
    asynchronous: bool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.0)
    later = formatdate(1_700_000_021, usegmt=True)
    busy = httpx.Response(503, headers={"retry-after": later}, json={})
    Client(asynchronous, Script(busy, 200)).call()
    assert clock.sleeps == [21.0]


@pytest.mark.parametrize(
    "text",
    ["soon", "-4", "1.5", "", "Wed, 99 Foo 2026", "21 Oct 99999999999999 07:28:00 GMT",
     "1 Jan 2026 00:00:99999999999 GMT", "1 Jan 2026 00:00:00 +99999999999999", "0", "Tue, 01 Jan 2019 00:00:00 GMT"],
)  # fmt: skip
def test_a_retry_after_that_asks_for_no_wait_or_cannot_be_read_leaves_the_usual_one(
    asynchronous: bool, clock: Clock, text: str
) -> None:
    busy = httpx.Response(503, headers={"retry-after": text}, json={})
    Client(asynchronous, Script(busy, 200)).call()
    assert [0.5 <= wait <= 1 for wait in clock.sleeps] == [True]


def test_a_wait_that_would_pass_the_deadline_raises_at_once(asynchronous: bool, clock: Clock) -> None:
    busy = httpx.Response(429, headers={"retry-after": "3600"}, json={})
    with pytest.raises(errors.RateLimitedError) as caught:
        Client(asynchronous, Script(busy, 200)).call(deadline=100)
    assert (caught.value.retry_after, clock.sleeps) == (3600.0, [])


def test_a_deadline_holds_over_all_tries(asynchronous: bool, clock: Clock) -> None:
    server = Script(503)
    with pytest.raises(errors.ServiceUnavailableError):
        Client(asynchronous, server, resilience=settings(attempts=100, deadline=None)).call(deadline=20)
    assert clock.now < 1_020
    assert 4 <= len(server.requests) <= 7


def test_no_phase_of_a_try_may_take_longer_than_what_is_left(asynchronous: bool) -> None:
    server = Script(httpx.Response(503, headers={"retry-after": "6"}, json={}), 200)
    Client(asynchronous, server).call(deadline=10)
    assert [set(each.values()) for each in server.timeouts] == [{10.0}, {4.0}]


def test_a_timeout_at_the_deadline_says_so_and_is_not_tried_again(asynchronous: bool, clock: Clock) -> None:
    def hang(request: httpx.Request) -> httpx.Response:
        clock.now += request.extensions["timeout"]["read"]
        raise httpx.ReadTimeout("slow")

    server = Script(hang)
    with pytest.raises(errors.DeadlineError):
        Client(asynchronous, server).call(deadline=5)
    assert len(server.requests) == 1


def test_an_answer_that_drips_past_the_deadline_is_given_up_and_closed(asynchronous: bool, clock: Clock) -> None:
    body = Pieces(b"[1,", lambda: clock.sleep(31), b"2,", lambda: clock.sleep(31), b"3]")
    server = Script(httpx.Response(200, headers={"content-type": "application/json"}, stream=body))
    with pytest.raises(errors.DeadlineError):
        Client(asynchronous, server).call()
    assert body.closed
    assert len(server.requests) == 1


def test_an_idempotency_key_is_made_once_a_call(asynchronous: bool) -> None:
    server = Script(503, httpx.ReadError, 200)
    client = Client(asynchronous, server)
    client.call(KEYED)
    client.call(KEYED)
    keys = [sent["idempotency-key"] for sent in server.sent]
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


def test_a_key_that_is_given_is_sent(asynchronous: bool) -> None:
    server = Script(503, 200)
    Client(asynchronous, server).call(KEYED, calls.Request("/pay", headers={"idempotency-key": "mine"}))
    assert [sent["idempotency-key"] for sent in server.sent] == ["mine", "mine"]


def test_the_error_of_a_call_tells_the_key_to_repeat_it_with(asynchronous: bool) -> None:
    server = Script(httpx.ReadError)
    with pytest.raises(errors.TransportError) as caught:
        Client(asynchronous, server).call(KEYED)
    assert {sent["idempotency-key"] for sent in server.sent} == {caught.value.idempotency_key}


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_key_that_is_blank_is_refused_before_anything_is_sent(asynchronous: bool, blank: str) -> None:
    server = Script(200)
    with pytest.raises(ValueError, match="Idempotency-Key is blank"):
        Client(asynchronous, server).call(KEYED, calls.Request("/pay", headers={"Idempotency-Key": blank}))
    assert server.requests == []


def test_without_resilience_a_call_is_one_request(asynchronous: bool, clock: Clock) -> None:
    server = Script(httpx.ConnectError)
    client = Client(asynchronous, server, resilience=resilience.Resilience.off())
    for _ in range(20):
        with pytest.raises(errors.TransportError):
            client.call()
    assert (len(server.requests), clock.sleeps) == (20, [])


@pytest.mark.parametrize(
    "wrong",
    [{"attempts": 0}, {"attempts": None}, {"attempts": 2.5}, {"attempts": True}, {"wait_max": float("nan")},
     {"breaker_pause": None}, {"breaker_probes": None}, {"deadline": float("nan")},
     {"wait_initial": -1}, {"wait_max": -1}, {"deadline": 0}, {"breaker_failures": 0},
     {"breaker_pause": 0}, {"breaker_probes": 0}],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        settings(**wrong)


def test_a_call_that_is_cancelled_ends_at_once() -> None:
    server = Script(asyncio.CancelledError(), 200)
    with pytest.raises(asyncio.CancelledError):
        Client(True, server).call()
    assert len(server.requests) == 1


def test_an_interrupt_of_the_user_is_not_swallowed() -> None:
    server = Script(KeyboardInterrupt(), 200)
    with pytest.raises(KeyboardInterrupt):
        Client(False, server).call()
    assert len(server.requests) == 1
