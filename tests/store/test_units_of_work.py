"""What a unit of work promises, and what a store can be opened on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from attrs import evolve

from provider_stub.store.protocol.records import (
    Job,
    JobKind,
)
from provider_stub.store.protocol.tx import Store
from provider_stub.store.sql.database import open_store
from tests.store.builders import MONTH, NOW, account, meter


def test_a_unit_of_work_that_raises_has_not_happened(store: Store) -> None:
    def fail() -> None:
        with store.write() as tx:
            tx.accounts.put(account("globex"))
            tx.meters.add("acme", [meter("m-1")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as tx:
        assert tx.accounts.get("globex") is None
        assert tx.meters.get("acme", "m-1") is None


def test_writers_that_lock_the_account_lose_no_update(store: Store) -> None:
    with store.write() as tx:
        tx.jobs.add(Job("j-1", JobKind.CALCULATION, MONTH, NOW, account_id="acme", max_progress=1000))

    def work() -> None:
        for _ in range(10):
            with store.write() as tx:
                tx.accounts.lock("acme")
                job = tx.jobs.get("j-1")
                assert job is not None
                assert tx.jobs.save(evolve(job, progress=job.progress + 1), job.cursor)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        job = tx.jobs.get("j-1")
        assert job is not None
        assert job.progress == 80


def test_only_a_file_of_sqlite_or_a_postgresql_url_is_a_database(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sqlite:/// or postgresql://"):
        open_store("mysql://localhost/billing")
    with pytest.raises(ValueError, match="memory store"):
        open_store("sqlite://")
    open_store(f"sqlite:///{tmp_path / 'new' / 'folder' / 'billing.db'}").close()
