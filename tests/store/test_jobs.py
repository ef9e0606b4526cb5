"""Background jobs and idempotency keys."""

from __future__ import annotations

from attrs import evolve

from provider_stub.store.protocol.records import (
    IdempotencyKey,
    Job,
    JobError,
    JobKind,
    JobStatus,
    KeptReply,
)
from provider_stub.store.protocol.tx import Store
from tests.store.builders import MONTH, NOW


def test_a_job_only_goes_on_from_where_it_stands_and_ends_once(store: Store) -> None:
    job = Job("j-1", JobKind.CALCULATION, MONTH, NOW, account_id="acme", max_progress=3)
    later = evolve(job, status=JobStatus.RUNNING, progress=2, cursor="acme")
    ended = evolve(later, status=JobStatus.FAILED, progress=3, errors=(JobError("/a", "b"),), finished_at=NOW)
    with store.write() as tx:
        tx.jobs.add(job)
        tx.jobs.add(Job("j-2", JobKind.CALCULATION, MONTH, NOW, account_id="acme"))
        assert tx.jobs.unfinished()[0] == job
        assert [one.job_id for one in tx.jobs.latest(JobKind.CALCULATION, "acme", MONTH, 9)] == ["j-2", "j-1"]
        assert tx.jobs.latest(JobKind.CALCULATE_ALL, None, None, 9) == ()
        assert tx.jobs.save(later, job.cursor)
        assert not tx.jobs.save(evolve(later, progress=3, cursor="globex"), job.cursor)
        assert tx.jobs.save(ended, later.cursor)
        assert not tx.jobs.save(evolve(later, progress=3), ended.cursor)
        assert tx.jobs.get("j-1") == ended


def test_a_key_is_taken_once_and_keeps_its_reply(store: Store) -> None:
    key = IdempotencyKey("pay", "acme", "k", "digest")
    with store.write() as tx:
        assert tx.keys.find(key) is None
        assert tx.keys.claim(key, NOW) is None
        assert tx.keys.claim(key, NOW) == KeptReply("digest", None, None)
        tx.keys.about(key, "attempt")
        tx.keys.keep(key, {"amount": 1, "name": "웹"})
        assert tx.keys.claim(evolve(key, account_id="globex"), NOW) is None
    with store.read() as tx:
        assert tx.keys.find(key) == KeptReply("digest", {"amount": 1, "name": "웹"}, "attempt")
