"""A deadline holds against servers that drip, wherever they do it; real sockets, 2 s of waiting in all."""

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from contractkit.tests.generate.runtime import Client, Script, calls, errors, listening, operation, reply, resilience

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
PACKED = gzip.compress(b"[1]")
DRIPS = {
    "head": (b"HTTP/1.1 200 OK\r\n", b"x-drip: 1\r\n"),
    "interim answers": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "body": (HEAD + b"content-length: 1000\r\n\r\n", b"1"),
    "packed body": (
        HEAD + b"content-encoding: gzip\r\ncontent-length: 1000\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\xff",
        b"n",
    ),
}


@contextmanager
def dripping(first: bytes, drip: bytes, seconds: float = 4.0) -> Iterator[str]:
    """The URL of a server that sends one piece after another, for much longer than anyone waits."""
    left = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(first)
            end = time.monotonic() + seconds
            while time.monotonic() < end and not left.wait(0.05):
                try:
                    connection.sendall(drip)
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        left.set()
        thread.join(10)


@pytest.mark.parametrize("place", DRIPS)
def test_a_deadline_holds_wherever_an_answer_drips(
    asynchronous: bool, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "localhost")  # names no proxy, so that nothing is different
    with dripping(*DRIPS[place]) as url:
        started = time.monotonic()
        with pytest.raises(errors.DeadlineError):
            Client(asynchronous, url).call(deadline=0.25)
        assert time.monotonic() - started < 2


def test_a_deadline_holds_while_a_refusal_drips_that_a_fresh_token_follows(asynchronous: bool) -> None:
    auth = calls.Auth("header", "Authorization", "Bearer", "old", lambda: "new")
    with dripping(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 1000\r\n\r\n", b"x") as url:
        started = time.monotonic()
        with pytest.raises(errors.DeadlineError):
            Client(asynchronous, url, auth).call(deadline=0.25)
        assert time.monotonic() - started < 2


def test_a_server_that_does_not_read_is_left_at_the_deadline(asynchronous: bool) -> None:
    request = calls.Request("/items", content=b"x" * 30_000_000)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        client = Client(asynchronous, f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(errors.DeadlineError):
            client.call(operation(method="PUT"), request, deadline=0.25)
        assert time.monotonic() - started < 2


def test_proxies_of_the_environment_are_used(asynchronous: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(HEAD + b"content-length: 3\r\n\r\n[1]") as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        assert Client(asynchronous, "http://nowhere.invalid").call() == [1]


def test_a_stream_is_not_bound_by_the_deadline_of_its_call(asynchronous: bool) -> None:
    events = b"HTTP/1.1 200 OK\r\ncontent-type: application/jsonl\r\nconnection: close\r\n\r\n"
    streaming = operation(streaming=True, replies={"200": reply("lines", "application/jsonl")})
    with dripping(events, b"1\n", seconds=0.6) as url:
        client = Client(asynchronous, url, resilience=resilience.Resilience(deadline=0.3))
        assert len(client.items(streaming)) > 7


def test_the_pauses_of_a_stream_may_be_as_long_as_the_timeout_however_late_it_began(asynchronous: bool) -> None:
    streaming = operation(streaming=True, replies={"200": reply("lines", "application/jsonl")})
    seen: list[Any] = []

    def head(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"content-type": "application/jsonl"}, content=b"1\n")

    Client(asynchronous, head).items(streaming)
    assert seen[0].extensions["timeout"]["read"] == 30
    assert type(seen[0].extensions["timeout"]["read"]) is float


def test_callers_in_a_hurry_do_not_open_the_circuit_for_all(asynchronous: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = Client(asynchronous, url, resilience=resilience.Resilience(breaker_failures=2))
        for _ in range(4):
            with pytest.raises(errors.DeadlineError):
                client.call(deadline=0.03)


def test_a_host_that_hangs_for_the_whole_deadline_of_the_client_opens_the_circuit(asynchronous: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = Client(asynchronous, url, resilience=resilience.Resilience(breaker_failures=2, deadline=0.05))
        for _ in range(2):
            with pytest.raises(errors.DeadlineError):
                client.call()
        with pytest.raises(errors.CircuitOpenError):
            client.call()


def test_a_deadline_that_is_no_number_is_refused(asynchronous: bool) -> None:
    with pytest.raises(ValueError, match="deadline"):
        Client(asynchronous, Script(200)).call(deadline=float("nan"))


def test_a_call_that_is_cancelled_from_outside_is_cancelled() -> None:
    async def main(url: str) -> None:
        call = asyncio.ensure_future(Client(True, url).session.call(operation(), calls.Request("/items")))
        await asyncio.sleep(0.05)
        call.cancel()
        await call

    with dripping(*DRIPS["head"]) as url, pytest.raises(asyncio.CancelledError):
        asyncio.run(main(url))
