"""A row that cannot be read is the trouble of its own account."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import sqlalchemy as sa

from provider_stub.store.protocol.records import JobError, JobKind, JobStatus
from provider_stub.store.sql.database import open_store
from provider_stub.usecases import jobs
from provider_stub.usecases.context import plain
from tests.usecases.world import MONTH, World


def test_an_account_that_cannot_be_calculated_keeps_no_other_from_its_statement(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'billing.db'}"
    world = World(open_store(url))
    for name in ("aaa", "zzz"):
        world.account(name)
        world.use(10, account=name)
    world.calculate("aaa")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE statements SET detail = '{}'"))
    engine.dispose()

    job = jobs.start_batch(world.ctx, JobKind.CALCULATE_ALL, date(2026, 10, 1), "KR", False, plain())

    assert (job.status, job.progress) == (JobStatus.FAILED, job.max_progress)
    assert job.errors == (JobError("/aaa", "the provider failed, see its log"),)
    assert world.bill(f"zzz-main.{MONTH}").statement.charge == 1000
    world.store.close()
