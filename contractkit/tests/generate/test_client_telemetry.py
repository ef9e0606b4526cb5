"""What can be seen of the calls of generated clients: spans, metrics, log events and hooks, and what never is."""

import asyncio
import builtins
import logging
from typing import Any

import httpx
import pytest
from opentelemetry import context, metrics, propagate, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from contractkit.tests.generate.runtime import (
    PACKAGE,
    Client,
    Clock,
    Pieces,
    Script,
    calls,
    errors,
    operation,
    reply,
    telemetry,
)

SECRETS = ("s3cret-token", "s3cret-query", "s3cret-body")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.put(monkeypatch)


class Seen:
    """Spans and metrics that stay in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._spans, self._metrics = InMemorySpanExporter(), InMemoryMetricReader()
        tracers, meters = TracerProvider(), MeterProvider(metric_readers=[self._metrics])
        tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.tracer = tracers.get_tracer("the caller")
        monkeypatch.setattr(trace, "get_tracer", tracers.get_tracer)
        monkeypatch.setattr(metrics, "get_meter", meters.get_meter)

    @property
    def spans(self) -> list[Any]:
        return list(self._spans.get_finished_spans())

    @property
    def point(self) -> tuple[str, Any]:
        """The name and unit of the only metric, and its only point."""
        data: Any = self._metrics.get_metrics_data()
        (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
        (point,) = metric.data.data_points
        return f"{metric.name} {metric.unit}", point


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    return Seen(monkeypatch)


def client(asynchronous: bool, *outcomes: Any, **settings: Any) -> Client:
    auth = calls.Auth("query", "key", "", SECRETS[0])
    return Client(asynchronous, Script(*outcomes), auth, **settings)


def call(made: Client, **members: Any) -> Any:
    request = calls.Request("/items/m1", query=(("q", SECRETS[1]),), content=SECRETS[2].encode())
    return made.call(operation(path="/items/{itemId}", **members), request)


def test_a_call_is_one_span_whatever_its_tries(asynchronous: bool, seen: Seen) -> None:
    call(client(asynchronous, 503, httpx.ReadError, 200))
    (span,) = seen.spans
    assert (span.name, span.kind) == ("GET /items/{itemId}", trace.SpanKind.CLIENT)
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "url.template": "/items/{itemId}",
        "url.full": "http://api.test/v1/items/m1",
        "url.scheme": "http",
        "server.address": "api.test",
        "server.port": 80,
        "http.response.status_code": 200,
        "http.request.resend_count": 2,
    }
    assert span.status.is_unset


@pytest.mark.parametrize(
    ("outcome", "kind", "status"),
    [
        (404, "404", 404),
        (httpx.ReadTimeout, "TransportError", None),
        (httpx.Response(200, html=""), "UnexpectedResponse", 200),
    ],
)
def test_a_call_that_fails_is_a_span_with_the_kind_of_its_error(
    asynchronous: bool, seen: Seen, outcome: Any, kind: str, status: int | None
) -> None:
    with pytest.raises(errors.ApiError):
        call(client(asynchronous, outcome), idempotent=False)
    (span,) = seen.spans
    assert (span.attributes["error.type"], span.attributes.get("http.response.status_code")) == (kind, status)
    assert not span.status.is_ok
    assert not span.status.is_unset


def test_the_duration_of_calls_is_measured_in_seconds(asynchronous: bool, seen: Seen) -> None:
    made = client(asynchronous, httpx.Response(503, headers={"retry-after": "3"}, json={}), 200)
    call(made)
    call(made)
    name, point = seen.point
    assert (name, point.count, point.sum) == ("http.client.request.duration s", 2, 3.0)
    assert point.explicit_bounds == (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
    assert point.attributes["url.template"] == "/items/{itemId}"
    assert point.attributes["http.response.status_code"] == 200
    assert "url.full" not in point.attributes


def test_the_trace_goes_on_at_the_server_as_a_child_of_the_callers(asynchronous: bool, seen: Seen) -> None:
    server = Script(503, 200)
    with seen.tracer.start_as_current_span("outer") as outer:
        Client(asynchronous, server).call()
        assert trace.get_current_span() is outer
    span = seen.spans[0]
    assert span.parent.span_id == outer.get_span_context().span_id
    carried = [trace.get_current_span(propagate.extract(sent)).get_span_context() for sent in server.sent]
    assert [each.span_id for each in carried] == [span.context.span_id] * 2
    assert context.get_current() == {}


def test_without_opentelemetry_nothing_of_it_is_needed(asynchronous: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **options: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    server = Script(200)
    Client(asynchronous, server).call()
    assert "traceparent" not in server.sent[0]


def test_each_event_of_a_call_is_logged_by_a_fixed_name(asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, PACKAGE)
    busy = httpx.Response(429, headers={"retry-after": "3"}, json={})
    made = client(asynchronous, busy, 200, 409, httpx.ConnectError)
    call(made)
    for _ in range(2):
        with pytest.raises(errors.ApiError):
            call(made, idempotent=False)
    records: list[Any] = [record for record in caplog.records if record.name == PACKAGE]
    found = [(record.msg, record.levelname, record.attempts, record.status) for record in records]
    assert found == [
        ("call.retried", "WARNING", 1, 429),
        ("call.finished", "DEBUG", 2, 200),
        ("call.failed", "INFO", 1, 409),
        ("call.failed", "WARNING", 1, None),
    ]
    assert {(record.operation, record.method, record.path) for record in records} == {
        ("list_items", "GET", "/items/{itemId}")
    }
    assert (records[0].wait, records[0].error, records[3].error) == (3.0, "429", "TransportError")


def test_circuits_and_tokens_are_logged(asynchronous: bool, caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    caplog.set_level(logging.INFO, PACKAGE)
    auth = calls.Auth("header", "Authorization", "Bearer", "old", lambda: "new")
    made = Client(asynchronous, Script(*[503] * 10, 401, 200), auth)
    for _ in range(10):
        with pytest.raises(errors.ServiceUnavailableError):
            made.call(operation(idempotent=False))
    clock.now += 30
    made.call()
    names = [record.msg for record in caplog.records if record.name == PACKAGE and record.msg != "call.failed"]
    assert names == ["circuit.opened", "token.refreshed", "circuit.closed"]


def test_no_secret_is_in_what_can_be_seen(asynchronous: bool, seen: Seen, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = client(asynchronous, 503, httpx.ConnectError, 200, 404)
    call(made)
    with pytest.raises(errors.NotFoundError):
        call(made)
    logged = "".join(str(vars(record)) for record in caplog.records if record.name in (PACKAGE, "stamina"))
    spans = "".join(span.to_json() for span in seen.spans)
    assert logged
    assert spans
    assert [secret for secret in SECRETS if secret in logged + spans] == []


def test_what_a_host_sends_is_in_no_record_of_a_retry(asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    page = httpx.Response(503, html="<html>s3cret-page</html>")
    problem = httpx.Response(503, json={"title": "s3cret-page", "detail": "s3cret-page"})
    call(client(asynchronous, page, problem, httpx.ConnectError("s3cret-page"), 200))
    records = [vars(record) for record in caplog.records if record.name in (PACKAGE, "stamina")]
    found = [str(record["stamina.caused_by"]) for record in records if "stamina.caused_by" in record]
    assert found == ["UnexpectedResponse(503)", "ServiceUnavailableError(503)", "TransportError()"]
    assert "s3cret-page" not in str(records)


def test_hooks_are_told_of_each_call_before_and_after(asynchronous: bool) -> None:
    told: list[tuple[str, Any]] = []
    hooks = telemetry.Hooks(
        before=[lambda event: told.append(("before", event))], after=[lambda event: told.append(("after", event))]
    )
    busy = httpx.Response(503, headers={"retry-after": "2"}, json={})
    made = client(asynchronous, busy, 200, 404, hooks=hooks)
    call(made)
    with pytest.raises(errors.NotFoundError) as caught:
        call(made)
    same = {"operation": "list_items", "method": "GET", "path": "/items/{itemId}"}
    assert told == [
        ("before", telemetry.CallEvent(**same)),
        ("after", telemetry.CallEvent(**same, attempts=2, status=200, seconds=2.0)),
        ("before", telemetry.CallEvent(**same)),
        ("after", telemetry.CallEvent(**same, attempts=1, status=404, error=caught.value)),
    ]


def test_hooks_of_an_async_client_may_be_async_and_are_awaited(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Any] = []

    async def note(event: Any) -> None:
        await asyncio.sleep(0)
        told.append((event.attempts, event.status))

    async def broken(_: Any) -> None:
        raise RuntimeError("hook")

    hooks = telemetry.Hooks(before=[broken, note], after=[note, broken, lambda _: told.append("plain")])
    assert call(client(True, 200, hooks=hooks)) == {"status": 200}
    assert sorted(map(str, told)) == ["(0, None)", "(1, 200)", "plain"]
    assert [record.msg for record in caplog.records].count("hook.failed") == 2


def test_one_hook_needs_no_list(asynchronous: bool) -> None:
    told: list[Any] = []
    call(client(asynchronous, 200, hooks=telemetry.Hooks(after=told.append)))
    assert [event.status for event in told] == [200]


@pytest.mark.parametrize("place", ["set_span_in_context", "inject", "filter"])
def test_who_looks_on_and_raises_changes_nothing(
    asynchronous: bool, seen: Seen, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("onlooker")

    log = logging.getLogger(PACKAGE)
    if place == "filter":
        log.addFilter(broken)
    else:
        monkeypatch.setattr((propagate if place == "inject" else trace), place, broken)
    try:
        made = client(asynchronous, 503, 200, 409)
        assert call(made) == {"status": 200}
        with pytest.raises(errors.ConflictError):
            call(made)
    finally:
        log.removeFilter(broken)
    assert context.get_current() == {}
    assert len(seen.spans) == (0 if place == "set_span_in_context" else 2)


def test_a_call_that_is_cancelled_is_no_error(seen: Seen, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, PACKAGE)
    with pytest.raises(asyncio.CancelledError):
        call(client(True, asyncio.CancelledError()))
    (span,) = seen.spans
    assert span.status.is_unset
    assert "error.type" not in span.attributes
    assert [(record.msg, record.levelname) for record in caplog.records if record.name == PACKAGE] == [
        ("call.cancelled", "INFO")
    ]


def test_a_stream_that_breaks_after_its_head_is_logged(asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, PACKAGE)
    events = Pieces(b"data: 1\n\n", httpx.ReadError("broken"))
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=events)
    streaming = operation(replies={"200": reply("events", "text/event-stream")}, streaming=True)
    with pytest.raises(errors.TransportError):
        Client(asynchronous, Script(answer)).items(streaming)
    records: list[Any] = [record for record in caplog.records if record.name == PACKAGE]
    assert [(each.msg, each.operation, each.status, each.error) for each in records] == [
        ("stream.failed", "list_items", 200, "TransportError")
    ]


def test_the_status_of_an_earlier_try_is_not_that_of_a_call_without_an_answer(asynchronous: bool, seen: Seen) -> None:
    told: list[Any] = []
    with pytest.raises(errors.TransportError):
        call(client(asynchronous, 503, httpx.ConnectError, hooks=telemetry.Hooks(after=told.append)))
    assert (told[0].status, told[0].attempts) == (None, 5)
    assert "http.response.status_code" not in seen.spans[0].attributes


def test_what_is_sent_again_with_a_fresh_token_counts_as_sent(asynchronous: bool) -> None:
    told: list[Any] = []
    auth = calls.Auth("header", "Authorization", "Bearer", "old", lambda: "new")
    Client(asynchronous, Script(401, 200), auth, hooks=telemetry.Hooks(after=[told.append])).call()
    assert told[0].attempts == 2


def test_a_hook_that_raises_is_logged_and_changes_nothing(asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Any) -> None:
        raise RuntimeError("hook")

    told: list[Any] = []
    hooks = telemetry.Hooks(before=[broken], after=[broken, told.append])
    assert call(client(asynchronous, 200, hooks=hooks)) == {"status": 200}
    assert [record.msg for record in caplog.records].count("hook.failed") == 2
    assert len(told) == 1


def test_a_refused_call_is_seen_with_nothing_sent(asynchronous: bool, seen: Seen) -> None:
    told: list[Any] = []
    made = client(asynchronous, 503, hooks=telemetry.Hooks(after=[told.append]))
    for _ in range(10):
        with pytest.raises(errors.ServiceUnavailableError):
            call(made, idempotent=False)
    with pytest.raises(errors.CircuitOpenError):
        call(made)
    assert (told[-1].attempts, told[-1].status) == (0, None)
    assert seen.spans[-1].attributes["error.type"] == "CircuitOpenError"
