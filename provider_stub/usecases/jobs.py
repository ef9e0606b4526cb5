"""Background work: calculations and batches, in steps that are each one unit of work.

A step and the note that it is done are committed together. So a job that was killed is never half-written, and a
restart goes on behind its last step. The note is a conditional update: of several providers that carry one job on, the
one that is first at a step does it, and the others leave the job to it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Final, TypeVar

from attrs import define, evolve, field

from provider_stub.engine.errors import BillingError, IllegalTransition, NotFound
from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import UNFINISHED, Job, JobError, JobKind, JobStatus
from provider_stub.store.protocol.tx import StoreUnavailableError
from provider_stub.usecases.calculations import open_groups, statements_of
from provider_stub.usecases.context import Context, Once, existing, locked
from provider_stub.usecases.steps import STEPS, Steps

# Job and its parts are what these use cases give and take; whoever calls them need not know the store.
__all__ = [
    "Job",
    "JobError",
    "JobKind",
    "JobWatch",
    "get_batch",
    "get_progress",
    "resume_jobs",
    "run_job",
    "start_batch",
    "start_calculation",
]

B = TypeVar("B")
LOG = logging.getLogger(__name__)

LATEST: Final = 100
"""How many jobs a list of progress shows."""

_DEFECT: Final = JobError("", "the provider failed, see its log")
_MOST_ERRORS: Final = 1000
_IDS_AT_ONCE: Final = 500
_LOOK_SECONDS: Final = 0.05


def start_calculation(ctx: Context, account_id: str, month: Month, include_usage: bool, once: Once[str, B]) -> B:
    """Starts to calculate an account's month, or joins the calculation of it that runs already; replies with its id.

    Raises NotFound, and IllegalTransition when every statement of the month is closed.
    """
    started: list[str] = []
    with ctx.store.write() as tx:
        account = locked(tx, account_id)

        def start() -> str:
            running = tx.jobs.latest(JobKind.CALCULATION, account_id, month, 1)
            # One that has begun may have read the meters already; one that waits may wait for a process that is gone.
            if running and running[0].status is JobStatus.PENDING and running[0].include_usage is include_usage:
                started.append(running[0].job_id)
                return running[0].job_id
            groups = open_groups(account, statements_of(tx, account, month))
            if not groups:
                raise IllegalTransition(f"all statements of {month} are closed")
            job = Job(
                ctx.new_id("calculation"),
                JobKind.CALCULATION,
                month,
                ctx.clock(),
                account_id=account_id,
                include_usage=include_usage,
                max_progress=len(groups),
            )
            tx.jobs.add(job)
            started.append(job.job_id)
            return job.job_id

        reply = once.run(tx, ctx.clock(), start)
    for job_id in started:
        ctx.run(partial(run_job, ctx, job_id))
    return reply


def get_progress(ctx: Context, account_id: str | None, month: Month | None) -> tuple[Job, ...]:
    """Calculations, newest first. Raises NotFound for an account that does not exist."""
    with ctx.store.read() as tx:
        if account_id is not None:
            existing(tx.accounts.get(account_id), account_id)
        return tx.jobs.latest(JobKind.CALCULATION, account_id, month, LATEST)


def start_batch(
    ctx: Context, kind: JobKind, on: date, region_code: str | None, in_background: bool, once: Once[Job, B]
) -> B:
    """Starts a batch over all accounts, or those of a region; when it is not to run in the background, waits for it."""
    job = Job(ctx.new_id("batch"), kind, Month(on.year, on.month), ctx.clock(), region=region_code, on=on)
    with ctx.store.write() as tx:
        kept = once.begin(tx, ctx.clock())
        if kept is not None and kept.reply is not None:
            return once.again(kept.reply)
        if kept is None:
            # Nothing to do is one step too, so that the end of a job is always a move.
            job = evolve(job, max_progress=max(1, STEPS[kind].count(tx, job)))
            tx.jobs.add(job)
            once.about(tx, job.job_id)
        else:
            job = tx.jobs.get(kept.subject or "") or job
        if in_background:
            reply = once.end(tx, job)
    if in_background:
        ctx.run(partial(run_job, ctx, job.job_id))
        return reply
    run_job(ctx, job.job_id)
    job = _awaited(ctx, job)
    with ctx.store.write() as tx:
        kept = once.begin(tx, ctx.clock())
        return once.again(kept.reply) if kept is not None and kept.reply is not None else once.end(tx, job)


def _awaited(ctx: Context, job: Job) -> Job:
    """The job at its end, or where it is when the provider stops: somebody else may carry it on."""
    while True:
        with ctx.store.read() as tx:
            standing = tx.jobs.get(job.job_id) or job
        if standing.status not in UNFINISHED or ctx.stopping():
            return standing
        ctx.wait(_LOOK_SECONDS)


def get_batch(ctx: Context, batch_id: str) -> Job:
    """Raises NotFound."""
    with ctx.store.read() as tx:
        job = tx.jobs.get(batch_id)
    if job is None or job.kind is JobKind.CALCULATION:
        raise NotFound(f"there is no batch {batch_id}")
    return job


def resume_jobs(ctx: Context) -> None:
    """Goes on with every job that a stop or a kill left unfinished."""
    with ctx.store.read() as tx:
        unfinished = tx.jobs.unfinished()
    for job in unfinished:
        LOG.info("resuming %s %s behind %r", job.kind, job.job_id, job.cursor)
        ctx.run(partial(run_job, ctx, job.job_id))


@define
class JobWatch:
    """Takes over the jobs whose provider is gone: those that stand where they stood at the last look.

    Progress is the sign of life, so that providers need not agree on the time nor know of each other. A job that only
    waited for its turn, or whose step takes very long, may be taken over too: that costs one step that is in vain.
    """

    _ctx: Context
    _seen: dict[str, str] = field(factory=dict)

    def look(self) -> None:
        with self._ctx.store.read() as tx:
            standing = {job.job_id: job.cursor for job in tx.jobs.unfinished()}
        still = [job_id for job_id, cursor in standing.items() if self._seen.get(job_id) == cursor]
        self._seen = standing
        for job_id in still:
            LOG.info("taking over %s", job_id)
            run_job(self._ctx, job_id)


def run_job(ctx: Context, job_id: str) -> None:
    """Carries a job out to its end, or until the provider stops. It never raises: what goes wrong is the job's own.

    But when the database does not answer, the job waits for whoever resumes it.
    """
    try:
        _run(ctx, job_id)
    except StoreUnavailableError:
        LOG.exception("job %s stands still", job_id)
    except Exception:
        LOG.exception("job %s failed", job_id)
        with ctx.store.write() as tx:
            if job := tx.jobs.get(job_id):
                tx.jobs.save(_ended(ctx, job, _DEFECT), job.cursor)


def _run(ctx: Context, job_id: str) -> None:
    with ctx.store.read() as tx:
        job = tx.jobs.get(job_id)
    if job is None or job.status not in UNFINISHED:
        return
    steps = STEPS[job.kind]
    for item in _items(ctx, job):
        if ctx.stopping():
            return
        advanced = _step(ctx, steps, job, item)
        if advanced is None:
            return
        job = advanced
    with ctx.store.write() as tx:
        tx.jobs.save(_ended(ctx, job), job.cursor)


def _items(ctx: Context, job: Job) -> Iterator[str]:
    """The accounts to work on, a page at a time: work done must not change which ones are still to come."""
    cursor = job.cursor
    while True:
        with ctx.store.read() as tx:
            page = STEPS[job.kind].ids(tx, job, cursor, _IDS_AT_ONCE)
        yield from page
        if len(page) < _IDS_AT_ONCE:
            return
        cursor = page[-1]


def _step(ctx: Context, steps: Steps, job: Job, item: str) -> Job | None:
    """One account in one unit of work. What goes wrong with it is noted, and the job goes on.

    None when the job is gone, or somebody else was here first: then nothing is done.
    """
    # An account that came after the start may be one more than were counted, and only the end reaches the maximum.
    progress = min(job.progress + 1, job.max_progress - 1)
    advanced = evolve(job, status=JobStatus.RUNNING, progress=progress, cursor=item)
    try:
        with ctx.store.write() as tx:
            account = tx.accounts.lock(item)
            if not tx.jobs.save(advanced, job.cursor):
                return None
            if account is not None:
                steps.work(ctx, tx, job, account)
    except BillingError as error:
        said = [JobError(fault.pointer, fault.detail) for fault in error.faults] or [JobError("", error.detail)]
    except StoreUnavailableError:
        raise
    except Exception:  # a defect at one account must not keep all others from their statements
        LOG.exception("job %s failed at %s", job.job_id, item)
        said = [_DEFECT]
    else:
        return advanced
    named = said if job.account_id else [JobError(f"/{item}{one.pointer}", one.detail) for one in said]
    advanced = evolve(advanced, errors=(*job.errors, *named)[:_MOST_ERRORS])
    with ctx.store.write() as tx:
        return advanced if tx.jobs.save(advanced, job.cursor) else None


def _ended(ctx: Context, job: Job, *errors: JobError) -> Job:
    every = (*job.errors, *errors)
    status = JobStatus.FAILED if every else JobStatus.DONE
    return evolve(job, status=status, progress=job.max_progress, errors=every, finished_at=ctx.clock())
