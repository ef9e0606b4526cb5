"""What a store keeps beside the engine's values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import frozen

from provider_stub.engine.credits import CreditGrant, CreditUse, LedgerEntry
from provider_stub.engine.metering import Usage
from provider_stub.engine.period import Month
from provider_stub.engine.statements import Statement

T_co = TypeVar("T_co", covariant=True)

LARGEST_OFFSET = 2**53


@frozen
class Window:
    """Which part of a list is asked for."""

    offset: int
    limit: int

    @classmethod
    def of(cls, page: int, items_per_page: int) -> Window:
        """Pages count from 1; a page beyond all lists is an empty one, not an error."""
        return cls(min((page - 1) * items_per_page, LARGEST_OFFSET), items_per_page)


@frozen
class Page(Generic[T_co]):
    """A part of a list, and how many items the whole list has."""

    items: tuple[T_co, ...]
    total: int


@frozen
class Bill:
    """A statement and what it was made of: the month's usage, and the credit that it burns.

    `paid_at` is there once it was paid, and stays when the payment is refunded; then `refunded_at` and `reason` join.
    """

    statement: Statement
    usage: tuple[Usage, ...]
    credit_uses: tuple[CreditUse, ...]
    paid_at: datetime | None = None
    refunded_at: datetime | None = None
    reason: str | None = None


@frozen
class HistoryEntry:
    """A line of the ledger with its grant, the coupon that the grant came from, and why it was taken back."""

    entry: LedgerEntry
    grant: CreditGrant
    coupon: str | None
    reason: str | None


class JobKind(StrEnum):
    CALCULATION = "CALCULATION"
    CALC_LATE_FEE = "CALC_LATE_FEE"
    CALCULATE_ALL = "CALCULATE_ALL"
    EXPIRE_CREDITS = "EXPIRE_CREDITS"


class JobStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


UNFINISHED = frozenset({JobStatus.PENDING, JobStatus.RUNNING})


@frozen
class JobError:
    """Why an item of a job failed; `pointer` names the field or thing that is at fault."""

    pointer: str
    detail: str


@frozen
class Job:
    """Work in the background. `cursor` is the last item done, in the order of the items: a restart goes on behind it.

    `month` is the month that is worked on, `account_id` and `region` limit it; None is all.
    """

    job_id: str
    kind: JobKind
    month: Month
    started_at: datetime
    account_id: str | None = None
    region: str | None = None
    on: date | None = None
    include_usage: bool = True
    status: JobStatus = JobStatus.PENDING
    progress: int = 0
    max_progress: int = 1
    cursor: str = ""
    errors: tuple[JobError, ...] = ()
    finished_at: datetime | None = None


@frozen
class IdempotencyKey:
    """A caller's Idempotency-Key. `scope` is the operation, `account_id` whose data it is about; `digest` tells two
    requests apart.
    """

    scope: str
    account_id: str
    key: str
    digest: str


@frozen
class KeptReply:
    """What is known of a key that was used before. `reply` is None while its first request has not ended; `subject`
    then says what that request is about.
    """

    digest: str
    reply: Mapping[str, object] | None
    subject: str | None


class ChargeState(StrEnum):
    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"


@frozen
class Charge:
    """One line in the book of the simulated payment gateway; a real gateway keeps a book of its own."""

    attempt_id: str
    gateway_id: str
    state: ChargeState
    amount: int
    currency: str
    at: datetime
    reason: str | None = None
