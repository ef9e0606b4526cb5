"""The token of generated clients: where it is put, when it is asked for, and that it is refreshed once."""

import asyncio
import pickle
import threading
from typing import Any

import httpx
import pytest

from contractkit.tests.generate.runtime import Client, Clock, Script, Turn, calls, errors, operation, telemetry

SERVER_TOKEN = "new"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.put(monkeypatch)


def auth(**members: Any) -> Any:
    return calls.Auth(**{"location": "header", "name": "Authorization", "prefix": "Bearer", "token": "old", **members})


def guarded(request: httpx.Request) -> httpx.Response:
    """Takes the new token alone."""
    known = request.headers["authorization"] == f"Bearer {SERVER_TOKEN}"
    return httpx.Response(200 if known else 401, json={})


class Refresh:
    """Counts how often a new token is asked for."""

    def __init__(self, *tokens: str, asynchronous: bool = False) -> None:
        self.tokens = list(tokens)
        self.count = 0
        self.asynchronous = asynchronous

    def __call__(self) -> Any:
        self.count += 1
        token = self.tokens[min(self.count, len(self.tokens)) - 1]
        return self._later(token) if self.asynchronous else token

    async def _later(self, token: str) -> str:
        await Turn()  # another call may ask for one meanwhile
        return token


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        ({}, "authorization", "Bearer old"),
        ({"name": "X-Key", "prefix": ""}, "x-key", "old"),
        ({"location": "query", "name": "key", "prefix": ""}, "url", "http://api.test/v1/items?a=1%2C2&key=old"),
        ({"location": "cookie", "name": "sid", "prefix": ""}, "cookie", "a=1; sid=old"),
    ],
)
def test_the_token_goes_where_the_document_says_on_every_try(
    asynchronous: bool, place: dict[str, Any], name: str, value: str
) -> None:
    server = Script(503, 200)
    request = calls.Request("/items", query=(("a", "1,2"),), cookies={"a": "1"})
    Client(asynchronous, server, auth(**place)).call(request=request)
    assert [sent[name] for sent in server.sent] == [value, value]


def test_an_operation_that_needs_no_token_gets_none(asynchronous: bool) -> None:
    server = Script(200)
    Client(asynchronous, server, auth()).call(operation(secured=False))
    assert "authorization" not in server.sent[0]


def test_a_function_is_asked_for_the_token_before_each_try(asynchronous: bool) -> None:
    server = Script(503, 200)
    Client(asynchronous, server, auth(token=Refresh("a", "b"))).call()
    assert [sent["authorization"] for sent in server.sent] == ["Bearer a", "Bearer b"]


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_401_is_answered_with_a_fresh_token_even_where_tries_are_not_safe(
    asynchronous: bool, idempotent: bool
) -> None:
    refresh, server = Refresh(SERVER_TOKEN), Script(guarded)
    client = Client(asynchronous, server, auth(refresh=refresh))
    for _ in range(3):
        client.call(operation(idempotent=idempotent))
    assert (refresh.count, len(server.requests)) == (1, 4)


def test_a_token_may_be_awaited_in_the_async_client() -> None:
    refresh, server = Refresh(SERVER_TOKEN, asynchronous=True), Script(guarded)
    assert Client(True, server, auth(token=Refresh("old", asynchronous=True), refresh=refresh)).call() == {}


def test_a_token_that_must_be_awaited_is_refused_by_the_sync_client() -> None:
    async def later() -> str:
        return "token"

    waiting = later()
    with pytest.raises(TypeError, match="async client"):
        Client(False, Script(200), auth(token=lambda: waiting)).call()
    waiting.close()


@pytest.mark.parametrize("location", ["header", "query", "cookie"])
@pytest.mark.parametrize("token", ["SECRET\n", "SEC\rRET", "SECRET ", "SECR\u00c9T", "", None, b"SECRET"])
def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(asynchronous: bool, location: Any, token: Any) -> None:
    server = Script(200)
    with pytest.raises(errors.TokenError, match="list_items: nothing was sent, because of the token") as caught:
        Client(asynchronous, server, auth(location=location, name="key", token=token)).call()
    assert server.requests == []
    assert isinstance(caught.value, ValueError)
    assert "SEC" not in str(caught.value)
    assert "SEC" not in repr(pickle.loads(pickle.dumps(caught.value)))  # noqa: S301  # it is our own


def test_a_refresh_that_gives_no_token_is_refused(asynchronous: bool) -> None:
    server = Script(401, 200)
    with pytest.raises(errors.TokenError, match="NoneType"):
        Client(asynchronous, server, auth(refresh=lambda: None)).call()
    assert len(server.requests) == 1


