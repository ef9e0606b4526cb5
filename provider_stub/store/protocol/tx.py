"""Units of work, part by part.

A unit of work is a transaction: everything in it happens, or nothing does. Values come and go as the engine's frozen
classes and the records.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Protocol

from provider_stub.engine.accounts import Account
from provider_stub.engine.adjustments import Adjustment, Level
from provider_stub.engine.contracts import Contract, ContractTerm
from provider_stub.engine.counters import Counter
from provider_stub.engine.credits import CreditGrant, CreditType, LedgerEntry
from provider_stub.engine.metering import Meter, Readings
from provider_stub.engine.payments import AttemptState, PaymentAttempt, PaymentState
from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import (
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


class StoreUnavailableError(Exception):
    """The database does not answer; what was under way has not happened."""


class StoreConflictError(StoreUnavailableError):
    """Others have changed what this unit of work builds on: it has not happened, and may be tried again."""


class Accounts(Protocol):
    def get(self, account_id: str) -> Account | None: ...

    def lock(self, account_id: str) -> Account | None:
        """The account, whose money and meters no other unit of work changes until this one ends.

        Of several accounts, the one with the lower id is locked first: then no two wait for each other.
        """
        ...

    def lock_ownership(self) -> None:
        """Until this unit of work ends, no other one that calls this goes on: what `owners` says stays true.

        It comes before the lock of an account.
        """
        ...

    def put(self, account: Account) -> None:
        """Creates or replaces it. A group that stays keeps its contract terms.

        Raises StoreConflictError, at the latest when the unit of work ends, for ids of another account.
        """
        ...

    def remove(self, account_id: str) -> bool:
        """Removes it with everything that belongs to it."""
        ...

    def of_group(self, billing_group_id: str) -> Account | None: ...

    def of_project(self, project_id: str) -> Account | None: ...

    def owners(
        self, billing_group_ids: Collection[str], project_ids: Collection[str], app_keys: Collection[str]
    ) -> tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str]]:
        """Which accounts have these billing groups, projects and app keys."""
        ...

    def ids(self, region: str | None, after: str, limit: int) -> tuple[str, ...]:
        """The ids of the accounts of a region (None: of all), sorted, those behind `after`."""
        ...

    def count(self, region: str | None) -> int: ...


class Counters(Protocol):
    def rows(self, names: Collection[str] | None = None) -> tuple[Counter, ...]:
        """The price list, sorted by name, currency and first day; None is the whole of it."""
        ...

    def names(self, window: Window) -> Page[str]:
        """Sorted."""
        ...

    def put(self, counter: Counter) -> None:
        """Adds a row, or replaces the one with the same name, currency and first day."""
        ...


class Meters(Protocol):
    """Readings. Instants bound them half-open: [first, end)."""

    def add(self, account_id: str, meters: Sequence[Meter]) -> Mapping[str, Meter]:
        """Stores them in one statement, and returns by id the ones that were there before and stay as they are.

        The ids differ from each other.
        """
        ...

    def get(self, account_id: str, meter_id: str) -> Meter | None: ...

    def page(
        self,
        project_ids: Collection[str],
        first: datetime | None,
        end: datetime | None,
        counter_name: str | None,
        window: Window,
    ) -> Page[Meter]:
        """By event time, then id; None does not limit."""
        ...

    def ids(self, project_ids: Collection[str], first: datetime, end: datetime) -> Iterator[str]:
        """However many there are, they do not come into memory at once; read them before the next query."""
        ...

    def remove(self, project_id: str, first: datetime, end: datetime) -> int: ...

    def readings(self, project_ids: Collection[str], first: datetime, end: datetime) -> Readings:
        """What decides about the usage of these projects, added up and picked out where the readings lie."""
        ...

    def any_of(self, project_ids: Collection[str]) -> frozenset[str]:
        """Those of the projects that have meters."""
        ...

    def spans(self, project_id: str, first: datetime, end: datetime) -> tuple[datetime, datetime] | None:
        """The first and the last event time in it; None where there is none."""
        ...


class Contracts(Protocol):
    def get(self, contract_id: str) -> Contract | None: ...

    def add(self, contract: Contract) -> None: ...

    def remove(self, contract_id: str) -> bool: ...

    def page(self, window: Window) -> Page[Contract]:
        """By id."""
        ...

    def in_use(self, contract_id: str) -> bool: ...

    def terms(self, billing_group_ids: Collection[str]) -> tuple[ContractTerm, ...]: ...

    def set_term(self, term: ContractTerm) -> None:
        """Adds a term, or replaces the one that begins in the same month."""
        ...

    def clear_terms(self, billing_group_id: str) -> None: ...


class Adjustments(Protocol):
    def add(self, account_id: str, adjustment: Adjustment) -> None: ...

    def of(self, level: Level, target_ids: Collection[str]) -> tuple[Adjustment, ...]: ...

    def named(self, level: Level, adjustment_ids: Collection[str]) -> tuple[Adjustment, ...]: ...

    def page(self, level: Level, target_id: str, window: Window) -> Page[Adjustment]:
        """By first month, then id."""
        ...

    def remove(self, adjustment_ids: Collection[str]) -> None: ...


class Credits(Protocol):
    def grant(self, grant: CreditGrant, entry: LedgerEntry, *, coupon: str | None = None) -> bool:
        """Stores a grant and its first entry; False, and nothing stored, when the account has redeemed the coupon."""
        ...

    def book(self, account_id: str, entries: Iterable[LedgerEntry], *, reason: str | None = None) -> None:
        """Appends to the ledger, with the reason why.

        Raises StoreConflictError, at the latest when the unit of work ends, for a second entry that reverses the same.
        """
        ...

    def grants(self, account_id: str) -> tuple[CreditGrant, ...]: ...

    def left(self, account_id: str) -> Mapping[str, int]:
        """Grant -> the sum of its entries."""
        ...

    def cancelled(self, account_id: str) -> frozenset[str]:
        """The grants that have a CANCEL entry."""
        ...

    def of_campaign(self, campaign_id: str) -> tuple[CreditGrant, ...]: ...

    def of_payment_group(self, payment_group_id: str) -> tuple[LedgerEntry, ...]: ...

    def holders_of_ended(self, before: date, region: str | None, after: str, limit: int) -> tuple[str, ...]:
        """The accounts with something left of a grant whose last day is before `before`, sorted, behind `after`."""
        ...

    def count_holders_of_ended(self, before: date, region: str | None) -> int: ...

    def history(self, account_id: str, credit_type: CreditType | None, window: Window) -> Page[HistoryEntry]:
        """Newest first."""
        ...


class Statements(Protocol):
    def get(self, payment_group_id: str) -> Bill | None: ...

    def save(self, bill: Bill, expected: PaymentState | None) -> bool:
        """One conditional update: stores the bill if its state is still the expected one, None being no bill yet."""
        ...

    def remove(self, payment_group_id: str) -> bool:
        """Removes a REGISTERED one."""
        ...

    def of_month(self, account_id: str, month: Month) -> tuple[Bill, ...]:
        """Sorted by billing group."""
        ...

    def owed_before(self, account_id: str, month: Month) -> tuple[Bill, ...]:
        """The unpaid ones of earlier months that owe something, sorted by month, then billing group."""
        ...

    def states(self, account_id: str, months: Collection[Month]) -> Mapping[tuple[str, Month], PaymentState]:
        """(Billing group, month) -> state."""
        ...

    def page(self, month_from: Month, month_to: Month, account_id: str | None, window: Window) -> Page[Bill]:
        """By month, then payment group."""
        ...

    def groups_with(self, billing_group_ids: Collection[str]) -> frozenset[str]:
        """Those of the billing groups that have statements."""
        ...

    def debtors_before(self, month: Month, region: str | None, after: str, limit: int) -> tuple[str, ...]:
        """The accounts with unpaid statements of earlier months that are not marked overdue, sorted, behind `after`."""
        ...

    def count_debtors_before(self, month: Month, region: str | None) -> int: ...


class Payments(Protocol):
    def start(self, account_id: str, attempt: PaymentAttempt) -> bool:
        """Stores a new attempt; False when its statement has a live one already."""
        ...

    def get(self, attempt_id: str) -> PaymentAttempt | None: ...

    def live(self, payment_group_id: str) -> PaymentAttempt | None: ...

    def save(self, attempt: PaymentAttempt, expected: AttemptState) -> bool:
        """One conditional update: stores state, gateway id and reason if the state is still the expected one."""
        ...

    def in_doubt(self, account_id: str) -> bool:
        """Whether an attempt of the account is STARTED or UNKNOWN."""
        ...

    def started_before(self, instant: datetime) -> tuple[PaymentAttempt, ...]:
        """Attempts that are still STARTED or UNKNOWN."""
        ...


class Jobs(Protocol):
    def add(self, job: Job) -> None: ...

    def get(self, job_id: str) -> Job | None: ...

    def save(self, job: Job, behind: str) -> bool:
        """Stores progress, cursor, status, errors and end of an unfinished job whose cursor is still `behind`.

        False when it has ended or is gone, or when somebody else has gone on with it.
        """
        ...

    def unfinished(self) -> tuple[Job, ...]: ...

    def latest(self, kind: JobKind, account_id: str | None, month: Month | None, limit: int) -> tuple[Job, ...]:
        """Newest first."""
        ...


class Keys(Protocol):
    def claim(self, key: IdempotencyKey, at: datetime) -> KeptReply | None:
        """Takes a key for this request: None, or what is known of the request that took it before."""
        ...

    def find(self, key: IdempotencyKey) -> KeptReply | None:
        """What is known of a key, without taking it."""
        ...

    def about(self, key: IdempotencyKey, subject: str) -> None: ...

    def keep(self, key: IdempotencyKey, reply: Mapping[str, object]) -> None: ...


class Charges(Protocol):
    def add(self, charge: Charge) -> Charge:
        """Writes a line unless its attempt has one; returns the line that stands."""
        ...

    def move(self, attempt_id: str, expected: ChargeState, state: ChargeState) -> bool: ...

    def get(self, attempt_id: str) -> Charge | None: ...

    def all(self) -> tuple[Charge, ...]: ...


class Tx(Protocol):
    """One unit of work."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def counters(self) -> Counters: ...
    @property
    def meters(self) -> Meters: ...
    @property
    def contracts(self) -> Contracts: ...
    @property
    def adjustments(self) -> Adjustments: ...
    @property
    def credits(self) -> Credits: ...
    @property
    def statements(self) -> Statements: ...
    @property
    def payments(self) -> Payments: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def charges(self) -> Charges: ...


class Store(Protocol):
    def read(self) -> AbstractContextManager[Tx]:
        """One consistent view; nothing may be written through it. Raises StoreUnavailableError."""
        ...

    def write(self) -> AbstractContextManager[Tx]:
        """A unit of work: committed at the end of the block, rolled back when it raises.

        Raises StoreUnavailableError, and StoreConflictError for a collision with other units of work.
        """
        ...

    def check(self) -> None:
        """Raises StoreUnavailableError."""
        ...

    def clear(self) -> None:
        """Removes everything, for tests and provider states."""
        ...

    def close(self) -> None: ...
