"""A provider that ends, or is ended, and starts again on the same database."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import Job, JobKind
from provider_stub.store.sql.database import open_store
from tests.serving import Api, calling, served

MONTH = "2026-10"


def _ended(api: Api, account: str) -> str:
    """The status of the account's only calculation, once it has ended."""
    for _ in range(2000):
        (job,) = api.call("GET", f"/admin/progress?uuid={account}")["progressStatusList"]
        if job["progress"] == job["maxProgress"]:
            return str(job["status"])
    raise AssertionError("the calculation does not end")


def test_what_was_acknowledged_survives_a_kill_and_an_unfinished_job_goes_on(tmp_path: Path) -> None:
    with served(tmp_path) as first, calling(first.url, first.token("--admin")) as api:
        api.account("acme")
        first.process.kill()
        first.process.wait(timeout=20)
    store = open_store(f"sqlite:///{tmp_path / 'billing.db'}")
    with store.write() as tx:
        started = datetime(2026, 11, 2, tzinfo=UTC)
        tx.jobs.add(Job("left-over", JobKind.CALCULATION, Month(2026, 10), started, account_id="acme"))
    store.close()

    with served(tmp_path) as second, calling(second.url, second.token("--admin")) as api:
        assert _ended(api, "acme") == "DONE"
        assert api.statement("acme", MONTH)["payable"] == 0
        second.process.send_signal(signal.SIGTERM)
        assert second.process.wait(timeout=20) == 0
