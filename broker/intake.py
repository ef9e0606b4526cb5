"""What the broker takes on at once: how many requests are worked on, how many wait, and how much they weigh.

Whatever is beyond these bounds is refused at once with 503, which every client repeats later, instead of
taking memory and time from those that are being served.
"""

from __future__ import annotations

import asyncio
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


@define
class Intake:
    """Lives in the event loop alone, so that its counts need no lock.

    `threads` work at a time. A body has at most `max_body_bytes`, and `body_seconds` to arrive.
    """

    threads: int
    max_body_bytes: int
    body_seconds: float
    _limiter: CapacityLimiter = field(init=False)
    _held: int = field(default=0, init=False)
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
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """The body, which counts as held until the block ends.

        Raises TooLargeError, TooSlowError or BusyError.
        """
        announced = request.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced[:18]) > self.max_body_bytes:
            raise TooLargeError(f"The body is larger than {self.max_body_bytes} bytes")
        body = bytearray()
        try:
            try:
                async with asyncio.timeout(self.body_seconds) as clock:
                    async for part in request.stream():
                        body += part
                        self._held += len(part)
                        self._check(len(body))
            except TimeoutError:
                if not clock.expired():
                    raise
                raise TooSlowError(f"The body did not arrive within {self.body_seconds:g} seconds") from None
            async with self._turn() if len(body) > _LARGE else nullcontext():
                yield bytes(body)
        finally:
            self._held -= len(body)

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

    def _check(self, size: int) -> None:
        if size > self.max_body_bytes:
            raise TooLargeError(f"The body is larger than {self.max_body_bytes} bytes")
        if self._held > self.max_body_bytes * _LARGEST_AT_ONCE:
            raise BusyError("The broker holds too many large bodies: try again in a moment")
