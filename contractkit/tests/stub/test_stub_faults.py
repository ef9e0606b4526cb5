"""Faults on purpose: each one observed on the wire of a server in a process of its own (5 s)."""

import asyncio
import socket
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from contractkit.stub import create_app, with_faults
from contractkit.tests.stub.conftest import Ask
from contractkit.tests.stub.faulty_shop import ITEM, LAMP, Shop


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("after", [False, True])
def test_a_status_is_a_problem_document_before_or_after_the_handler_did_its_work(
    faulty: Shop, status: int, after: bool
) -> None:
    faulty.spoil([{"operation": "getItem", "fault": str(status), "after": after}])
    before = faulty.handled()
    reply = faulty.get(X_Request_Id="r1")
    assert (reply.status_code, reply.json()["status"], reply.json()["instance"]) == (status, status, ITEM)
    assert (reply.headers["content-type"], reply.headers["x-request-id"]) == ("application/problem+json", "r1")
    assert reply.headers.get("retry-after") == ("1" if status == 429 else None)
    assert faulty.handled() - before == after


def test_a_retry_after_is_sent_as_the_rule_says(faulty: Shop) -> None:
    faulty.spoil("getItem: 503 retry-after 7 first 1; getItem: 429 retry-after 0")
    replies = [faulty.get() for _ in range(2)]
    assert [(each.status_code, each.headers["retry-after"]) for each in replies] == [(503, "7"), (429, "0")]


@pytest.mark.parametrize(("fault", "handled"), [("reset", 0), ("reset-after", 1)])
def test_a_reset_is_an_rst_without_a_byte_before_or_after_the_handler_did_its_work(
    faulty: Shop, fault: str, handled: int
) -> None:
    faulty.spoil(f"getItem: {fault} first 1")
    before = faulty.handled()
    with pytest.raises(ConnectionResetError):
        faulty.raw()
    assert faulty.handled() - before == handled
    assert faulty.injected("getItem") == {fault: 1}
    assert faulty.get().status_code == 200


def test_a_reset_strikes_while_a_large_request_is_still_on_its_way(faulty: Shop) -> None:
    faulty.spoil("addItem: reset first 1; addItem: reset-after")
    for _ in range(2):
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            faulty.raw("/items", method="POST", body=b" " * 3_000_000)
    assert faulty.injected("addItem") == {"reset": 1, "reset-after": 1}


def test_a_connection_that_was_kept_alive_is_reset_too(faulty: Shop) -> None:
    faulty.spoil("getItem: reset calls 2")
    with httpx.Client(base_url=faulty.url) as client:
        assert client.get(ITEM).status_code == 200
        with pytest.raises(httpx.TransportError):
            client.get(ITEM)


@pytest.mark.parametrize("fault", ["reset", "truncate", "html"])
def test_a_caller_who_leaves_before_a_fault_strikes_leaves_no_trace_in_the_log(faulty: Shop, fault: str) -> None:
    faulty.spoil(f"getItem: latency 150ms; getItem: {fault}")
    with pytest.raises(httpx.ReadTimeout):
        faulty.client.get(ITEM, timeout=0.05)
    deadline = time.monotonic() + 10
    while fault not in faulty.injected("getItem") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert faulty.injected("getItem")[fault] == 1  # and the log is empty, which the shop asserts at its end


