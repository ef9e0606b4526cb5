"""One call and its tries: what is sent, what is tried again and when, which error is raised. No I/O, no sleeping.

The session and its async twin differ in their I/O alone, because all that is decided is decided here.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from math import isnan
from random import Random
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import httpx

from .answers import CAPTURING, Head
from .building import LIMIT, Build, built
from .errors import ApiError, CircuitOpenError, DeadlineError, ResponseError, TransportError
from .operation import Answer, Operation, Request, event_decoder, success, unexpected
from .reading import decoded
from .resilience import FAILURES, RETRIED, CircuitBreaker, Resilience
from .streams import ServerSentEvent
from .telemetry import Observer
from .transport import Until

T = TypeVar("T")

READS = ("GET", "HEAD", "OPTIONS")
PHASES = ("connect", "read", "write", "pool")
OURS = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.PoolTimeout)
"""Errors of this side, which say nothing about the host."""
HOPELESS = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)
"""Errors that another try would only repeat."""


class Failed(Exception):  # noqa: N818  # no error of ours, but what the machinery of tries is told of one
    """A try that failed, for stamina, which logs its `repr`: nothing of what the host sent is in it."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.status_code if isinstance(error, ResponseError) else None)
        self.error = error

    def __repr__(self) -> str:
        return f"{type(self.error).__name__}({self.args[0] or ''})"


