"""Handlers of the tag counters."""

from __future__ import annotations

from attrs import frozen

from provider_stub.generated import schemas
from provider_stub.usecases import counters
from provider_stub.usecases.context import Context, window
from provider_stub.wire import decode, encode


@frozen
class Counters:
    ctx: Context

    def list_counters(self, *, page: int = 1, items_per_page: int = 20) -> schemas.CounterList:
        found = counters.list_counters(self.ctx, window(page, items_per_page))
        shown = [encode.counter(rows, counters.latest(rows)) for rows in found.items]
        return {"header": encode.success(), "counters": shown, "totalItems": found.total}

    def get_counter(self, *, counter_name: str) -> schemas.CounterResponse:
        return _reply(counters.get_counter(self.ctx, counter_name))

    def put_counter(self, *, counter_name: str, body: schemas.PutCounterRequest) -> schemas.CounterResponse:
        return _reply(counters.put_counter(self.ctx, decode.counter(counter_name, body)))


def _reply(rows: counters.Prices) -> schemas.CounterResponse:
    return {"header": encode.success(), "counter": encode.counter(rows, counters.latest(rows))}
