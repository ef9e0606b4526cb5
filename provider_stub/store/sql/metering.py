"""Counters and meters in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.counters import Counter
from provider_stub.engine.metering import CounterType, Meter
from provider_stub.store.protocol.records import Page, Window
from provider_stub.store.sql import codec
from provider_stub.store.sql.schema import COUNTERS, METERS
from provider_stub.store.sql.upsert import insert_new, upsert


@frozen
class SqlCounters:
    _connection: sa.Connection

    def rows(self, names: Collection[str] | None = None) -> tuple[Counter, ...]:
        query = sa.select(COUNTERS).order_by(COUNTERS.c.counter_name, COUNTERS.c.currency, COUNTERS.c.effective_from)
        if names is not None:
            query = query.where(COUNTERS.c.counter_name.in_(names))
        return tuple(map(codec.counter, self._connection.execute(query).mappings()))

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
        insert = insert_new(self._connection, METERS).returning(METERS.c.meter_id)
        stored = set(self._connection.scalars(insert, [codec.meter_row(account_id, meter) for meter in meters]))
        present = [meter.meter_id for meter in meters if meter.meter_id not in stored]
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

    def remove(self, project_id: str, first: datetime, end: datetime) -> int:
        return self._connection.execute(sa.delete(METERS).where(_of_project(project_id, first, end))).rowcount

    def within(self, project_ids: Collection[str], first: datetime, end: datetime) -> tuple[Meter, ...]:
        query = sa.select(METERS).where(METERS.c.project_id.in_(project_ids), METERS.c.at >= first, METERS.c.at < end)
        return tuple(map(codec.meter, self._connection.execute(query).mappings()))

    def last_cumulative(self, project_ids: Collection[str], before: datetime) -> tuple[Meter, ...]:
        series = (METERS.c.project_id, METERS.c.counter_name, METERS.c.resource_id)
        newest_first = (METERS.c.at.desc(), METERS.c.meter_id.desc())
        ranked = (
            sa.select(METERS, sa.func.row_number().over(partition_by=series, order_by=newest_first).label("rank"))
            .where(
                METERS.c.counter_type == sa.literal_column(f"'{CounterType.CUMULATIVE}'"),  # lets the index be used
                METERS.c.project_id.in_(project_ids),
                METERS.c.at < before,
            )
            .subquery()
        )
        rows = self._connection.execute(sa.select(ranked).where(ranked.c.rank == 1)).mappings()
        return tuple(map(codec.meter, rows))

    def any_of(self, project_ids: Collection[str]) -> frozenset[str]:
        query = sa.select(METERS.c.project_id).where(METERS.c.project_id.in_(project_ids)).distinct()
        return frozenset(self._connection.scalars(query))

    def spans(self, project_id: str, first: datetime, end: datetime) -> tuple[datetime, datetime] | None:
        query = sa.select(sa.func.min(METERS.c.at), sa.func.max(METERS.c.at))
        earliest, latest = self._connection.execute(query.where(_of_project(project_id, first, end))).one()
        return None if earliest is None else (earliest, latest)

    def _count(self, *where: sa.ColumnElement[bool]) -> int:
        return self._connection.execute(sa.select(sa.func.count()).select_from(METERS).where(*where)).scalar_one()


def _of_project(project_id: str, first: datetime, end: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(METERS.c.project_id == project_id, METERS.c.at >= first, METERS.c.at < end)
