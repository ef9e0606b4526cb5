from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve

from provider_stub.engine.credits import (
    CreditType,
    CreditUse,
    EntryKind,
    LedgerEntry,
    balance_of,
    balances,
    burn_key,
    check_grant,
    expired,
    restoring,
    unreversed,
    usable,
    use_entry,
)
from provider_stub.engine.errors import InvalidValue, InvalidWindow
from tests.engine.builders import MONTH, credit

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def _granted(grant_id: str, amount: int) -> LedgerEntry:
    return LedgerEntry(f"{grant_id}-granted", grant_id, EntryKind.GRANT, amount, NOW)


def test_credits_burn_restricted_first_then_by_expiry_then_by_type_then_by_age() -> None:
    soon, later = date(2026, 12, 31), date(2027, 6, 30)
    paid_old = NOW - timedelta(days=30)
    in_order = [
        credit("a", 1, counters=["gpu"], valid_to=soon, kind=CreditType.PAID),
        credit("b", 1, counters=["gpu"], kind=CreditType.PROMOTIONAL),
        credit("c", 1, valid_to=soon, kind=CreditType.PAID),
        credit("d", 1, valid_to=later, kind=CreditType.PROMOTIONAL),
        credit("e", 1, valid_to=later, kind=CreditType.FREE),
        credit("f", 1, valid_to=later, kind=CreditType.REFUND),
        credit("h", 1, valid_to=later, kind=CreditType.PAID, granted_at=paid_old),
        credit("g", 1, valid_to=later, kind=CreditType.PAID, granted_at=NOW),
        credit("i", 1, kind=CreditType.PROMOTIONAL),
    ]
    grants = [held.grant for held in in_order]
    shuffled = grants[::2] + grants[1::2]
    assert sorted(shuffled, key=burn_key) == grants


def test_a_credit_is_usable_in_every_month_that_its_window_touches() -> None:
    grant = credit("c", 1, valid_from=date(2026, 11, 30), valid_to=date(2027, 1, 1)).grant
    assert [usable(grant, MONTH.plus(n)) for n in range(-1, 4)] == [False, True, True, True, False]
    assert usable(evolve(grant, valid_to=None), MONTH.plus(600))


def test_the_last_day_of_the_window_belongs_to_it() -> None:
    grant = credit("c", 1, valid_to=date(2026, 11, 30)).grant
    assert [expired(grant, date(2026, 11, 30)), expired(grant, date(2026, 12, 1))] == [False, True]


def test_a_balance_is_the_sum_of_its_entries_and_giving_back_restores_exactly_what_was_used() -> None:
    use = use_entry(
        CreditUse("c", CreditType.FREE, False, 300),
        entry_id="u1",
        at=NOW,
        payment_group_id="p",
        month=MONTH,
    )
    ledger = [_granted("c", 1000), use]
    back = [restoring(entry, entry_id="r1", at=NOW) for entry in unreversed(ledger)]

    assert balance_of(ledger) == 700
    assert balance_of([*ledger, *back]) == 1000
    assert unreversed([*ledger, *back]) == ()
    assert (back[0].kind, back[0].reverses, back[0].month) == (EntryKind.RESTORE, "u1", MONTH)


def test_grants_with_nothing_left_are_not_offered_and_the_others_come_in_burn_order() -> None:
    grants = [credit("all", 5).grant, credit("gpu", 5, counters=["gpu"]).grant, credit("spent", 5).grant]
    spent = LedgerEntry("x", "spent", EntryKind.EXPIRE, -5, NOW)
    ledger = [_granted(grant.grant_id, 5) for grant in grants]
    assert [(one.grant.grant_id, one.balance) for one in balances(grants, [*ledger, spent])] == [
        ("gpu", 5),
        ("all", 5),
    ]


def test_a_grant_without_value_or_with_an_ended_window_is_refused() -> None:
    today = date(2026, 11, 21)
    grant = credit("c", 1, valid_from=today, valid_to=today).grant
    check_grant(grant, today)
    check_grant(evolve(grant, valid_to=None), today)
    for amount in (0, -1, 2**53):
        with pytest.raises(InvalidValue):
            check_grant(evolve(grant, amount=amount), today)
    for start, end in (("2026-11-22", "2026-11-21"), ("2026-01-01", "2026-11-20")):
        wrong = evolve(grant, valid_from=date.fromisoformat(start), valid_to=date.fromisoformat(end))
        with pytest.raises(InvalidWindow):
            check_grant(wrong, today)
