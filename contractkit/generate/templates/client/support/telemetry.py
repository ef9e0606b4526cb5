"""What can be seen of calls: spans and metrics of OpenTelemetry where it is installed, log events, and hooks.

The log events go to the logger that is named as this package. Their messages are fixed names, and what belongs to them
is in `extra`: call.retried, call.failed, call.cancelled, call.finished (DEBUG), stream.failed, circuit.opened,
circuit.closed, token.refreshed, and hook.failed. None holds a token, the value of a query parameter, or a body.

Who looks on changes nothing: what hooks, tracers and logging raise is not raised by a call.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from .errors import ClientError, ResponseError
from .resilience import State

if TYPE_CHECKING:
    import httpx

    from .operation import Operation

log = logging.getLogger(__name__.partition(".")[0])
for _name in (log.name, "stamina"):  # what goes wrong is raised; a program without logging gets no lines on stderr
    logging.getLogger(_name).addHandler(logging.NullHandler())

DURATION = "http.client.request.duration"
# Seconds; of the conventions, because the default of OpenTelemetry is made for milliseconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


@frozen(kw_only=True)
class CallEvent:
    """One call, before it starts or after it ended."""

    operation: str
    method: str
    path: str
    """The template: `/items/{itemId}`."""
    attempts: int = 0
    """Requests sent."""
    status: int | None = None
    """The status of the last answer; None without one."""
    seconds: float = 0.0
    """From the start to the end, with all tries and waits; of a stream, to its head."""
    error: BaseException | None = None
    """What the call raised."""


Hook = Callable[[CallEvent], Awaitable[None] | None]


def _all(hooks: Hook | Iterable[Hook]) -> tuple[Hook, ...]:
    return (hooks,) if callable(hooks) else tuple(hooks)


@frozen(kw_only=True)
class Hooks:
    """Functions that are called once a call; those of an async client may be `async`, and are awaited.

    One that raises is logged, and does not change the call.
    """

    before: tuple[Hook, ...] = field(default=(), converter=_all)
    after: tuple[Hook, ...] = field(default=(), converter=_all)


class Observer:
    """Sees all calls of a client."""

    def __init__(self, base_url: "httpx.URL", hooks: Hooks) -> None:
        self.hooks = hooks
        self.tracing = _tracing(base_url)
        self._host = base_url.netloc.decode()

    def before(self, operation: "Operation[Any]") -> "list[Awaitable[None]]":
        """A call is about to start; returns what hooks left to await."""
        if not self.hooks.before:
            return []
        return _run(self.hooks.before, CallEvent(operation=operation.id, method=operation.method, path=operation.path))

    def begin(self, operation: "Operation[Any]", request: "httpx.Request") -> "Observed":
        """A call starts. Adds the trace context to the request's headers."""
        span = None
        with suppress(Exception):
            span = self.tracing.start(operation, request) if self.tracing else None
        return Observed(self, operation, span)

    def circuit(self, state: State) -> None:
        """The circuit breaker changed."""
        if state is State.OPEN:
            _say(logging.WARNING, "circuit.opened", {"host": self._host})
        elif state is State.CLOSED:
            _say(logging.INFO, "circuit.closed", {"host": self._host})

    def refreshed(self) -> None:
        """The token was refreshed."""
        _say(logging.INFO, "token.refreshed", {"host": self._host})


class Observed:
    """One call that is being observed."""

    __slots__ = ("_observer", "_operation", "_span", "_start")

    def __init__(self, observer: Observer, operation: "Operation[Any]", span: "Span | None") -> None:
        self._observer = observer
        self._operation = operation
        self._span = span
        self._start = time.monotonic()

    def retried(self, *, attempts: int, status: int | None, error: Exception, wait: float) -> None:
        """A try failed, and there will be another one after `wait` seconds."""
        extra = {**self._fields(attempts, status), "error": error_type(error), "wait": wait}
        _say(logging.WARNING, "call.retried", extra)

    def broke(self, *, attempts: int, status: int | None, error: Exception) -> None:
        """A stream broke after its head, when its call had long returned."""
        seconds = time.monotonic() - self._start
        extra = {**self._fields(attempts, status), "seconds": seconds, "error": error_type(error)}
        _say(logging.WARNING, "stream.failed", extra)

    def end(self, *, attempts: int, status: int | None, error: BaseException | None) -> "list[Awaitable[None]]":
        """The call returns, or raises `error`; returns what hooks left to await."""
        seconds = time.monotonic() - self._start
        if self._span is not None:
            with suppress(Exception):
                self._span.end(attempts=attempts, status=status, seconds=seconds, error=error)
        if error is not None:
            name, level = _name_and_level(error)
            extra = {**self._fields(attempts, status), "seconds": seconds, "error": error_type(error)}
            _say(level, name, extra)
        elif log.isEnabledFor(logging.DEBUG):
            _say(logging.DEBUG, "call.finished", {**self._fields(attempts, status), "seconds": seconds})
        if after := self._observer.hooks.after:
            operation = self._operation
            event = CallEvent(
                operation=operation.id,
                method=operation.method,
                path=operation.path,
                attempts=attempts,
                status=status,
                seconds=seconds,
                error=error,
            )
            return _run(after, event)
        return []

    def _fields(self, attempts: int, status: int | None) -> dict[str, Any]:
        operation = self._operation
        return {
            "operation": operation.id,
            "method": operation.method,
            "path": operation.path,
            "attempts": attempts,
            "status": status,
        }


