"""Calculating the month of an account: from its readings to its statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from attrs import define

from provider_stub.engine.accounts import Account, BillingGroup
from provider_stub.engine.adjustments import Adjustment, Level
from provider_stub.engine.calculation import Calculation, CalculationInput, calculate
from provider_stub.engine.contracts import Contract, ContractTerm, term_in_force
from provider_stub.engine.counters import price_list
from provider_stub.engine.credits import (
    CreditBalance,
    CreditGrant,
    EntryKind,
    LedgerEntry,
    restoring,
    unreversed,
    use_entry,
)
from provider_stub.engine.errors import IllegalTransition
from provider_stub.engine.metering import Usage, aggregate
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.prices import Price
from provider_stub.engine.regions import Region
from provider_stub.store.protocol.records import Bill
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.context import Context, locked, region
from provider_stub.usecases.counters import in_currency
from provider_stub.usecases.statements import payment_group_of


def calculate_account(ctx: Context, tx: Tx, account: Account, month: Month, *, include_usage: bool) -> None:
    """Writes the statement of each billing group whose month is open; the others stay as they are.

    The account has to be locked. Credit that an earlier calculation burnt counts as given back. Raises what the
    engine raises, and then nothing may be committed.
    """
    standing = statements_of(tx, account, month)
    groups = open_groups(account, standing)
    if not groups:
        return
    metered = [group for group in groups if include_usage or group.billing_group_id not in standing]
    usage = {group_id: bill.usage for group_id, bill in standing.items()} | _usage(tx, account, metered, month)
    books = _books(tx, account, month, standing, groups, usage)
    for group in groups:
        _calculate_group(ctx, tx, books, group)
    if any(books.taken.values()):
        _cancel_again(ctx, tx, account.account_id, ctx.clock())


def open_groups(account: Account, standing: Mapping[str, Bill]) -> list[BillingGroup]:
    """The billing groups that have no statement yet, or one that may be calculated again."""
    return [group for group in account.billing_groups if _open(standing.get(group.billing_group_id))]


def statements_of(tx: Tx, account: Account, month: Month) -> dict[str, Bill]:
    """Billing group -> its statement of the month."""
    return {bill.statement.billing_group_id: bill for bill in tx.statements.of_month(account.account_id, month)}


def delete_calculated_resources(ctx: Context, account_id: str, month: Month) -> None:
    """Removes the month's statements and gives their credit back. Raises NotFound, IllegalTransition."""
    with ctx.store.write() as tx:
        account = locked(tx, account_id)
        bills = statements_of(tx, account, month).values()
        for bill in bills:
            if not _open(bill):
                statement = bill.statement
                raise IllegalTransition(f"{statement.payment_group_id} is {statement.payment_status}")
        for bill in bills:
            give_back(ctx, tx, bill, ctx.clock())
            tx.statements.remove(bill.statement.payment_group_id)


def give_back(ctx: Context, tx: Tx, bill: Bill, at: datetime) -> None:
    """Returns to each grant exactly what the statement took from it; a cancelled one does not keep it."""
    account_id = bill.statement.account_id
    taken = unreversed(tx.credits.of_payment_group(bill.statement.payment_group_id))
    tx.credits.book(account_id, _restored(ctx, taken, at))
    if taken:
        _cancel_again(ctx, tx, account_id, at)


@define
class _Books:
    """What calculating an account's month needs, loaded once. `left` falls as its groups burn credit."""

    account: Account
    region: Region
    month: Month
    standing: Mapping[str, Bill]
    usage: Mapping[str, Sequence[Usage]]
    terms: Sequence[ContractTerm]
    contracts: Mapping[str, Contract]
    prices: Mapping[str, Price]
    grants: Sequence[CreditGrant]
    left: dict[str, int]
    taken: Mapping[str, Sequence[LedgerEntry]]
    adjustments: Mapping[tuple[Level, str], Sequence[Adjustment]]


def _books(
    tx: Tx,
    account: Account,
    month: Month,
    standing: Mapping[str, Bill],
    groups: Sequence[BillingGroup],
    usage: Mapping[str, Sequence[Usage]],
) -> _Books:
    zone = region(account)
    group_ids = {group.billing_group_id for group in groups}
    terms = tx.contracts.terms(group_ids)
    named = {term.contract_id for term in terms}
    contracts = {name: contract for name in named if (contract := tx.contracts.get(name)) is not None}
    taken = {
        group_id: unreversed(tx.credits.of_payment_group(bill.statement.payment_group_id))
        for group_id, bill in standing.items()
        if group_id in group_ids
    }
    left = dict(tx.credits.left(account.account_id))
    for entry in (entry for entries in taken.values() for entry in entries):
        left[entry.grant_id] -= entry.amount
    used = {one.counter_name for group_id in group_ids for one in usage[group_id]}
    prices = price_list(in_currency(tx.counters.rows(used), zone.currency), month)
    grants = tx.credits.grants(account.account_id)
    adjustments: dict[tuple[Level, str], list[Adjustment]] = {}
    for level, targets in ((Level.PROJECT, _projects(groups)), (Level.BILLING_GROUP, group_ids)):
        for one in tx.adjustments.of(level, targets):
            adjustments.setdefault((level, one.target_id), []).append(one)
    return _Books(account, zone, month, standing, usage, terms, contracts, prices, grants, left, taken, adjustments)


