"""Several providers may carry on one job."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from attrs import evolve

from provider_stub.engine.credits import CreditType, EntryKind
from provider_stub.store.protocol.records import UNFINISHED, JobKind, JobStatus, Window
from provider_stub.usecases.context import plain
from provider_stub.usecases.jobs import JobWatch, get_batch, run_job, start_batch
from tests.usecases.world import MONTH, World

RUNNERS = 4
ACCOUNTS = 20


def _started(world: World) -> str:
    """A batch that nobody has begun, over accounts whose credit it burns."""
    for number in range(ACCOUNTS):
        world.account(f"c-{number:02}")
        world.use(1, account=f"c-{number:02}")
        world.grant(60, account=f"c-{number:02}")
    job = start_batch(world.ctx, JobKind.CALCULATE_ALL, MONTH.first_day, None, True, plain())
    return str(job.job_id)


def _entries(world: World) -> set[tuple[tuple[EntryKind, int], ...]]:
    """How often each kind of entry stands in the ledgers of the accounts."""
    found = set()
    for number in range(ACCOUNTS):
        with world.store.read() as tx:
            lines = tx.credits.history(f"c-{number:02}", CreditType.FREE, Window(0, 100)).items
        found.add(tuple(sorted(Counter(line.entry.kind for line in lines).items())))
    return found


def test_runners_that_all_go_on_at_once_leave_what_one_alone_leaves(world: World) -> None:
    job_id = _started(world)
    together = threading.Barrier(RUNNERS)

    def run(_number: int) -> None:
        together.wait(20)
        while get_batch(world.ctx, job_id).status in UNFINISHED:
            run_job(world.ctx, job_id)

    with ThreadPoolExecutor(RUNNERS) as pool:
        list(pool.map(run, range(RUNNERS)))

    assert get_batch(world.ctx, job_id).status is JobStatus.DONE
    assert _entries(world) == {((EntryKind.GRANT, 1), (EntryKind.USE, 1))}


def test_a_runner_that_was_overtaken_leaves_the_job_where_the_other_has_brought_it(world: World) -> None:
    job_id = _started(world)
    others = iter([False] * 6 + [True])
    looks = iter(range(ACCOUNTS))

    def overtaken() -> bool:
        if next(looks) == 2:
            run_job(evolve(world.ctx, stopping=lambda: next(others)), job_id)
        return False

    run_job(evolve(world.ctx, stopping=overtaken), job_id)

    job = get_batch(world.ctx, job_id)
    assert (job.status, job.progress) == (JobStatus.RUNNING, 8)


def test_a_watch_takes_over_what_stands_still_and_leaves_what_goes_on(world: World) -> None:
    job_id = _started(world)
    watch = JobWatch(world.ctx)
    watch.look()
    with world.store.write() as tx:
        job = tx.jobs.get(job_id)
        assert job is not None
        assert tx.jobs.save(evolve(job, status=JobStatus.RUNNING, progress=3, cursor="c-02"), "")
    watch.look()
    assert get_batch(world.ctx, job_id).cursor == "c-02"
    watch.look()
    assert get_batch(world.ctx, job_id).status is JobStatus.DONE
