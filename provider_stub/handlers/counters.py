"""Handlers of the tag counters."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from provider_stub import wire
from provider_stub.engine.counters import Counter
from provider_stub.engine.metering import CounterType
from provider_stub.engine.prices import per_unit
from provider_stub.generated import schemas
from provider_stub.usecases import counters
from provider_stub.usecases.context import Context, window


@frozen
class Counters:
    ctx: Context

    def list_counters(self, *, page: int = 1, items_per_page: int = 20) -> schemas.CounterList:
        found = counters.list_counters(self.ctx, window(page, items_per_page))
        shown = [wire.counter(rows, counters.latest(rows)) for rows in found.items]
        return {"header": wire.success(), "counters": shown, "totalItems": found.total}

    def get_counter(self, *, counter_name: str) -> schemas.CounterResponse:
        return _reply(counters.get_counter(self.ctx, counter_name))

    def put_counter(self, *, counter_name: str, body: schemas.PutCounterRequest) -> schemas.CounterResponse:
        counter = Counter(
            counter_name,
            CounterType(body["counterType"]),
            per_unit(Decimal(body["price"]), body["unit"], body["currency"]),
            wire.day(body["effectiveFrom"], "/effectiveFrom"),
        )
        return _reply(counters.put_counter(self.ctx, counter))


def _reply(rows: counters.Prices) -> schemas.CounterResponse:
    return {"header": wire.success(), "counter": wire.counter(rows, counters.latest(rows))}
