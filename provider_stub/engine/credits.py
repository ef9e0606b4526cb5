"""Credits: grants, the append-only ledger, and the order in which they burn (billing rules, Credits)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from attrs import frozen

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
