"""What `make bench` shows of billing: ingestion, rating, statements. Every way to the usage has to find the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Final

from attrs import evolve, field, frozen

from contractkit.bench.own import Quantity, Section
from provider_stub.store.sql.database import open_store
from tests.bench.events import Customers
from tests.bench.ingestion import BATCH, Ingested, ingest
from tests.bench.rating import digest
from tests.bench.statements import statements_per_second
from tests.postgres import PostgresMissingError, postgres_server

Echo = Callable[[str], None]

_ROOT: Final = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS: Final = 600


@frozen
class Plan:
    """How much is measured: `few` events are also ingested and added up by a plain loop, `many` are rated only."""

    few: int = 1_000_000
    many: int = 10_000_000
    customers: Customers = field(factory=Customers)
    rounds: int = 2
    months: int = 200


@frozen
class Found:
    """A digest of the usage, and who found it."""

    by: str
    digest: str


def measure(echo: Echo, folder: Path, plan: Plan | None = None) -> Iterator[Section]:
    """The sections of the project's own figures, as contractkit.bench.own asks for them."""
    plan = plan or Plan()
    few, many = folder / "few.parquet", folder / "many.parquet"
    echo(f"writing {plan.few:,} and {plan.many:,} events")
    plan.customers.write(few, plan.few)
    plan.customers.write(many, plan.many)
    rated, found = _rated(echo, few, many, plan)
    ingested, stored = _ingested(echo, folder, few, plan)
    wrong = tuple(f"{one.by} finds other usage than {found.by}" for one in stored if one.digest != found.digest)
    yield evolve(ingested, failures=wrong)
    yield rated
    echo("calculating statements of 100 lines")
    quantities = (
        Quantity(
            f"calculated by {processes} process{'es' if processes > 1 else ''}",
            statements_per_second(months=plan.months, rounds=plan.rounds, processes=processes),
            "a second",
        )
        for processes in (1, 2)
    )
    notes = ("5 projects with 20 counters, every price model, a contract, 5 adjustments, 4 credits, VAT",)
    yield Section("Statements of 100 lines", tuple(quantities), notes)


def _rated(echo: Echo, few: Path, many: Path, plan: Plan) -> tuple[Section, Found]:
    """The loop and the product take turns, so that a busy machine is busy for both."""
    looped: list[dict[str, Any]] = []
    small: list[dict[str, Any]] = []
    large: list[dict[str, Any]] = []
    for turn in range(plan.rounds):
        echo(f"rating, round {turn + 1} of {plan.rounds}")
        looped.append(_child("loop", few, plan))
        small.append(_child("product", few, plan))
        large.append(_child("product", many, plan))
    times = plan.many / plan.few
    slow, seconds = _median(looped, "seconds"), _median(large, "aggregated")
    quantities = (
        *_job(f"{plan.few:,} events", plan.few, small),
        *_job(f"{plan.many:,} events", plan.many, large),
        Quantity("growth of time", _median(large, "seconds") / _median(small, "seconds"), f"times, of {times:.0f}"),
        Quantity(
            "growth of memory", _median(large, "megabytes") / _median(small, "megabytes"), f"times, of {times:.0f}"
        ),
        Quantity(f"a plain loop of decimals, {plan.few:,} events to usage", slow, "s"),
        Quantity("its peak memory", _median(looped, "megabytes"), "MB"),
        Quantity(
            f"the loop's time for {plan.many:,} (in proportion), by the product's", slow * times / seconds, "times"
        ),
        Quantity(
            "the same without the product's checks", slow * times / (seconds - _median(large, "checked")), "times"
        ),
        Quantity(
            "the same as the first without reading the file",
            (slow - _median(looped, "read")) * times / seconds,
            "times",
        ),
    )
    wrong = []
    if {one["digest"] for one in (*looped, *small)} != {small[0]["digest"]}:
        wrong.append("the plain loop and the product find different usage")
    if {(one["digest"], one["total"]) for one in large} != {(large[0]["digest"], large[0]["total"])}:
        wrong.append("the product finds other usage or other totals in one round than in the other")
    notes = (
        f"{plan.customers.projects:,} projects with {plan.customers.counters} counters; DuckDB: 2 threads, 600 MB",
        f"medians of {plan.rounds} rounds, each job in a process of its own",
        "the product also checks every event against customers and price list, the loop does not",
        "statements of usage at list prices, calculated and not stored; the loop stops at the usage",
    )
    return Section("Rating a month's events from Parquet", quantities, notes, tuple(wrong)), Found(
        "the product", small[0]["digest"]
    )


def _job(name: str, events: int, runs: list[dict[str, Any]]) -> Iterator[Quantity]:
    seconds = _median(runs, "seconds")
    yield Quantity(f"{name} to {runs[0]['statements']:,} statements", seconds, "s")
    yield Quantity("  events", events / seconds, "a second")
    yield Quantity("  of it checking", _median(runs, "checked"), "s")
    yield Quantity("  of it calculating the statements", _median(runs, "calculated"), "s")
    yield Quantity("  statements, once there is usage", runs[0]["statements"] / _median(runs, "calculated"), "a second")
    yield Quantity("  peak memory of the process", _median(runs, "megabytes"), "MB")


def _child(job: str, file: Path, plan: Plan) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.rating", job, str(file), str(plan.customers.projects)]
    command.append(str(plan.customers.counters))
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, timeout=_PATIENCE_SECONDS, check=False, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _ingested(echo: Echo, folder: Path, few: Path, plan: Plan) -> tuple[Section, list[Found]]:
    quantities: list[Quantity] = []
    notes = [f"{plan.few:,} meters in batches of {BATCH:,}, each with an Idempotency-Key, one after the other"]
    found: list[Found] = []
    with ExitStack() as servers:
        urls = {"SQLite": f"sqlite:///{folder / 'ingested.db'}"}
        try:
            urls["PostgreSQL"] = servers.enter_context(postgres_server()).database()
            notes.append("SQLite as the provider runs it; PostgreSQL with fsync off")
        except PostgresMissingError as error:
            notes.append(f"PostgreSQL is left out: {error}")
        for name, url in urls.items():
            echo(f"ingesting {plan.few:,} meters into {name}")
            store = open_store(url)
            servers.callback(store.close)
            done: Ingested = ingest(store, few, plan.customers)
            quantities += (
                Quantity(f"{name}: recorded", done.meters / done.seconds, "meters a second"),
                Quantity(f"{name}: added up to usage", done.meters / done.aggregating, "meters a second"),
            )
            found.append(Found(name, digest(done.usage)))
    return Section("Ingestion through the store", tuple(quantities), tuple(notes)), found


def _median(runs: list[dict[str, Any]], name: str) -> float:
    return float(median(run[name] for run in runs))
