"""Calculates the months of all accounts by night, and says in the morning what could not be calculated."""

from collections.abc import Callable
from datetime import date

from attrs import frozen
from billing_client import AuthenticatedClient
from billing_client.api.calculations import (
    delete_calculated_resources,
    get_batch,
    get_progress,
    start_batch,
    start_calculation,
)
from billing_client.models import (
    Batch,
    BatchJobCode,
    JobStatus,
    Problem,
    ProgressStatus,
    Region,
    StartBatchRequest,
    StartCalculationRequest,
)

MOVE_NOT_ALLOWED = 40902


class CalculatorError(Exception):
    """The billing API refused."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.header.result_code}: {problem.detail}")


class UnknownError(CalculatorError):
    """There is no such account or batch."""


class MonthClosedError(CalculatorError):
    """The month is closed or paid, so that its statements stay as they are."""


class NeverStartedError(Exception):
    """The month was never calculated: there is nothing to wait for."""


@frozen
class Outcome:
    """How a job ended; where it failed `faults` say why, and `accounts` which accounts of a batch they belong to."""

    succeeded: bool
    faults: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


class Calculator:
    """Jobs and what became of them. `pause` is called between two looks at a job that still runs."""

    def __init__(self, client: AuthenticatedClient, pause: Callable[[], None]) -> None:
        self._client = client
        self._pause = pause

    def start(self, account: str, month: str) -> str:
        """Starts a calculation; answers its id."""
        body = StartCalculationRequest(month=month, uuid=account, include_usage=True)
        answer = start_calculation.sync(client=self._client, body=body)
        if isinstance(answer, Problem):
            raise error_of(answer)
        return answer.calculation_id

    def outcome(self, account: str, month: str) -> Outcome:
        """Waits until the latest calculation of the month has ended."""
        while not ended(job := self._latest(account, month)):
            self._pause()
        return outcome_of(job)

    def discard(self, account: str, month: str) -> None:
        """Removes what was calculated for the month."""
        answer = delete_calculated_resources.sync(client=self._client, month=month, uuid=account)
        if isinstance(answer, Problem):
            raise error_of(answer)

    def mark_overdue(self, day: date) -> str:
        """Starts the late-fee batch of the day; answers its id."""
        return self._start(StartBatchRequest(batch_job_code=BatchJobCode.CALC_LATE_FEE, date=day))

    def calculate_all(self, region: Region, day: date) -> str:
        """Starts to calculate the month of the day for every account of the region; answers the batch's id."""
        return self._start(StartBatchRequest(batch_job_code=BatchJobCode.CALCULATE_ALL, date=day, region=region))

    def expire_credits(self, region: Region, day: date) -> str:
        """Starts to take back the credit of the region that ended before the day; answers the batch's id."""
        return self._start(StartBatchRequest(batch_job_code=BatchJobCode.EXPIRE_CREDITS, date=day, region=region))

    def batch_outcome(self, batch_id: str) -> Outcome:
        """Waits until the batch has ended."""
        while not ended(job := self._batch(batch_id)):
            self._pause()
        return outcome_of(job)

    def running(self, month: str) -> dict[str, int]:
        """How far the calculations of the month are that have not ended, in percent, by account."""
        answer = get_progress.sync(client=self._client, month=month)
        if isinstance(answer, Problem):
            raise error_of(answer)
        jobs = [job for job in answer.progress_status_list if not ended(job)]
        return {str(job.uuid): 100 * job.progress // job.max_progress for job in jobs}

    def _start(self, body: StartBatchRequest) -> str:
        answer = start_batch.sync(client=self._client, body=body)
        if isinstance(answer, Problem):
            raise error_of(answer)
        return answer.batch.batch_id

    def _latest(self, account: str, month: str) -> ProgressStatus:
        answer = get_progress.sync(client=self._client, uuid=account, month=month)
        if isinstance(answer, Problem):
            raise error_of(answer)
        if not answer.progress_status_list:
            raise NeverStartedError(f"{month} of {account}")
        return answer.progress_status_list[0]

    def _batch(self, batch_id: str) -> Batch:
        answer = get_batch.sync(batch_id, client=self._client)
        if isinstance(answer, Problem):
            raise error_of(answer)
        return answer.batch


def ended(job: ProgressStatus | Batch) -> bool:
    return job.progress == job.max_progress


def outcome_of(job: ProgressStatus | Batch) -> Outcome:
    faults = job.errors or ()
    # A batch says at the head of each pointer whose account failed.
    accounts = dict.fromkeys(fault.pointer.split("/")[1] for fault in faults if isinstance(job, Batch))
    return Outcome(job.status is JobStatus.DONE, tuple(fault.detail for fault in faults), tuple(accounts))


def error_of(problem: Problem) -> CalculatorError:
    if problem.status == 404:
        return UnknownError(problem)
    return MonthClosedError(problem) if problem.header.result_code == MOVE_NOT_ALLOWED else CalculatorError(problem)