def _calculate_group(ctx: Context, tx: Tx, books: _Books, group: BillingGroup) -> None:
    standing = books.standing.get(group.billing_group_id)
    calculation = calculate(_inputs(books, group, overdue=bool(standing and standing.statement.overdue)))
    for use in calculation.credit_uses:
        books.left[use.grant_id] -= use.amount
    _burn(ctx, tx, books, group, calculation)
    bill = Bill(calculation.statement, tuple(books.usage[group.billing_group_id]), calculation.credit_uses)
    if not tx.statements.save(bill, None if standing is None else PaymentState.REGISTERED):
        raise IllegalTransition(f"{calculation.statement.payment_group_id} was closed meanwhile")


def _inputs(books: _Books, group: BillingGroup, *, overdue: bool) -> CalculationInput:
    term = term_in_force((t for t in books.terms if t.billing_group_id == group.billing_group_id), books.month)
    return CalculationInput(
        region=books.region,
        month=books.month,
        account_id=books.account.account_id,
        billing_group_id=group.billing_group_id,
        payment_group_id=payment_group_of(group.billing_group_id, books.month),
        usage=books.usage[group.billing_group_id],
        prices=books.prices,
        contract=books.contracts[term.contract_id] if term else None,
        project_adjustments=[
            one for project in _projects([group]) for one in books.adjustments.get((Level.PROJECT, project), ())
        ],
        group_adjustments=books.adjustments.get((Level.BILLING_GROUP, group.billing_group_id), ()),
        credits=[CreditBalance(grant, books.left.get(grant.grant_id, 0)) for grant in books.grants],
        overdue=overdue,
    )


def _usage(tx: Tx, account: Account, groups: Sequence[BillingGroup], month: Month) -> dict[str, Sequence[Usage]]:
    """Billing group -> its usage; the store goes through the readings of all of them once."""
    group_of = {project.project_id: group.billing_group_id for group in groups for project in group.projects}
    zone = region(account).zone
    readings = tx.meters.readings(list(group_of), *month.bounds(zone))
    usage: dict[str, list[Usage]] = {group.billing_group_id: [] for group in groups}
    for one in aggregate(readings.meters, month, zone, readings.carry_in, readings.sums):
        usage[group_of[one.project_id]].append(one)
    return {**usage}


def _projects(groups: Iterable[BillingGroup]) -> list[str]:
    return [project.project_id for group in groups for project in group.projects]


def _burn(ctx: Context, tx: Tx, books: _Books, group: BillingGroup, calculation: Calculation) -> None:
    """Books what the statement burns in place of what it burnt before; where that is the same, nothing."""
    taken = books.taken.get(group.billing_group_id, ())
    before = {entry.grant_id: -entry.amount for entry in taken}
    if before == {use.grant_id: use.amount for use in calculation.credit_uses}:
        return
    now = ctx.clock()
    burnt = (
        use_entry(
            use,
            entry_id=ctx.new_id("entry"),
            at=now,
            payment_group_id=calculation.statement.payment_group_id,
            month=books.month,
        )
        for use in calculation.credit_uses
    )
    tx.credits.book(books.account.account_id, [*_restored(ctx, taken, now), *burnt])


def _restored(ctx: Context, taken: Iterable[LedgerEntry], at: datetime) -> list[LedgerEntry]:
    return [restoring(entry, entry_id=ctx.new_id("entry"), at=at) for entry in taken]


def _cancel_again(ctx: Context, tx: Tx, account_id: str, at: datetime) -> None:
    """What came back to a cancelled grant is taken back at once: nothing is ever left of such a grant."""
    left = tx.credits.left(account_id)
    entries = [
        LedgerEntry(ctx.new_id("entry"), grant_id, EntryKind.CANCEL, -left[grant_id], at)
        for grant_id in sorted(tx.credits.cancelled(account_id))
        if left[grant_id] > 0
    ]
    tx.credits.book(account_id, entries, reason="the credit was cancelled before it was given back")


def _open(bill: Bill | None) -> bool:
    return bill is None or bill.statement.payment_status is PaymentState.REGISTERED
