"""What each kind of background job does: to which accounts, in which order, and what to each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

from attrs import evolve, frozen

from provider_stub.engine.accounts import Account
from provider_stub.engine.credits import EntryKind, LedgerEntry, expired
from provider_stub.engine.payments import OWED
from provider_stub.engine.regions import region_of
from provider_stub.engine.statements import marked_overdue
from provider_stub.store.protocol.records import Job, JobKind
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.calculations import calculate_account
from provider_stub.usecases.context import Context


class _Ids(Protocol):
    def __call__(self, tx: Tx, job: Job, after: str, limit: int) -> tuple[str, ...]: ...


@frozen
class Steps:
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
        # What a charge in doubt may have paid already must not grow; if it did not, the next batch marks it.
        charged = tx.payments.live(statement.payment_group_id) is not None
        if not statement.overdue and not charged and statement.payment_status in OWED:
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


STEPS: Final[Mapping[JobKind, Steps]] = MappingProxyType(
    {
        JobKind.CALCULATION: Steps(_one_account, lambda _tx, _job: 1, _calculate),
        JobKind.CALCULATE_ALL: Steps(_every_account, lambda tx, job: tx.accounts.count(job.region), _calculate),
        JobKind.CALC_LATE_FEE: Steps(
            _debtors, lambda tx, job: tx.statements.count_debtors_before(job.month, job.region), _mark_overdue
        ),
        JobKind.EXPIRE_CREDITS: Steps(
            _holders,
            lambda tx, job: tx.credits.count_holders_of_ended(job.on or job.month.first_day, job.region),
            _expire,
        ),
    }
)
