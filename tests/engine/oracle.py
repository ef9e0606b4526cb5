"""What a statement comes to, worked out in Fractions from the billing rules alone.

It shares no code with the engine and takes nothing but tuples, dicts, Fractions and dates, so that a mistake in
one of the two shows as a difference. Amounts are whole minor units. It trusts its input: what must be refused is
tested elsewhere.

Where the rules are silent it decides as the engine's docstrings do: as long as a credit is still to come, a change
is spread over what it changes in proportion, by largest remainder (equal remainders by project and counter); a
change that falls on nothing, and the top-up to the base fee, are no counter's; a credit on counters pays only the
shares of those counters. As the API says, a credit counts when its window and the month share a day, and what was
PAID or is a REFUND stands as paid credit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Final, NamedTuple

YearMonth = tuple[int, int]
Shares = dict[tuple[str, str], int]
"""What each (project, counter) still owes; an empty name where there is none."""


class Price(NamedTuple):
    """`tiers` are (upper bound or None, price per unit in major units); all but GRADUATED and VOLUME have one."""

    unit: str
    model: str
    tiers: Sequence[tuple[Fraction | None, Fraction]]
    package: Fraction = Fraction(1)


class Contract(NamedTuple):
    base_fee: int
    discount_percent: Fraction
    prices: Mapping[str, Price]


class Adjustment(NamedTuple):
    target: str
    kind: str
    value: Fraction
    first: YearMonth
    last: YearMonth | None


class Credit(NamedTuple):
    name: str
    kind: str
    balance: int
    counters: frozenset[str]
    valid_from: date
    valid_to: date | None
    granted_at: datetime


class Bill(NamedTuple):
    """`usage` is (project, counter, unit, quantity); `unpaid` is (principal, late fee) of earlier months."""

    region: str
    month: YearMonth
    usage: Sequence[tuple[str, str, str, Fraction]]
    prices: Mapping[str, Price]
    contract: Contract | None = None
    project_adjustments: Sequence[Adjustment] = ()
    group_adjustments: Sequence[Adjustment] = ()
    credits: Sequence[Credit] = ()
    unpaid: Sequence[tuple[int, int]] = ()
    overdue: bool = False


class _Region(NamedTuple):
    minor_per_major: int
    vat_percent: int
    late_fee_percent: int
    steps: str


# C credits, P project adjustments, G group adjustments, B base fee, T tax.
_REGIONS: Final = {
    "KR": _Region(1, 10, 2, "CPGBT"),
    "JP": _Region(1, 10, 2, "PGBCT"),
    "ETC": _Region(100, 0, 5, "PGBTC"),
}
_SECONDS: Final = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600, "DAYS": 24 * 3600}
_BYTES: Final = {name: 1024**power for power, name in enumerate(("BYTES", "KB", "MB", "GB", "TB", "PB"))}
_SIZES: Final = {"COUNT": 1} | _SECONDS | _BYTES
_BURN: Final = ("PROMOTIONAL", "FREE", "REFUND", "PAID")


def statement(bill: Bill) -> dict[str, object]:
    """The amounts of the statement by their names in the API; and `lines`, (project, counter, amount); `steps`,
    what each step left; `uses`, what was burnt of each credit.
    """
    region = _REGIONS[bill.region]
    shares = _priced(bill, region.minor_per_major)
    lines = [(*owner, amount) for owner, amount in shares.items()]
    totals = {"discount": 0, "extra": 0, "top-up": 0, "tax": 0}
    uses: dict[str, int] = {}
    steps: dict[str, Callable[[], None]] = {
        "C": lambda: uses.update(_burn(shares, _usable(bill))),
        "P": lambda: _adjust_projects(shares, totals, _in_force(bill.project_adjustments, bill.month)),
        "G": lambda: _adjust(shares, totals, _in_force(bill.group_adjustments, bill.month), "", list(shares)),
        "B": lambda: _top_up(shares, totals, bill.contract),
        "T": lambda: _tax(shares, totals, region.vat_percent),
    }
    left = [sum(shares.values())]
    for step in region.steps:
        steps[step]()
        left.append(sum(shares.values()))

    charge = left[0]
    total = charge - totals["discount"] + totals["extra"] + totals["top-up"] + totals["tax"]
    principal = total - sum(uses.values())
    late_fee = floor(Fraction(principal * region.late_fee_percent, 100)) if bill.overdue else 0
    unpaid = sum(principal + fee for principal, fee in bill.unpaid)
    return {
        "charge": charge,
        "totalDiscount": totals["discount"],
        "totalExtra": totals["extra"],
        "baseFeeTopUp": totals["top-up"],
        "taxAmount": totals["tax"],
        "totalAmount": total,
        "freeCreditLimit": _burnt(bill, uses, own_money=False, restricted=True),
        "freeCreditAll": _burnt(bill, uses, own_money=False, restricted=False),
        "paidCreditLimit": _burnt(bill, uses, own_money=True, restricted=True),
        "paidCreditAll": _burnt(bill, uses, own_money=True, restricted=False),
        "totalCredit": sum(uses.values()),
        "lateFee": late_fee,
        "payable": principal + late_fee,
        "unpaidAmount": unpaid,
        "totalDue": principal + late_fee + unpaid,
        "lines": lines,
        "steps": left,
        "uses": uses,
    }


def _priced(bill: Bill, minor_per_major: int) -> Shares:
    smallest: dict[tuple[str, str], Fraction] = {}
    for project, counter, unit, quantity in bill.usage:
        used = smallest.get((project, counter), Fraction(0))
        smallest[project, counter] = used + quantity * _SIZES[unit]
    shares = {}
    for (project, counter), quantity in sorted(smallest.items()):
        price, percent = _price_of(counter, bill)
        exact = _cost(price, quantity / _SIZES[price.unit]) * percent / 100 * minor_per_major
        shares[project, counter] = _half_up(exact)
    return shares


def _price_of(counter: str, bill: Bill) -> tuple[Price, Fraction]:
    """The price and how many percent of it are due."""
    if bill.contract is None:
        return bill.prices[counter], Fraction(100)
    if counter in bill.contract.prices:
        return bill.contract.prices[counter], Fraction(100)
    return bill.prices[counter], 100 - bill.contract.discount_percent


def _cost(price: Price, quantity: Fraction) -> Fraction:
    first = price.tiers[0][1]
    if price.model == "FLAT":
        return first if quantity else Fraction(0)
    if price.model == "PACKAGE":
        return first * ceil(quantity / price.package)
    if price.model == "VOLUME":
        return quantity * next(each for bound, each in price.tiers if bound is None or quantity <= bound)
    if price.model == "GRADUATED":
        return _graduated(price, quantity)
    assert price.model == "PER_UNIT"
    return first * quantity


def _graduated(price: Price, quantity: Fraction) -> Fraction:
    """Everything at the first price; then above each bound the difference to the next price."""
    cost = quantity * price.tiers[0][1]
    for (bound, dearer), (_, cheaper) in zip(price.tiers, price.tiers[1:], strict=False):
        assert bound is not None
        cost += max(Fraction(0), quantity - bound) * (cheaper - dearer)
    return cost


def _half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def _in_force(adjustments: Iterable[Adjustment], month: YearMonth) -> list[Adjustment]:
    return [one for one in adjustments if one.first <= month and (one.last is None or month <= one.last)]


def _adjust_projects(shares: Shares, totals: dict[str, int], adjustments: Sequence[Adjustment]) -> None:
    for project in sorted({one.target for one in adjustments}):
        own = [owner for owner in shares if owner[0] == project]
        _adjust(shares, totals, [one for one in adjustments if one.target == project], project, own)


def _adjust(
    shares: Shares, totals: dict[str, int], adjustments: Sequence[Adjustment], project: str, own: list[tuple[str, str]]
) -> None:
    """One level on what `own` still owe."""

    def values(kind: str) -> list[Fraction]:
        return [one.value for one in adjustments if one.kind == kind]

    base = sum(shares[owner] for owner in own)
    gross = base + sum(_half_up(base * value / 100) for value in values("PERCENT_EXTRA")) + _sum("STATIC_EXTRA", values)
    wanted = sum(ceil(gross * value / 100) for value in values("PERCENT_DISCOUNT")) + _sum("STATIC_DISCOUNT", values)
    result = max(0, gross - wanted)
    totals["extra"] += gross - base
    totals["discount"] += gross - result
    _spread(shares, result - base, own, (project, ""))


def _sum(kind: str, values: Callable[[str], list[Fraction]]) -> int:
    return int(sum(values(kind)))


def _spread(shares: Shares, change: int, over: list[tuple[str, str]], otherwise: tuple[str, str]) -> None:
    parts = _largest_remainder(abs(change), [shares[owner] for owner in over])
    if parts is None:
        shares[otherwise] = shares.get(otherwise, 0) + change
        return
    for owner, part in zip(over, parts, strict=True):
        shares[owner] += part if change > 0 else -part


def _largest_remainder(total: int, weights: Sequence[int]) -> list[int] | None:
    """None where there is nothing to be in proportion to."""
    whole = sum(weights)
    if not whole:
        return None
    exact = [Fraction(total * weight, whole) for weight in weights]
    parts = [floor(each) for each in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def _top_up(shares: Shares, totals: dict[str, int], contract: Contract | None) -> None:
    missing = contract.base_fee - sum(shares.values()) if contract else 0
    totals["top-up"] = max(0, missing)
    shares["", ""] = shares.get(("", ""), 0) + totals["top-up"]


def _tax(shares: Shares, totals: dict[str, int], percent: int) -> None:
    totals["tax"] = floor(Fraction(sum(shares.values()) * percent, 100))
    _spread(shares, totals["tax"], list(shares), ("", ""))


def _usable(bill: Bill) -> list[Credit]:
    year, month = bill.month
    first = date(year, month, 1)
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return [
        one
        for one in bill.credits
        if one.balance > 0 and one.valid_from <= last and (one.valid_to is None or one.valid_to >= first)
    ]


def _burn(shares: Shares, held: Iterable[Credit]) -> dict[str, int]:
    """Sorted by the least weighty word of the burn order first, since a sort keeps what it finds equal."""
    order = sorted(held, key=lambda one: one.name)
    order.sort(key=lambda one: one.granted_at)
    order.sort(key=lambda one: _BURN.index(one.kind))
    order.sort(key=lambda one: one.valid_to or date.max)
    order.sort(key=lambda one: 0 if one.counters else 1)
    uses = {}
    for one in order:
        pays = [owner for owner in shares if not one.counters or owner[1] in one.counters]
        amount = min(one.balance, sum(shares[owner] for owner in pays))
        if amount:
            uses[one.name] = amount
            _spread(shares, -amount, pays, ("", ""))
    return uses


def _burnt(bill: Bill, uses: Mapping[str, int], *, own_money: bool, restricted: bool) -> int:
    """What the customer paid or got back is paid credit; the rest is free (billing rules, Statements)."""
    return sum(
        uses.get(one.name, 0)
        for one in bill.credits
        if (one.kind in ("PAID", "REFUND")) is own_money and bool(one.counters) is restricted
    )
