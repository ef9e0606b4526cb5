"""A client leaves a provider alone that is down, finds out when it is back, and tells the truth meanwhile (6 s)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from billing_client import BillingClient, CircuitOpenError, Resilience, ServiceUnavailableError, TransportError
from billing_client.models import ContractList, PaymentResponse, PaymentStatusCode

from provider_stub.gateway import Course
from tests.faults.deeds import DEEDS, Deed, Subject, Subjects, pay
from tests.faults.killed import Killed, until
from tests.faults.sandbox import amount_of, captured, opened, prices, ready
from tests.faults.struck import Caller, Clock, Struck
from tests.serving import calling

FAILURES: Final = 3
PAUSE: Final = 30.0
ONE_TRY: Final = Resilience(attempts=1, breaker_failures=FAILURES, breaker_pause=PAUSE)
ASKED: Final = "list_contracts"
KILLED: Final = Subject("killed")


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def caller(faulty: Struck, request: pytest.FixtureRequest) -> Iterator[Caller]:
    with Caller(faulty.url, asynchronous=request.param, resilience=ONE_TRY) as caller:
        yield caller


def _ask(client: BillingClient) -> ContractList:
    return client.contracts.list_contracts()


def _pay(client: BillingClient) -> PaymentResponse:
    return pay(client, KILLED, "key")


def _open(caller: Caller) -> None:
    for _ in range(FAILURES):
        with pytest.raises(ServiceUnavailableError):
            caller.call(_ask)


def _refused(caller: Caller) -> float:
    """When the host may be tried again, in seconds."""
    with pytest.raises(CircuitOpenError) as caught:
        caller.call(_ask)
    return caught.value.retry_after


def test_a_provider_that_is_down_is_asked_no_more_until_the_pause_is_over(
    faulty: Struck, caller: Caller, clock: Clock
) -> None:
    faulty.strike(f"{ASKED}: 503")
    _open(caller)
    assert _refused(caller) == PAUSE
    clock.now += PAUSE - 1
    assert _refused(caller) == 1
    with pytest.raises(CircuitOpenError):  # it is the host that is down, not the operation
        caller.call(lambda client: client.counters.list_counters())
    assert (faulty.calls(ASKED), faulty.calls("list_counters"), clock.sleeps) == (FAILURES, 0, [])


def test_a_probe_that_fails_opens_the_circuit_again_and_one_that_succeeds_closes_it(
    faulty: Struck, caller: Caller, clock: Clock
) -> None:
    faulty.strike(f"{ASKED}: 503 first {FAILURES + 1}")
    _open(caller)
    clock.now += PAUSE
    with pytest.raises(ServiceUnavailableError):
        caller.call(_ask)
    assert _refused(caller) == PAUSE
    assert faulty.calls(ASKED) == FAILURES + 1
    clock.now += PAUSE
    assert caller.call(_ask) == caller.call(_ask)
    assert faulty.calls(ASKED) == FAILURES + 3


def test_while_a_probe_is_under_way_nothing_else_is_sent(faulty: Struck, clock: Clock) -> None:
    faulty.strike(f"{ASKED}: 503 first {FAILURES}; {ASKED}: latency 500ms")
    with Caller(faulty.url, resilience=ONE_TRY) as caller, ThreadPoolExecutor(1) as pool:
        _open(caller)
        clock.now += PAUSE
        probe = pool.submit(caller.call, _ask)
        until(lambda: faulty.calls(ASKED) == FAILURES + 1)
        assert _refused(caller) > 0
        assert probe.result().header.is_successful
        caller.call(_ask)
    assert faulty.calls(ASKED) == FAILURES + 2


def test_a_provider_that_is_killed_while_it_charges_is_found_again_and_has_charged_once(
    faulty: Struck, clock: Clock, tmp_path: Path
) -> None:
    with closing(Killed(tmp_path)) as mortal, opened(mortal.database) as store:
        url = mortal.now.url
        with calling(url, None) as api:
            prices(api)
            ready(api, KILLED.account, Course.SLOW_BACK)
        charged = [amount_of(Course.SLOW_BACK)]
        resilience = Resilience(breaker_failures=FAILURES, breaker_pause=PAUSE)
        with Caller(url, resilience=resilience) as caller, ThreadPoolExecutor(1) as pool:
            paying = pool.submit(caller.call, _pay)
            until(lambda: captured(store, KILLED.place) == charged)
            mortal.now.process.kill()
            mortal.now.process.wait()  # with a limit of time it would sleep, and so move the clock
            with pytest.raises(TransportError, match="whether it took effect is not known"):
                paying.result()
            assert _refused(caller) > 0
            with Caller(faulty.url) as another:  # another host is not to blame
                another.call(_ask)

            mortal.start("--port", str(urlsplit(url).port))
            assert _refused(caller) > 0
            clock.now += PAUSE
            assert caller.call(_pay).payment.payment_status_code is PaymentStatusCode.PAID
        assert captured(store, KILLED.place) == charged


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(("fault", "error"), [("reset-after", TransportError), ("503-after", ServiceUnavailableError)])
@pytest.mark.parametrize("deed", DEEDS[:1], ids=lambda deed: deed.operation)
def test_a_circuit_that_opens_between_two_tries_does_not_hide_that_something_was_sent(
    deed: Deed,
    fault: str,
    error: type[Exception],
    asynchronous: bool,
    faulty: Struck,
    clock: Clock,
    subjects: Subjects,
) -> None:
    subject = subjects.new(deed)
    faulty.strike(f"{deed.operation}: {fault}")
    resilience = Resilience(breaker_failures=FAILURES, breaker_pause=PAUSE)
    with Caller(faulty.url, asynchronous=asynchronous, resilience=resilience) as caller:
        with pytest.raises(error):
            caller.call(lambda client: deed.do(client, subject, subject.name))
        assert (faulty.calls(deed.operation), deed.effect(faulty, subject)) == (FAILURES, deed.once)
        with pytest.raises(CircuitOpenError):
            caller.call(lambda client: deed.do(client, subject, subject.name))
        faulty.spare()
        clock.now += PAUSE
        caller.call(lambda client: deed.do(client, subject, subject.name))
    assert deed.effect(faulty, subject) == deed.once
