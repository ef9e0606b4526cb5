"""The price list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from provider_stub.engine.counters import Counter
from provider_stub.engine.errors import Conflict, NotFound
from provider_stub.engine.units import unit_named
from provider_stub.store.protocol.records import Page, Window
from provider_stub.usecases.context import Context

Prices = tuple[Counter, ...]
"""All rows of one counter, by currency and then by first day."""


def put_counter(ctx: Context, counter: Counter) -> Prices:
    """Adds or replaces a list price. Raises Conflict when type or dimension differ from the counter's other prices."""
    with ctx.store.write() as tx:
        for row in tx.counters.rows([counter.counter_name]):
            _check_same_kind(row, counter)
        tx.counters.put(counter)
        return tx.counters.rows([counter.counter_name])


def get_counter(ctx: Context, counter_name: str) -> Prices:
    """Raises NotFound."""
    with ctx.store.read() as tx:
        rows = tx.counters.rows([counter_name])
    if not rows:
        raise NotFound(f"there is no counter {counter_name}")
    return rows


def list_counters(ctx: Context, window: Window) -> Page[Prices]:
    """By name."""
    with ctx.store.read() as tx:
        names = tx.counters.names(window)
        rows = tx.counters.rows(names.items)
    found = groupby(rows, key=lambda row: row.counter_name)
    return Page(tuple(tuple(prices) for _, prices in found), names.total)


def latest(rows: Sequence[Counter]) -> Counter:
    """The row with the latest first day; of several, that of the first currency by alphabet."""
    newest = max(row.effective_from for row in rows)
    return min((row for row in rows if row.effective_from == newest), key=lambda row: row.price.currency)


def by_name(rows: Iterable[Counter]) -> dict[str, Counter]:
    """The latest row of each counter: it says type and unit."""
    return {name: latest(list(prices)) for name, prices in groupby(rows, key=lambda row: row.counter_name)}


def in_currency(rows: Iterable[Counter], currency: str) -> list[Counter]:
    return [row for row in rows if row.price.currency == currency]


def _check_same_kind(row: Counter, counter: Counter) -> None:
    name = counter.counter_name
    if row.counter_type is not counter.counter_type:
        raise Conflict(f"{name} is a {row.counter_type} counter")
    measured = unit_named(row.price.unit).dimension
    if unit_named(counter.price.unit).dimension != measured:
        raise Conflict(f"{name} is measured in {measured}, which {counter.price.unit} is not")
