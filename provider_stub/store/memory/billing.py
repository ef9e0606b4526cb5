"""Credits, statements, payments, jobs and keys in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from attrs import evolve

from provider_stub.engine.credits import CreditGrant, CreditType, EntryKind, LedgerEntry
from provider_stub.engine.payments import LIVE_ATTEMPTS, OWED, AttemptState, PaymentAttempt, PaymentState
from provider_stub.engine.period import Month
from provider_stub.store.memory.tables import Part, page_of
from provider_stub.store.protocol.records import (
    UNFINISHED,
    Bill,
    Charge,
    ChargeState,
    HistoryEntry,
    IdempotencyKey,
    Job,
    JobKind,
    KeptReply,
    Page,
    Window,
)
from provider_stub.store.protocol.tx import StoreConflictError


class MemoryCredits(Part):
    def grant(self, grant: CreditGrant, entry: LedgerEntry, *, coupon: str | None = None) -> bool:
        rows = self._all("grants")
        if coupon is not None and any(row[0] == grant.account_id and row[2] == coupon for row in rows):
            return False
        self._tables.change("grants")[grant.grant_id] = (grant.account_id, grant, coupon)
        self.book(grant.account_id, [entry])
        return True

    def book(self, account_id: str, entries: Iterable[LedgerEntry], *, reason: str | None = None) -> None:
        table = self._tables.change("ledger")
        reversed_ids = {entry.reverses for _, entry, _ in table.values()} - {None}
        for entry in entries:
            if entry.reverses in reversed_ids or entry.entry_id in table:
                raise StoreConflictError(f"the ledger has an entry like {entry.entry_id} already")
            table[entry.entry_id] = (account_id, entry, reason)

    def grants(self, account_id: str) -> tuple[CreditGrant, ...]:
        return _by_age(grant for owner, grant, _ in self._all("grants") if owner == account_id)

    def left(self, account_id: str) -> Mapping[str, int]:
        left: dict[str, int] = {}
        for owner, entry, _ in self._all("ledger"):
            if owner == account_id:
                left[entry.grant_id] = left.get(entry.grant_id, 0) + entry.amount
        return left

    def cancelled(self, account_id: str) -> frozenset[str]:
        ledger = self._all("ledger")
        return frozenset(e.grant_id for owner, e, _ in ledger if owner == account_id and e.kind is EntryKind.CANCEL)

    def of_campaign(self, campaign_id: str) -> tuple[CreditGrant, ...]:
        return _by_age(grant for _, grant, _ in self._all("grants") if grant.campaign_id == campaign_id)

    def of_payment_group(self, payment_group_id: str) -> tuple[LedgerEntry, ...]:
        return tuple(entry for _, entry, _ in self._all("ledger") if entry.payment_group_id == payment_group_id)

    def holders_of_ended(self, before: date, region: str | None, after: str, limit: int) -> tuple[str, ...]:
        return tuple(sorted(one for one in self._holders(before, region) if one > after)[:limit])

    def count_holders_of_ended(self, before: date, region: str | None) -> int:
        return len(self._holders(before, region))

    def _holders(self, before: date, region: str | None) -> set[str]:
        accounts = self._tables.look("accounts")
        return {
            owner
            for owner, grant, _ in self._all("grants")
            if grant.valid_to is not None
            and grant.valid_to < before
            and region in (None, accounts[owner].region)
            and self.left(owner).get(grant.grant_id, 0) > 0
        }

    def history(self, account_id: str, credit_type: CreditType | None, window: Window) -> Page[HistoryEntry]:
        own = (row for row in self._all("grants") if row[0] == account_id)
        grants = {grant.grant_id: (grant, coupon) for _, grant, coupon in own}
        rows = [
            HistoryEntry(entry, *grants[entry.grant_id], reason)
            for owner, entry, reason in self._all("ledger")
            if owner == account_id
        ]
        return page_of([row for row in reversed(rows) if credit_type in (None, row.grant.credit_type)], window)


class MemoryStatements(Part):
    def get(self, payment_group_id: str) -> Bill | None:
        return self._tables.look("statements").get(payment_group_id)

    def save(self, bill: Bill, expected: PaymentState | None) -> bool:
        key = bill.statement.payment_group_id
        standing = self.get(key)
        if (standing and standing.statement.payment_status) is not expected:
            return False
        self._tables.change("statements")[key] = bill
        return True

    def remove(self, payment_group_id: str) -> bool:
        standing = self.get(payment_group_id)
        if standing is None or standing.statement.payment_status is not PaymentState.REGISTERED:
            return False
        del self._tables.change("statements")[payment_group_id]
        return True

    def of_month(self, account_id: str, month: Month) -> tuple[Bill, ...]:
        return self._bills(lambda s: s.account_id == account_id and s.month == month)

    def owed_before(self, account_id: str, month: Month) -> tuple[Bill, ...]:
        return self._bills(lambda s: s.account_id == account_id and s.month < month and _owing(s))

    def states(self, account_id: str, months: Collection[Month]) -> Mapping[tuple[str, Month], PaymentState]:
        bills = self._bills(lambda s: s.account_id == account_id and s.month in months)
        return {(b.statement.billing_group_id, b.statement.month): b.statement.payment_status for b in bills}

    def page(self, month_from: Month, month_to: Month, account_id: str | None, window: Window) -> Page[Bill]:
        return page_of(
            self._bills(lambda s: month_from <= s.month <= month_to and account_id in (None, s.account_id)), window
        )

    def groups_with(self, billing_group_ids: Collection[str]) -> frozenset[str]:
        bills = self._bills(lambda s: s.billing_group_id in billing_group_ids)
        return frozenset(bill.statement.billing_group_id for bill in bills)

    def debtors_before(self, month: Month, region: str | None, after: str, limit: int) -> tuple[str, ...]:
        return tuple(sorted(one for one in self._debtors(month, region) if one > after)[:limit])

    def count_debtors_before(self, month: Month, region: str | None) -> int:
        return len(self._debtors(month, region))

    def _debtors(self, month: Month, region: str | None) -> set[str]:
        bills = self._bills(lambda s: s.month < month and not s.overdue and _owing(s) and region in (None, s.region))
        return {bill.statement.account_id for bill in bills}

    def _bills(self, chosen: Any) -> tuple[Bill, ...]:
        found = [bill for bill in self._all("statements") if chosen(bill.statement)]
        return tuple(sorted(found, key=_bill_order))


class MemoryPayments(Part):
    def start(self, account_id: str, attempt: PaymentAttempt) -> bool:
        if self.live(attempt.payment_group_id) is not None:
            return False
        self._tables.change("attempts")[attempt.attempt_id] = (account_id, attempt)
        return True

    def get(self, attempt_id: str) -> PaymentAttempt | None:
        return next((one for _, one in self._all("attempts") if one.attempt_id == attempt_id), None)

    def live(self, payment_group_id: str) -> PaymentAttempt | None:
        mine = (one for _, one in self._all("attempts") if one.payment_group_id == payment_group_id)
        return next((one for one in mine if one.state in LIVE_ATTEMPTS), None)

    def save(self, attempt: PaymentAttempt, expected: AttemptState) -> bool:
        account_id, standing = self._tables.look("attempts").get(attempt.attempt_id, (None, None))
        if standing is None or standing.state is not expected:
            return False
        change = evolve(standing, state=attempt.state, gateway_id=attempt.gateway_id, reason=attempt.reason)
        self._tables.change("attempts")[attempt.attempt_id] = (account_id, change)
        return True

    def in_doubt(self, account_id: str) -> bool:
        return any(owner == account_id and one.state in _IN_DOUBT for owner, one in self._all("attempts"))

    def started_before(self, instant: datetime) -> tuple[PaymentAttempt, ...]:
        found = [one for _, one in self._all("attempts") if one.state in _IN_DOUBT and one.started_at < instant]
        return tuple(sorted(found, key=lambda one: one.started_at))


class MemoryJobs(Part):
    def add(self, job: Job) -> None:
        self._tables.change("jobs")[job.job_id] = job

    def get(self, job_id: str) -> Job | None:
        return self._tables.look("jobs").get(job_id)

    def save(self, job: Job, behind: str) -> bool:
        standing = self.get(job.job_id)
        if standing is None or standing.status not in UNFINISHED or standing.cursor != behind:
            return False
        self._tables.change("jobs")[job.job_id] = job
        return True

    def unfinished(self) -> tuple[Job, ...]:
        return tuple(job for job in self._all("jobs") if job.status in UNFINISHED)

    def latest(self, kind: JobKind, account_id: str | None, month: Month | None, limit: int) -> tuple[Job, ...]:
        found = [
            job
            for job in self._all("jobs")
            if job.kind is kind and account_id in (None, job.account_id) and month in (None, job.month)
        ]
        return tuple(reversed(found))[:limit]


class MemoryKeys(Part):
    def claim(self, key: IdempotencyKey, at: datetime) -> KeptReply | None:  # noqa: ARG002 - nothing is cleared away here
        name = (key.scope, key.account_id, key.key)
        kept = self.find(key)
        if kept is None:
            self._tables.change("keys")[name] = (key, KeptReply(key.digest, None, None))
        return kept

    def find(self, key: IdempotencyKey) -> KeptReply | None:
        standing = self._tables.look("keys").get((key.scope, key.account_id, key.key))
        kept: KeptReply | None = standing and standing[1]
        return kept

    def about(self, key: IdempotencyKey, subject: str) -> None:
        self._change(key, subject=subject)

    def keep(self, key: IdempotencyKey, reply: Mapping[str, object]) -> None:
        self._change(key, reply=reply)

    def _change(self, key: IdempotencyKey, **change: Any) -> None:
        name = (key.scope, key.account_id, key.key)
        owner, kept = self._tables.look("keys")[name]
        self._tables.change("keys")[name] = (owner, evolve(kept, **change))


class MemoryCharges(Part):
    def add(self, charge: Charge) -> Charge:
        standing: Charge = self._tables.change("charges").setdefault(charge.attempt_id, charge)
        return standing

    def move(self, attempt_id: str, expected: ChargeState, state: ChargeState) -> bool:
        standing = self.get(attempt_id)
        if standing is None or standing.state is not expected:
            return False
        self._tables.change("charges")[attempt_id] = evolve(standing, state=state)
        return True

    def get(self, attempt_id: str) -> Charge | None:
        return self._tables.look("charges").get(attempt_id)

    def all(self) -> tuple[Charge, ...]:
        return tuple(sorted(self._all("charges"), key=lambda one: (one.at, one.attempt_id)))


_IN_DOUBT: Final = frozenset({AttemptState.STARTED, AttemptState.UNKNOWN})


def _owing(statement: Any) -> bool:
    return statement.payment_status in OWED and statement.payable > 0


def _bill_order(bill: Bill) -> tuple[Month, str]:
    return bill.statement.month, bill.statement.payment_group_id


def _by_age(grants: Iterable[CreditGrant]) -> tuple[CreditGrant, ...]:
    return tuple(sorted(grants, key=lambda grant: (grant.granted_at, grant.grant_id)))