def test_a_refresh_that_takes_longer_than_the_deadline_is_the_end_of_the_call(asynchronous: bool, clock: Clock) -> None:
    def slow() -> str:
        clock.now += 2
        return SERVER_TOKEN

    server = Script(guarded)
    with pytest.raises(errors.DeadlineError, match="before the request was sent"):
        Client(asynchronous, server, auth(refresh=slow)).call(deadline=0.5)
    assert len(server.requests) == 1


def test_what_is_sent_after_a_refresh_has_what_is_left_of_the_deadline(asynchronous: bool, clock: Clock) -> None:
    def slow() -> str:
        clock.now += 2
        return SERVER_TOKEN

    server = Script(guarded)
    Client(asynchronous, server, auth(refresh=slow)).call(deadline=5)
    assert [each["read"] for each in server.timeouts] == [5, 3]


def test_a_fresh_token_is_sent_until_the_function_gives_another(asynchronous: bool) -> None:
    given = ["old", "old", "old", "newer", "newer"]
    server = Script(401, 200)
    client = Client(asynchronous, server, auth(token=lambda: given.pop(0), refresh=Refresh("fresh")))
    for _ in range(5):
        client.call()
    sent = [sent["authorization"].removeprefix("Bearer ") for sent in server.sent]
    assert sent == ["old", "fresh", "fresh", "fresh", "newer", "newer"]


def test_a_refresh_that_gives_the_same_token_is_asked_once_by_calls_at_once(asynchronous: bool) -> None:
    barrier, async_barrier = threading.Barrier(8), asyncio.Barrier(8)

    def answered(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if "token_refreshed" in request.extensions else 401, json={})

    def server(request: httpx.Request) -> httpx.Response:
        barrier.wait(10)  # all have seen the token refused before the first one refreshes
        return answered(request)

    async def async_server(request: httpx.Request) -> httpx.Response:
        await async_barrier.wait()
        return answered(request)

    refresh = Refresh("old", asynchronous=asynchronous)
    client = Client(asynchronous, async_server if asynchronous else server, auth(refresh=refresh))
    assert client.together(8) == [{}] * 8
    assert refresh.count == 1


def test_a_call_refreshes_once_over_all_its_tries(asynchronous: bool) -> None:
    refresh, server = Refresh("wrong", "wrong too"), Script(401, 503, 401, 200)
    with pytest.raises(errors.UnauthorizedError):
        Client(asynchronous, server, auth(refresh=refresh)).call()
    assert (refresh.count, len(server.requests)) == (1, 3)


def test_calls_at_once_share_one_refresh(asynchronous: bool) -> None:
    barrier = threading.Barrier(8)

    def server(request: httpx.Request) -> httpx.Response:
        if not asynchronous and request.headers["authorization"] == "Bearer old":
            barrier.wait(10)  # all have seen the old token refused before the first one refreshes
        return guarded(request)

    refresh = Refresh(SERVER_TOKEN, asynchronous=asynchronous)
    client = Client(asynchronous, server, auth(refresh=refresh))
    assert client.together(8) == [{}] * 8
    assert refresh.count == 1


def test_a_refresh_that_fails_is_the_callers_error(asynchronous: bool) -> None:
    def refresh() -> str:
        raise LookupError("no key")

    with pytest.raises(LookupError, match="no key"):
        Client(asynchronous, Script(401), auth(refresh=refresh)).call()


def test_the_token_is_in_no_representation() -> None:
    assert "old" not in repr(auth())


def test_a_refresh_of_another_call_that_hangs_is_waited_for_until_the_deadline_alone() -> None:
    hanging, left = threading.Event(), threading.Event()

    def refresh() -> str:
        hanging.set()
        left.wait(10)
        return SERVER_TOKEN

    client = Client(False, Script(guarded), auth(refresh=refresh))
    first = threading.Thread(target=client.call)
    first.start()
    hanging.wait(10)
    try:
        with pytest.raises(errors.TransportError, match="refreshed"):
            client.call(operation(idempotent=False), deadline=0.05)
    finally:
        left.set()
        first.join(10)


def test_a_request_that_is_sent_anew_counts_though_it_gets_no_answer(asynchronous: bool) -> None:
    told: list[Any] = []
    server = Script(401, httpx.ReadError)
    client = Client(asynchronous, server, auth(refresh=Refresh("fresh")), hooks=telemetry.Hooks(after=[told.append]))
    with pytest.raises(errors.TransportError):
        client.call(operation(idempotent=False))
    assert [event.attempts for event in told] == [2]


def test_a_user_and_a_password_are_refused_where_a_token_is_asked_for() -> None:
    with pytest.raises(ValueError, match="Basic"):
        calls.Auth("header", "Authorization", "Bearer", ("ada", "secret"))
