"""Small values for engine tests: everything a test does not speak about has a harmless default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Level
from provider_stub.engine.calculation import CalculationInput
from provider_stub.engine.contracts import Contract, ContractPrice, ContractType
from provider_stub.engine.credits import CreditBalance, CreditGrant, CreditType
from provider_stub.engine.metering import CounterType, Meter, Usage
from provider_stub.engine.period import Month
from provider_stub.engine.prices import Price, per_unit
from provider_stub.engine.regions import REGIONS, Region
from provider_stub.engine.statements import Unpaid

KR, JP, ETC = REGIONS["KR"], REGIONS["JP"], REGIONS["ETC"]
MONTH = Month(2026, 11)


def meter(
    meter_id: str,
    volume: int | str,
    *,
    at: datetime = datetime(2026, 11, 10, tzinfo=UTC),
    kind: CounterType = CounterType.DELTA,
    unit: str = "HOURS",
    resource: str = "vm-1",
    project: str = "web",
    counter: str = "compute",
) -> Meter:
    return Meter(meter_id, project, f"{project}-key", counter, kind, unit, Decimal(volume), at, resource_id=resource)


def used(quantity: int | str, *, counter: str = "compute", project: str = "web", unit: str = "HOURS") -> Usage:
    return Usage(project, counter, unit, Decimal(quantity))


def hourly(price: int | str | Decimal, currency: str = "KRW") -> Price:
    return per_unit(Decimal(price), "HOURS", currency)


def discount(
    kind: str,
    value: int | str,
    *,
    level: Level = Level.PROJECT,
    target: str = "web",
    name: str | None = None,
    month_from: Month = MONTH,
    month_to: Month | None = None,
) -> Adjustment:
    """Any adjustment, a surcharge too; `kind` is an AdjustmentType."""
    return Adjustment(
        name or f"{level}-{target}-{kind}-{value}",
        level,
        target,
        AdjustmentType(kind),
        Decimal(value),
        month_from,
        month_to,
    )


def contract(base_fee: int = 0, discount_rate: int | str = 0, currency: str = "KRW", **prices: Price) -> Contract:
    agreed = tuple(ContractPrice(counter, price) for counter, price in prices.items())
    return Contract("agreed", "agreed", ContractType.PERIOD, currency, base_fee, Decimal(discount_rate), agreed)


def credit(
    grant_id: str,
    amount: int,
    *,
    kind: CreditType = CreditType.FREE,
    counters: Iterable[str] = (),
    valid_from: date = date(2026, 1, 1),
    valid_to: date | None = None,
    granted_at: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    currency: str = "KRW",
) -> CreditBalance:
    grant = CreditGrant(grant_id, "acme", kind, amount, currency, valid_from, valid_to, granted_at, frozenset(counters))
    return CreditBalance(grant, amount)


def bill_inputs(
    usage: Sequence[Usage],
    prices: Mapping[str, Price],
    *,
    region: Region = KR,
    agreed: Contract | None = None,
    project: Sequence[Adjustment] = (),
    group: Sequence[Adjustment] = (),
    credits: Sequence[CreditBalance] = (),  # noqa: A002 - the word of the domain; the built-in prints a licence
    unpaid: Sequence[Unpaid] = (),
    overdue: bool = False,
) -> CalculationInput:
    return CalculationInput(
        region=region,
        month=MONTH,
        account_id="acme",
        billing_group_id="main",
        payment_group_id="main-payment",
        usage=usage,
        prices=prices,
        contract=agreed,
        project_adjustments=project,
        group_adjustments=group,
        credits=credits,
        unpaid=unpaid,
        overdue=overdue,
    )
