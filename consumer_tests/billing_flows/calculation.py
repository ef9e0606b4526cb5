"""Calculating a month, and waiting for it with something to see meanwhile."""

import datetime as dt
import time
from collections.abc import Callable, Iterator

from attrs import frozen
from billing_client import BillingClient
from billing_client.models import (
    Batch,
    BatchJobCode,
    JobStatus,
    ProgressStatus,
    Region,
    StartBatchRequest,
    StartCalculationRequest,
    Statement,
)

from consumer_tests.billing_flows.customers import Customer
from consumer_tests.billing_flows.errors import CalculationFailedError, Fault, NotEndedError
from consumer_tests.billing_flows.waiting import PATIENT, Patience


@frozen
class Progress:
    """How far a job is: `done` steps of `total`. `done` never falls, and equals `total` when the job has ended."""

    job: str
    done: int
    total: int
    status: JobStatus
    faults: tuple[Fault, ...] = ()

    @property
    def ended(self) -> bool:
        return self.done == self.total


OnProgress = Callable[[Progress], object]


def calculate(
    client: BillingClient,
    customer: Customer,
    month: str,
    *,
    on_progress: OnProgress | None = None,
    patience: Patience = PATIENT,
) -> tuple[Statement, ...]:
    """Calculates a month `YYYY-MM` and waits; the statements as they are then, one for each billing group.

    `on_progress` is told each step. Raises CalculationFailedError with the faults, NotEndedError when the patience is
    over, ConflictError when every statement of the month is closed.
    """
    finish(calculating(client, customer, month, patience), on_progress)
    return statements(client, customer, month)


def calculating(
    client: BillingClient, customer: Customer, month: str, patience: Patience = PATIENT
) -> Iterator[Progress]:
    """Starts to calculate a month, and yields how far that is until it has ended, whether well or not."""
    started = client.calculations.start_calculation(body=StartCalculationRequest(month=month, uuid=customer.account))
    yield from watch(lambda: _look(client, customer, month, started.calculation_id), patience)


def run_batch(
    client: BillingClient,
    job: BatchJobCode,
    day: dt.date,
    *,
    region: Region | None = None,
    on_progress: OnProgress | None = None,
    patience: Patience = PATIENT,
) -> Progress:
    """Runs a batch over every account, of one region or of all, and waits; the progress that it ended with.

    `day` decides the month. Raises CalculationFailedError, whose faults name the accounts, and NotEndedError.
    """
    body = StartBatchRequest(batch_job_code=job, date=day, region=region)
    batch = client.calculations.start_batch(body=body).batch.batch_id
    looks = watch(lambda: progress_of(client.calculations.get_batch(batch_id=batch).batch), patience)
    return finish(looks, on_progress)


def statements(client: BillingClient, customer: Customer, month: str) -> tuple[Statement, ...]:
    """The statements of a month as they are now; none where it was never calculated."""
    return tuple(client.payments.iter_statements(month=month, uuid=customer.account))


def watch(look: Callable[[], Progress], patience: Patience) -> Iterator[Progress]:
    """Each progress that differs from the one before, until the job has ended. Raises NotEndedError."""
    seen = look()
    yield seen
    for wait in patience.waits():
        if seen.ended:
            return
        time.sleep(wait)
        if (now := look()) != seen:
            yield now
        seen = now
    if not seen.ended:
        raise not_ended(seen, patience)


def finish(looks: Iterator[Progress], on_progress: OnProgress | None = None) -> Progress:
    """The last progress of a job that ended well. Raises CalculationFailedError, NotEndedError."""
    for seen in looks:
        last = seen
        if on_progress:
            on_progress(seen)
    return succeeded(last)


def succeeded(last: Progress) -> Progress:
    """Raises CalculationFailedError for a job that ended otherwise."""
    if last.status is not JobStatus.DONE:
        raise CalculationFailedError(f"{last.job} is {last.status}", last.faults)
    return last


def not_ended(seen: Progress, patience: Patience) -> NotEndedError:
    return NotEndedError(f"{seen.job} is {seen.status} after {patience.deadline} s, {seen.done} of {seen.total}")


def progress_of(job: ProgressStatus | Batch) -> Progress:
    """What a calculation and a batch have alike."""
    faults = tuple(Fault(fault.pointer, fault.detail) for fault in job.errors or ())
    name = job.batch_id if isinstance(job, Batch) else job.calculation_id
    return Progress(name, job.progress, job.max_progress, job.status, faults)


def _look(client: BillingClient, customer: Customer, month: str, calculation: str) -> Progress:
    listed = client.calculations.get_progress(uuid=customer.account, month=month).progress_status_list
    return progress_of(next(job for job in listed if job.calculation_id == calculation))
