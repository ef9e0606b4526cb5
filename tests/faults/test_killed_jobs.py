"""A job whose provider is killed is carried on, and leaves what an undisturbed one leaves."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa
from attrs import evolve

from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import JobKind
from provider_stub.usecases.context import plain
from provider_stub.usecases.jobs import start_batch
from tests.faults.killed import Killed, until
from tests.faults.sandbox import opened
from tests.serving import Api, Body, calling
from tests.usecases.world import World

ACCOUNTS: Final = 80
_LOOKS: Final = 1000
EARLIER, LATER = Month(2026, 9), Month(2026, 10)

Rows = list[tuple[Any, ...]]


def test_a_killed_providers_job_goes_on_at_another_and_after_a_restart_as_if_nothing_had_been(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'billing.db'}") as store:
        _populate(World(store))
    undisturbed = _undisturbed(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(Killed, [tmp_path, tmp_path])
    with closing(one), closing(other):
        taken_over = _killed_in_the_middle(one, EARLIER.first_day)
        _goes_on(other.now.url, taken_over)
        resumed = _killed_in_the_middle(other, LATER.first_day)
        _goes_on(one.start("--patience", "3600").url, resumed)
        assert one.stop() == 0

    for month in (EARLIER, LATER):
        assert _statements(one.database, month) == _statements(undisturbed, month)
    assert _credit(one.database) == _credit(undisturbed)


def _populate(world: World) -> None:
    for number in range(ACCOUNTS):
        name = f"c-{number:03}"
        world.account(name, ("main", "lab"))
        world.grant(50 * (number + 1), account=name)
        for month in (EARLIER, LATER):
            world.use(number + 1, account=name, month=month)
            world.use(2 * number + 1, account=name, group="lab", month=month)


def _undisturbed(folder: Path) -> str:
    """A copy of the database in which both months are calculated without a kill."""
    source, copy = (f"sqlite:///{folder / name}" for name in ("billing.db", "undisturbed.db"))
    _query(source, "VACUUM INTO ?", str(folder / "undisturbed.db"))
    with opened(copy) as store:
        ctx = evolve(World(store).ctx, new_id=lambda kind: f"{kind}-{uuid4().hex}")
        for month in (EARLIER, LATER):
            start_batch(ctx, JobKind.CALCULATE_ALL, month.first_day, None, False, plain())
    return copy


def _statements(database: str, month: Month) -> Rows:
    """The rows of the statements as they lie in the database, JSON and all."""
    return _query(database, "SELECT * FROM statements WHERE month = ? ORDER BY payment_group_id", str(month))


def _credit(database: str) -> Rows:
    """What is left of each grant, and how many entries say so: a step done twice would leave more."""
    return _query(database, "SELECT grant_id, sum(amount), count(*) FROM credit_ledger GROUP BY 1 ORDER BY 1")


def _query(database: str, text: str, *values: str) -> Rows:
    engine = sa.create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        found = connection.exec_driver_sql(text, values)
        rows = [tuple(row) for row in found] if found.returns_rows else []
    engine.dispose()
    return rows


def _killed_in_the_middle(provider: Killed, day: date) -> Body:
    """Starts to calculate all accounts and kills the provider at that; the batch as it was last seen."""
    with calling(provider.now.url, None) as api:
        body = {"batchJobCode": "CALCULATE_ALL", "date": day.isoformat()}
        batch_id = api.call("POST", "/admin/batches", body, expect=201)["batch"]["batchId"]
        until(lambda: _batch(api, batch_id)["progress"] > ACCOUNTS // 10)
        seen = _batch(api, batch_id)
        provider.kill()
    return seen


def _batch(api: Api, batch_id: str) -> Body:
    return dict(api.call("GET", f"/admin/batches/{batch_id}")["batch"])


def _goes_on(url: str, seen: Body) -> None:
    """It ends well, without ever falling back behind what was seen."""
    shown = [seen]
    with calling(url, None) as api:
        while shown[-1]["status"] == "RUNNING":
            assert len(shown) < _LOOKS, "it does not end"
            shown.append(_batch(api, seen["batchId"]))
            time.sleep(0.02)
    progress = [each["progress"] for each in shown]
    assert progress == sorted(progress)
    assert 0 < progress[0] < shown[0]["maxProgress"]
    assert (shown[-1]["status"], progress[-1]) == ("DONE", shown[-1]["maxProgress"])
