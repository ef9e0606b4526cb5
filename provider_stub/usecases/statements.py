"""Statements: what they show today, and receipts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from provider_stub.engine.errors import IllegalTransition, InvalidWindow, NotFound
from provider_stub.engine.payments import OWED
from provider_stub.engine.period import Month
from provider_stub.engine.receipts import Receipt, receipt
from provider_stub.engine.statements import Statement, unpaid_of, with_unpaid
from provider_stub.store.protocol.records import Bill, Page, Window
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.context import Context, existing, own


@frozen
class Place:
    """Where a statement is: the month in the path, and the payment group."""

    month: Month
    payment_group_id: str


def payment_group_of(billing_group_id: str, month: Month) -> str:
    """The same after every calculation, so that clients may keep it."""
    return f"{billing_group_id}.{month}"


def list_statements(ctx: Context, account_id: str, month: Month, window: Window) -> Page[Statement]:
    """By payment group. Raises NotFound (the account)."""
    with ctx.store.read() as tx:
        existing(tx.accounts.get(account_id), account_id)
        page = tx.statements.page(month, month, account_id, window)
        return Page(tuple(shown(tx, page.items)), page.total)


def list_unpaid_statements(ctx: Context, account_id: str, month: Month, window: Window) -> Page[Statement]:
    """Those of months before `month` that still owe something, oldest first. Raises NotFound (the account)."""
    with ctx.store.read() as tx:
        existing(tx.accounts.get(account_id), account_id)
        owed = tx.statements.owed_before(account_id, month)
    part = owed[window.offset : window.offset + window.limit]
    return Page(tuple(bill.statement for bill in part), len(owed))


def list_payments(
    ctx: Context, month_from: Month, month_to: Month, account_id: str | None, window: Window
) -> Page[Statement]:
    """By month, then payment group. Raises InvalidWindow (/query/monthTo), NotFound (the account)."""
    if month_to < month_from:
        raise InvalidWindow.at_field("/query/monthTo", f"{month_to} is before {month_from}")
    with ctx.store.read() as tx:
        if account_id is not None:
            existing(tx.accounts.get(account_id), account_id)
        page = tx.statements.page(month_from, month_to, account_id, window)
        return Page(tuple(shown(tx, page.items)), page.total)


def get_receipt(ctx: Context, account_id: str, place: Place) -> Receipt:
    """Raises NotFound, Forbidden, IllegalTransition when it is not paid, CoveredByCredits when no money came in."""
    with ctx.store.read() as tx:
        existing(tx.accounts.get(account_id), account_id)
        bill = at(tx, place)
    own(bill.statement.account_id, account_id, f"statement {place.payment_group_id}")
    paid_at = bill.paid_at
    if paid_at is None:
        raise IllegalTransition(f"a {bill.statement.payment_status} statement has no receipt")
    return receipt(bill.statement, number=f"R-{place.payment_group_id}", paid_at=paid_at)


def owner(ctx: Context, place: Place) -> str:
    """The account that the statement belongs to. Raises NotFound."""
    with ctx.store.read() as tx:
        return at(tx, place).statement.account_id


def at(tx: Tx, place: Place) -> Bill:
    """Raises NotFound, also for a statement of another month."""
    bill = tx.statements.get(place.payment_group_id)
    if bill is None or bill.statement.month != place.month:
        raise NotFound(f"{place.month} has no statement {place.payment_group_id}")
    return bill


def shown(tx: Tx, bills: Sequence[Bill]) -> Iterable[Statement]:
    """The statements as of today: while one is unpaid, what its billing group owes for earlier months still changes."""
    newest: dict[str, Month] = {}
    for bill in bills:
        statement = bill.statement
        newest[statement.account_id] = max(statement.month, newest.get(statement.account_id, statement.month))
    owed = {account_id: tx.statements.owed_before(account_id, month) for account_id, month in newest.items()}
    return [with_debts(bill.statement, owed[bill.statement.account_id]) for bill in bills]


def with_debts(statement: Statement, owed: Iterable[Bill]) -> Statement:
    """An unpaid statement with what its billing group owes for the months before."""
    if statement.payment_status not in OWED:
        return statement
    debts = (
        unpaid_of(bill.statement)
        for bill in owed
        if bill.statement.billing_group_id == statement.billing_group_id and bill.statement.month < statement.month
    )
    return with_unpaid(statement, debts)
