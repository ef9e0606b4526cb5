"""Adjustments: discounts and surcharges on a project, then on its billing group (billing rules, Adjustments)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Final

from attrs import frozen

from provider_stub.engine.errors import PercentOverLimit
from provider_stub.engine.money import EXACT, MAX_MONEY, PERCENT_DISCOUNT, PERCENT_EXTRA, decimal_in
from provider_stub.engine.period import Month, check_months


class Level(StrEnum):
    PROJECT = "PROJECT"
    BILLING_GROUP = "BILLING_GROUP"


class AdjustmentType(StrEnum):
    STATIC_DISCOUNT = "STATIC_DISCOUNT"
    STATIC_EXTRA = "STATIC_EXTRA"
    PERCENT_DISCOUNT = "PERCENT_DISCOUNT"
    PERCENT_EXTRA = "PERCENT_EXTRA"


@frozen
class Description:
    """The text that an invoice shows, in one language."""

    locale: str
    message: str


@frozen
class Adjustment:
    """`value` is a percentage, or whole minor units for the static types.

    `target_id` is a project id or a billing group id, by `level`. It covers the months from `month_from` to
    `month_to`, both included; None is without end.
    """

    adjustment_id: str
    level: Level
    target_id: str
    adjustment_type: AdjustmentType
    value: Decimal
    month_from: Month
    month_to: Month | None = None
    descriptions: tuple[Description, ...] = ()


@frozen
class AppliedAdjustment:
    """What one adjustment came to on a statement: `amount` is positive for discounts and surcharges alike."""

    adjustment_id: str
    level: Level
    target_id: str
    adjustment_type: AdjustmentType
    value: Decimal
    base: int
    amount: int


_STATIC: Final = frozenset({AdjustmentType.STATIC_DISCOUNT, AdjustmentType.STATIC_EXTRA})
_HUNDRED: Final = Decimal(100)
_IN_TURN: Final = (
    AdjustmentType.PERCENT_EXTRA,
    AdjustmentType.STATIC_EXTRA,
    AdjustmentType.PERCENT_DISCOUNT,
    AdjustmentType.STATIC_DISCOUNT,
)
_id_then_value = attrgetter("adjustment_id", "value")


@frozen
class Outcome:
    """What one level's adjustments made of its base: result = base - discount + extra, never below 0."""

    base: int
    discount: int
    extra: int
    applied: tuple[AppliedAdjustment, ...]

    @property
    def change(self) -> int:
        return self.extra - self.discount


def check_adjustment(adjustment: Adjustment) -> None:
    """Raises InvalidValue (/adjustment) or InvalidWindow (/monthTo)."""
    check_value(adjustment)
    check_months(adjustment.month_from, adjustment.month_to)


def check_value(adjustment: Adjustment) -> None:
    """Raises InvalidValue (/adjustment).

    A percentage lies between 0 and 100, surcharges included; a static amount is whole minor units.
    """
    if adjustment.adjustment_type in _STATIC:
        decimal_in(adjustment.value, "/adjustment", most=MAX_MONEY, places=0)
    else:
        decimal_in(adjustment.value, "/adjustment", most=100)


def check_percent_total(new: Adjustment, existing: Iterable[Adjustment]) -> None:
    """Raises PercentOverLimit when `new` brings the percent discounts of its level and target above 100 in
    any month. Within its months the sum can only rise where an adjustment begins, so those are looked at.
    """
    rivals = [new, *(one for one in existing if _competes(one, new))]
    if new.adjustment_type is AdjustmentType.PERCENT_DISCOUNT:
        for month in sorted({one.month_from for one in rivals} | {new.month_from}):
            if covers(new, month):
                _check_limit([one for one in rivals if covers(one, month)], f"in {month}")


def _competes(one: Adjustment, new: Adjustment) -> bool:
    return (
        one.adjustment_id != new.adjustment_id
        and one.adjustment_type is new.adjustment_type
        and (one.level, one.target_id) == (new.level, new.target_id)
    )


def _check_limit(discounts: Iterable[Adjustment], where: str) -> None:
    total = Decimal(0)
    for one in discounts:
        total = EXACT.add(total, one.value)
    if total > _HUNDRED:
        raise PercentOverLimit.at_field("/adjustment", f"percent discounts {where} come to {total}, over 100")


def covers(adjustment: Adjustment, month: Month) -> bool:
    """Whether the month lies between the adjustment's first and last month, both included."""
    last = adjustment.month_to
    return adjustment.month_from <= month and (last is None or month <= last)


def adjust(base: int, adjustments: Sequence[Adjustment]) -> Outcome:
    """One level's adjustments on what the level before left (billing rules, Adjustments).

    Surcharges first: percentages of the base, then static ones. Then percent discounts, each on base plus
    surcharges, then static discounts; a discount takes no more than is left. The order given is without
    meaning: within a type the adjustment id decides. Raises PercentOverLimit, InvalidValue.
    """
    if not adjustments:
        return Outcome(base, 0, 0, ())
    in_order = sorted(adjustments, key=_id_then_value)
    for one in in_order:
        check_adjustment(one)
    percent_extras, static_extras, percent_discounts, static_discounts = (
        [one for one in in_order if one.adjustment_type is kind] for kind in _IN_TURN
    )
    _check_limit(percent_discounts, "of one level")

    applied = [_apply(one, base, PERCENT_EXTRA.percent(base, one.value)) for one in percent_extras]
    applied += [_apply(one, base, int(one.value)) for one in static_extras]
    extra = sum(one.amount for one in applied)
    gross = left = base + extra
    for one in percent_discounts:
        applied.append(_apply(one, gross, min(PERCENT_DISCOUNT.percent(gross, one.value), left)))
        left -= applied[-1].amount
    for one in static_discounts:
        applied.append(_apply(one, gross, min(int(one.value), left)))
        left -= applied[-1].amount
    return Outcome(base, gross - left, extra, tuple(applied))


def _apply(adjustment: Adjustment, base: int, amount: int) -> AppliedAdjustment:
    return AppliedAdjustment(
        adjustment.adjustment_id,
        adjustment.level,
        adjustment.target_id,
        adjustment.adjustment_type,
        adjustment.value,
        base,
        amount,
    )
