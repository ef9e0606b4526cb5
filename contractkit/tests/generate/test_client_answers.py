"""The heads of answers can be seen beside what methods return."""

import asyncio
from typing import Any

import httpx
import pytest

from contractkit.tests.generate.runtime import Client, Clock, Script, calls, errors, module, operation

answers = module("answers")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.put(monkeypatch)


def made(number: int) -> httpx.Response:
    return httpx.Response(201, json={}, headers={"Location": f"/items/{number}"})


POST: Any = operation(method="POST", replies={"201": calls.Reply()})


def test_the_headers_of_a_success_can_be_had(asynchronous: bool) -> None:
    client = Client(asynchronous, Script(503, made(7), made(8)))
    with answers.capture() as seen:
        client.call(POST)
    client.call(POST)
    assert (seen.status_code, seen.headers["location"]) == (201, "/items/7")
    assert [(each.operation, each.status_code) for each in seen.heads] == [("list_items", 503), ("list_items", 201)]


def test_who_captures_inside_a_capture_takes_nothing_away(asynchronous: bool) -> None:
    client = Client(asynchronous, Script(made(1), made(2)))
    with answers.capture() as outer:
        client.call(POST)
        with answers.capture() as inner:
            client.call(POST)
    assert [each.headers["location"] for each in outer.heads] == ["/items/1", "/items/2"]
    assert inner.headers["location"] == "/items/2"


def test_tasks_at_once_see_their_own_answers() -> None:
    client = Client(True, lambda request: httpx.Response(201, headers={"X-Path": request.url.path}))

    async def one(name: str) -> str:
        with answers.capture() as seen:
            await client.session.call(POST, calls.Request(f"/{name}"))
        return str(seen.headers["x-path"])

    async def both() -> list[str]:
        return list(await asyncio.gather(one("a"), one("b")))

    assert asyncio.run(both()) == ["/v1/a", "/v1/b"]


def test_what_was_not_answered_has_no_headers(asynchronous: bool) -> None:
    with answers.capture() as seen, pytest.raises(errors.TransportError):
        Client(asynchronous, Script(httpx.ConnectError)).call()
    with pytest.raises(LookupError, match="nothing was answered"):
        _ = seen.headers
    with pytest.raises(LookupError, match="nothing was answered"):
        _ = seen.status_code
