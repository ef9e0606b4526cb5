"""What becomes of credit and discounts that several requests change at once."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Level
from provider_stub.engine.credits import CreditType, EntryKind
from provider_stub.engine.errors import PercentOverLimit
from provider_stub.store.protocol.records import Window
from provider_stub.usecases import accounts, adjustments
from provider_stub.usecases import credits as credit
from provider_stub.usecases.context import plain
from provider_stub.usecases.errors import UnknownReference
from tests.usecases.races import DONE, at_once
from tests.usecases.world import MONTH, World

ROUNDS = 10


def _cancel(world: World) -> None:
    credit.cancel_credits(world.ctx, "spring", "a mistake")


def test_credit_that_is_taken_back_several_times_at_once_is_taken_back_once(world: World) -> None:
    for _ in range(ROUNDS):
        world.grant(1000)
        assert at_once(*[partial(_cancel, world)] * 4) == [DONE] * 4
        assert world.left() == 0
    history = credit.list_credit_history(world.ctx, "acme", None, Window(0, 1000)).entries.items
    assert [one.entry.amount for one in history if one.entry.kind is EntryKind.CANCEL] == [-1000] * ROUNDS


def test_discounts_that_arrive_at_once_do_not_pass_100_percent_together(world: World) -> None:
    half = Adjustment("", Level.PROJECT, "acme-main-web", AdjustmentType.PERCENT_DISCOUNT, Decimal(60), MONTH)
    for _ in range(ROUNDS):
        outcomes = at_once(*[partial(adjustments.create_adjustment, world.ctx, half, plain())] * 4)
        assert sorted(outcomes) == sorted([DONE] + [PercentOverLimit.code] * 3)
        (made,) = adjustments.list_adjustments(world.ctx, Level.PROJECT, "acme-main-web", Window(0, 10)).items
        adjustments.delete_adjustments(world.ctx, Level.PROJECT, [made.adjustment_id])


def test_credit_is_granted_to_an_account_that_is_being_removed_or_it_is_refused(world: World) -> None:
    for number in range(ROUNDS):
        name = f"leaving-{number}"
        world.account(name)
        granted, removed = at_once(
            partial(world.grant, 1000, account=name), partial(accounts.delete_account, world.ctx, name)
        )
        assert removed == DONE
        assert granted in {DONE, UnknownReference.code}


def test_credit_goes_with_its_account_while_it_is_being_taken_back(world: World) -> None:
    for number in range(ROUNDS):
        names = [f"leaving-{number}", f"staying-{number}"]
        for name in names:
            world.account(name)
            world.grant(1000, account=name)
        cancelled, removed = at_once(
            partial(_cancel, world), partial(accounts.delete_account, world.ctx, f"leaving-{number}")
        )
        assert (cancelled, removed) == (DONE, DONE)
        assert world.left(f"staying-{number}") == 0


def test_campaigns_that_name_the_same_accounts_in_any_order_do_not_stop_each_other(world: World) -> None:
    names = [f"many-{number}" for number in range(4)]
    for name in names:
        world.account(name)
    gifts = [
        credit.Gift(10, "gift", CreditType.FREE, order, valid_from=MONTH.first_day)
        for order in (tuple(names), tuple(reversed(names)))
    ]
    for _ in range(ROUNDS):
        acts = [partial(credit.grant_credits, world.ctx, "spring", gift, plain()) for gift in gifts]
        assert at_once(*acts) == [DONE, DONE]
    assert {world.left(name) for name in names} == {20 * ROUNDS}
