"""Counters and meters in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.counters import Counter
from provider_stub.engine.metering import CounterType, Meter, Readings, Usage
from provider_stub.store.protocol.records import Page, Window
from provider_stub.store.sql import codec
from provider_stub.store.sql.schema import COUNTERS, METERS
from provider_stub.store.sql.upsert import insert_all, upsert

_ALL_COUNTERS: Final = sa.select(COUNTERS).order_by(
    COUNTERS.c.counter_name, COUNTERS.c.currency, COUNTERS.c.effective_from
)
_AT_ONCE: Final = 10_000
_NAMED_COUNTERS: Final = _ALL_COUNTERS.where(COUNTERS.c.counter_name.in_(sa.bindparam("names", expanding=True)))


@frozen
class SqlCounters:
    _connection: sa.Connection

    def rows(self, names: Collection[str] | None = None) -> tuple[Counter, ...]:
        query, which = (_ALL_COUNTERS, {}) if names is None else (_NAMED_COUNTERS, {"names": list(names)})
        return tuple(map(codec.counter, self._connection.execute(query, which).mappings()))

    def names(self, window: Window) -> Page[str]:
        query = sa.select(COUNTERS.c.counter_name).distinct().order_by(COUNTERS.c.counter_name)
        names = self._connection.scalars(query.offset(window.offset).limit(window.limit))
        total = sa.select(sa.func.count(COUNTERS.c.counter_name.distinct()))
        return Page(tuple(names), self._connection.execute(total).scalar_one())

    def put(self, counter: Counter) -> None:
        self._connection.execute(upsert(self._connection, COUNTERS), codec.counter_row(counter))


@frozen
class SqlMeters:
    _connection: sa.Connection

    def add(self, account_id: str, meters: Sequence[Meter]) -> Mapping[str, Meter]:
        if not meters:
            return {}
        stored = insert_all(self._connection, METERS, [codec.meter_row(account_id, meter) for meter in meters])
        present = [meter.meter_id for meter in meters if (account_id, meter.meter_id) not in stored]
        if not present:
            return {}
        query = sa.select(METERS).where(METERS.c.account_id == account_id, METERS.c.meter_id.in_(present))
        found = map(codec.meter, self._connection.execute(query).mappings())
        return {meter.meter_id: meter for meter in found}

    def get(self, account_id: str, meter_id: str) -> Meter | None:
        query = sa.select(METERS).where(METERS.c.account_id == account_id, METERS.c.meter_id == meter_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else codec.meter(row)

    def page(
        self,
        project_ids: Collection[str],
        first: datetime | None,
        end: datetime | None,
        counter_name: str | None,
        window: Window,
    ) -> Page[Meter]:
        where: list[sa.ColumnElement[bool]] = [METERS.c.project_id.in_(project_ids)]
        if first is not None:
            where.append(METERS.c.at >= first)
        if end is not None:
            where.append(METERS.c.at < end)
        if counter_name is not None:
            where.append(METERS.c.counter_name == counter_name)
        query = sa.select(METERS).where(*where).order_by(METERS.c.at, METERS.c.meter_id)
        rows = self._connection.execute(query.offset(window.offset).limit(window.limit)).mappings()
        return Page(tuple(map(codec.meter, rows)), self._count(*where))

    def ids(self, project_ids: Collection[str], first: datetime, end: datetime) -> Iterator[str]:
        query = sa.select(METERS.c.meter_id).where(*_MONTH)
        month = {"projects": list(project_ids), "first": first, "end": end}
        yield from self._connection.scalars(query, month, execution_options={"yield_per": _AT_ONCE})

    def remove(self, project_id: str, first: datetime, end: datetime) -> int:
        return self._connection.execute(sa.delete(METERS).where(_of_project(project_id, first, end))).rowcount

    def readings(self, project_ids: Collection[str], first: datetime, end: datetime) -> Readings:
        month = {"projects": list(project_ids), "first": first, "end": end}
        sums = self._connection.execute(_SUMS, month)
        meters = tuple(map(codec.meter, self._connection.execute(_DECIDING, month).mappings()))
        cumulative = any(meter.counter_type is CounterType.CUMULATIVE for meter in meters)
        carry_in = self._connection.execute(_CARRY_IN, month).mappings() if cumulative else ()
        return Readings(tuple(map(_sum, sums)), meters, tuple(map(codec.meter, carry_in)))

    def any_of(self, project_ids: Collection[str]) -> frozenset[str]:
        query = sa.select(METERS.c.project_id).where(METERS.c.project_id.in_(project_ids)).distinct()
        return frozenset(self._connection.scalars(query))

    def spans(self, project_id: str, first: datetime, end: datetime) -> tuple[datetime, datetime] | None:
        query = sa.select(sa.func.min(METERS.c.at), sa.func.max(METERS.c.at))
        earliest, latest = self._connection.execute(query.where(_of_project(project_id, first, end))).one()
        return None if earliest is None else (earliest, latest)

    def _count(self, *where: sa.ColumnElement[bool]) -> int:
        return self._connection.execute(sa.select(sa.func.count()).select_from(METERS).where(*where)).scalar_one()


_MONTH: Final = (
    METERS.c.project_id.in_(sa.bindparam("projects", expanding=True)),
    METERS.c.at >= sa.bindparam("first"),
    METERS.c.at < sa.bindparam("end"),
)


def _is(*kinds: CounterType) -> sa.ColumnElement[bool]:
    """Written out, for only then does SQLite use a partial index."""
    return METERS.c.counter_type.in_(sa.literal_column(f"'{kind}'") for kind in kinds)


# SQLite adds up in 64 bits, and refuses a sum beyond them. Halves of each number leave room for billions of readings.
_HALF_WHOLE: Final = 10**9
_HALF_FRACTION: Final = 10**6


def _halves(column: sa.Column[int], half: int) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    size: sa.ColumnElement[int] = sa.literal_column(str(half))
    return sa.func.sum(column.op("/")(size)), sa.func.sum(column.op("%")(size))


_SUMS: Final = (
    sa.select(
        METERS.c.project_id,
        METERS.c.counter_name,
        METERS.c.counter_unit,
        *_halves(METERS.c.volume_whole, _HALF_WHOLE),
        *_halves(METERS.c.volume_fraction, _HALF_FRACTION),
    )
    .where(*_MONTH, _is(CounterType.DELTA))
    .group_by(METERS.c.project_id, METERS.c.counter_name, METERS.c.counter_unit)
)


def _sum(row: Sequence[Any]) -> Usage:
    project_id, counter_name, unit = row[:3]
    high, low, high_fraction, low_fraction = map(int, row[3:])  # PostgreSQL adds up to decimals
    volume = codec.volume(high * _HALF_WHOLE + low, high_fraction * _HALF_FRACTION + low_fraction)
    return Usage(project_id, counter_name, unit, volume)


def _deciding() -> sa.Select[Any]:
    """The latest reading of each series; of a CUMULATIVE one also the first, which may be lower than the one carried
    in, and both sides of each reset.

    Readings in one unit compare as they are; where the unit changes, the engine sees both sides.
    """
    of = METERS.c
    over: dict[str, Any] = {
        "partition_by": (of.project_id, of.counter_name, of.resource_id, of.counter_type),
        "order_by": (of.at, of.meter_id),
    }
    beside = [
        move(column).over(**over).label(f"{name}_{column.name}")
        for name, move in (("lag", sa.func.lag), ("lead", sa.func.lead))
        for column in (of.counter_unit, of.volume_whole, of.volume_fraction)
    ]
    row = sa.select(METERS, *beside).where(*_MONTH, _is(CounterType.GAUGE, CounterType.CUMULATIVE)).subquery().c
    reset = row.lag_counter_unit.is_(None) | _less(row, "", "lag_") | _less(row, "lead_", "")
    return sa.select(*(row[column.name] for column in of)).where(
        row.lead_counter_unit.is_(None)
        | (row.lead_counter_unit != row.counter_unit)
        | (row.lag_counter_unit != row.counter_unit)
        | ((row.counter_type == CounterType.CUMULATIVE) & reset)
    )


def _less(row: Any, one: str, other: str) -> sa.ColumnElement[bool]:
    whole, whole_of_other = row[f"{one}volume_whole"], row[f"{other}volume_whole"]
    fraction, fraction_of_other = row[f"{one}volume_fraction"], row[f"{other}volume_fraction"]
    less: sa.ColumnElement[bool] = (whole < whole_of_other) | (
        (whole == whole_of_other) & (fraction < fraction_of_other)
    )
    return less


def _carry_in() -> sa.Select[Any]:
    """Each series of the month looks up its own last reading in the index, however long its history is."""
    of = METERS.c
    series = (of.account_id, of.project_id, of.counter_name, of.resource_id)
    present = sa.select(*series).where(*_MONTH, _is(CounterType.CUMULATIVE)).distinct().subquery()
    earlier = METERS.alias()
    last = (
        sa.select(earlier.c.meter_id)
        .where(
            *(earlier.c[column.name] == present.c[column.name] for column in series),
            earlier.c.counter_type == sa.literal_column(f"'{CounterType.CUMULATIVE}'"),
            earlier.c.at < sa.bindparam("first"),
        )
        .order_by(earlier.c.at.desc(), earlier.c.meter_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.select(METERS).join(present, (of.account_id == present.c.account_id) & (of.meter_id == last))


_DECIDING: Final = _deciding()
_CARRY_IN: Final = _carry_in()


def _of_project(project_id: str, first: datetime, end: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(METERS.c.project_id == project_id, METERS.c.at >= first, METERS.c.at < end)
