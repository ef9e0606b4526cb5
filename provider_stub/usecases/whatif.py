"""What a month would cost: a calculation that reads the price list and stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial

from attrs import frozen

from provider_stub.engine.adjustments import Adjustment, Level, check_adjustment, check_percent_total
from provider_stub.engine.calculation import CalculationInput, calculate
from provider_stub.engine.contracts import Contract, check_named_once
from provider_stub.engine.counters import Counter, price_list
from provider_stub.engine.credits import CreditBalance, CreditGrant, CreditType
from provider_stub.engine.errors import (
    BillingError,
    InvalidValue,
    InvalidWindow,
    UnknownCounter,
    UnpricedCounter,
    found_by,
    gathered,
)
from provider_stub.engine.metering import CounterType, Usage, check_volume
from provider_stub.engine.period import Month
from provider_stub.engine.prices import Price, per_unit
from provider_stub.engine.regions import Region, region_of
from provider_stub.engine.statements import Statement, Unpaid
from provider_stub.engine.units import scale_in
from provider_stub.usecases.context import Context
from provider_stub.usecases.contracts import Terms, contract_of
from provider_stub.usecases.counters import by_name, in_currency

WHAT_IF = "what-if"
"""Stands where a stored statement has an id."""


@frozen
class ListPrice:
    """A list price to use instead of the provider's."""

    counter_name: str
    unit: str
    price: Decimal


@frozen
class AssumedCredit:
    amount: int
    credit_type: CreditType
    counters: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@frozen
class Assumptions:
    """Everything that a bill depends on. `unpaid` are month, principal and late fee."""

    region: str
    usage: Sequence[Usage]
    month: Month | None = None
    prices: Sequence[ListPrice] = ()
    contract: Terms | None = None
    adjustments: Sequence[Adjustment] = ()
    credits: Sequence[AssumedCredit] = ()
    unpaid: Sequence[tuple[Month, int, int]] = ()
    overdue: bool = False


@frozen
class WhatIf:
    """The statement that would be issued, and the credit that would be left."""

    statement: Statement
    credit_left: int


def currency_of(region: str) -> str:
    """Raises UnknownRegion."""
    return region_of(region).currency


def what_if(ctx: Context, given: Assumptions) -> WhatIf:
    """Raises an Invalid for what does not fit, with a pointer to each field at fault."""
    zone = region_of(given.region)
    month = given.month or Month.of(ctx.clock(), zone.zone)
    with ctx.store.read() as tx:
        rows = tx.counters.rows()
    instead = {one.counter_name: per_unit(one.price, one.unit, zone.currency) for one in given.prices}
    prices = price_list(in_currency(rows, zone.currency), month) | instead
    counters = by_name(rows) | {
        name: Counter(name, CounterType.DELTA, price, date.min) for name, price in instead.items()
    }
    contract = _checked(given, prices, counters, month)
    credits_given = _credits(given.credits, ctx, zone, month)
    calculation = calculate(
        CalculationInput(
            region=zone,
            month=month,
            account_id=WHAT_IF,
            billing_group_id=WHAT_IF,
            payment_group_id=WHAT_IF,
            usage=given.usage,
            prices=prices,
            contract=contract,
            project_adjustments=[one for one in given.adjustments if one.level is Level.PROJECT],
            group_adjustments=[one for one in given.adjustments if one.level is Level.BILLING_GROUP],
            credits=credits_given,
            unpaid=[Unpaid(month, amount, zone.currency, fee) for month, amount, fee in given.unpaid],
            overdue=given.overdue,
        )
    )
    left = sum(one.balance for one in credits_given) - calculation.statement.total_credit
    return WhatIf(calculation.statement, left)


def _checked(
    given: Assumptions, prices: Mapping[str, Price], counters: Mapping[str, Counter], month: Month
) -> Contract | None:
    """The contract. Finds every fault of what is given at once, where the engine would stop at the first."""
    contract: Contract | None = None
    errors = found_by(lambda: check_named_once(one.counter_name for one in given.prices))
    try:
        contract = contract_of(given.contract, counters, WHAT_IF) if given.contract else None
    except BillingError as error:
        errors.append(error.under("/contract"))
    known = {**prices, **({one.counter_name: one.price for one in contract.prices} if contract else {})}
    unsettled = {one.counter_name for one in given.contract.prices} if given.contract and not contract else set()
    for index, usage in enumerate(given.usage):
        if usage.counter_name not in unsettled:
            errors += _faults_of(usage, known, f"/usage/{index}")
    errors += _faults_of_adjustments(given.adjustments)
    for index, credit in enumerate(given.credits):
        errors += _faults_of_credit(credit, counters, f"/credits/{index}")
    for index, (owed, _, _) in enumerate(given.unpaid):
        if owed >= month:
            errors.append(InvalidValue.at_field(f"/unpaid/{index}/month", f"{owed} is not before {month}"))
    if errors:
        raise gathered(errors)
    return contract


def _faults_of_adjustments(adjustments: Sequence[Adjustment]) -> list[BillingError]:
    errors: list[BillingError] = []
    good: list[Adjustment] = []
    for index, one in enumerate(adjustments):
        found = found_by(partial(check_adjustment, one), partial(_check_target, one))
        found = found or found_by(partial(check_percent_total, one, good))
        if not found:
            good.append(one)
        errors += (error.under(f"/adjustments/{index}") for error in found)
    return errors


def _check_target(adjustment: Adjustment) -> None:
    if adjustment.level is Level.BILLING_GROUP and adjustment.target_id != WHAT_IF:
        raise InvalidValue.at_field("/projectId", "a billing group's adjustment has no project")


def _faults_of_credit(credit: AssumedCredit, counters: Mapping[str, Counter], at: str) -> list[BillingError]:
    errors: list[BillingError] = [
        UnknownCounter.at_field(f"{at}/counterNames/{index}", f"there is no counter {name}")
        for index, name in enumerate(credit.counters)
        if name not in counters
    ]
    if credit.valid_from and credit.valid_to and credit.valid_to < credit.valid_from:
        detail = f"{credit.valid_to} is before {credit.valid_from}"
        errors.append(InvalidWindow.at_field(f"{at}/expirationDateTo", detail))
    return errors


def _faults_of(usage: Usage, prices: Mapping[str, Price], at: str) -> list[BillingError]:
    price = prices.get(usage.counter_name)
    if price is None:
        return [UnpricedCounter.at_field(f"{at}/counterName", f"{usage.counter_name} has no price")]
    found = found_by(lambda: scale_in(usage.unit, price.unit), lambda: check_volume(usage.quantity))
    return [error.under(at) for error in found]


def _credits(given: Sequence[AssumedCredit], ctx: Context, zone: Region, month: Month) -> list[CreditBalance]:
    return [
        CreditBalance(
            CreditGrant(
                f"{WHAT_IF}-{index:03}",
                WHAT_IF,
                one.credit_type,
                one.amount,
                zone.currency,
                one.valid_from or month.first_day,
                one.valid_to,
                ctx.clock(),
                frozenset(one.counters),
            ),
            one.amount,
        )
        for index, one in enumerate(given)
    ]
