"""Streams of generated clients: server-sent events and JSON lines are decoded as they come, however they are cut."""

import asyncio
import contextlib
from typing import Any

import httpx
import pytest

from contractkit.tests.generate.runtime import (
    Client,
    Clock,
    Pieces,
    Script,
    Turn,
    calls,
    codec,
    errors,
    operation,
    reply,
    streams,
)

Event = streams.ServerSentEvent
EVENTS = "text/event-stream"
LINES = "application/jsonl"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.put(monkeypatch)


def stream(*pieces: Any, media_type: str = EVENTS) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": media_type}, stream=Pieces(*pieces))


def events(kind: str = "events", media_type: str = EVENTS, **members: Any) -> Any:
    return operation(replies={"200": reply(kind, media_type, **members), "default": reply()}, streaming=True)


WIRE = (
    b"\xef\xbb\xbfdata: one\n\n"
    b": a comment\r\nid: 7\r\nevent: added\r\ndata: two\r\ndata:  lines\r\n\r\n"
    b"retry: 1500\rdata\rdata\r\r"
    b"event: nothing\n\n"
    b"id: a\0b\nunknown: x\nretry: soon\ndata:\xc3\xa4\n\n"
    b"id\ndata: last\n\n"
    b"data: never ended\n"
)
PARSED = [
    Event("one"),
    Event("two\n lines", "added", "7"),
    Event("\n", "message", "7", 1500),
    Event("ä", "message", "7"),
    Event("last"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_read_as_the_standard_says_wherever_they_are_cut(asynchronous: bool, size: int) -> None:
    pieces = [WIRE[start : start + size] for start in range(0, len(WIRE), size)]
    client = Client(asynchronous, Script(stream(*pieces)))
    assert client.items(events(), lambda opened: opened.raw()) == PARSED


def test_an_event_gives_its_data_decoded(asynchronous: bool) -> None:
    server = Script(stream(b'data: {"n": 1}\n\ndata: {"n":\ndata: 2}\n\n'))
    assert Client(asynchronous, server).items(events(decode=lambda value: value["n"])) == [1, 2]


def test_plain_data_is_not_taken_for_json(asynchronous: bool) -> None:
    assert Client(asynchronous, Script(stream(b"data: 12\n\ndata: [x\n\n"))).items(events(plain=True)) == ["12", "[x"]


def test_json_lines_need_no_end_and_may_be_empty(asynchronous: bool) -> None:
    server = Script(stream(b'{"a"', b": 1}\n\n\x1e[2]\r\n", b'"\xe2\x80\xa8"', media_type=LINES))
    assert Client(asynchronous, server).items(events("lines", LINES)) == [{"a": 1}, [2], "\u2028"]


def test_values_are_handed_out_before_the_stream_ends(asynchronous: bool) -> None:
    order: list[Any] = []
    server = Script(stream(b"data: 1\n\n", lambda: order.append("second piece"), b"data: 2\n\n"))
    Client(asynchronous, server).items(events(decode=order.append))
    assert order == [1, "second piece", 2]


def test_the_event_of_the_last_value_can_be_seen() -> None:
    with Client(False, Script(stream(WIRE))).session.call(events(plain=True), calls.Request("/events")) as opened:
        assert [(value, opened.last.id) for value in opened][1] == ("two\n lines", "7")


def test_leaving_a_stream_closes_its_connection(asynchronous: bool) -> None:
    answer = stream(b"data: 1\n\n", b"data: 2\n\n")
    client = Client(asynchronous, Script(answer))

    async def leave() -> None:
        async with await client.session.call(events(), calls.Request("/events")) as opened:
            await anext(opened)

    if asynchronous:
        asyncio.run(leave())
    else:
        with client.session.call(events(), calls.Request("/events")) as opened:
            next(opened)
    assert answer.is_closed


@pytest.mark.parametrize("rest", [b"", b"data: " + b"x" * 3000])
def test_a_stream_that_ends_badly_or_well_closes_its_connection_by_itself(
    rest: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LONGEST", 2000)
    answer = stream(b"data: 1\n\n", rest)
    opened = Client(False, Script(answer)).session.call(events(), calls.Request("/events"))
    with contextlib.suppress(errors.UnexpectedResponse):
        list(opened)
    assert answer.is_closed


@pytest.mark.parametrize("read", [0, 1])
def test_a_stream_that_is_dropped_gives_its_connection_back_with_a_warning(asynchronous: bool, read: int) -> None:
    answer = stream(b"data: 1\n\n", b"data: 2\n\n")
    client = Client(asynchronous, Script(answer))

    async def drop() -> None:
        opened = await client.session.call(events(), calls.Request("/events"))
        for _ in range(read):
            await anext(opened)
        del opened
        for _ in range(5):
            await Turn()

    if asynchronous:
        with pytest.warns(ResourceWarning, match="dropped"):
            asyncio.run(drop())
    else:
        opened = client.session.call(events(), calls.Request("/events"))
        for _ in range(read):
            next(opened)
        with pytest.warns(ResourceWarning, match="dropped"):
            del opened
    assert answer.is_closed


def test_a_stream_is_asked_for_again_until_it_begins(asynchronous: bool) -> None:
    server = Script(503, httpx.ConnectError, stream(b"data: 1\n\n"))
    assert Client(asynchronous, server).items(events()) == [1]


def test_a_stream_that_breaks_is_not_asked_for_again(asynchronous: bool) -> None:
    seen: list[Any] = []
    server = Script(stream(b"data: 1\n\n", httpx.ReadError("reset")), stream(b"data: 1\n\n"))
    with pytest.raises(errors.TransportError):
        Client(asynchronous, server).items(events(decode=seen.append))
    assert (seen, len(server.requests)) == ([1], 1)


@pytest.mark.parametrize("data", [b"data: {\n\n", b"data: [1]\n\n"])
def test_an_event_that_is_not_as_documented_is_an_unexpected_response(asynchronous: bool, data: bytes) -> None:
    with pytest.raises(errors.UnexpectedResponse, match="an event is not as documented"):
        Client(asynchronous, Script(stream(data))).items(events(decode=codec.string))


def test_an_error_of_a_streaming_operation_is_raised_by_the_call(asynchronous: bool) -> None:
    with pytest.raises(errors.NotFoundError):
        Client(asynchronous, Script(404)).items(events())


def test_an_answer_that_is_no_stream_is_unexpected_and_closed(asynchronous: bool) -> None:
    answer = stream(b"<html>", media_type="text/html")
    with pytest.raises(errors.UnexpectedResponse, match="text/html"):
        Client(asynchronous, Script(answer)).items(events())
    assert answer.is_closed


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 1000, b"data: x\n" * 200, b"data\n" * 200])
def test_an_event_without_end_is_given_up_before_it_fills_the_memory(
    asynchronous: bool, piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LONGEST", 2000)
    answer = stream(*[piece] * 100)
    with pytest.raises(errors.UnexpectedResponse, match="more than 2000 characters"):
        Client(asynchronous, Script(answer)).items(events())
    assert answer.is_closed


def test_parse_gives_all_events_of_an_answer() -> None:
    answer = httpx.Response(200, headers={"content-type": EVENTS}, content=b"data: 1\n\ndata: 2\n\n")
    assert calls.parse(events(), answer) == [1, 2]