class Tracing:
    """Spans and metrics, in the stable semantic conventions for HTTP clients."""

    def __init__(self, api: "Api", base_url: "httpx.URL") -> None:
        name = __name__.partition(".")[0]
        self._api = api
        self._tracer = api.trace.get_tracer(name)
        self._duration = _histogram(api.metrics.get_meter(name))
        self._origin = f"{base_url.scheme}://{base_url.netloc.decode('ascii')}"
        port = base_url.port or {"http": 80, "https": 443}.get(base_url.scheme, 0)
        self._server = {"server.address": base_url.host, "server.port": port, "url.scheme": base_url.scheme}

    def start(self, operation: "Operation[Any]", request: "httpx.Request") -> "Span":
        """A span that is the current one until it ends."""
        api = self._api
        common = {"http.request.method": operation.method, "url.template": operation.path, **self._server}
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")  # a query may hold secrets, the token even
        span = self._tracer.start_span(
            f"{operation.method} {operation.path}",
            kind=api.trace.SpanKind.CLIENT,
            attributes={**common, "url.full": self._origin + path},
        )
        token = api.context.attach(api.trace.set_span_in_context(span))
        with suppress(Exception):  # without it the span is a trace of its own
            api.propagate.inject(request.headers)
        return Span(api, span, token, self._duration, common)


class Span:
    """One span, and what its end is counted under."""

    __slots__ = ("_api", "_common", "_duration", "_span", "_token")

    def __init__(self, api: "Api", span: Any, token: Any, duration: Any, common: Mapping[str, Any]) -> None:
        self._api = api
        self._span = span
        self._token = token
        self._duration = duration
        self._common = dict(common)

    def end(
        self,
        *,
        attempts: int,
        status: int | None,
        seconds: float,
        error: BaseException | None,
    ) -> None:
        """Ends the span and counts the call."""
        self._api.context.detach(self._token)
        outcome: dict[str, Any] = {}
        if status is not None:
            outcome["http.response.status_code"] = status
        if isinstance(error, Exception):  # one that is none was told to stop, and did
            outcome["error.type"] = error_type(error)
            self._span.set_status(self._api.trace.StatusCode.ERROR)
        if attempts > 1:
            self._span.set_attribute("http.request.resend_count", attempts - 1)
        self._span.set_attributes(outcome)
        self._span.end()
        self._duration.record(seconds, {**self._common, **outcome})


def _histogram(instruments: Any) -> Any:
    given = {"unit": "s", "description": "Duration of calls, with all tries and waits."}
    try:
        return instruments.create_histogram(DURATION, **given, explicit_bucket_boundaries_advisory=BUCKETS)
    except TypeError:  # of OpenTelemetry before 1.30, where a view sets the buckets
        return instruments.create_histogram(DURATION, **given)


@frozen
class Api:
    """The modules of OpenTelemetry; they are not imported with this one, because few need them."""

    context: Any
    metrics: Any
    propagate: Any
    trace: Any


def error_type(error: BaseException) -> str:
    """The value of the attribute error.type: the status of an answer, or the class of an error without one."""
    if isinstance(error, ResponseError) and error.status_code >= 400:
        return str(error.status_code)
    return type(error).__qualname__


def _tracing(base_url: "httpx.URL") -> Tracing | None:
    try:
        from opentelemetry import context, metrics, propagate, trace
    except ImportError:
        return None
    return Tracing(Api(context, metrics, propagate, trace), base_url)


def _name_and_level(error: BaseException) -> tuple[str, int]:
    if not isinstance(error, Exception):  # a task that is cancelled, a program that is interrupted
        return "call.cancelled", logging.INFO
    return "call.failed", logging.INFO if isinstance(error, ClientError) else logging.WARNING


def _say(level: int, name: str, extra: Mapping[str, Any]) -> None:
    with suppress(Exception):  # of a filter; those of handlers logging keeps to itself
        log.log(level, name, extra=extra)


def _run(hooks: tuple[Hook, ...], event: CallEvent) -> list[Awaitable[None]]:
    pending: list[Awaitable[None]] = []
    for hook in hooks:
        with _harmless(event):
            found = hook(event)
            if isawaitable(found):
                pending.append(_awaited(found, event))
    return pending


async def _awaited(found: Awaitable[None], event: CallEvent) -> None:
    with _harmless(event):
        await found


@contextmanager
def _harmless(event: CallEvent) -> Iterator[None]:
    try:
        yield
    except Exception:
        with suppress(Exception):
            log.exception("hook.failed", extra={"operation": event.operation})
