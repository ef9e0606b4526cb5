"""Credit: granting it, taking it back, redeeming coupons, and what is left."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, TypeVar

from attrs import frozen

from provider_stub.engine.accounts import Account
from provider_stub.engine.credits import CreditGrant, CreditType, EntryKind, LedgerEntry, check_grant, check_window
from provider_stub.engine.errors import (
    BillingError,
    CurrencyMismatch,
    InvalidWindow,
    NotFound,
    UnknownCounter,
    gathered,
)
from provider_stub.store.protocol.records import HistoryEntry, Page, Window
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.context import Context, Coupon, Once, existing, locked, region
from provider_stub.usecases.errors import CouponRedeemed, UnknownReference

B = TypeVar("B")


@frozen
class Gift:
    """What each account of a campaign gets. `months` counts from the first day, where no last day is given."""

    amount: int
    name: str
    credit_type: CreditType
    account_ids: tuple[str, ...]
    currency: str | None = None
    counters: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    months: int | None = None


@frozen
class Credit:
    """A grant, what is left of it, and the coupon that it came from."""

    grant: CreditGrant
    left: int
    coupon: str | None = None


@frozen
class History:
    """A part of the ledger, and what is left of all credit that was asked about."""

    entries: Page[HistoryEntry]
    left: int


@frozen
class Balance:
    """What is left, by type; every type is there."""

    currency: str
    left: Mapping[CreditType, int]


def grant_credits(ctx: Context, campaign_id: str, gift: Gift, once: Once[Credit, B]) -> list[B]:
    """Grants the same to every account, or to none of them; one reply for each, by account.

    A key is remembered for each account apart: one that was removed and made anew gets its credit anew. Raises
    UnknownReference and CurrencyMismatch (/uuidList/N), UnknownCounter (/counterNames/N), InvalidValue, InvalidWindow,
    or the Invalid that gathers them.
    """
    with ctx.store.write() as tx:
        accounts, errors = _accounts(tx, gift)
        keys = {account.account_id: once.of(account.account_id) for account in accounts}
        kept = {account_id: key.begin(tx, ctx.clock()) for account_id, key in keys.items()}
        replies = {name: keys[name].again(one.reply) for name, one in kept.items() if one and one.reply is not None}
        new = [account for account in accounts if account.account_id not in replies]
        errors += _unknown_counters(tx, gift.counters)
        if new or errors:
            errors += _wrong_window(gift, {_today(ctx, account) for account in new} or {ctx.clock().date()})
        if errors:
            raise gathered(errors)
        for account in new:
            made = _grant(ctx, tx, account, campaign_id, gift)
            replies[account.account_id] = keys[account.account_id].end(tx, made)
        return [replies[account.account_id] for account in accounts]


def _grant(ctx: Context, tx: Tx, account: Account, campaign_id: str, gift: Gift) -> Credit:
    today = _today(ctx, account)
    valid_from, valid_to = _window(gift, today)
    grant = CreditGrant(
        ctx.new_id("credit"),
        account.account_id,
        gift.credit_type,
        gift.amount,
        region(account).currency,
        valid_from,
        valid_to,
        ctx.clock(),
        frozenset(gift.counters),
        gift.name,
        campaign_id,
    )
    check_grant(grant, today)
    tx.credits.grant(grant, _first_entry(ctx, grant))
    return Credit(grant, grant.amount)


def _accounts(tx: Tx, gift: Gift) -> tuple[list[Account], list[BillingError]]:
    """Those of the gift that exist, locked, by id, and what is wrong with its list."""
    errors: list[BillingError] = []
    accounts: list[Account] = []
    locked_ones = {account_id: tx.accounts.lock(account_id) for account_id in sorted(set(gift.account_ids))}
    for index, account_id in enumerate(gift.account_ids):
        account = locked_ones[account_id]
        if account is None:
            errors.append(UnknownReference.at_field(f"/uuidList/{index}", f"there is no account {account_id}"))
            continue
        accounts.append(account)
        expected = gift.currency or region(accounts[0]).currency
        found = region(account).currency
        if found != expected:
            detail = f"{account_id} is billed in {found}, the credit is in {expected}"
            errors.append(CurrencyMismatch.at_field(f"/uuidList/{index}", detail))
    return sorted(accounts, key=lambda account: account.account_id), errors


def _unknown_counters(tx: Tx, names: Sequence[str]) -> list[BillingError]:
    known = {row.counter_name for row in tx.counters.rows(names)} if names else set()
    return [
        UnknownCounter.at_field(f"/counterNames/{index}", f"there is no counter {name}")
        for index, name in enumerate(names)
        if name not in known
    ]


def _wrong_window(gift: Gift, days: Iterable[date]) -> list[BillingError]:
    """What is wrong with the window today, which may be two days in the zones of the accounts; one fault will do."""
    for today in sorted(days):
        try:
            check_window(*_window(gift, today), today)
        except BillingError as error:
            # Without a last day the number of months is what says that the window has ended.
            return [error if gift.valid_to else InvalidWindow.at_field("/expirationPeriod", error.detail)]
    return []


def _window(gift: Gift, today: date) -> tuple[date, date | None]:
    valid_from = gift.valid_from or today
    if gift.valid_to is None and gift.months is not None:
        return valid_from, months_later(valid_from, gift.months) - timedelta(days=1)
    return valid_from, gift.valid_to


def cancel_credits(ctx: Context, campaign_id: str, reason: str) -> Sequence[Credit]:
    """Takes back what is left of a campaign's grants; what statements have used stays used.

    The grants that it touched. Raises NotFound for a campaign that never granted anything.
    """
    with ctx.store.write() as tx:
        grants = tx.credits.of_campaign(campaign_id)
        if not grants:
            raise NotFound(f"there is no credit of campaign {campaign_id}")
        touched = []
        for account_id in sorted({grant.account_id for grant in grants}):
            tx.accounts.lock(account_id)
            left = tx.credits.left(account_id)
            before = tx.credits.cancelled(account_id)
            # What went with its account, before that could be locked, is not in the ledger any more.
            mine = [g for g in grants if g.account_id == account_id and g.grant_id in left]
            # A line of 0 for a grant that is spent: what a statement gives back later must not revive it.
            entries = [
                LedgerEntry(ctx.new_id("entry"), g.grant_id, EntryKind.CANCEL, -left[g.grant_id], ctx.clock())
                for g in mine
                if left[g.grant_id] > 0 or g.grant_id not in before
            ]
            tx.credits.book(account_id, entries, reason=reason)
            touched += [Credit(grant, 0) for grant in mine if left[grant.grant_id] > 0]
        return touched


def redeem_coupon(ctx: Context, account_id: str, code: str, once: Once[Credit, B]) -> B:
    """Raises NotFound (account, coupon), CouponRedeemed, InvalidWindow when the coupon has ended."""
    with ctx.store.write() as tx:
        account = locked(tx, account_id)
        return once.run(tx, ctx.clock(), lambda: _redeem(ctx, tx, account, code))


def _redeem(ctx: Context, tx: Tx, account: Account, code: str) -> Credit:
    coupon = ctx.coupons.get(code)
    if coupon is None:
        raise NotFound(f"there is no coupon {code}")
    today = _today(ctx, account)
    if coupon.last_day is not None and coupon.last_day < today:
        raise CouponRedeemed(f"coupon {code} has ended")
    grant = _grant_of(ctx, account, coupon, today)
    if not tx.credits.grant(grant, _first_entry(ctx, grant), coupon=code):
        raise CouponRedeemed(f"the account has redeemed {code} before")
    return Credit(grant, grant.amount, code)


def _grant_of(ctx: Context, account: Account, coupon: Coupon, today: date) -> CreditGrant:
    currency = region(account).currency
    return CreditGrant(
        ctx.new_id("credit"),
        account.account_id,
        coupon.credit_type,
        coupon.amounts[currency],
        currency,
        today,
        months_later(today, coupon.months) - timedelta(days=1),
        ctx.clock(),
        name=coupon.name,
    )


def list_credit_history(ctx: Context, account_id: str, credit_type: CreditType | None, window: Window) -> History:
    """Newest first. Raises NotFound."""
    with ctx.store.read() as tx:
        existing(tx.accounts.get(account_id), account_id)
        left = _left_by_type(tx, account_id)
        total = sum(left.values()) if credit_type is None else left[credit_type]
        return History(tx.credits.history(account_id, credit_type, window), total)


def get_credit_balance(ctx: Context, account_id: str) -> Balance:
    """Raises NotFound."""
    with ctx.store.read() as tx:
        account = existing(tx.accounts.get(account_id), account_id)
        return Balance(region(account).currency, _left_by_type(tx, account_id))


def _left_by_type(tx: Tx, account_id: str) -> Mapping[CreditType, int]:
    left = tx.credits.left(account_id)
    sums = dict.fromkeys(CreditType, 0)
    for grant in tx.credits.grants(account_id):
        sums[grant.credit_type] += left.get(grant.grant_id, 0)
    return MappingProxyType(sums)


def _first_entry(ctx: Context, grant: CreditGrant) -> LedgerEntry:
    return LedgerEntry(ctx.new_id("entry"), grant.grant_id, EntryKind.GRANT, grant.amount, ctx.clock())


def _today(ctx: Context, account: Account) -> date:
    return ctx.clock().astimezone(region(account).zone).date()


_MONTHS: Final = 12


def months_later(day: date, months: int) -> date:
    """The same day some months later, or the last day of a month that is too short for it."""
    year, month = divmod(day.year * _MONTHS + day.month - 1 + months, _MONTHS)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
