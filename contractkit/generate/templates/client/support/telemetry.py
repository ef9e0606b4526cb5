"""What can be seen of calls: spans and metrics of OpenTelemetry where it is installed, log events, and hooks.

The log events go to the logger that is named as this package. Their messages are fixed names, and what belongs to them
is in `extra`: call.retried, call.failed, call.finished (DEBUG), circuit.opened, circuit.closed, token.refreshed. None
holds a token, the value of a query parameter, or a body.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
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


Hook = Callable[[CallEvent], None]


def _all(hooks: Iterable[Hook]) -> tuple[Hook, ...]:
    return tuple(hooks)


@frozen(kw_only=True)
class Hooks:
    """Functions that are called once a call. One that raises is logged, and does not change the call."""

    before: tuple[Hook, ...] = field(default=(), converter=_all)
    after: tuple[Hook, ...] = field(default=(), converter=_all)


class Observer:
    """Sees all calls of a client."""

    def __init__(self, base_url: "httpx.URL", hooks: Hooks) -> None:
        self.hooks = hooks
        self.tracing = _tracing(base_url)
        self._host = base_url.netloc.decode()

    def begin(self, operation: "Operation[Any]", request: "httpx.Request") -> "Observed":
        """A call starts. Adds the trace context to the request's headers."""
        if self.hooks.before:
            _run(self.hooks.before, CallEvent(operation=operation.id, method=operation.method, path=operation.path))
        span = self.tracing.start(operation, request) if self.tracing else None
        return Observed(self, operation, span)

    def circuit(self, state: State) -> None:
        """The circuit breaker changed."""
        if state is State.OPEN:
            log.warning("circuit.opened", extra={"host": self._host})
        elif state is State.CLOSED:
            log.info("circuit.closed", extra={"host": self._host})

    def refreshed(self) -> None:
        """The token was refreshed."""
        log.info("token.refreshed", extra={"host": self._host})


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
        log.warning("call.retried", extra=extra)

    def end(self, *, attempts: int, status: int | None, error: BaseException | None) -> None:
        """The call returns, or raises `error`."""
        seconds = time.monotonic() - self._start
        if self._span is not None:
            self._span.end(attempts=attempts, status=status, seconds=seconds, error=error)
        if error is not None:
            extra = {**self._fields(attempts, status), "seconds": seconds, "error": error_type(error)}
            log.log(logging.INFO if isinstance(error, ClientError) else logging.WARNING, "call.failed", extra=extra)
        elif log.isEnabledFor(logging.DEBUG):
            log.debug("call.finished", extra={**self._fields(attempts, status), "seconds": seconds})
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
            _run(after, event)

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
        self._duration = api.metrics.get_meter(name).create_histogram(
            "http.client.request.duration", unit="s", description="Duration of calls, with all tries and waits."
        )
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
        outcome: dict[str, Any] = {}
        if status is not None:
            outcome["http.response.status_code"] = status
        if error is not None:
            outcome["error.type"] = error_type(error)
            self._span.set_status(self._api.trace.StatusCode.ERROR)
        if attempts > 1:
            self._span.set_attribute("http.request.resend_count", attempts - 1)
        self._span.set_attributes(outcome)
        self._span.end()
        self._duration.record(seconds, {**self._common, **outcome})
        self._api.context.detach(self._token)


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


def _run(hooks: tuple[Hook, ...], event: CallEvent) -> None:
    for hook in hooks:
        try:
            hook(event)
        except Exception:  # a hook is an onlooker: its failure must not become the call's
            log.exception("hook.failed", extra={"operation": event.operation})
