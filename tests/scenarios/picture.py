"""Everything that a store can tell at one moment; equal pictures differ in nothing that anybody can read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from attrs import frozen

from provider_stub.engine.accounts import Account
from provider_stub.engine.adjustments import Adjustment, Level
from provider_stub.engine.contracts import ContractTerm
from provider_stub.engine.credits import CreditGrant, LedgerEntry
from provider_stub.engine.metering import Meter
from provider_stub.engine.payments import PaymentAttempt
from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import Bill, Charge, HistoryEntry, Job, JobKind, Window
from provider_stub.store.protocol.tx import Store, Tx

_ALL = Window(0, 100_000)
_FIRST, _LAST = Month(2000, 1), Month(2099, 12)
_NEVER = datetime(2099, 12, 31, tzinfo=UTC)


@frozen
class Wallet:
    """An account's credit: its grants, what is left of each, the cancelled ones, and its ledger, newest first."""

    grants: tuple[CreditGrant, ...]
    left: Mapping[str, int]
    cancelled: frozenset[str]
    history: tuple[HistoryEntry, ...]

    @property
    def entries(self) -> tuple[LedgerEntry, ...]:
        return tuple(line.entry for line in self.history)


@frozen
class Picture:
    accounts: tuple[Account, ...]
    terms: tuple[ContractTerm, ...]
    adjustments: tuple[Adjustment, ...]
    meters: tuple[Meter, ...]
    wallets: Mapping[str, Wallet]
    bills: Mapping[str, Bill]
    attempts: Mapping[str, PaymentAttempt]
    charges: tuple[Charge, ...]
    jobs: tuple[Job, ...]


def picture_of(store: Store) -> Picture:
    with store.read() as tx:
        ids = tx.accounts.ids(None, "", 1000)
        accounts = tuple(account for each in ids if (account := tx.accounts.get(each)) is not None)
        groups = [group.billing_group_id for account in accounts for group in account.billing_groups]
        projects = [
            one.project_id for account in accounts for group in account.billing_groups for one in group.projects
        ]
        charges = tx.charges.all()
        return Picture(
            accounts,
            tuple(sorted(tx.contracts.terms(groups), key=lambda term: (term.billing_group_id, term.month_from))),
            _adjustments(tx, projects, groups),
            tx.meters.page(projects, None, None, None, _ALL).items,
            {each: _wallet(tx, each) for each in ids},
            {bill.statement.payment_group_id: bill for bill in tx.statements.page(_FIRST, _LAST, None, _ALL).items},
            _attempts(tx, charges),
            tuple(sorted(charges, key=lambda line: line.attempt_id)),
            tuple(job for kind in JobKind for job in tx.jobs.latest(kind, None, None, 1000)),
        )


def _adjustments(tx: Tx, projects: list[str], groups: list[str]) -> tuple[Adjustment, ...]:
    found = [*tx.adjustments.of(Level.PROJECT, projects), *tx.adjustments.of(Level.BILLING_GROUP, groups)]
    return tuple(sorted(found, key=lambda one: one.adjustment_id))


def _wallet(tx: Tx, account_id: str) -> Wallet:
    grants = tuple(sorted(tx.credits.grants(account_id), key=lambda grant: grant.grant_id))
    if not grants:
        return Wallet((), {}, frozenset(), ())
    history = tx.credits.history(account_id, None, _ALL).items
    return Wallet(grants, dict(tx.credits.left(account_id)), tx.credits.cancelled(account_id), history)


def _attempts(tx: Tx, charges: tuple[Charge, ...]) -> dict[str, PaymentAttempt]:
    """Every attempt is either still open, or the gateway has a line for it."""
    found = {one.attempt_id: one for one in tx.payments.started_before(_NEVER)}
    for line in charges:
        if line.attempt_id not in found and (attempt := tx.payments.get(line.attempt_id)) is not None:
            found[line.attempt_id] = attempt
    return found
