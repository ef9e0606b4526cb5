"""Discounts and surcharges on projects and billing groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from attrs import evolve

from provider_stub.engine.adjustments import Adjustment, Level, check_adjustment, check_percent_total
from provider_stub.engine.errors import Fault, NotFound
from provider_stub.store.protocol.records import Page, Window
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.context import Context, Once

# Whoever calls these use cases need not know the engine to name a level.
__all__ = ["Level", "create_adjustment", "delete_adjustments", "list_adjustments"]

B = TypeVar("B")


def create_adjustment(ctx: Context, wanted: Adjustment, once: Once[Adjustment, B]) -> B:
    """Stores the adjustment under an id of ours.

    Raises NotFound (project or billing group), InvalidValue (/adjustment), InvalidWindow (/monthTo), PercentOverLimit.
    """
    with ctx.store.write() as tx:
        account_id = _owner(tx, wanted.level, wanted.target_id)
        tx.accounts.lock(account_id)  # two that arrive at once may not pass 100 percent together

        def create() -> Adjustment:
            adjustment = evolve(wanted, adjustment_id=ctx.new_id("adjustment"))
            check_adjustment(adjustment)
            check_percent_total(adjustment, tx.adjustments.of(wanted.level, [wanted.target_id]))
            tx.adjustments.add(account_id, adjustment)
            return adjustment

        return once.of(account_id).run(tx, ctx.clock(), create)


def list_adjustments(ctx: Context, level: Level, target_id: str, window: Window) -> Page[Adjustment]:
    """By first month. Raises NotFound (project or billing group)."""
    with ctx.store.read() as tx:
        _owner(tx, level, target_id)
        return tx.adjustments.page(level, target_id, window)


def delete_adjustments(ctx: Context, level: Level, adjustment_ids: Sequence[str]) -> Sequence[Adjustment]:
    """What was deleted: all that are named, or none. Raises NotFound with every id that is not on this level."""
    with ctx.store.write() as tx:
        found = tx.adjustments.named(level, adjustment_ids)
        known = {one.adjustment_id for one in found}
        faults = [
            Fault(f"/query/adjustmentIds/{index}", f"there is no adjustment {adjustment_id} on level {level}")
            for index, adjustment_id in enumerate(adjustment_ids)
            if adjustment_id not in known
        ]
        if faults:
            raise NotFound(faults[0].detail, *faults)
        tx.adjustments.remove(adjustment_ids)
        return found


def _owner(tx: Tx, level: Level, target_id: str) -> str:
    if level is Level.PROJECT:
        account, what = tx.accounts.of_project(target_id), "project"
    else:
        account, what = tx.accounts.of_group(target_id), "billing group"
    if account is None:
        raise NotFound(f"there is no {what} {target_id}")
    return account.account_id
