"""The calculation policies: the order of the steps of a bill, as data (billing rules, Credits)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Step(StrEnum):
    """One step from usage to what is payable; each acts on what the step before left."""

    PRICED_USAGE = "PRICED_USAGE"
    CREDITS = "CREDITS"
    PROJECT_ADJUSTMENTS = "PROJECT_ADJUSTMENTS"
    GROUP_ADJUSTMENTS = "GROUP_ADJUSTMENTS"
    BASE_FEE = "BASE_FEE"
    VAT = "VAT"


class Policy(StrEnum):
    """Where credits act. Stored on every statement."""

    CREDITS_FIRST = "CREDITS_FIRST"
    CREDITS_BEFORE_TAX = "CREDITS_BEFORE_TAX"
    CREDITS_AFTER_TAX = "CREDITS_AFTER_TAX"


STEPS: Final[Mapping[Policy, tuple[Step, ...]]] = MappingProxyType(
    {
        # Credits pay for usage itself, so discounts, base fee and VAT see only what they left.
        Policy.CREDITS_FIRST: (
            Step.PRICED_USAGE,
            Step.CREDITS,
            Step.PROJECT_ADJUSTMENTS,
            Step.GROUP_ADJUSTMENTS,
            Step.BASE_FEE,
            Step.VAT,
        ),
        # Credits pay for the agreed price, and VAT is due on the money that is left to pay.
        Policy.CREDITS_BEFORE_TAX: (
            Step.PRICED_USAGE,
            Step.PROJECT_ADJUSTMENTS,
            Step.GROUP_ADJUSTMENTS,
            Step.BASE_FEE,
            Step.CREDITS,
            Step.VAT,
        ),
        # Credits are a means of payment: they cover the tax too.
        Policy.CREDITS_AFTER_TAX: (
            Step.PRICED_USAGE,
            Step.PROJECT_ADJUSTMENTS,
            Step.GROUP_ADJUSTMENTS,
            Step.BASE_FEE,
            Step.VAT,
            Step.CREDITS,
        ),
    }
)