class Host:
    """What all calls of a client share: where to, how often, and what is known of the host."""

    def __init__(
        self, base_url: str, resilience: Resilience, observer: Observer, *, timeout: float, random: Random | None = None
    ) -> None:
        """`timeout` is in seconds, for connecting and between two pieces of an answer. `random` draws the waits."""
        self.base_url = _checked(base_url).rstrip("/")
        self.resilience = resilience
        self.observer = observer
        self.timeout = timeout
        self.patience = min(timeout, resilience.deadline or timeout)
        self.random = random or Random()  # noqa: S311  # spreads waits; nothing is kept secret with it
        self.breaker = self._closed()

    def renew(self) -> None:
        """For a child: a breaker whose lock nobody holds, and waits that are not its parent's."""
        self.random = Random()  # noqa: S311  # as above
        self.breaker = self._closed()

    def _closed(self) -> CircuitBreaker:
        host = httpx.URL(self.base_url).netloc.decode()
        return CircuitBreaker(host, self.resilience, changed=self.observer.circuit)

    def request(self, build: Build, operation: Operation[Any], request: Request) -> httpx.Request:
        """The request, built once for all tries."""
        return built(build, self.base_url, operation, request)


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
        if seconds is not None and isnan(seconds):
            raise ValueError("a deadline of NaN is none")
        self._until = None if seconds is None else time.monotonic() + seconds
        self._timeout = request.extensions["timeout"]
        self._error: ApiError | None = None

    def __enter__(self) -> Self:
        self._host.observer.before(self.operation)
        return self._begun()

    async def __aenter__(self) -> Self:
        for hook in self._host.observer.before(self.operation):
            await hook
        return self._begun()

    def _begun(self) -> Self:
        self._observed = self._host.observer.begin(self.operation, self.request)
        self.request.extensions[LIMIT] = self._anew
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended(error)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hook in self._ended(error):
            await hook

    def _ended(self, error: BaseException | None) -> list[Awaitable[None]]:
        del self.request.extensions[LIMIT]  # else each call would leave a cycle behind
        if isinstance(error, ApiError) and self.operation.key_header is not None:
            error.idempotency_key = self.request.headers.get(self.operation.key_header)
        return self._observed.end(attempts=self._sent, status=self.status, error=error)

    @contextmanager
    def one(self) -> Iterator[None]:
        """One try, from asking the breaker to the last byte of the answer: its outcome is told to the breaker."""
        self.limit()
        breaker = self._host.breaker
        ticket = self._admitted()
        self.status = None
        self.count += 1
        self._sent += 1
        self._began = time.monotonic()
        try:
            yield
        except (httpx.RequestError, DeadlineError) as error:
            if self._blames(error):
                breaker.fail(ticket, hung=isinstance(error, (httpx.TimeoutException, DeadlineError)))
            else:
                breaker.cancel(ticket)
            if isinstance(error, DeadlineError):
                raise
            raise self.failed(error) from error
        except ResponseError as error:
            self.status = error.status_code
            breaker.succeed(ticket)
            raise
        except BaseException:
            breaker.cancel(ticket)
            raise
        (breaker.fail if self.status in FAILURES else breaker.succeed)(ticket)

    @contextmanager
    def again(self) -> Iterator[None]:
        """One try in the hands of stamina."""
        try:
            yield
        except ApiError as error:
            raise Failed(error) from error

    def limit(self) -> None:
        """Holds what is sent next to what is left of the deadline. Raises DeadlineError when nothing is."""
        left = self.left
        if left is None or self._until is None:
            return
        if left <= 0:
            raise DeadlineError(self.operation.id, "the deadline passed before the request was sent")
        timeout = Until.of(min(left, self._host.timeout), self._until)
        self.request.extensions["timeout"] = dict.fromkeys(PHASES, timeout)

    def _anew(self) -> None:
        """The request is sent a second time within this try."""
        self.limit()
        self._sent += 1

    @property
    def left(self) -> float | None:
        """The seconds that are left; None for ever."""
        return None if self._until is None else self._until - time.monotonic()

    def received(self, response: httpx.Response) -> bool:
        """Notes the head of an answer; whether its body is to be handed out as it comes."""
        self.status = response.status_code
        for each in CAPTURING.get():
            each.heads.append(Head(self.operation.id, response.status_code, response.headers))
        if not (self.operation.streaming and response.is_success):
            return False
        self._until = None  # a stream may go on for ever; the pauses between its pieces may not
        self.request.extensions["timeout"] = self._timeout
        return True

    def check(self) -> None:
        """Raises DeadlineError when the time is over; asked between two pieces of an answer, which may drip."""
        if self._is_over:
            raise self.late()

    def late(self) -> DeadlineError:
        """The error for a deadline that passes during a try."""
        return DeadlineError(self.operation.id, f"the deadline passed before the answer was read{self._effect}")

    def answer(self, response: httpx.Response, raw: bytes | None) -> T:
        """What the call returns. Raises ResponseError."""
        content = decoded(self.operation.id, response, raw)
        return success(self.operation, Answer(response.status_code, response.headers, content))

    def events(self, response: httpx.Response) -> tuple[Any, Callable[[ServerSentEvent], Any]]:
        """A parser for the body of a success, and the decoder of its events. Raises UnexpectedResponse."""
        return event_decoder(self.operation, Answer(response.status_code, response.headers, b""))

    def failed(self, error: Exception) -> ApiError:
        """The error for one of httpx, or of a stream that cannot be read."""
        text = str(error) or type(error).__name__
        if isinstance(error, httpx.TimeoutException) and self._is_over:
            return DeadlineError(self.operation.id, f"the deadline passed: {text}{self._effect}")
        if isinstance(error, httpx.TransportError):
            return TransportError(self.operation.id, f"no answer: {text}{self._effect}")
        return unexpected(self.operation, Answer(self.status or 0, {}, b""), text)

    def broken(self, error: Exception) -> ApiError:
        """The error for a stream that breaks after its head, and who looks on is told of it."""
        failed = self.failed(error)
        self._observed.broke(attempts=self._sent, status=self.status, error=failed)
        return failed

    @property
    def _is_over(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until

    def _blames(self, error: Exception) -> bool:
        """Whether a failure is the host's: not that of a caller who waits for much less than the client would."""
        if isinstance(error, OURS):
            return False
        if isinstance(error, DeadlineError) or (isinstance(error, httpx.TimeoutException) and self._is_over):
            return time.monotonic() - self._began >= self._host.patience / 2
        return True

    @property
    def _effect(self) -> str:
        """What an error without an answer says of the effect; a read has none."""
        return "" if self.operation.method in READS else "; whether it took effect is not known"

    def wait_after(self, failure: Exception) -> bool | float:
        """The seconds to wait before the next try; False for no further one."""
        if not isinstance(failure, Failed):
            return False
        error = failure.error
        refused, self._error = error is self._error, error
        if refused or not self._may_repeat(error):
            return False
        asked = error.retry_after if isinstance(error, ResponseError) else None
        wait = asked or self._host.resilience.wait(self.count, self._host.random)  # none of 0, of a past date
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


def _checked(base_url: str) -> str:
    """An address to which the paths of operations can be put."""
    url = httpx.URL(base_url)
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise ValueError(f"{base_url!r} is no address of an API: it needs http or https, a host, and no query")
    return base_url
