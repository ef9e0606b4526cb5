"""Any bill: months of two projects with everything that a bill can have."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from provider_stub.engine.adjustments import Adjustment, Level
from provider_stub.engine.calculation import CalculationInput
from provider_stub.engine.contracts import Contract
from provider_stub.engine.credits import CreditType
from provider_stub.engine.prices import Price, PriceModel, Tier, tiered
from provider_stub.engine.regions import REGIONS, Region
from provider_stub.engine.statements import Unpaid
from tests.engine.builders import MONTH, bill_inputs, contract, credit, discount, hourly, used

COUNTERS = ["compute", "disk", "gpu"]
PROJECTS = ["shop", "web"]
GROUP = Level.BILLING_GROUP


# From the first month to the last, counted from the month billed.
WINDOWS = st.sampled_from([(-1, 0), (0, 0), (0, 1), (-2, -1), (1, 2)])


def _adjustment(kind: str, value: int | str, target: str, months: tuple[int, int]) -> Adjustment:
    level = GROUP if target == "main" else Level.PROJECT
    first, last = (MONTH.plus(number) for number in months)
    return discount(kind, value, level=level, target=target, month_from=first, month_to=last)


def _adjustment_sets(targets: list[str]) -> st.SearchStrategy[list[Adjustment]]:
    percents = st.builds(
        _adjustment,
        st.sampled_from(["PERCENT_DISCOUNT", "PERCENT_EXTRA"]),
        st.decimals(0, "33.33", places=2).map(str),
        st.sampled_from(targets),
        WINDOWS,
    )
    statics = st.builds(
        _adjustment,
        st.sampled_from(["STATIC_DISCOUNT", "STATIC_EXTRA"]),
        st.integers(0, 50_000),
        st.sampled_from(targets),
        WINDOWS,
    )
    return st.lists(percents | statics, max_size=3, unique_by=lambda one: one.adjustment_id)


# Nothing at all and the bounds of tiers come up often, or they would hardly come up.
QUANTITIES = st.integers(0, 800_000).map(lambda thousandths: f"{thousandths}e-3") | st.sampled_from([0, 100, 400])
LINES = st.builds(
    used,
    QUANTITIES,
    counter=st.sampled_from(COUNTERS),
    project=st.sampled_from(PROJECTS),
    unit=st.sampled_from(["HOURS", "MINUTES"]),
)
GRANTS = st.builds(
    credit,
    st.integers(0, 99).map(str),
    st.integers(1, 200_000),
    kind=st.sampled_from(CreditType),
    counters=st.lists(st.sampled_from(COUNTERS), max_size=2),
    valid_from=st.sampled_from([date(2026, 1, 1), date(2026, 11, 30), date(2026, 12, 1)]),
    granted_at=st.sampled_from([datetime(2026, day, day, tzinfo=UTC) for day in (1, 2)]),
    valid_to=st.sampled_from([None, date(2026, 10, 31), date(2026, 11, 1), date(2027, 1, 1)]),
)
# Per unit, per hour and a half begun, once, and in tiers of 100 and 400 hours.
PRICES = [
    hourly("0.16"),
    hourly("1639.005"),
    evolve(hourly(40), model=PriceModel.PACKAGE, package=Decimal("1.5")),
    evolve(hourly(7000), model=PriceModel.FLAT),
    *(
        tiered(
            model,
            [Tier(Decimal(100), Decimal(250)), Tier(Decimal(400), Decimal("99.9")), Tier(None, Decimal(3))],
            "HOURS",
            "KRW",
        )
        for model in (PriceModel.GRADUATED, PriceModel.VOLUME)
    ),
]
PRICE_LISTS = st.fixed_dictionaries({counter: st.sampled_from(PRICES) for counter in COUNTERS})
CONTRACTS = st.builds(
    lambda fee, rate, agreed: contract(fee, rate, **agreed),
    st.integers(0, 100_000),
    st.integers(0, 100),
    st.dictionaries(st.sampled_from(COUNTERS), st.sampled_from(PRICES), max_size=2),
)
UNPAID = st.builds(
    lambda months, amount, fee: Unpaid(MONTH.plus(-months), amount, "KRW", fee),
    st.integers(1, 12),
    st.integers(0, 10**6),
    st.integers(0, 10**4),
)


def _bill(region: Region, agreed: Contract | None, prices: dict[str, Price], **parts: Any) -> CalculationInput:
    """The parts put together in the region's currency."""
    currency = region.currency
    if agreed:
        own = (evolve(one, price=evolve(one.price, currency=currency)) for one in agreed.prices)
        agreed = evolve(agreed, currency=currency, prices=tuple(own))
    held = parts.pop("credits")
    owed = parts.pop("unpaid")
    return bill_inputs(
        prices={counter: evolve(price, currency=currency) for counter, price in prices.items()},
        region=region,
        agreed=agreed,
        credits=[evolve(one, grant=evolve(one.grant, currency=currency)) for one in held],
        unpaid=[evolve(one, currency=currency) for one in owed],
        **parts,
    )


# A month of two projects with everything that a bill can have.
BILLS = st.builds(
    _bill,
    st.sampled_from(list(REGIONS.values())),
    st.none() | CONTRACTS,
    PRICE_LISTS,
    credits=st.lists(GRANTS, max_size=4, unique_by=lambda one: one.grant.grant_id),
    unpaid=st.lists(UNPAID, max_size=2),
    usage=st.lists(LINES, max_size=6),
    project=_adjustment_sets(PROJECTS),
    group=_adjustment_sets(["main"]),
    overdue=st.booleans(),
)
