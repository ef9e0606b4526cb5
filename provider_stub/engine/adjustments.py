"""Adjustments: discounts and surcharges on a project, then on its billing group (billing rules, Adjustments)."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from provider_stub.engine.period import Month


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
