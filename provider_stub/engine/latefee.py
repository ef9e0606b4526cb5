"""The late fee: a percentage of what an overdue statement still owes, once, no fee on a fee."""

from __future__ import annotations

from provider_stub.engine.money import LATE_FEE
from provider_stub.engine.regions import Region


def late_fee(region: Region, principal: int) -> int:
    """FLOOR(rate x principal), where the principal is totalAmount - totalCredit (billing rules, Statements)."""
    return LATE_FEE.percent(principal, region.late_fee_rate)
