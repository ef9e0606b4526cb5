"""Statements, payment attempts and the book of the gateway."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from provider_stub.engine.payments import AttemptState, PaymentState
from provider_stub.store.protocol.records import (
    Charge,
    ChargeState,
    Window,
)
from provider_stub.store.protocol.tx import Store
from tests.store.builders import MONTH, NOW, attempt, bill


def test_a_bill_comes_back_to_the_last_digit(store: Store) -> None:
    stored = evolve(bill(), paid_at=NOW, refunded_at=NOW, reason="왜")
    with store.write() as tx:
        assert tx.statements.save(stored, None)
    with store.read() as tx:
        assert stored == tx.statements.get("acme-main.2026-11")
        assert tx.statements.of_month("acme", MONTH) == (stored,)
        assert tx.statements.groups_with(["acme-main", "none"]) == {"acme-main"}
        assert tx.statements.states("acme", [MONTH]) == {("acme-main", MONTH): PaymentState.REGISTERED}


def test_a_bill_is_saved_only_from_the_state_that_it_is_expected_in(store: Store) -> None:
    with store.write() as tx:
        assert not tx.statements.save(bill(), PaymentState.REGISTERED)
        assert tx.statements.save(bill(), None)
        assert not tx.statements.save(bill(), None)
        assert tx.statements.save(bill(PaymentState.READY), PaymentState.REGISTERED)
        assert not tx.statements.save(bill(PaymentState.READY), PaymentState.REGISTERED)
        assert not tx.statements.remove("acme-main.2026-11")
        assert tx.statements.save(bill(), PaymentState.READY)
        assert tx.statements.remove("acme-main.2026-11")


def test_debts_are_found_until_they_are_paid_or_marked(store: Store) -> None:
    october, september = bill(month=MONTH.previous()), bill(month=MONTH.plus(-2))
    nothing = bill(month=MONTH.plus(-3), hours="0")
    with store.write() as tx:
        for each in (october, september, nothing, bill()):
            tx.statements.save(each, None)
    with store.write() as tx:
        assert tx.statements.owed_before("acme", MONTH) == (september, october)
        assert tx.statements.debtors_before(MONTH, "KR", "", 10) == ("acme",)
        assert tx.statements.count_debtors_before(MONTH, None) == 1
        for each in (october, september):
            tx.statements.save(evolve(each, statement=evolve(each.statement, overdue=True)), PaymentState.REGISTERED)
        assert tx.statements.count_debtors_before(MONTH, None) == 0
        assert len(tx.statements.owed_before("acme", MONTH)) == 2
        page = tx.statements.page(MONTH.plus(-2), MONTH, None, Window(1, 1))
        assert (page.items[0].statement.month, page.total) == (MONTH.previous(), 3)


def test_a_statement_has_at_most_one_live_attempt(store: Store) -> None:
    with store.write() as tx:
        assert tx.payments.start("acme", attempt("a-1"))
        assert not tx.payments.start("acme", attempt("a-2"))
        assert tx.payments.started_before(NOW + timedelta(seconds=1)) == (attempt("a-1"),)
        declined = evolve(attempt("a-1"), state=AttemptState.DECLINED, reason="no")
        assert tx.payments.save(declined, AttemptState.STARTED)
        assert not tx.payments.save(declined, AttemptState.STARTED)
        assert tx.payments.get("a-1") == declined
        assert tx.payments.start("acme", attempt("a-2"))
        assert tx.payments.live("acme-main.2026-11") == attempt("a-2")
        assert tx.payments.started_before(NOW) == ()


def test_the_gateways_book_has_one_line_an_attempt(store: Store) -> None:
    line = Charge("a-1", "g-1", ChargeState.CAPTURED, 100, "KRW", NOW)
    with store.write() as tx:
        assert tx.charges.add(line) == line
        assert tx.charges.add(evolve(line, state=ChargeState.DECLINED)) == line
        assert tx.charges.move("a-1", ChargeState.CAPTURED, ChargeState.VOIDED)
        assert not tx.charges.move("a-1", ChargeState.CAPTURED, ChargeState.REFUNDED)
        assert tx.charges.all() == (evolve(line, state=ChargeState.VOIDED),)
