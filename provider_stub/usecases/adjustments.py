"""Discounts and surcharges on projects and billing groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from attrs import evolve

from provider_stub.engine.accounts import Account, BillingGroup
from provider_stub.engine.adjustments import Adjustment, Level, check_percent_total, check_value
from provider_stub.engine.errors import Fault, MonthPaid, NotFound, check_all
from provider_stub.engine.period import check_months
from provider_stub.store.protocol.records import Page, Window
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.context import Context, Once, locked
from provider_stub.usecases.metering import FINAL, month_distance

# Whoever calls these use cases need not know the engine to name a level.
__all__ = ["Level", "create_adjustment", "delete_adjustments", "list_adjustments"]

B = TypeVar("B")


def create_adjustment(ctx: Context, wanted: Adjustment, once: Once[Adjustment, B]) -> B:
    """Stores the adjustment under an id of ours.

    Raises NotFound (project or billing group), InvalidValue (/adjustment), InvalidWindow (/monthTo), PercentOverLimit,
    and MonthPaid when it covers nothing but months that are paid.
    """
    with ctx.store.write() as tx:
        # Locked, since two that arrive at once may not pass 100 percent together.
        account = locked(tx, _owner(tx, wanted.level, wanted.target_id).account_id)

        def create() -> Adjustment:
            adjustment = evolve(wanted, adjustment_id=ctx.new_id("adjustment"))
            check_all(lambda: check_value(adjustment), lambda: check_months(wanted.month_from, wanted.month_to))
            _check_open(tx, account, adjustment)
            check_percent_total(adjustment, tx.adjustments.of(wanted.level, [wanted.target_id]))
            tx.adjustments.add(account.account_id, adjustment)
            return adjustment

        return once.of(account.account_id).run(tx, ctx.clock(), create)


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


def _check_open(tx: Tx, account: Account, adjustment: Adjustment) -> None:
    """One that only covers months whose statements are final would be dropped silently: it is refused."""
    first, last = adjustment.month_from, adjustment.month_to
    if last is None:
        return
    groups = [one.billing_group_id for one in account.billing_groups if _acts_on(adjustment, one)]
    months = [first.plus(ahead) for ahead in range(month_distance(first, last) + 1)]
    states = tx.statements.states(account.account_id, months)
    if groups and all(states.get((group, month)) in FINAL for group in groups for month in months):
        detail = f"{first} is paid" if first == last else f"the months from {first} to {last} are paid"
        raise MonthPaid(detail, Fault("/monthFrom", detail), Fault("/monthTo", detail))


def _acts_on(adjustment: Adjustment, group: BillingGroup) -> bool:
    if adjustment.level is Level.BILLING_GROUP:
        return group.billing_group_id == adjustment.target_id
    return any(project.project_id == adjustment.target_id for project in group.projects)


def _owner(tx: Tx, level: Level, target_id: str) -> Account:
    if level is Level.PROJECT:
        account, what = tx.accounts.of_project(target_id), "project"
    else:
        account, what = tx.accounts.of_group(target_id), "billing group"
    if account is None:
        raise NotFound(f"there is no {what} {target_id}")
    return account
