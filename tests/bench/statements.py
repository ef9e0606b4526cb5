"""How many statements the engine calculates in a second: months of 5 projects with 20 counters each.

    python -m tests.bench.statements [PROCESSES]

Every month is another one: regions (and with them policies and currencies), price models, usage, adjustments,
credits and contracts vary. Usage comes as metering leaves it, in the smallest unit of each dimension, while
prices are per hour, per gigabyte and per piece.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import repeat
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from random import Random
from statistics import median
from time import perf_counter

from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Level
from provider_stub.engine.calculation import CalculationInput, calculate
from provider_stub.engine.contracts import Contract, ContractPrice, ContractType
from provider_stub.engine.credits import CreditBalance, CreditGrant, CreditType
from provider_stub.engine.metering import Usage
from provider_stub.engine.period import Month
from provider_stub.engine.prices import Price, PriceModel, Tier
from provider_stub.engine.regions import REGIONS, Region
from provider_stub.engine.statements import Unpaid

MONTH = Month(2026, 11)
PROJECTS = tuple(f"project-{number}" for number in range(5))
COUNTERS = tuple(f"counter.{number:02}" for number in range(20))
# Most of a price list is a plain price per unit; each of the other models has its share.
MODELS = [PriceModel.PER_UNIT] * 10 + [PriceModel.GRADUATED] * 4 + [PriceModel.VOLUME] * 4
MODELS += [PriceModel.FLAT, PriceModel.PACKAGE]
UNITS = (("HOURS", "SECONDS", 3_600), ("GB", "BYTES", 1024**3), ("COUNT", "COUNT", 1))


def statements_per_second(*, processes: int = 1, months: int = 200, rounds: int = 7, seed: int = 1) -> float:
    """The median rate of `rounds` rounds, of all processes together; each has `months` different months of its own,
    and goes over all of them in a round. The processes begin every round together, and it lasts until the slowest
    is done: none is measured while another leaves it the machine.
    """
    if processes == 1:
        return months / median(_rounds(months, rounds, seed))
    context = get_context("spawn")
    seeds = range(seed, seed + processes)
    with ProcessPoolExecutor(processes, context, _begin_at, (context.Barrier(processes),)) as pool:
        times: list[list[float]] = list(pool.map(_rounds, repeat(months), repeat(rounds), seeds))
    slowest: list[float] = [max(together) for together in zip(*times, strict=True)]
    return processes * months / median(slowest)


_barrier: Barrier | None = None


def _begin_at(barrier: Barrier) -> None:
    global _barrier  # noqa: PLW0603 - a pool's process can be given a barrier only as it begins
    _barrier = barrier


def _rounds(months: int, rounds: int, seed: int) -> list[float]:
    """The seconds of each round, after one that warms up."""
    inputs = varied_inputs(months, seed)
    return [_seconds(inputs) for _ in range(rounds + 1)][1:]


def _seconds(inputs: Sequence[CalculationInput]) -> float:
    if _barrier:
        _barrier.wait(timeout=60)
    begun = perf_counter()
    for one in inputs:
        calculate(one)
    return perf_counter() - begun


def varied_inputs(months: int, seed: int) -> list[CalculationInput]:
    """That many different months of 100 lines; the same for the same seed."""
    random = Random(seed)  # noqa: S311 - test data, no secret
    regions = list(REGIONS.values())
    return [_month(random, regions[number % len(regions)]) for number in range(months)]


def _month(random: Random, region: Region) -> CalculationInput:
    units = [random.choice(UNITS) for _ in COUNTERS]
    models = random.sample(MODELS, len(MODELS))
    prices = {
        name: _price(random, model, unit, region.currency)
        for name, model, (unit, _, _) in zip(COUNTERS, models, units, strict=True)
    }
    usage = [
        Usage(project, name, smallest, Decimal(random.randint(0, 2_000 * scale)))
        for project in PROJECTS
        for name, (_, smallest, scale) in zip(COUNTERS, units, strict=True)
    ]
    random.shuffle(usage)
    return CalculationInput(
        region=region,
        month=MONTH,
        account_id="acme",
        billing_group_id="main",
        payment_group_id="main-payment",
        usage=usage,
        prices=prices,
        contract=_contract(random, [unit for unit, _, _ in units], region.currency),
        project_adjustments=[_adjustment(random, Level.PROJECT, project) for project in PROJECTS[:3]],
        group_adjustments=[_adjustment(random, Level.BILLING_GROUP, "main") for _ in range(2)],
        credits=[_credit(random, number, region.currency) for number in range(4)],
        unpaid=[Unpaid(MONTH.previous(), 120_000, region.currency)],
        overdue=random.random() < 0.1,
    )


def _price(random: Random, model: PriceModel, unit: str, currency: str) -> Price:
    tiers = [Tier(None, _money(random, 50_000))]
    if model in (PriceModel.GRADUATED, PriceModel.VOLUME):
        bounds = sorted(random.sample(range(1, 2_000), 3))
        tiers = [Tier(Decimal(bound), _money(random, 50_000)) for bound in bounds] + tiers
    package = Decimal(random.choice([10, 100])) if model is PriceModel.PACKAGE else Decimal(1)
    return Price(unit, currency, tuple(tiers), model, package)


def _money(random: Random, most_hundredths: int) -> Decimal:
    return Decimal(random.randint(1, most_hundredths)).scaleb(-2)


def _contract(random: Random, units: Sequence[str], currency: str) -> Contract:
    """Three counters have agreed prices, the others the list price less the discount rate."""
    agreed = tuple(
        ContractPrice(name, _price(random, PriceModel.GRADUATED, unit, currency))
        for name, unit in random.sample(list(zip(COUNTERS, units, strict=True)), 3)
    )
    return Contract(
        "agreed",
        "agreed",
        ContractType.PERIOD,
        currency,
        random.choice([0, 100_000, 50_000_000]),
        Decimal(random.choice([0, 5, 10])),
        agreed,
    )


def _adjustment(random: Random, level: Level, target: str) -> Adjustment:
    kind = random.choice(list(AdjustmentType))
    static = kind in (AdjustmentType.STATIC_DISCOUNT, AdjustmentType.STATIC_EXTRA)
    value = Decimal(random.randint(1, 100_000) if static else random.randint(1, 40))
    return Adjustment(f"a-{random.getrandbits(64):x}", level, target, kind, value, MONTH.previous())


def _credit(random: Random, number: int, currency: str) -> CreditBalance:
    """Every other one is restricted to a few counters."""
    counters = random.sample(COUNTERS, random.choice([1, 5, 10])) if number % 2 else ()
    grant = CreditGrant(
        f"grant-{number}",
        "acme",
        random.choice(list(CreditType)),
        random.choice([10_000, 1_000_000, 20_000_000]),
        currency,
        date(2026, 1, 1),
        random.choice([None, date(2026, 12, 31)]),
        datetime(2026, 1, 1 + number, tzinfo=UTC),
        frozenset(counters),
    )
    return CreditBalance(grant, grant.amount)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rate = statements_per_second(processes=wanted)
    sys.stdout.write(
        f"{rate:,.0f} statements of {len(PROJECTS) * len(COUNTERS)} lines a second, {wanted} process(es)\n"
    )
