"""Background jobs and idempotency keys in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import UNFINISHED, IdempotencyKey, Job, JobKind, KeptReply
from provider_stub.store.sql import codec
from provider_stub.store.sql.schema import JOBS, KEYS
from provider_stub.store.sql.upsert import inserted

_UNFINISHED: Final = JOBS.c.status.in_(sorted(UNFINISHED))
_BY_ID: Final = sa.select(JOBS).where(JOBS.c.job_id == sa.bindparam("id"))
# Two processes may have resumed one job: only one of them gets on from where it stands.
_SAVE: Final = sa.update(JOBS).where(
    JOBS.c.job_id == sa.bindparam("id"), _UNFINISHED, JOBS.c.cursor == sa.bindparam("behind")
)

_NAMED: Final = (
    KEYS.c.scope == sa.bindparam("in_scope"),
    KEYS.c.account_id == sa.bindparam("of_account"),
    KEYS.c.key == sa.bindparam("named"),
)
_FIND: Final = sa.select(KEYS.c.digest, KEYS.c.reply, KEYS.c.subject).where(*_NAMED)
_CHANGE: Final = sa.update(KEYS).where(*_NAMED)


@frozen
class SqlJobs:
    _connection: sa.Connection

    def add(self, job: Job) -> None:
        self._connection.execute(sa.insert(JOBS), codec.job_row(job))

    def get(self, job_id: str) -> Job | None:
        row = self._connection.execute(_BY_ID, {"id": job_id}).mappings().first()
        return None if row is None else codec.job(row)

    def save(self, job: Job, behind: str) -> bool:
        which = {"id": job.job_id, "behind": behind}
        return self._connection.execute(_SAVE, codec.job_row(job) | which).rowcount == 1

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
        kept = self._connection.execute(_FIND, _name(key)).first()
        return None if kept is None else KeptReply(kept.digest, kept.reply, kept.subject)

    def about(self, key: IdempotencyKey, subject: str) -> None:
        self._connection.execute(_CHANGE, {"subject": subject, **_name(key)})

    def keep(self, key: IdempotencyKey, reply: Mapping[str, object]) -> None:
        self._connection.execute(_CHANGE, {"reply": reply, **_name(key)})


def _name(key: IdempotencyKey) -> Mapping[str, str]:
    return {"in_scope": key.scope, "of_account": key.account_id, "named": key.key}
