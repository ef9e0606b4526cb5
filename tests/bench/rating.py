"""A month's events in a Parquet file, rated: by the product, and by a plain loop that adds decimals.

    python -m tests.bench.rating (product | loop) FILE PROJECTS COUNTERS

prints one JSON object with seconds, the peak memory of this process, and a digest of the usage that was found. It is
a process of its own, so that the memory is that of the job alone.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import duckdb

from provider_stub.engine.calculation import CalculationInput, calculate
from provider_stub.engine.counters import price_list
from provider_stub.engine.metering import CounterType, Meter, Usage, aggregate
from provider_stub.engine.money import EXACT, decimal_text
from provider_stub.engine.units import UNITS
from provider_stub.store.parquet.events import open_events
from provider_stub.store.protocol.events import ProjectMonth
from provider_stub.usecases.bulk import kind, project_months
from tests.bench.events import END, FIRST, MONTH, REGION, Customers

_AT_ONCE: Final = 10_000


def product(file: Path, customers: Customers) -> dict[str, float | str]:
    """Checks and condenses with DuckDB as an import does, then calculates a statement for every billing group.

    `aggregated` are the seconds from the file to usage, `seconds` those of all.
    """
    began = perf_counter()
    accounts = customers.accounts()
    group_of = {
        project.project_id: (account.account_id, group.billing_group_id)
        for account in accounts
        for group in account.billing_groups
        for project in group.projects
    }
    prices = price_list(customers.price_list(), MONTH)
    found: list[Usage] = []
    calculating, statements, total = 0.0, 0, 0
    with tempfile.TemporaryDirectory() as scratch, open_events([file], Path(scratch)) as events:
        days = events.days()
        months = [month for account in accounts for month in project_months(account, days)]
        if complaints := events.check(months, [kind(counter) for counter in customers.price_list()]):
            raise ValueError(str(complaints[0]))
        checked = perf_counter() - began
        for (account_id, group_id), condensed in groupby(events.condensed(), lambda each: group_of[each[0].project_id]):
            usage = _usage(condensed)
            started = perf_counter()
            inputs = CalculationInput(REGION, MONTH, account_id, group_id, f"{group_id}.{MONTH}", usage, prices)
            total += calculate(inputs).statement.total_amount
            calculating += perf_counter() - started
            statements += 1
            found += usage
    seconds = perf_counter() - began
    return {
        "seconds": seconds,
        "checked": checked,
        "aggregated": seconds - calculating,
        "calculated": calculating,
        "statements": statements,
        "total": total,
        "digest": digest(found),
    }


def _usage(condensed: Iterable[tuple[ProjectMonth, Meter]]) -> tuple[Usage, ...]:
    sums: list[Usage] = []
    meters: list[Meter] = []
    for _, meter in condensed:
        if meter.counter_type is CounterType.DELTA:
            sums.append(Usage(meter.project_id, meter.counter_name, meter.counter_unit, meter.counter_volume))
        else:
            meters.append(meter)
    return aggregate(meters, MONTH, REGION.zone, sums=sums)


def loop(file: Path, customers: Customers) -> dict[str, float | str]:
    """What one would write without a database: every event once, in Python, exactly. `read` is the part of getting them
    out of the file, as text, numbers and decimals.
    """
    project_of = {
        project.app_key: project.project_id
        for account in customers.accounts()
        for group in account.billing_groups
        for project in group.projects
    }
    reading = [0.0]
    began = perf_counter()
    usage = _added_up(_rows(file, reading), project_of)
    seconds = perf_counter() - began
    return {"seconds": seconds, "read": reading[0], "digest": digest(usage)}


def _rows(file: Path, reading: list[float]) -> Iterator[tuple[Any, ...]]:
    with duckdb.connect(config={"threads": 2, "memory_limit": "600MB"}) as database:
        rows = database.execute(
            """
            SELECT meter_id, app_key, counter_name, counter_type, counter_unit, counter_volume,
                   epoch_us("timestamp"), resource_id FROM read_parquet(?)
            """,
            [str(file)],
        )
        while True:
            started = perf_counter()
            some = rows.fetchmany(_AT_ONCE)
            reading[0] += perf_counter() - started
            if not some:
                return
            yield from some


def _added_up(rows: Iterable[tuple[Any, ...]], project_of: Mapping[str, str]) -> list[Usage]:
    """Each event's month, unit and series, with no check of what it says."""
    first, end = (int(instant.timestamp()) * 1_000_000 for instant in (FIRST, END))
    seen: set[str] = set()
    sums: dict[tuple[str, str, str], Decimal] = {}
    latest: dict[tuple[str, str, str, str], tuple[int, str, Decimal]] = {}
    rising: dict[tuple[str, str, str, str], list[tuple[int, str, Decimal]]] = {}
    for meter_id, app_key, counter, kind_of, unit_name, volume, at, resource_id in rows:
        if meter_id in seen or not first <= at < end:
            continue
        seen.add(meter_id)
        unit = UNITS[unit_name]
        base = EXACT.multiply(volume, unit.scale)
        project = project_of[app_key]
        if kind_of == "DELTA":
            key = (project, counter, unit.dimension)
            sums[key] = EXACT.add(sums.get(key, Decimal(0)), base)
            continue
        series = (project, counter, unit.dimension, resource_id)
        if kind_of == "GAUGE":
            if series not in latest or latest[series] < (at, meter_id, base):
                latest[series] = (at, meter_id, base)
        else:
            rising.setdefault(series, []).append((at, meter_id, base))
    for series, (_, _, base) in latest.items():
        sums[series[:3]] = EXACT.add(sums.get(series[:3], Decimal(0)), base)
    for series, readings in rising.items():
        last = Decimal(0)
        for _, _, base in sorted(readings):
            risen = EXACT.subtract(base, last) if base >= last else base
            sums[series[:3]] = EXACT.add(sums.get(series[:3], Decimal(0)), risen)
            last = base
    return [Usage(*key, quantity) for key, quantity in sums.items()]


def _peak_megabytes() -> float:
    """Of this process alone: what getrusage tells begins with the peak of the process that started it."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def digest(usage: Iterable[Usage]) -> str:
    """The same for the same usage, in whatever order."""
    lines = sorted(f"{u.project_id} {u.counter_name} {u.unit} {decimal_text(u.quantity)}\n" for u in usage)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    job = {"product": product, "loop": loop}[sys.argv[1]]
    result = job(Path(sys.argv[2]), Customers(*map(int, sys.argv[3:])))
    sys.stdout.write(json.dumps(result | {"megabytes": _peak_megabytes()}))
