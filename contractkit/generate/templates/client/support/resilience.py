"""How a call copes with a network and with servers that fail: tries, waits, deadlines, and a circuit breaker."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC
from enum import Enum
from random import Random
from typing import Any

from attrs import Attribute, field, frozen, validators

from .errors import CircuitOpenError

RETRIED = frozenset({429, 502, 503, 504})
"""The statuses that say: not now; the same request may succeed later."""
FAILURES = frozenset({502, 503, 504})
"""The statuses that say that the host is down; a 429 is an answer of a host that is well."""

Validator = Callable[[Any, "Attribute[Any]", Any], Any]


def _count(_: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if type(value) is not int or value < 1:
        raise ValueError(f"{attribute.name} must be a whole number of at least 1, not {value!r}")


def _seconds(_: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if type(value) not in (int, float) or not value >= 0:
        raise ValueError(f"{attribute.name} must be a number of seconds, not {value!r}")


def _some_seconds(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    _seconds(instance, attribute, value)
    if not value:
        raise ValueError(f"{attribute.name} must be more than 0")


_maybe_some_seconds: Validator = validators.optional(_some_seconds)
_maybe_count: Validator = validators.optional(_count)


@frozen(kw_only=True)
class Resilience:
    """How often and how long a client tries. Times are in seconds.

    Only calls that may be repeated are tried again: those that are idempotent by their method, that send an idempotency
    key, or that the document marks with `x-idempotent`.
    """

    attempts: int = field(default=5, validator=_count)
    """Tries a call, the first one included."""
    wait_initial: float = field(default=1.0, validator=_seconds)
    """The wait after the first try; it doubles with each further one, and is shortened at random by up to a half."""
    wait_max: float = field(default=8.0, validator=_seconds)
    """The longest wait that is not asked for by the server's Retry-After."""
    deadline: float | None = field(default=60.0, validator=_maybe_some_seconds)
    """The time for a call with all its tries and waits; None sets no limit, nor one to what a Retry-After asks for."""
    breaker_failures: int | None = field(default=10, validator=_maybe_count)
    """The circuit opens after this many failures in a row, where those at once count as one; None: never."""
    breaker_pause: float = field(default=30.0, validator=_some_seconds)
    """How long an open circuit sends nothing."""
    breaker_probes: int = field(default=1, validator=_count)
    """How many calls at once try out whether the host is back."""

    @classmethod
    def off(cls) -> "Resilience":
        """One try, no deadline, no circuit breaker."""
        return cls(attempts=1, deadline=None, breaker_failures=None)

    def wait(self, tries: int, random: Random) -> float:
        """The wait after this many tries that failed: 1, 2, 4, 8, 8, ... times a random share of at least a half."""
        whole = min(self.wait_max, self.wait_initial * 2.0 ** min(tries - 1, 62))
        return random.uniform(whole / 2, whole)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that the header Retry-After asks for, given as a number or as an HTTP date; None without one."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    from email.utils import parsedate_to_datetime  # few answers need it, and it is slow to load

    try:
        then = parsedate_to_datetime(text)
        return max(0.0, then.replace(tzinfo=then.tzinfo or UTC).timestamp() - time.time())
    except (ValueError, OverflowError):  # a server may send what no calendar has
        return None


class State(Enum):
    """The states of a circuit."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreaker:
    """Stops sending to a host that keeps failing, and lets a few probes find out when it is back. Thread-safe.

    | state | admit | success | failure |
    |---|---|---|---|
    | closed | yes | the failures are forgotten | the n-th in a row opens |
    | open | no; after the pause half-open | | |
    | half-open | as many at once as there are probes | closes | opens |

    Failures are in a row when each was admitted after the one before it had failed: of those that were under way at
    once the first counts alone, because one restart of a host breaks them all. A timeout always counts: whoever waited
    in vain for so long did not meet a restart. A try that was admitted in an earlier state says nothing about the
    present one: its outcome is ignored.
    """

    def __init__(self, host: str, resilience: Resilience, *, changed: Callable[[State], None]) -> None:
        """`changed` is told each new state, by the thread that brought it about, and may use the breaker."""
        self._host = host
        self._limit = resilience.breaker_failures
        self._pause = resilience.breaker_pause
        self._probes = resilience.breaker_probes
        self._changed = changed
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._moment = 0  # goes up with each new state and with each failure that counts
        self._since = 0  # the moment at which the state began
        self._news: deque[State] = deque()
        self._failures = 0
        self._probing = 0
        self._reopens = 0.0

    @property
    def state(self) -> State:
        """The state as the last call left it."""
        return self._state

    def admit(self, operation: str) -> int:
        """A ticket for one try, to be given back by `succeed`, `fail` or `cancel`. Raises CircuitOpenError."""
        with self._lock:
            if self._state is State.OPEN and time.monotonic() >= self._reopens:
                self._become(State.HALF_OPEN)
            if self._state is State.OPEN:
                raise self._refusal(operation, max(0.0, self._reopens - time.monotonic()))
            if self._state is State.HALF_OPEN:
                if self._probing >= self._probes:
                    raise self._refusal(operation, self._pause)
                self._probing += 1
            ticket = self._moment
        self._tell()
        return ticket

    def succeed(self, ticket: int) -> None:
        """The host answered."""
        if self._state is State.CLOSED and not self._failures:
            return
        with self._lock:
            if ticket < self._since:
                return
            if self._state is State.HALF_OPEN:
                self._become(State.CLOSED)
            self._failures = 0
        self._tell()

    def fail(self, ticket: int, *, hung: bool = False) -> None:
        """The host did not answer, `hung` until the time for it was over, or said that it is down."""
        if self._limit is None:
            return
        with self._lock:
            if ticket < self._since or (ticket != self._moment and not hung):
                return
            self._moment += 1
            self._failures += 1
            if self._state is State.HALF_OPEN or self._failures >= self._limit:
                self._reopens = time.monotonic() + self._pause
                self._become(State.OPEN)
        self._tell()

    def cancel(self, ticket: int) -> None:
        """The try was given up by the caller, which says nothing of the host."""
        with self._lock:
            if ticket >= self._since and self._state is State.HALF_OPEN:
                self._probing -= 1

    def _become(self, state: State) -> None:
        self._state = state
        self._moment += 1
        self._since = self._moment
        self._failures = self._probing = 0
        self._news.append(state)

    def _tell(self) -> None:
        """Tells new states once the lock is free: who is told may call, or take long."""
        with suppress(IndexError):  # another thread has told it
            while self._news:
                self._changed(self._news.popleft())

    def _refusal(self, operation: str, seconds: float) -> CircuitOpenError:
        message = f"nothing was sent, because {self._host} failed too often; it may be tried again in {seconds:.1f} s"
        return CircuitOpenError(operation, message, retry_after=seconds)
