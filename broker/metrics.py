"""What Prometheus reads: one registry for each running broker."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@frozen
class Metrics:
    """Routes are labelled by template, so that no name in a path makes a series of its own."""

    _registry: CollectorRegistry
    _requests: Counter
    _seconds: Histogram
    _in_flight: Gauge
    _writer_wait: Histogram

    def begin(self) -> None:
        self._in_flight.inc()

    def end(self, method: str, template: str, status: int, seconds: float) -> None:
        self._in_flight.dec()
        method = method if method in _METHODS else "other"
        self._requests.labels(method, template, str(status)).inc()
        self._seconds.labels(method, template).observe(seconds)

    def waited_to_write(self, seconds: float) -> None:
        self._writer_wait.observe(seconds)

    def exposition(self, totals: Mapping[str, int], deliveries: Mapping[str, int]) -> bytes:
        """The text format, with what the database holds at this moment (see broker.store.census)."""
        held = CollectorRegistry()
        held.register(_Held(totals, deliveries))
        return generate_latest(self._registry) + generate_latest(held)


@frozen(eq=False)
class _Held:
    totals: Mapping[str, int]
    deliveries: Mapping[str, int]

    def collect(self) -> list[GaugeMetricFamily]:
        """The protocol of a Prometheus collector."""
        families = [
            GaugeMetricFamily(f"broker_{name}", f"How many {name.replace('_', ' ')} the broker holds", value=count)
            for name, count in self.totals.items()
        ]
        deliveries = GaugeMetricFamily(
            "broker_webhook_deliveries", "Webhook deliveries that the broker holds, by status", labels=["status"]
        )
        for status, count in self.deliveries.items():
            deliveries.add_metric([status], count)
        return [*families, deliveries]


def new_metrics() -> Metrics:
    # When a series began would be a second series for each, which nobody reads.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types for it
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return Metrics(
        registry,
        Counter("broker_requests", "Requests answered", ["method", "route", "status"], registry=registry),
        Histogram(
            "broker_request_seconds",
            "From the request's head to the end of the answer",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        ),
        Gauge("broker_requests_in_flight", "Requests being answered now", registry=registry),
        Histogram(
            "broker_writer_wait_seconds",
            "How long a change waited for its turn to write",
            buckets=_SECONDS,
            registry=registry,
        ),
    )
