"""Answers that are read as they come: server-sent events, as the HTML standard defines them, and JSON lines."""

import asyncio
import codecs
import re
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar
from weakref import finalize

import httpx
from attrs import frozen

T = TypeVar("T")

LONGEST = 16 * 2**20  # characters of one event or line; a stream that never ends its line must not fill the memory
_CLOSING: set["asyncio.Task[Any]"] = set()  # a loop holds its tasks by weak references alone
_LINE_END = re.compile(r"\r\n|\n|\r")


@frozen
class ServerSentEvent:
    """One event; of JSON lines, one line in `data`."""

    data: str
    event: str = "message"
    """The event's type."""
    id: str = ""
    """The last id that the stream gave, with this event or before it."""
    retry: int | None = None
    """Milliseconds to wait before connecting again, where the event says so."""


class Parser(Protocol):
    """Makes events of bytes that come in pieces of any size."""

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """The events that are whole with this piece. Raises ValueError when one grows too long."""
        ...

    def close(self) -> Iterator[ServerSentEvent]:
        """What the end of the stream makes whole."""
        ...


class Lines:
    """Cuts text in UTF-8 into lines that end in CR, LF or CRLF, wherever the pieces are cut."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._pending: list[str] = []
        self._length = 0
        self._after_return = False

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The lines that are whole with this piece, without their ends."""
        text = self._decoder.decode(chunk)
        if not text:
            return
        if self._after_return and text.startswith("\n"):
            text = text[1:]  # the second half of a CRLF, whose line was handed out at its CR
        self._after_return = text.endswith("\r") if text else False
        *whole, rest = _LINE_END.split(text)
        for line in whole:
            yield "".join((*self._pending, line))
            self._pending, self._length = [], 0
        if rest:
            self._pending.append(rest)
            self._length += len(rest)
        if self._length > LONGEST:
            raise ValueError(f"a line has more than {LONGEST} characters")

    def close(self) -> str:
        """What follows the last line end."""
        return "".join(self._pending)


class EventParser:
    """Server-sent events."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._id = ""
        self._reset()

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """The events that are whole with this piece."""
        for line in self._lines.feed(chunk):
            if line:
                self._take(line)
            else:
                if self._data:
                    yield ServerSentEvent("\n".join(self._data), self._event or "message", self._id, self._retry)
                self._reset()

    def close(self) -> Iterator[ServerSentEvent]:
        """Nothing: an event that no empty line ended is not one."""
        return iter(())

    def _reset(self) -> None:
        self._data: list[str] = []
        self._length = 0
        self._event = ""
        self._retry: int | None = None

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")  # a comment has no name
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._length += len(value) + 1
            if self._length > LONGEST:
                raise ValueError(f"an event has more than {LONGEST} characters")
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self._retry = int(value[:18])


class LineParser:
    """JSON lines, and JSON text sequences, whose records begin with a record separator. Empty lines are skipped."""

    def __init__(self) -> None:
        self._lines = Lines()

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """The lines that are whole with this piece."""
        for line in self._lines.feed(chunk):
            yield from self._event(line)

    def close(self) -> Iterator[ServerSentEvent]:
        """The last line, which needs no end."""
        return self._event(self._lines.close())

    def _event(self, line: str) -> Iterator[ServerSentEvent]:
        if text := line.strip(" \t\x1e"):
            yield ServerSentEvent(text)


class EventStream(Generic[T]):
    """The events of an answer, one by one as they come; `with` closes the connection, and so does the end.

    The deadline of the call held until the head of the answer; from then on the client's `timeout` is the longest pause
    between two pieces, so a stream that may be silent for longer needs a longer one, or a server that sends comments.
    A stream that is dropped before its end is closed, with a ResourceWarning.

    Iterating raises TransportError when the connection breaks, and UnexpectedResponse for an event that is not as
    documented. `last` is the event as it came, with its type and id, of the value handed out last.
    """

    last: ServerSentEvent | None

    def __init__(
        self,
        response: httpx.Response,
        parser: Parser,
        decode: Callable[[ServerSentEvent], T],
        failed: Callable[[Exception], Exception],
    ) -> None:
        """`decode` makes a value of an event; `failed` says what is raised for an error of httpx or of the parser."""
        self.last = None
        self._response = response
        self._decode = decode
        self._events = _read(response, parser, failed)
        finalize(self, _dropped, response).atexit = False

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        self.last = next(self._events)
        return self._decode(self.last)

    def raw(self) -> Iterator[ServerSentEvent]:
        """The events as they come, with their types and ids, and with data that nobody has decoded."""
        for event in self._events:
            self.last = event
            yield event

    def close(self) -> None:
        """Closes the connection; what has not been read is lost."""
        self._events.close()
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncEventStream(Generic[T]):
    """EventStream for `async for` and `async with`."""

    last: ServerSentEvent | None

    def __init__(
        self,
        response: httpx.Response,
        parser: Parser,
        decode: Callable[[ServerSentEvent], T],
        failed: Callable[[Exception], Exception],
    ) -> None:
        """`decode` makes a value of an event; `failed` says what is raised for an error of httpx or of the parser."""
        self.last = None
        self._response = response
        self._decode = decode
        self._events = _aread(response, parser, failed)
        finalize(self, _async_dropped, response).atexit = False

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        self.last = await anext(self._events)
        return self._decode(self.last)

    async def raw(self) -> AsyncIterator[ServerSentEvent]:
        """The events as they come, with their types and ids, and with data that nobody has decoded."""
        async for event in self._events:
            self.last = event
            yield event

    async def aclose(self) -> None:
        """Closes the connection; what has not been read is lost."""
        await self._events.aclose()
        await self._response.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _read(
    response: httpx.Response, parser: Parser, failed: Callable[[Exception], Exception]
) -> Generator[ServerSentEvent, None, None]:
    try:
        for chunk in response.iter_bytes():
            yield from parser.feed(chunk)
        yield from parser.close()
    except (httpx.RequestError, ValueError) as error:
        raise failed(error) from error
    finally:
        response.close()


async def _aread(
    response: httpx.Response, parser: Parser, failed: Callable[[Exception], Exception]
) -> AsyncGenerator[ServerSentEvent, None]:
    try:
        async for chunk in response.aiter_bytes():
            for event in parser.feed(chunk):
                yield event
        for event in parser.close():
            yield event
    except (httpx.RequestError, ValueError) as error:
        raise failed(error) from error
    finally:
        await response.aclose()


def _dropped(response: httpx.Response) -> None:
    """Gives the connection back of a stream that nobody holds any more: its generator does not if it never began."""
    if not response.is_closed:
        warnings.warn("a stream was dropped without being closed", ResourceWarning, stacklevel=2)
        response.close()


def _async_dropped(response: httpx.Response) -> None:
    if not response.is_closed:
        warnings.warn("a stream was dropped without being closed", ResourceWarning, stacklevel=2)
        with suppress(RuntimeError):  # no loop runs: its connections are lost with it
            closing = asyncio.get_running_loop().create_task(response.aclose())
            _CLOSING.add(closing)
            closing.add_done_callback(_CLOSING.discard)
