"""One call and its tries: what is sent, what is tried again and when, which error is raised. No I/O, no sleeping.

The session and its async twin differ in their I/O alone, because all that is decided is decided here.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from types import TracebackType
from typing import Any, Generic, Self, TypeVar
from uuid import uuid4

import httpx

from .encoding import query_string
from .errors import ApiError, CircuitOpenError, DeadlineError, ResponseError, TransportError
from .operation import Answer, Operation, Request, event_decoder, success, unexpected
from .resilience import FAILURES, RETRIED, CircuitBreaker, Resilience
from .streams import ServerSentEvent
from .telemetry import Observer

T = TypeVar("T")

Build = Callable[..., httpx.Request]
READS = ("GET", "HEAD", "OPTIONS")
PHASES = ("connect", "read", "write", "pool")
OURS = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.PoolTimeout)
"""Errors of this side, which say nothing about the host."""
HOPELESS = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)
"""Errors that another try would only repeat."""


class Host:
    """What all calls of a client share: where to, how often, and what is known of the host."""

    def __init__(
        self, base_url: str, resilience: Resilience, observer: Observer, *, timeout: float, random: Random | None = None
    ) -> None:
        """`timeout` is in seconds, for connecting and between two pieces of an answer. `random` draws the waits."""
        self.base_url = base_url.rstrip("/")
        self.resilience = resilience
        self.observer = observer
        self.timeout = timeout
        self.random = random or Random()  # noqa: S311  # spreads waits; nothing is kept secret with it
        self.breaker = CircuitBreaker(httpx.URL(base_url).netloc.decode(), resilience, changed=observer.circuit)

    def request(self, build: Build, operation: Operation[Any], request: Request) -> httpx.Request:
        """The request, built once for all tries, so that they send the same bytes and the same idempotency key."""
        url = self.base_url + request.path
        if request.query:
            url += "?" + query_string(request.query)
        headers = dict(request.headers)
        key = operation.key_header
        if key is not None and not any(name.lower() == key.lower() for name in headers):
            headers[key] = str(uuid4())
        return build(
            operation.method,
            url,
            headers=headers,
            cookies=dict(request.cookies) or None,
            content=request.content,
            data=request.data,
            files=request.files,
        )


class Tries(Generic[T]):
    """One call; `with` observes it from its start to its end."""

    def __init__(self, host: Host, operation: Operation[T], request: httpx.Request, deadline: float | None) -> None:
        """`deadline` is in seconds from now, over all tries; None leaves it to the client's Resilience."""
        self.operation = operation
        self.request = request
        self.count = 0
        self.status: int | None = None
        self._host = host
        self._sent = 0
        seconds = host.resilience.deadline if deadline is None else deadline
        self._until = None if seconds is None else time.monotonic() + seconds
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        self._observed = self._host.observer.begin(self.operation, self.request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observed.end(attempts=self._sent, status=self.status, error=error)

    @contextmanager
    def one(self) -> Iterator[None]:
        """One try, from asking the breaker to the last byte of the answer: its outcome is told to the breaker."""
        self._limit()
        breaker = self._host.breaker
        ticket = self._admitted()
        self.status = None
        self.count += 1
        self._sent += 1
        try:
            yield
        except httpx.RequestError as error:
            (breaker.cancel if isinstance(error, OURS) else breaker.fail)(ticket)
            raise self.failed(error) from error
        except DeadlineError:
            breaker.fail(ticket)
            raise
        except BaseException:
            breaker.cancel(ticket)
            raise
        (breaker.fail if self.status in FAILURES else breaker.succeed)(ticket)

    def received(self, response: httpx.Response) -> bool:
        """Notes the head of an answer; whether its body is to be handed out as it comes."""
        self.status = response.status_code
        self._sent += len(response.history)
        return self.operation.streaming and response.is_success

    def check(self) -> None:
        """Raises DeadlineError when the time is over; asked between two pieces of an answer, which may drip."""
        if self._until is not None and time.monotonic() >= self._until:
            raise DeadlineError(self.operation.id, f"the deadline passed while the answer was read{self._effect}")

    def answer(self, response: httpx.Response, content: bytes) -> T:
        """What the call returns. Raises ResponseError."""
        return success(self.operation, Answer(response.status_code, response.headers, content))

    def events(self, response: httpx.Response) -> tuple[Any, Callable[[ServerSentEvent], Any]]:
        """A parser for the body of a success, and the decoder of its events. Raises UnexpectedResponse."""
        return event_decoder(self.operation, Answer(response.status_code, response.headers, b""))

    def failed(self, error: Exception) -> ApiError:
        """The error for one of httpx, or of a stream that cannot be read."""
        if not isinstance(error, httpx.RequestError):
            return unexpected(self.operation, Answer(self.status or 0, {}, b""), str(error))
        text = str(error) or type(error).__name__
        if isinstance(error, httpx.TimeoutException) and self._until is not None and time.monotonic() >= self._until:
            return DeadlineError(self.operation.id, f"the deadline passed: {text}{self._effect}")
        return TransportError(self.operation.id, f"no answer: {text}{self._effect}")

    @property
    def _effect(self) -> str:
        """What an error without an answer says of the effect; a read has none."""
        return "" if self.operation.method in READS else "; whether it took effect is not known"

    def wait_after(self, error: Exception) -> bool | float:
        """The seconds to wait before the next try; False for no further one."""
        refused, self._error = error is self._error, error
        if refused or not self._may_repeat(error):
            return False
        asked = error.retry_after if isinstance(error, ResponseError) else None
        wait = self._host.resilience.wait(self.count, self._host.random) if asked is None else asked
        if self._until is not None and time.monotonic() + wait >= self._until:
            return False
        self._observed.retried(attempts=self._sent, status=self.status, error=error, wait=wait)
        return wait

    def _admitted(self) -> int:
        """A ticket of the breaker.

        Raises CircuitOpenError, which says that nothing was sent; after a try, what that came to, for it may have had
        an effect.
        """
        try:
            return self._host.breaker.admit(self.operation.id)
        except CircuitOpenError:
            if self._error is None:
                raise
        raise self._error

    def _may_repeat(self, error: Exception) -> bool:
        if not self.operation.idempotent or self.count >= self._host.resilience.attempts:
            return False
        if isinstance(error, ResponseError):
            return error.status_code in RETRIED
        return isinstance(error, TransportError) and not isinstance(error.__cause__, HOPELESS)

    def _limit(self) -> None:
        """No phase of a try may take longer than what is left of the deadline."""
        if self._until is None:
            return
        left = self._until - time.monotonic()
        if left <= 0:
            raise DeadlineError(self.operation.id, "the deadline passed before the request was sent")
        if left < self._host.timeout:
            self.request.extensions["timeout"] = dict.fromkeys(PHASES, left)
