"""Credits: grants, the append-only ledger, and the order in which they burn (billing rules, Credits)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from attrs import frozen

from provider_stub.engine.errors import InvalidValue, InvalidWindow
from provider_stub.engine.money import MAX_MONEY, minor_digits
from provider_stub.engine.period import Month


class CreditType(StrEnum):
    FREE = "FREE"
    PAID = "PAID"
    PROMOTIONAL = "PROMOTIONAL"
    REFUND = "REFUND"


class EntryKind(StrEnum):
    """GRANT and RESTORE add; USE, EXPIRE and CANCEL take away."""

    GRANT = "GRANT"
    USE = "USE"
    RESTORE = "RESTORE"
    EXPIRE = "EXPIRE"
    CANCEL = "CANCEL"


@frozen
class CreditGrant:
    """Money that may only be burnt. Empty `counters` means unrestricted; both ends of the window are days
    that belong to it, and `valid_to` None never ends. What is left is the sum of its ledger entries.
    """

    grant_id: str
    account_id: str
    credit_type: CreditType
    amount: int
    currency: str
    valid_from: date
    valid_to: date | None
    granted_at: datetime
    counters: frozenset[str] = frozenset()
    name: str = ""
    campaign_id: str = ""


@frozen
class LedgerEntry:
    """One line of the ledger, never changed: `amount` is signed. `reverses` names the entry that a RESTORE
    gives back; `payment_group_id` and `month` name the statement that a USE or RESTORE belongs to.
    """

    entry_id: str
    grant_id: str
    kind: EntryKind
    amount: int
    at: datetime
    payment_group_id: str | None = None
    month: Month | None = None
    reverses: str | None = None


@frozen
class CreditBalance:
    """A grant and what is left of it for the statement at hand."""

    grant: CreditGrant
    balance: int


@frozen
class CreditUse:
    """What a statement burns of one grant, `amount` > 0: the caller writes it as a USE of -amount."""

    grant_id: str
    credit_type: CreditType
    restricted: bool
    amount: int


BURN_RANK: Final[Mapping[CreditType, int]] = MappingProxyType(
    {CreditType.PROMOTIONAL: 0, CreditType.FREE: 1, CreditType.REFUND: 2, CreditType.PAID: 3}
)
"""The priority of a grant follows from its type: what cost the customer nothing burns first."""

OWN_MONEY: Final = frozenset({CreditType.PAID, CreditType.REFUND})
"""Types that stand as paid credit on a statement, since the customer's money is behind them; the others are
free credit."""


def burn_key(grant: CreditGrant) -> tuple[bool, date, int, datetime, str]:
    """Sorts grants into burn order: restricted before unrestricted, then expiry (soonest first), then
    PROMOTIONAL, FREE, REFUND, PAID, then age; the id makes the order total (billing rules, Credits).
    """
    expiry = grant.valid_to or date.max
    return not grant.counters, expiry, BURN_RANK[grant.credit_type], grant.granted_at, grant.grant_id


def usable(grant: CreditGrant, month: Month) -> bool:
    """Whether the grant's window and the month have a day in common.

    The month billed decides, not the day of the calculation: the same month gives the same statement.
    """
    return grant.valid_from <= month.last_day and not expired(grant, month.first_day)


def expired(grant: CreditGrant, today: date) -> bool:
    """Whether the last day of the window has passed."""
    return grant.valid_to is not None and grant.valid_to < today


def check_grant(grant: CreditGrant, today: date) -> None:
    """Raises InvalidValue (/credit) or InvalidWindow (/expirationDateTo: ended, or before its beginning)."""
    minor_digits(grant.currency)
    if not 0 < grant.amount <= MAX_MONEY:
        raise InvalidValue.at_field("/credit", f"{grant.amount} is not an amount above 0")
    check_window(grant.valid_from, grant.valid_to, today)


def check_window(valid_from: date, valid_to: date | None, today: date) -> None:
    """Raises InvalidWindow (/expirationDateTo: ended, or before its beginning)."""
    if valid_to is not None and valid_to < valid_from:
        raise InvalidWindow.at_field("/expirationDateTo", f"{valid_to} is before {valid_from}")
    if valid_to is not None and valid_to < today:
        raise InvalidWindow.at_field("/expirationDateTo", f"{valid_to} has passed")


def balance_of(entries: Iterable[LedgerEntry]) -> int:
    """What is left: the sum of the entries."""
    return sum(entry.amount for entry in entries)


def balances(grants: Iterable[CreditGrant], entries: Iterable[LedgerEntry]) -> list[CreditBalance]:
    """What is left of each grant, in burn order; grants without a balance are left out."""
    left: dict[str, int] = {}
    for entry in entries:
        left[entry.grant_id] = left.get(entry.grant_id, 0) + entry.amount
    held = [CreditBalance(grant, left.get(grant.grant_id, 0)) for grant in sorted(grants, key=burn_key)]
    return [one for one in held if one.balance > 0]


def unreversed(entries: Iterable[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """The uses that no later entry has given back."""
    known = tuple(entries)
    returned = {entry.reverses for entry in known}
    return tuple(e for e in known if e.kind is EntryKind.USE and e.entry_id not in returned)


def use_entry(use: CreditUse, *, entry_id: str, at: datetime, payment_group_id: str, month: Month) -> LedgerEntry:
    """The ledger entry for what a statement burns of one grant."""
    return LedgerEntry(entry_id, use.grant_id, EntryKind.USE, -use.amount, at, payment_group_id, month)


def restoring(use: LedgerEntry, *, entry_id: str, at: datetime) -> LedgerEntry:
    """The entry that gives back exactly what `use` took."""
    return LedgerEntry(
        entry_id,
        use.grant_id,
        EntryKind.RESTORE,
        -use.amount,
        at,
        use.payment_group_id,
        use.month,
        use.entry_id,
    )
