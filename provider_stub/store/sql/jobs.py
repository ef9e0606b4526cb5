"""Background jobs and idempotency keys in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import UNFINISHED, IdempotencyKey, Job, JobKind, KeptReply
from provider_stub.store.sql import codec
from provider_stub.store.sql.schema import JOBS, KEYS
from provider_stub.store.sql.upsert import inserted

_UNFINISHED = JOBS.c.status.in_(sorted(UNFINISHED))


@frozen
class SqlJobs:
    _connection: sa.Connection

    def add(self, job: Job) -> None:
        self._connection.execute(sa.insert(JOBS), codec.job_row(job))

    def get(self, job_id: str) -> Job | None:
        row = self._connection.execute(sa.select(JOBS).where(JOBS.c.job_id == job_id)).mappings().first()
        return None if row is None else codec.job(row)

    def save(self, job: Job) -> bool:
        # Two processes may have resumed one job: progress never goes back.
        change = sa.update(JOBS).where(JOBS.c.job_id == job.job_id, _UNFINISHED, JOBS.c.progress <= job.progress)
        return self._connection.execute(change.values(codec.job_row(job))).rowcount == 1

    def unfinished(self) -> tuple[Job, ...]:
        rows = self._connection.execute(sa.select(JOBS).where(_UNFINISHED).order_by(JOBS.c.number)).mappings()
        return tuple(map(codec.job, rows))

    def latest(self, kind: JobKind, account_id: str | None, month: Month | None, limit: int) -> tuple[Job, ...]:
        query = sa.select(JOBS).where(JOBS.c.kind == kind).order_by(JOBS.c.number.desc()).limit(limit)
        if account_id is not None:
            query = query.where(JOBS.c.account_id == account_id)
        if month is not None:
            query = query.where(JOBS.c.month == month)
        return tuple(map(codec.job, self._connection.execute(query).mappings()))


@frozen
class SqlKeys:
    _connection: sa.Connection

    def claim(self, key: IdempotencyKey, at: datetime) -> KeptReply | None:
        row = {"scope": key.scope, "account_id": key.account_id, "key": key.key, "digest": key.digest, "at": at}
        # Of two at once PostgreSQL lets the second wait here until the first has ended.
        if inserted(self._connection, KEYS, row):
            return None
        return self.find(key)

    def find(self, key: IdempotencyKey) -> KeptReply | None:
        kept = self._connection.execute(sa.select(KEYS).where(_named(key))).first()
        return None if kept is None else KeptReply(kept.digest, kept.reply, kept.subject)

    def about(self, key: IdempotencyKey, subject: str) -> None:
        self._connection.execute(sa.update(KEYS).where(_named(key)).values(subject=subject))

    def keep(self, key: IdempotencyKey, reply: Mapping[str, object]) -> None:
        self._connection.execute(sa.update(KEYS).where(_named(key)).values(reply=reply))


def _named(key: IdempotencyKey) -> sa.ColumnElement[bool]:
    return sa.and_(KEYS.c.scope == key.scope, KEYS.c.account_id == key.account_id, KEYS.c.key == key.key)
