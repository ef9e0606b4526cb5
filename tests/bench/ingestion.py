"""Readings through the use case into a store, and added up there again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import duckdb
from attrs import frozen

from provider_stub.app import context
from provider_stub.config import Settings
from provider_stub.engine.accounts import Account
from provider_stub.engine.metering import CounterType, Usage, aggregate
from provider_stub.store.protocol.tx import Store
from provider_stub.usecases.context import once
from provider_stub.usecases.metering import Reading, Recorded, Verdict, record_meters
from provider_stub.workers import Workers
from tests.bench.events import END, FIRST, MONTH, REGION, Customers

BATCH: Final = 1_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOW: Final = datetime(2026, 11, 2, tzinfo=UTC)

Batch = tuple[str, Sequence[tuple[Any, ...]]]


@frozen
class Ingested:
    """`seconds` to record, of which making the readings is no part; `usage` was added up in `aggregating` seconds."""

    meters: int
    seconds: float
    aggregating: float
    usage: Sequence[Usage]


def ingest(store: Store, file: Path, customers: Customers) -> Ingested:
    """Records all events of the file in batches, each of one account and with an Idempotency-Key; then adds them up."""
    ctx = context(Settings(), Workers(), clock=lambda: _NOW, store=store)
    with store.write() as tx:
        for account in customers.accounts():
            tx.accounts.put(account)
        for counter in customers.price_list():
            tx.counters.put(counter)
    meters, seconds = 0, 0.0
    for number, (account_id, rows) in enumerate(_batches(file)):
        readings = list(map(_reading, rows))
        request = [[str(value) for value in row] for row in rows]
        began = perf_counter()
        reply = record_meters(
            ctx, account_id, readings, once(_reply, "bench", f"batch-{number}", request, account_id=account_id)
        )
        seconds += perf_counter() - began
        if reply["accepted"] != len(readings):
            raise ValueError(f"batch {number} of {account_id} was not accepted whole: {reply}")
        meters += len(readings)
    began = perf_counter()
    usage = [one for account in customers.accounts() for one in _usage(store, _projects(account))]
    return Ingested(meters, seconds, perf_counter() - began, usage)


def _projects(account: Account) -> list[str]:
    return [project.project_id for group in account.billing_groups for project in group.projects]


def _usage(store: Store, project_ids: Sequence[str]) -> tuple[Usage, ...]:
    with store.read() as tx:
        readings = tx.meters.readings(project_ids, FIRST, END)
    return aggregate(readings.meters, MONTH, REGION.zone, readings.carry_in, readings.sums)


def _batches(file: Path) -> Iterator[Batch]:
    """In the order of time within an account, as senders send them."""
    query = """
        SELECT account_id, meter_id, app_key, counter_name, counter_type, counter_unit, counter_volume,
               epoch_us("timestamp") AS us, resource_id FROM read_parquet(?) ORDER BY account_id, us
    """
    with duckdb.connect(config={"threads": 2, "memory_limit": "600MB"}) as database:
        rows = database.execute(query, [str(file)])
        left: list[tuple[Any, ...]] = []
        while left or (left := rows.fetchmany(BATCH)):
            account_id = left[0][0]
            if len(left) < BATCH:
                left += rows.fetchmany(BATCH - len(left))
            batch = [row for row in left if row[0] == account_id]
            left = left[len(batch) :]
            yield account_id, batch


def _reading(row: Sequence[Any]) -> Reading:
    _, meter_id, app_key, counter_name, counter_type, counter_unit, volume, at, resource_id = row
    instant = _EPOCH + timedelta(microseconds=at)
    kind = CounterType(counter_type)
    return Reading(app_key, counter_name, kind, counter_unit, volume, instant, meter_id, resource_id)


def _reply(recorded: Sequence[Recorded]) -> dict[str, Any]:
    return {
        "accepted": sum(one.verdict is Verdict.ACCEPTED for one in recorded),
        "results": [{"index": index, "meterId": one.meter_id} for index, one in enumerate(recorded)],
    }
