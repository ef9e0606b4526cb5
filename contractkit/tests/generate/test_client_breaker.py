"""The circuit breaker of generated clients: its states over every event, what counts as a failure, and its probes."""

import asyncio
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from contractkit.tests.generate.runtime import Client, Clock, Script, calls, errors, operation, resilience

ONCE = operation(idempotent=False)
State = resilience.State


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.put(monkeypatch)


def breaker(state: Any, clock: Clock, **settings: Any) -> Any:
    """A breaker that opens at two failures, brought into a state."""
    made = resilience.CircuitBreaker(
        "api.test", resilience.Resilience(breaker_failures=2, **settings), changed=lambda _: None
    )
    if state is not State.CLOSED:
        for _ in range(2):
            made.fail(made.admit("op"))
    if state is State.HALF_OPEN:
        clock.now += 30
        made.cancel(made.admit("op"))
    return made


class OneBlip(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A host that breaks the calls that are under way, once there are so many, and answers every later one."""

    def __init__(self, count: int, error: type[httpx.RequestError] = httpx.ReadError) -> None:
        self.count = count
        self.error = error
        self.calls = 0
        self.lock = threading.Lock()
        self.all = threading.Barrier(count, timeout=10)
        self.all_async = asyncio.Barrier(count)

    def _broken(self) -> bool:
        with self.lock:
            self.calls += 1
            return self.calls <= self.count

    def handle_request(self, _: httpx.Request) -> httpx.Response:
        if self._broken():
            self.all.wait()
            raise self.error("broken")
        return httpx.Response(200, json=[])

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        if self._broken():
            await self.all_async.wait()
            raise self.error("broken")
        return httpx.Response(200, json=[])


def refused(made: Any) -> bool:
    try:
        made.admit("op")
    except errors.CircuitOpenError:
        return True
    return False


@pytest.mark.parametrize(
    ("state", "event", "after"),
    [
        (State.CLOSED, "succeed", State.CLOSED),
        (State.CLOSED, "fail", State.CLOSED),
        (State.CLOSED, "fail twice", State.OPEN),
        (State.CLOSED, "fail twice at once", State.CLOSED),
        (State.CLOSED, "cancel", State.CLOSED),
        (State.CLOSED, "pause", State.CLOSED),
        (State.OPEN, "admit", State.OPEN),
        (State.OPEN, "pause", State.HALF_OPEN),
        (State.HALF_OPEN, "succeed", State.CLOSED),
        (State.HALF_OPEN, "fail", State.OPEN),
        (State.HALF_OPEN, "cancel", State.HALF_OPEN),
        (State.HALF_OPEN, "pause", State.HALF_OPEN),
    ],
)
def test_every_event_leads_from_every_state_to_one(state: Any, event: str, after: Any, clock: Clock) -> None:
    made = breaker(state, clock)
    if event == "pause":
        clock.now += 30
        made.cancel(made.admit("op"))
    elif event == "admit":
        assert refused(made)
    elif event == "fail twice":
        made.fail(made.admit("op"))
        made.fail(made.admit("op"))
    elif event == "fail twice at once":
        first, second = made.admit("op"), made.admit("op")
        made.fail(first)
        made.fail(second)
    else:
        getattr(made, event)(made.admit("op"))
    assert made.state is after


def test_a_success_forgets_the_failures_before_it(clock: Clock) -> None:
    made = breaker(State.CLOSED, clock)
    for _ in range(5):
        made.fail(made.admit("op"))
        made.succeed(made.admit("op"))
    assert made.state is State.CLOSED


def test_a_success_of_a_try_that_was_under_way_forgets_failures_too(clock: Clock) -> None:
    made = breaker(State.CLOSED, clock)
    early = made.admit("op")
    made.fail(made.admit("op"))
    made.succeed(early)
    made.fail(made.admit("op"))
    assert made.state is State.CLOSED


def test_who_is_told_of_an_open_circuit_may_call_again() -> None:
    told: list[bool] = []
    settings = resilience.Resilience(breaker_failures=1)
    made: Any = resilience.CircuitBreaker("api.test", settings, changed=lambda _: told.append(refused(made)))
    thread = threading.Thread(target=lambda: made.fail(made.admit("op")), daemon=True)
    thread.start()
    thread.join(5)
    assert told == [True]


def test_a_blip_that_breaks_all_calls_under_way_does_not_open_the_circuit(asynchronous: bool) -> None:
    count = 30
    server = OneBlip(count)
    client = Client(asynchronous, server)
    assert client.together(count) == [[]] * count
    assert client.call() == []
    assert server.calls == 2 * count + 1


@pytest.mark.parametrize("event", ["succeed", "fail", "cancel"])
@pytest.mark.parametrize("state", [State.OPEN, State.HALF_OPEN])
def test_what_was_sent_before_the_circuit_opened_says_nothing_of_the_state_after(
    state: Any, event: str, clock: Clock
) -> None:
    made = breaker(State.CLOSED, clock)
    early = made.admit("op")
    made.fail(made.admit("op"))
    made.fail(made.admit("op"))
    if state is State.HALF_OPEN:
        clock.now += 30
        made.admit("op")
    getattr(made, event)(early)
    assert made.state is state
    assert refused(made)


@pytest.mark.parametrize("probes", [1, 3])
def test_half_open_admits_as_many_at_once_as_there_are_probes(probes: int, clock: Clock) -> None:
    made = breaker(State.HALF_OPEN, clock, breaker_probes=probes)
    admitted: list[bool] = []
    threads = [threading.Thread(target=lambda: admitted.append(not refused(made))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sum(admitted) == probes


@pytest.mark.parametrize("outcome", [502, 503, 504, httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_host_that_is_down_opens_the_circuit_and_is_spared(asynchronous: bool, outcome: Any, clock: Clock) -> None:
    server = Script(outcome)
    client = Client(asynchronous, server, resilience=resilience.Resilience(breaker_failures=3))
    for _ in range(3):
        with pytest.raises(errors.ApiError):
            client.call(ONCE)
    clock.now += 10
    with pytest.raises(errors.CircuitOpenError) as caught:
        client.call()
    assert (len(server.requests), clock.sleeps) == (3, [])
    assert caught.value.retry_after == 20.0
    assert pickle.loads(pickle.dumps(caught.value)).retry_after == 20.0  # noqa: S301  # it is our own


@pytest.mark.parametrize("outcome", [200, 400, 401, 404, 409, 429, 500, 501, 520, httpx.PoolTimeout])
def test_a_host_that_answers_is_not_down(asynchronous: bool, outcome: Any) -> None:
    server = Script(outcome)
    client = Client(asynchronous, server, resilience=resilience.Resilience(breaker_failures=1))
    for _ in range(3):
        try:
            client.call(ONCE)
        except errors.CircuitOpenError:
            raise
        except errors.ApiError:
            pass
    assert len(server.requests) == 3


def test_a_probe_that_succeeds_closes_the_circuit(asynchronous: bool, clock: Clock) -> None:
    server = Script(503, 200)
    client = Client(asynchronous, server, resilience=resilience.Resilience(breaker_failures=1))
    with pytest.raises(errors.ServiceUnavailableError):
        client.call(ONCE)
    clock.now += 30
    assert client.call() == client.call() == {"status": 200}


@pytest.mark.parametrize(
    ("outcome", "error"), [(503, errors.ServiceUnavailableError), (httpx.ReadError, errors.TransportError)]
)
def test_a_circuit_that_opens_between_two_tries_ends_the_call_with_what_the_last_try_came_to(
    asynchronous: bool, outcome: Any, error: type[Exception]
) -> None:
    server = Script(outcome)
    client = Client(asynchronous, server, resilience=resilience.Resilience(breaker_failures=2))
    with pytest.raises(error) as caught:
        client.call()
    assert len(server.requests) == 2
    assert isinstance(caught.value.__cause__, httpx.ReadError if error is errors.TransportError else type(None))
    with pytest.raises(errors.CircuitOpenError):
        client.call()
    assert len(server.requests) == 2


@pytest.mark.parametrize("interrupt", [asyncio.CancelledError, KeyboardInterrupt])
def test_a_probe_that_is_given_up_frees_its_place(interrupt: type[BaseException], clock: Clock) -> None:
    server = Script(503, interrupt(), 200)
    client = Client(interrupt is asyncio.CancelledError, server, resilience=resilience.Resilience(breaker_failures=1))
    with pytest.raises(errors.ServiceUnavailableError):
        client.call(ONCE)
    clock.now += 30
    with pytest.raises(interrupt):
        client.call(ONCE)
    assert client.call(ONCE) == {"status": 200}


def test_calls_that_are_cancelled_do_not_open_the_circuit() -> None:
    server = Script(asyncio.CancelledError(), asyncio.CancelledError(), 200)
    client = Client(True, server, resilience=resilience.Resilience(breaker_failures=1))
    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            client.call(ONCE)
    assert client.call(ONCE, calls.Request("/items")) == {"status": 200}


def test_a_call_whose_time_is_over_before_it_is_sent_says_nothing_of_the_host(asynchronous: bool) -> None:
    client = Client(asynchronous, Script(200), resilience=resilience.Resilience(breaker_failures=1))
    with pytest.raises(errors.DeadlineError):
        client.call(deadline=-1.0)
    assert client.call() == {"status": 200}


def test_a_host_that_hangs_opens_the_circuit_however_many_wait_for_it_at_once() -> None:
    made = resilience.CircuitBreaker("api.test", resilience.Resilience(breaker_failures=3), changed=lambda _: None)
    waiting = [made.admit("op") for _ in range(3)]
    for ticket in waiting[:2]:
        made.fail(ticket, hung=True)
    assert made.state is State.CLOSED
    made.fail(waiting[2], hung=True)
    assert made.state is State.OPEN


def test_calls_that_time_out_together_open_the_circuit(asynchronous: bool) -> None:
    server = OneBlip(5, httpx.ReadTimeout)
    client = Client(asynchronous, server, resilience=resilience.Resilience(breaker_failures=5))
    assert {type(each) for each in together(client, 5)} == {errors.TransportError}
    with pytest.raises(errors.CircuitOpenError):
        client.call(ONCE)
    assert server.calls == 5


def together(client: Client, count: int) -> list[BaseException | None]:
    """What so many calls at once raise, which are not tried again."""
    if not client.asynchronous:
        with ThreadPoolExecutor(count) as pool:
            return [each.exception() for each in [pool.submit(client.call, ONCE) for _ in range(count)]]

    async def gathered() -> list[BaseException | None]:
        calling = (client.session.call(ONCE, calls.Request("/pay")) for _ in range(count))
        return list(await asyncio.gather(*calling, return_exceptions=True))

    return asyncio.run(gathered())
