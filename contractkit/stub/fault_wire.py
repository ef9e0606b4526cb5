"""What a fault does to a reply and to its connection.

ASGI has no word for cutting a connection, so `FaultyProtocol` puts two functions into the scope's extensions. Without
them, under another server or in a test without a socket, the application raises ConnectionResetError instead.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from random import Random

import orjson
from attrs import define, frozen
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from contractkit.stub.fault_rules import LASTING, STATUSES, Rule
from contractkit.stub.front import request_id_of
from contractkit.stub.problems import ExtendProblem, Problem, phrase, render

EXTENSION = "contractkit.connection"
PIECES = 8
PAGE = """<html>
<head><title>{status} {phrase}</title></head>
<body><center><h1>{status} {phrase}</h1></center><hr><center>proxy</center></body>
</html>
"""
NO_LINGER = struct.pack("ii", 1, 0)


class FaultyProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which also lets the application reset or close the connection of a request."""

    _before: Sequence[RequestResponseCycle] = ()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"reset": self._reset, "close": self.transport.close}}

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        self._before = [each for each in (*self._before, before) if each and not each.response_complete]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for each in self._before:  # it has told the last request alone, though that one waits for those before it
            each.disconnected = True
            each.message_event.set()

    def _reset(self) -> None:
        if self.transport.is_closing():  # the caller has left, as one does whose patience ends before the latency
            return
        # A socket that does not linger is closed with RST instead of FIN.
        found = self.transport.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.transport.abort()


@frozen
class Strike:
    """A rule that strikes a call, and how many seconds it waits."""

    rule: Rule
    seconds: float


@define
class Victim:
    """One call and the faults that strike it: lasting ones first, then at most one that ends the reply."""

    scope: Scope
    receive: Receive
    send: Send
    strikes: Sequence[Strike]
    injected: Callable[[Rule], None]
    extend: ExtendProblem
    _start: Message | None = None
    _over: bool = False
    _cut: bool = False
    _slowed: bool = False

    async def before(self) -> bool:
        """Does what strikes before the handler; whether the handler is still to run."""
        for strike in self.strikes:
            if strike.rule.fault == "latency" and not strike.rule.after:
                await self._wait(strike)
        ending = self._ending()
        if ending is None or ending.after or ending.fault in ("truncate", "malformed"):
            return True
        await self._replace(ending)
        return False

    async def reply(self, message: Message) -> None:
        """Takes the application's reply in the place of the server."""
        if self._over:
            return
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] != "http.response.body":
            await self.send(message)
        elif self._start is None:
            await self._body(message)
        else:
            await self._first(self._start, message)

    async def closed(self) -> None:
        """Waits until the server knows that the connection is gone; it would log an unfinished reply otherwise."""
        while self._cut and (await self.receive())["type"] != "http.disconnect":
            pass

    async def _first(self, start: Message, message: Message) -> None:
        """The first piece of the body; the handler has done its work."""
        ending = self._ending()
        whole = ending is None or ending.after
        if not whole and not message.get("body") and message.get("more_body"):
            return  # there is nothing to spoil yet
        self._start = None
        for strike in self.strikes:
            if strike.rule.fault == "latency" and strike.rule.after:
                await self._wait(strike)
        if ending is not None and ending.after:
            self._over = True
            await self._replace(ending)
        elif ending is not None and message.get("body") and self.scope["method"] != "HEAD":
            self._over = True
            await self._spoil(ending, start, message)
        else:
            await self.send(start)
            await self._body(message)

    async def _spoil(self, rule: Rule, start: Message, message: Message) -> None:
        body = message["body"]
        half = body[: len(body) // 2]
        self.injected(rule)
        if rule.fault == "malformed":
            spoilt = half + b"{" if _is_json(half) else half
            kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            start["headers"] = [*kept, (b"content-length", b"%d" % len(spoilt))]
            await self.send(start)
            await self._body({**message, "body": spoilt, "more_body": False})
        else:
            await self.send(start)
            await self._body({**message, "body": half, "more_body": True})
            self._close("close")

    async def _body(self, message: Message) -> None:
        slow = [strike for strike in self.strikes if strike.rule.fault == "slow"]
        body = message.get("body", b"")
        if slow and body:
            size = -(-len(body) // PIECES)
            pieces = [body[at : at + size] for at in range(0, len(body), size)]
            for strike in slow if not self._slowed else ():
                self.injected(strike.rule)
            self._slowed = True
            pause = sum(strike.seconds for strike in slow) / len(pieces)
            for piece in pieces[:-1]:
                await asyncio.sleep(pause)
                await self.send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(pause)
            message = {**message, "body": pieces[-1]}
        await self.send(message)

    async def _replace(self, rule: Rule) -> None:
        """Answers, or cuts, in the place of the application."""
        self.injected(rule)
        if rule.fault == "reset":
            self._close("reset")
        else:
            await self._answer(rule)(self.scope, self.receive, self.send)

    def _answer(self, rule: Rule) -> Response:
        if rule.fault not in STATUSES:
            return HTMLResponse(PAGE.format(status=rule.status, phrase=phrase(rule.status)), rule.status)
        headers = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
        problem = Problem(int(rule.fault), detail="Injected on purpose.", headers=headers)
        path = (self.scope.get("raw_path") or self.scope["path"].encode()).decode("ascii", "replace")
        return render(problem, instance=path, extend=self.extend, request_id=request_id_of(Headers(scope=self.scope)))

    def _close(self, how: str) -> None:
        connection = self.scope.get("extensions", {}).get(EXTENSION)
        if connection is None:
            raise ConnectionResetError(f"{how} on purpose")
        connection[how]()
        self._cut = True

    async def _wait(self, strike: Strike) -> None:
        self.injected(strike.rule)
        await asyncio.sleep(strike.seconds)

    def _ending(self) -> Rule | None:
        found = [strike.rule for strike in self.strikes if strike.rule.fault not in LASTING]
        return found[0] if found else None


def wait_of(rule: Rule, random: Random) -> float:
    """The seconds that a rule waits; a range takes one draw."""
    low, high = rule.ms
    return (low if low == high else random.randint(low, high)) / 1000


def _is_json(body: bytes) -> bool:
    """Whether half a body happens to be a whole one, as half of 12 is."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
