"""A month of events of many customers: the same for the same numbers, written as Parquet by DuckDB."""

# ruff: noqa: S608 - only numbers and names of our own are put into the query
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb
from attrs import frozen

from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.engine.counters import Counter
from provider_stub.engine.metering import CounterType
from provider_stub.engine.money import EXACT
from provider_stub.engine.period import Month
from provider_stub.engine.prices import per_unit
from provider_stub.engine.regions import region_of

MONTH: Final = Month(2026, 10)
REGION: Final = region_of("KR")
FIRST, END = MONTH.bounds(REGION.zone)
KINDS: Final = (CounterType.DELTA, CounterType.GAUGE, CounterType.DELTA, CounterType.CUMULATIVE)
"""The types of the counters, in turn: half of the events are to be added up."""

_PER_GROUP: Final = 10
_PER_ACCOUNT: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@frozen
class Customers:
    """Ten projects a billing group, ten billing groups an account; every project uses every counter."""

    projects: int = 10_000
    counters: int = 20

    def accounts(self) -> list[Account]:
        return [
            Account(
                f"account-{first // _PER_ACCOUNT:04}",
                REGION.code,
                tuple(
                    _group(number, self.projects)
                    for number in range(first, min(first + _PER_ACCOUNT, self.projects), _PER_GROUP)
                ),
            )
            for first in range(0, self.projects, _PER_ACCOUNT)
        ]

    def price_list(self) -> list[Counter]:
        price = per_unit(EXACT.create_decimal("0.25"), "GB", REGION.currency)
        return [
            Counter(f"counter.{number:02}", KINDS[number % len(KINDS)], price, MONTH.first_day)
            for number in range(self.counters)
        ]

    def write(self, file: Path, events: int) -> None:
        """Volumes have 12 decimal places and two units; CUMULATIVE ones rise, and a tenth of them are reset once."""
        kinds = ", ".join(f"'{kind}'" for kind in KINDS)
        with duckdb.connect(config={"threads": 2, "memory_limit": "600MB"}) as database:
            database.execute(f"""
                COPY (
                    SELECT 'event-' || i AS meter_id,
                           format('account-{{:04d}}', project // {_PER_ACCOUNT}) AS account_id,
                           format('key-{{:05d}}', project) AS app_key,
                           format('counter.{{:02d}}', counter) AS counter_name,
                           [{kinds}][counter % {len(KINDS)} + 1] AS counter_type,
                           if(if(counter % 2 = 0, noise, project) % 10 = 0, 'MB', 'GB') AS counter_unit,
                           (if(counter % {len(KINDS)} = 3, risen, noise) * 1000 + i % 1000)::DECIMAL(18, 0)
                               * 0.000000000001 AS counter_volume,
                           make_timestamptz({_microseconds(FIRST - _EPOCH)} + i * step) AS "timestamp",
                           'vm-' || (noise % 2) AS resource_id
                    FROM (
                        SELECT i, i % {self.projects} AS project, (i // {self.projects}) % {self.counters} AS counter,
                               if(project % 10 = 0, i % ({events} * 2 // 3 + 1), i) * 90000000 AS risen,
                               (hash(i) % 1000000000000)::BIGINT AS noise,
                               {_microseconds(END - FIRST)} // {events} AS step
                        FROM range({events}) AS numbers(i)
                    )
                ) TO '{file}' (FORMAT parquet)
            """)


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _group(first: int, projects: int) -> BillingGroup:
    numbers = range(first, min(first + _PER_GROUP, projects))
    return BillingGroup(
        f"group-{first // _PER_GROUP:04}",
        "",
        tuple(Project(f"project-{number:05}", f"key-{number:05}") for number in numbers),
        default=first % _PER_ACCOUNT == 0,
    )
