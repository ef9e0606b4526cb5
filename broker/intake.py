"""What the broker takes on at once: how many requests are worked on, how many wait, and how much they weigh.

Whatever is beyond these bounds is refused at once with 503, which every client repeats later, instead of
taking memory and time from those that are being served.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from attrs import define, field
from starlette.requests import Request

from broker.errors import BusyError, TooLargeError, TooSlowError

T = TypeVar("T")
_WAITING_PER_THREAD = 25
_LARGEST_AT_ONCE = 8
# Reading JSON takes many times its size, and what was read lives as long as its handler: of bodies larger than this,
# one is worked on at a time, from its first byte that is read to its answer. They arrive side by side, so that a slow
# sender keeps nobody waiting.
_LARGE = 1024 * 1024
_LARGE_SECONDS = 30
_SILENT_SECONDS = 30  # that may pass without any of a body
# Who only reads may be anybody, and must not use up the room of those who publish.
_MOST_TO_READ = 1024 * 1024
_READ_AT_ONCE = 32


@define
class _Held:
    """What one body takes of the room of its kind."""

    kind: str
    size: int = 0


@define
class Intake:
    """Lives in the event loop alone, so that its counts need no lock.

    `threads` work at a time. A body has at most `max_body_bytes`, 1 MB where nothing is changed, and `body_seconds` to
    arrive. Bodies that are held share the room of their kind: "reading", "small" or "large".
    """

    threads: int
    max_body_bytes: int
    body_seconds: float
    _limiter: CapacityLimiter = field(init=False)
    _held: Counter[str] = field(factory=Counter, init=False)
    _large: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(1), init=False)

    def __attrs_post_init__(self) -> None:
        self._limiter = CapacityLimiter(self.threads)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` answers, in a thread; raises BusyError when too many wait already.

        When the process gives up waiting for it, the thread is left behind: its transaction is applied whole or
        not at all.
        """
        if self._limiter.statistics().tasks_waiting >= self.threads * _WAITING_PER_THREAD:
            raise BusyError("The broker is busy: try again in a moment")
        return await anyio.to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)

    @asynccontextmanager
    async def body(self, request: Request, *, reading: bool) -> AsyncIterator[bytes]:
        """The body, which counts as held until the block ends. `reading`: the request changes nothing.

        Raises TooLargeError, TooSlowError or BusyError.
        """
        most = min(_MOST_TO_READ, self.max_body_bytes) if reading else self.max_body_bytes
        announced = request.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced[:18]) > most:
            raise TooLargeError(f"The body is larger than {most} bytes")
        held = _Held("reading" if reading else "small")
        try:
            body = await self._received(request, most, held)
            async with self._turn() if len(body) > _LARGE else nullcontext():
                yield body
        finally:
            self._held[held.kind] -= held.size

    async def _received(self, request: Request, most: int, held: _Held) -> bytes:
        loop, body = asyncio.get_running_loop(), bytearray()
        ends = loop.time() + self.body_seconds
        try:
            async with asyncio.timeout_at(min(ends, loop.time() + _SILENT_SECONDS)) as clock:
                async for part in request.stream():
                    clock.reschedule(min(ends, loop.time() + _SILENT_SECONDS))
                    body += part
                    if len(body) > most:
                        raise TooLargeError(f"The body is larger than {most} bytes")
                    self._hold(held, len(body))
        except TimeoutError:
            if not clock.expired():
                raise
            raise TooSlowError("The body did not arrive in time") from None
        return bytes(body)

    def _hold(self, held: _Held, size: int) -> None:
        """Raises BusyError when there is no room for bodies of this kind."""
        self._held[held.kind] -= held.size
        if held.kind == "small" and size > _LARGE:
            held.kind = "large"
        held.size = size
        self._held[held.kind] += size
        room = _MOST_TO_READ * _READ_AT_ONCE if held.kind == "reading" else self.max_body_bytes * _LARGEST_AT_ONCE
        if self._held[held.kind] > room:
            raise BusyError("The broker holds too many bodies: try again in a moment")

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Until the block ends, no other large body is worked on; raises BusyError when the turn does not come."""
        try:
            async with asyncio.timeout(min(_LARGE_SECONDS, self.body_seconds)):
                await self._large.acquire()
        except TimeoutError:
            raise BusyError("The broker works on other large bodies: try again in a moment") from None
        try:
            yield
        finally:
            self._large.release()
