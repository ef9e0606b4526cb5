"""Every combination of what is owed, adjustments on both levels, and credits, against the oracle.

The values are those of the observed totals where they have one of the kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Final, NamedTuple

import pytest
from attrs import evolve

from provider_stub.engine.adjustments import Adjustment, Level
from provider_stub.engine.calculation import CalculationInput, calculate
from provider_stub.engine.contracts import ContractPrice
from provider_stub.engine.credits import CreditBalance, CreditType
from provider_stub.engine.metering import Usage
from provider_stub.engine.prices import Price, per_unit
from provider_stub.engine.regions import REGIONS, Region
from provider_stub.engine.statements import Unpaid, marked_overdue, unpaid_of
from tests.engine import oracle
from tests.engine.builders import MONTH, bill_inputs, contract, credit, discount
from tests.engine.comparison import answered, asked
from tests.golden.figures import BASE_FEE, CONTRACTS, LIST_PRICES, TWO_MONTHS, USAGE

OWED: Final = ("no unpaid", "current unpaid", "overdue unpaid")

KINDS: Final = ("STATIC_DISCOUNT", "STATIC_EXTRA", "PERCENT_DISCOUNT", "PERCENT_EXTRA")
PROJECT_VALUES: Final = dict(zip(KINDS, (1000, 2000, 10, 10), strict=True))
GROUP_VALUES: Final = dict(zip(KINDS, (500, 3000, 10, 10), strict=True))

_SOME: Final = TWO_MONTHS.credit_counters
CREDITS: Final[Mapping[str, tuple[CreditBalance, ...]]] = {
    "no credit": (),
    "free credit on counters": (credit("free-limit", TWO_MONTHS.credit, counters=_SOME),),
    "free credit on everything": (credit("free-all", 50_000),),
    "paid credit on counters": (credit("paid-limit", 30_000, kind=CreditType.PAID, counters=_SOME[:1]),),
    "paid credit on everything": (credit("paid-all", TWO_MONTHS.credit, kind=CreditType.PAID),),
    # So small that the burn order decides which of them the smaller month uses up, and so on down to the age.
    "all credits": (
        credit("paid-1-young", 60_000, kind=CreditType.PAID, granted_at=datetime(2026, 2, 1, tzinfo=UTC)),
        credit("paid-2-old", 4_000, kind=CreditType.PAID),
        credit("refund-all", 5_000, kind=CreditType.REFUND),
        credit("free-all", 20_001, kind=CreditType.FREE),
        credit("gift-all", 20_000, kind=CreditType.PROMOTIONAL),
        credit("paid-ending", 15_000, kind=CreditType.PAID, valid_to=date(2026, 12, 31)),
        credit("gift-ended", 10_000, kind=CreditType.PROMOTIONAL, valid_to=date(2026, 10, 31)),
        credit("paid-limit", 30_000, kind=CreditType.PAID, counters=_SOME[:1]),
        credit("free-limit", 20_003, counters=_SOME[:2], valid_to=date(2026, 11, 1)),
    ),
}

MONTHS: Final[Mapping[str, Mapping[str, str]]] = {
    "a large month of two projects": {"web": "full720", "shop": "noGpu360"},
    "a month near its base fee": {"web": "noGpu500"},
}
"""The usage sets of each project."""


class Combination(NamedTuple):
    owed: str
    group: str | None
    project: str | None
    credits: str


def _combinations() -> Iterator[Combination]:
    kinds = (None, *KINDS)
    return map(Combination._make, product(OWED, kinds, kinds, CREDITS))


def _price(counter: str, per: Decimal, region: Region) -> Price:
    """The same in minor units whatever the currency."""
    return per_unit(per / 100 if region.currency == "USD" else per, LIST_PRICES[counter][0], region.currency)


def _month(usage: Mapping[str, str], region: Region) -> CalculationInput:
    """A month under the list prices alone."""
    return bill_inputs(
        [Usage(project, *reading) for project, name in usage.items() for reading in USAGE[name]],
        {counter: _price(counter, per, region) for counter, (_, per) in LIST_PRICES.items()},
        region=region,
    )


def _adjustments(level: Level, target: str, kind: str | None, values: Mapping[str, int]) -> list[Adjustment]:
    return [discount(kind, values[kind], level=level, target=target)] if kind else []


def _bill(month: CalculationInput, earlier: Mapping[str, Unpaid], combination: Combination) -> CalculationInput:
    region = month.region
    prices = [ContractPrice(counter, _price(counter, per, region)) for counter, per in CONTRACTS["period"][1].items()]
    return evolve(
        month,
        contract=evolve(contract(BASE_FEE, currency=region.currency), prices=tuple(prices)),
        project_adjustments=_adjustments(Level.PROJECT, "web", combination.project, PROJECT_VALUES),
        group_adjustments=_adjustments(Level.BILLING_GROUP, "main", combination.group, GROUP_VALUES),
        credits=[
            evolve(held, grant=evolve(held.grant, currency=region.currency)) for held in CREDITS[combination.credits]
        ],
        unpaid=[earlier[combination.owed]] if combination.owed in earlier else [],
        overdue=combination.owed == "overdue unpaid",
    )


def test_there_are_450_combinations() -> None:
    assert len(set(_combinations())) == 450


@pytest.mark.parametrize("code", REGIONS)
def test_every_combination_comes_to_what_the_oracle_says(code: str) -> None:
    reached: set[str] = set()
    for name, usage in MONTHS.items():
        for combination, found, expected in _both(_month(usage, REGIONS[code])):
            assert found == expected, f"{code}, {name}: {combination}"
            reached |= {amount for amount, value in found.items() if value}
    untaxed = {"taxAmount"} if code == "ETC" else set()
    assert reached == set(found) - untaxed, "an amount that is always 0 has not been compared"


def _both(month: CalculationInput) -> Iterator[tuple[Combination, dict[str, object], dict[str, object]]]:
    """Each combination by the engine and by the oracle; either takes what the month before owes from itself."""
    before = evolve(month, month=MONTH.previous())
    statement = calculate(before).statement
    earlier = {
        "current unpaid": unpaid_of(statement),
        "overdue unpaid": unpaid_of(marked_overdue(statement, month.region)),
    }
    owed = {
        "current unpaid": _owed(asked(before)),
        "overdue unpaid": _owed(asked(evolve(before, overdue=True))),
    }
    for combination in _combinations():
        inputs = _bill(month, earlier, combination)
        bill = asked(inputs)._replace(unpaid=[owed[combination.owed]] if combination.owed in owed else [])
        yield combination, answered(calculate(inputs)), oracle.statement(bill)


def _owed(bill: oracle.Bill) -> tuple[int, int]:
    answer = oracle.statement(bill)
    principal, late_fee = answer["totalAmount"], answer["lateFee"]
    assert isinstance(principal, int)
    assert isinstance(late_fee, int)
    return principal, late_fee
