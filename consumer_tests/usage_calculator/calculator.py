"""Calculates the months of all accounts by night, and says in the morning what could not be calculated."""

from collections.abc import Callable
from datetime import date

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
)


class NeverStartedError(Exception):
    """The month was never calculated: there is nothing to wait for."""


@frozen
class Outcome:
    """How a job ended; where it failed `faults` say why, and `accounts` which accounts of a batch they belong to."""

    succeeded: bool
    faults: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


class Calculator:
    """Jobs and what became of them. `pause` is called between two looks at a job that still runs.

    Raises NotFoundError for an unknown account or batch, and ConflictError for a month that is closed or paid.
    """

    def __init__(self, client: BillingClient, pause: Callable[[], None]) -> None:
        self._calculations = client.calculations
        self._pause = pause

    def start(self, account: str, month: str) -> str:
        """Starts a calculation; answers its id."""
        body = StartCalculationRequest(month=month, uuid=account, include_usage=True)
        return self._calculations.start_calculation(body=body).calculation_id

    def outcome(self, account: str, month: str) -> Outcome:
        """Waits until the latest calculation of the month has ended."""
        while not ended(job := self._latest(account, month)):
            self._pause()
        return outcome_of(job)

    def discard(self, account: str, month: str) -> None:
        """Removes what was calculated for the month."""
        self._calculations.delete_calculated_resources(month=month, uuid=account)

    def mark_overdue(self, day: date) -> str:
        """Starts the late-fee batch of the day; answers its id."""
        return self._start(BatchJobCode.CALC_LATE_FEE, day)

    def calculate_all(self, region: Region, day: date) -> str:
        """Starts to calculate the month of the day for every account of the region; answers the batch's id."""
        return self._start(BatchJobCode.CALCULATE_ALL, day, region)

    def expire_credits(self, region: Region, day: date) -> str:
        """Starts to take back the credit of the region that ended before the day; answers the batch's id."""
        return self._start(BatchJobCode.EXPIRE_CREDITS, day, region)

    def batch_outcome(self, batch_id: str) -> Outcome:
        """Waits until the batch has ended."""
        while not ended(job := self._calculations.get_batch(batch_id=batch_id).batch):
            self._pause()
        return outcome_of(job)

    def running(self, month: str) -> dict[str, int]:
        """How far the calculations of the month are that have not ended, in percent, by account."""
        jobs = self._calculations.get_progress(month=month).progress_status_list
        return {str(job.uuid): 100 * job.progress // job.max_progress for job in jobs if not ended(job)}

    def _start(self, job: BatchJobCode, day: date, region: Region | None = None) -> str:
        body = StartBatchRequest(batch_job_code=job, date=day, region=region)
        return self._calculations.start_batch(body=body).batch.batch_id

    def _latest(self, account: str, month: str) -> ProgressStatus:
        jobs = self._calculations.get_progress(uuid=account, month=month).progress_status_list
        if not jobs:
            raise NeverStartedError(f"{month} of {account}")
        return jobs[0]


def ended(job: ProgressStatus | Batch) -> bool:
    return job.progress == job.max_progress


def outcome_of(job: ProgressStatus | Batch) -> Outcome:
    faults = job.errors or ()
    # A batch says at the head of each pointer whose account failed.
    accounts = dict.fromkeys(fault.pointer.split("/")[1] for fault in faults if isinstance(job, Batch))
    return Outcome(job.status is JobStatus.DONE, tuple(fault.detail for fault in faults), tuple(accounts))
