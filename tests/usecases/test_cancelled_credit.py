"""What statements give back to credit whose campaign has been cancelled meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provider_stub.engine.credits import EntryKind
from provider_stub.engine.errors import CreditSpent
from provider_stub.engine.payments import PaymentState
from provider_stub.store.protocol.records import Window
from provider_stub.usecases import calculations, payments
from provider_stub.usecases import credits as credit
from provider_stub.usecases.context import plain
from tests.usecases.world import MONTH, World


def _cancelled(world: World) -> None:
    credit.cancel_credits(world.ctx, "spring", "a mistake")


def _payment_cancelled(world: World) -> None:
    payments.cancel_payment(world.ctx, world.place())


def _payment_refunded(world: World) -> None:
    payments.refund_payment(world.ctx, world.place(), "sorry", plain())


def _ledger(world: World) -> list[tuple[EntryKind, int]]:
    """Oldest first."""
    history = credit.list_credit_history(world.ctx, "acme", None, Window(0, 100))
    return [(one.entry.kind, one.entry.amount) for one in reversed(history.entries.items)]


@pytest.mark.parametrize("undo", [_payment_cancelled, _payment_refunded])
def test_cancelled_credit_does_not_come_back_with_a_payment(world: World, undo: Callable[[World], None]) -> None:
    world.grant(1500)
    world.ready()
    world.pay()
    _cancelled(world)
    undo(world)
    assert world.left() == 0
    taken_back = [(EntryKind.CANCEL, -500), (EntryKind.RESTORE, 1000), (EntryKind.CANCEL, -1000)]
    assert _ledger(world) == [(EntryKind.GRANT, 1500), (EntryKind.USE, -1000), *taken_back]


def test_credit_that_was_spent_when_its_campaign_was_cancelled_does_not_come_back_either(world: World) -> None:
    world.grant(300)
    world.use(10)
    world.calculate()
    assert credit.cancel_credits(world.ctx, "spring", "a mistake") == []
    calculations.delete_calculated_resources(world.ctx, "acme", MONTH)
    assert world.left() == 0
    credit.cancel_credits(world.ctx, "spring", "a mistake, again")
    assert [kind for kind, _ in _ledger(world)].count(EntryKind.CANCEL) == 2


def test_what_a_statement_has_used_of_a_cancelled_campaign_stays_used_when_it_is_calculated_again(world: World) -> None:
    world.grant(5000)
    world.use(10)
    world.calculate()
    before = world.bill()
    _cancelled(world)
    world.calculate()
    assert world.bill() == before
    world.use(10)
    world.calculate()
    assert (world.bill().statement.total_credit, world.left()) == (1000, 0)


def test_what_a_new_calculation_no_longer_needs_of_a_cancelled_campaign_is_gone(world: World) -> None:
    world.account("acme", ("main", "other"))
    world.grant(1000)
    world.use(10)
    world.calculate()
    _cancelled(world)
    calculations.delete_calculated_resources(world.ctx, "acme", MONTH)
    world.calculate()
    assert (world.bill().statement.total_credit, world.left()) == (0, 0)


def test_a_payment_cancelled_after_the_campaign_is_paid_again_only_after_a_new_calculation(world: World) -> None:
    world.grant(300)
    world.ready()
    world.pay()
    _cancelled(world)
    _payment_cancelled(world)
    with pytest.raises(CreditSpent):
        world.pay()
    world.close()
    world.calculate()
    world.close()
    paid = world.pay().statement
    assert (paid.payment_status, paid.total_credit) == (PaymentState.PAID, 0)
