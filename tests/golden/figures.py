"""Totals observed on the production billing system (KR region, KRW): what the engine has to reproduce.

Every case is one billing group with one project. Compute prices follow from the observed totals and are
exact; of storage and floating IP only the sum was observed (500 GB and 720 h are 4112 won).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from attrs import frozen

LIST_PRICES: Final = {
    "compute.c2.c8m8": ("HOURS", Decimal(250)),
    "compute.g2.t4.c8m64": ("HOURS", Decimal(1639)),
    "storage.volume.ssd": ("GB", Decimal("0.16")),
    "network.floating_ip": ("HOURS", Decimal("5.6")),
}
"""Counter -> unit and price per unit."""

GAUGES: Final = frozenset({"compute.g2.t4.c8m64"})
"""The counters that are gauges; the others are deltas."""

BASE_FEE: Final = 100_000

CONTRACTS: Final = {
    "period": ("PERIOD", {"compute.c2.c8m8": Decimal(225)}),
    "volume": ("VOLUME", {"compute.c2.c8m8": Decimal(225)}),
    "partner": ("PARTNER", {"compute.c2.c8m8": Decimal(200)}),
}
"""Name -> contract type and agreed prices; each with the base fee."""

_STORAGE = ("storage.volume.ssd", "KB", Decimal(524_288_000))
_FLOATING_IP = ("network.floating_ip", "HOURS", Decimal(720))
_GPU = ("compute.g2.t4.c8m64", "HOURS", Decimal(720))


def _compute(hours: int) -> tuple[str, str, Decimal]:
    return ("compute.c2.c8m8", "HOURS", Decimal(hours))


USAGE: Final = {
    "full720": (_compute(720), _STORAGE, _FLOATING_IP, _GPU),
    "full360": (_compute(360), _STORAGE, _FLOATING_IP, _GPU),
    "noGpu500": (_compute(500), _STORAGE, _FLOATING_IP),
    "noGpu360": (_compute(360), _STORAGE, _FLOATING_IP),
    "compute360": (_compute(360),),
}
"""Name -> (counter, unit, volume) of the month."""


@frozen
class Case:
    """`project` and `group` are (adjustment type, value); `payable` is totalAmount - totalCredit."""

    name: str
    usage: str
    contract: str | None
    payable: int
    project: tuple[tuple[str, int], ...] = ()
    group: tuple[tuple[str, int], ...] = ()


_ON_GROUP = (("STATIC_DISCOUNT", 500), ("STATIC_EXTRA", 3000))
_ON_PROJECT = (("PERCENT_DISCOUNT", 10), ("STATIC_EXTRA", 2000))

CASES: Final = (
    Case("contract below its base fee", "noGpu360", "period", 110_000),
    Case("contract above its base fee", "noGpu500", "period", 128_273),
    Case(
        "fixed discounts and surcharges on both levels",
        "full360",
        "period",
        1_395_561,
        project=(("STATIC_DISCOUNT", 1000), ("STATIC_EXTRA", 2000)),
        group=_ON_GROUP,
    ),
    Case("rate discount on the project", "full360", "period", 1_257_269, project=_ON_PROJECT, group=_ON_GROUP),
    Case("base fee holds after adjustments", "compute360", "period", 110_000, project=_ON_PROJECT, group=_ON_GROUP),
    Case("no contract", "full720", None, 1_500_611),
)

NO_CONTRACT_WITH_LATE_FEE: Final = 1_530_623
"""The last case, once it has stayed unpaid and been marked overdue."""


@frozen
class TwoMonths:
    """A restricted free credit over two months: `earlier` stays unpaid and is marked overdue, then `later`."""

    earlier: Case
    later: Case
    credit: int
    credit_counters: tuple[str, ...]
    earlier_with_late_fee: int
    credit_after_earlier: int
    credit_after_later: int


TWO_MONTHS: Final = TwoMonths(
    earlier=Case("two months before", "full720", None, 1_298_088),
    later=Case(
        "the month itself",
        "full720",
        "period",
        1_171_359,
        project=_ON_PROJECT,
        group=(("STATIC_DISCOUNT", 1000), ("STATIC_EXTRA", 2000)),
    ),
    credit=2_000_000,
    credit_counters=("compute.c2.c8m8", "storage.volume.ssd", "network.floating_ip"),
    earlier_with_late_fee=1_324_049,
    credit_after_earlier=1_815_888,
    credit_after_later=1_649_776,
)