def test_a_caller_who_leaves_while_he_sends_rules_leaves_no_trace_in_the_log(faulty: Shop) -> None:
    port = int(faulty.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"PUT /__faults HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.05)
    assert faulty.get().status_code == 200


@pytest.mark.parametrize("fault", ["reset", "reset-after", "truncate"])
def test_a_connection_is_cut_cleanly_though_another_request_waits_behind_it(faulty: Shop, fault: str) -> None:
    faulty.spoil(f"getItem: {fault}")
    port = int(faulty.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET {ITEM} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 2)
        with suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
    assert faulty.injected("getItem")[fault] == 1  # and the log is empty, which the shop asserts at its end


def test_a_truncated_body_is_shorter_than_its_content_length(faulty: Shop) -> None:
    faulty.spoil("getItem: truncate")
    before = faulty.handled()
    head, _, body = faulty.raw().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"content-length: %d" % len(LAMP) in head
    assert body == LAMP[: len(LAMP) // 2]
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        faulty.get()
    assert faulty.handled() - before == 2


def test_a_malformed_body_is_cut_but_well_framed(faulty: Shop) -> None:
    faulty.spoil("getItem: malformed; isReady: malformed")
    reply = faulty.get()
    assert (reply.status_code, reply.content) == (200, LAMP[: len(LAMP) // 2])
    assert reply.headers["content-type"] == "application/json"
    with pytest.raises(ValueError, match="Extra data"):  # half of 12 would be JSON
        faulty.get("/health/ready").json()


@pytest.mark.parametrize(
    ("rule", "status", "handled"), [("html", 502, 0), ("html 200", 200, 0), ("html-after 502", 502, 1)]
)
def test_the_page_of_a_proxy_takes_the_place_of_the_reply(faulty: Shop, rule: str, status: int, handled: int) -> None:
    faulty.spoil(f"getItem: {rule}")
    before = faulty.handled()
    reply = faulty.get()
    assert (reply.status_code, reply.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert reply.text.startswith("<html>")
    assert faulty.handled() - before == handled


@pytest.mark.parametrize("fault", ["latency", "latency-after", "slow"])
def test_a_wait_lasts_as_long_as_the_rule_says_and_spoils_nothing(faulty: Shop, fault: str) -> None:
    faulty.spoil(f"getItem: {fault} 100-110ms")
    began = time.monotonic()
    assert faulty.get().content == LAMP
    assert time.monotonic() - began >= 0.1
    assert faulty.injected("getItem") == {fault: 1}


@pytest.mark.parametrize(
    ("fault", "order"),
    [
        ("latency", [0.1, "handled", "head", "body"]),
        ("latency-after", ["handled", 0.1, "head", "body"]),
        ("slow", ["handled", "head", *[0.0125, "body"] * 8]),
    ],
)
def test_a_wait_comes_before_the_handler_after_it_or_between_the_pieces_of_the_body(
    shop: dict[str, Any], fault: str, order: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    async def sleep(seconds: float) -> None:
        seen.append(seconds)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        seen.append("head" if message["type"].endswith("start") else "body")

    def list_items(**_: object) -> dict[str, str]:
        seen.append("handled")
        return {"a": "long enough for pieces"}

    monkeypatch.setattr(asyncio, "sleep", sleep)
    app = with_faults(create_app(shop, handlers={"listItems": list_items}), shop, rules=f"*: {fault} 100ms")
    scope = {"type": "http", "method": "GET", "path": "/items", "query_string": b"", "headers": []}

    async def call() -> None:
        await app(scope, receive, send)

    asyncio.run(call())
    assert seen == order


def test_a_slow_body_may_be_truncated_too(faulty: Shop) -> None:
    faulty.spoil("getItem: slow 8ms; getItem: truncate")
    assert faulty.raw().endswith(b"\r\n\r\n" + LAMP[: len(LAMP) // 2])
    assert faulty.injected("getItem") == {"slow": 1, "truncate": 1}


@pytest.mark.parametrize("fault", ["truncate", "malformed", "slow 1ms"])
def test_a_reply_without_a_body_cannot_be_spoilt(faulty: Shop, fault: str) -> None:
    faulty.spoil(f"deleteItem: {fault}")
    assert faulty.client.delete(ITEM).status_code == 204
    assert faulty.injected("deleteItem") == {}


@pytest.mark.parametrize(("fault", "content"), [("malformed", b"ab"), ("slow 1ms", b"abcdefgh"), ("html-after", b"<h")])
def test_a_reply_that_comes_in_pieces_is_spoilt_at_the_first_that_holds_something(
    ask: Ask, shop: dict[str, Any], fault: str, content: bytes
) -> None:
    async def streaming(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in (b"", b"abcd", b"efgh"):
            await send({"type": "http.response.body", "body": piece, "more_body": piece != b"efgh"})

    app = with_faults(streaming, shop, rules=f"getItem: {fault}")
    reply = ask(app, "GET", ITEM)
    assert reply.content[: len(content)] == content
    assert len(reply.content) == int(reply.headers.get("content-length", len(content)))
    assert ask(app, "GET", "/__faults").json()["operations"]["getItem"]["injected"] == {fault.partition(" ")[0]: 1}


def test_rules_take_turns_in_their_order(faulty: Shop) -> None:
    faulty.spoil("getItem: 503 first 2; getItem: 500 every 2; getItem: 429 calls 2,3")
    statuses = [faulty.get().status_code for _ in range(8)]
    assert statuses == [503, 503, 200, 500, 429, 500, 429, 500]
    assert faulty.injected("getItem") == {"429": 2, "500": 3, "503": 2}


def test_the_star_means_every_operation_but_health_checks_and_never_the_documentation(faulty: Shop) -> None:
    faulty.spoil("*: 503")
    pages = [ITEM, "/items", "/page", "/health/ready", "/docs", "/openapi.json", "/__faults", "/no/such/path"]
    statuses = [faulty.get(page).status_code for page in pages]
    assert statuses == [503, 503, 503, 200, 200, 200, 200, 404]
    assert faulty.client.patch(ITEM).status_code == 405
    faulty.spoil("isReady: 503; get /{page}: 500")
    assert [faulty.get(page).status_code for page in pages[2:4]] == [500, 503]
