"""Background work: calculations and batches, in steps that are each one unit of work.

A step and the note that it is done are committed together. So a job that was killed is never half-written, and a
restart goes on behind its last step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from attrs import evolve, frozen

from provider_stub.engine.accounts import Account
from provider_stub.engine.credits import EntryKind, LedgerEntry, expired
from provider_stub.engine.errors import BillingError, IllegalTransition, NotFound
from provider_stub.engine.payments import OWED
from provider_stub.engine.period import Month
from provider_stub.engine.regions import region_of
from provider_stub.engine.statements import marked_overdue
from provider_stub.store.protocol.records import UNFINISHED, Job, JobError, JobKind, JobStatus
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.calculations import calculate_account, open_groups, statements_of
from provider_stub.usecases.context import Context, Once, existing, locked

# Job and its parts are what these use cases give and take; whoever calls them need not know the store.
__all__ = [
    "Job",
    "JobError",
    "JobKind",
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

_MOST_ERRORS: Final = 1000
_IDS_AT_ONCE: Final = 500


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
            job = evolve(job, max_progress=max(1, _STEPS[kind].count(tx, job)))
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
    with ctx.store.write() as tx:
        return once.end(tx, tx.jobs.get(job.job_id) or job)


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


def run_job(ctx: Context, job_id: str) -> None:
    """Carries a job out to its end, or until the provider stops. It never raises: what goes wrong is the job's own."""
    try:
        _run(ctx, job_id)
    except Exception:
        LOG.exception("job %s failed", job_id)
        with ctx.store.write() as tx:
            if job := tx.jobs.get(job_id):
                tx.jobs.save(_ended(ctx, job, JobError("", "the provider failed, see its log")))


def _run(ctx: Context, job_id: str) -> None:
    with ctx.store.read() as tx:
        job = tx.jobs.get(job_id)
    if job is None or job.status not in UNFINISHED:
        return
    steps = _STEPS[job.kind]
    for item in _items(ctx, job):
        if ctx.stopping():
            return
        advanced = _step(ctx, steps, job, item)
        if advanced is None:
            return
        job = advanced
    with ctx.store.write() as tx:
        tx.jobs.save(_ended(ctx, job))


def _items(ctx: Context, job: Job) -> Iterator[str]:
    """The accounts to work on, a page at a time: work done must not change which ones are still to come."""
    cursor = job.cursor
    while True:
        with ctx.store.read() as tx:
            page = _STEPS[job.kind].ids(tx, job, cursor, _IDS_AT_ONCE)
        yield from page
        if len(page) < _IDS_AT_ONCE:
            return
        cursor = page[-1]


def _step(ctx: Context, steps: _Steps, job: Job, item: str) -> Job | None:
    """One account in one unit of work; None when the job is gone. A refusal is noted, and the job goes on."""
    # An account that came after the start may be one more than were counted, and only the end reaches the maximum.
    progress = min(job.progress + 1, job.max_progress - 1)
    advanced = evolve(job, status=JobStatus.RUNNING, progress=progress, cursor=item)
    try:
        with ctx.store.write() as tx:
            account = tx.accounts.lock(item)
            if account is not None:
                steps.work(ctx, tx, job, account)
            return advanced if tx.jobs.save(advanced) else None
    except BillingError as error:
        faults = [JobError(fault.pointer, fault.detail) for fault in error.faults] or [JobError("", error.detail)]
        named = faults if job.account_id else [JobError(f"/{item}{one.pointer}", one.detail) for one in faults]
        advanced = evolve(advanced, errors=(*job.errors, *named)[:_MOST_ERRORS])
        with ctx.store.write() as tx:
            return advanced if tx.jobs.save(advanced) else None


def _ended(ctx: Context, job: Job, *errors: JobError) -> Job:
    every = (*job.errors, *errors)
    status = JobStatus.FAILED if every else JobStatus.DONE
    return evolve(job, status=status, progress=job.max_progress, errors=every, finished_at=ctx.clock())


class _Ids(Protocol):
    def __call__(self, tx: Tx, job: Job, after: str, limit: int) -> tuple[str, ...]: ...


@frozen
class _Steps:
    """A kind of job: which accounts it works on, in order, how many these are, and what it does to one of them."""

    ids: _Ids
    count: Callable[[Tx, Job], int]
    work: Callable[[Context, Tx, Job, Account], None]


def _one_account(tx: Tx, job: Job, after: str, limit: int) -> tuple[str, ...]:  # noqa: ARG001 - one of several alike
    return (job.account_id,) if job.account_id and job.account_id > after else ()


def _every_account(tx: Tx, job: Job, after: str, limit: int) -> tuple[str, ...]:
    return tx.accounts.ids(job.region, after, limit)


def _debtors(tx: Tx, job: Job, after: str, limit: int) -> tuple[str, ...]:
    return tx.statements.debtors_before(job.month, job.region, after, limit)


def _holders(tx: Tx, job: Job, after: str, limit: int) -> tuple[str, ...]:
    return tx.credits.holders_of_ended(job.on or job.month.first_day, job.region, after, limit)


def _calculate(ctx: Context, tx: Tx, job: Job, account: Account) -> None:
    calculate_account(ctx, tx, account, job.month, include_usage=job.include_usage)


def _mark_overdue(_ctx: Context, tx: Tx, job: Job, account: Account) -> None:
    """Marks what is unpaid of the months before the job's own; what is marked already stays as it is."""
    for bill in tx.statements.owed_before(account.account_id, job.month):
        statement = bill.statement
        if not statement.overdue and statement.payment_status in OWED:
            marked = marked_overdue(statement, region_of(statement.region))
            tx.statements.save(evolve(bill, statement=marked), statement.payment_status)


def _expire(ctx: Context, tx: Tx, job: Job, account: Account) -> None:
    left = tx.credits.left(account.account_id)
    day = job.on or job.month.first_day
    ended = [
        LedgerEntry(ctx.new_id("entry"), grant.grant_id, EntryKind.EXPIRE, -left[grant.grant_id], ctx.clock())
        for grant in tx.credits.grants(account.account_id)
        if expired(grant, day) and left.get(grant.grant_id, 0) > 0
    ]
    tx.credits.book(account.account_id, ended)


_STEPS: Final[Mapping[JobKind, _Steps]] = MappingProxyType(
    {
        JobKind.CALCULATION: _Steps(_one_account, lambda _tx, _job: 1, _calculate),
        JobKind.CALCULATE_ALL: _Steps(_every_account, lambda tx, job: tx.accounts.count(job.region), _calculate),
        JobKind.CALC_LATE_FEE: _Steps(
            _debtors, lambda tx, job: tx.statements.count_debtors_before(job.month, job.region), _mark_overdue
        ),
        JobKind.EXPIRE_CREDITS: _Steps(
            _holders,
            lambda tx, job: tx.credits.count_holders_of_ended(job.on or job.month.first_day, job.region),
            _expire,
        ),
    }
)
