"""Credit grants and their ledger."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve

from provider_stub.engine.credits import CreditType, EntryKind
from provider_stub.store.protocol.records import (
    Window,
)
from provider_stub.store.protocol.tx import Store, StoreConflictError
from tests.store.builders import EVERYTHING, entry, grant


def test_what_is_left_of_a_grant_is_the_sum_of_its_entries(store: Store) -> None:
    with store.write() as tx:
        assert tx.credits.grant(grant("g-1"), entry("e-1", "g-1", 1000), coupon="WELCOME")
        assert not tx.credits.grant(grant("g-2"), entry("e-2", "g-2", 1000), coupon="WELCOME")
        assert tx.credits.grant(grant("g-3", CreditType.PAID), entry("e-3", "g-3", 1000))
        tx.credits.book("acme", [entry("e-4", "g-1", -300)], reason="why")
    with store.read() as tx:
        assert tx.credits.left("acme") == {"g-1": 700, "g-3": 1000}
        assert tx.credits.grants("acme") == (grant("g-1"), grant("g-3", CreditType.PAID))
        history = tx.credits.history("acme", CreditType.FREE, EVERYTHING)
        assert [(one.entry.entry_id, one.coupon, one.reason) for one in history.items] == [
            ("e-4", "WELCOME", "why"),
            ("e-1", "WELCOME", None),
        ]
        assert tx.credits.history("acme", None, Window(0, 1)).total == 3
        assert {one.entry_id for one in tx.credits.of_payment_group("acme-main.2026-11")} == {"e-1", "e-3", "e-4"}


def test_the_same_use_is_never_given_back_twice(store: Store) -> None:
    with store.write() as tx:
        tx.credits.grant(grant("g-1"), entry("e-1", "g-1", 1000))
        tx.credits.book("acme", [entry("e-2", "g-1", -300), entry("e-3", "g-1", 300, reverses="e-2")])

    def again() -> None:
        with store.write() as tx:
            tx.credits.book("acme", [entry("e-4", "g-1", 300, reverses="e-2")])

    with pytest.raises(StoreConflictError):
        again()
    with store.read() as tx:
        assert tx.credits.left("acme") == {"g-1": 1000}


def test_a_grant_is_cancelled_once_its_ledger_says_so(store: Store) -> None:
    with store.write() as tx:
        for number, end in enumerate((EntryKind.USE, EntryKind.CANCEL, EntryKind.EXPIRE)):
            tx.credits.grant(grant(f"g-{number}"), entry(f"e-{number}", f"g-{number}", 1000))
            tx.credits.book("acme", [evolve(entry(f"end-{number}", f"g-{number}", -1000), kind=end)])
    with store.read() as tx:
        assert tx.credits.cancelled("acme") == {"g-1"}
        assert tx.credits.cancelled("globex") == frozenset()


def test_only_holders_of_ended_credit_are_found(store: Store) -> None:
    with store.write() as tx:
        tx.credits.grant(grant("g-1", valid_to=date(2026, 6, 30)), entry("e-1", "g-1", 1000))
        tx.credits.grant(grant("g-2", valid_to=date(2026, 5, 31)), entry("e-2", "g-2", 1000))
        tx.credits.grant(grant("g-3"), entry("e-3", "g-3", 1000))
    with store.write() as tx:
        assert tx.credits.holders_of_ended(date(2026, 7, 1), "KR", "", 10) == ("acme",)
        assert tx.credits.holders_of_ended(date(2026, 7, 1), None, "acme", 10) == ()
        assert tx.credits.count_holders_of_ended(date(2026, 7, 1), None) == 1
        assert tx.credits.count_holders_of_ended(date(2026, 7, 1), "JP") == 0
        assert tx.credits.holders_of_ended(date(2026, 5, 31), None, "", 10) == ()
