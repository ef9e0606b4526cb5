"""What a month would cost: a calculation that reads the price list and stores nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from attrs import frozen

from provider_stub.engine.adjustments import Adjustment, Level, check_adjustment
from provider_stub.engine.calculation import CalculationInput, calculate
from provider_stub.engine.contracts import Contract
from provider_stub.engine.counters import Counter, price_list
from provider_stub.engine.credits import CreditBalance, CreditGrant, CreditType
from provider_stub.engine.errors import BillingError, InvalidValue, InvalidWindow, UnpricedCounter, gathered
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
    counters: frozenset[str] = frozenset()
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
    prices = _prices(rows, given.prices, zone, month)
    contract = _contract(given.contract, rows, given.prices, zone)
    _check(given, prices, contract, month)
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


def _prices(rows: Sequence[Counter], instead: Sequence[ListPrice], zone: Region, month: Month) -> dict[str, Price]:
    listed = price_list(in_currency(rows, zone.currency), month)
    named: set[str] = set()
    errors: list[BillingError] = []
    for index, one in enumerate(instead):
        if one.counter_name in named:
            errors.append(InvalidValue.at_field(f"/prices/{index}/counterName", f"{one.counter_name} stands twice"))
        named.add(one.counter_name)
        listed[one.counter_name] = per_unit(one.price, one.unit, zone.currency)
    if errors:
        raise gathered(errors)
    return listed


def _contract(
    terms: Terms | None, rows: Sequence[Counter], instead: Sequence[ListPrice], zone: Region
) -> Contract | None:
    if terms is None:
        return None
    counters = by_name(rows) | {
        one.counter_name: Counter(
            one.counter_name, CounterType.DELTA, per_unit(one.price, one.unit, zone.currency), date.min
        )
        for one in instead
    }
    try:
        return contract_of(terms, counters, WHAT_IF)
    except BillingError as error:
        raise error.under("/contract") from None


def _check(given: Assumptions, prices: dict[str, Price], contract: Contract | None, month: Month) -> None:
    """Finds every fault of usage, adjustments, credits and debts at once, where the engine would stop at the first."""
    agreed = {one.counter_name: one.price for one in contract.prices} if contract else {}
    known = prices | agreed
    errors: list[BillingError] = []
    for index, usage in enumerate(given.usage):
        errors += _faults_of(usage, known, f"/usage/{index}")
    for index, adjustment in enumerate(given.adjustments):
        try:
            check_adjustment(adjustment)
        except BillingError as error:
            errors.append(error.under(f"/adjustments/{index}"))
    for index, credit in enumerate(given.credits):
        if credit.valid_from and credit.valid_to and credit.valid_to < credit.valid_from:
            detail = f"{credit.valid_to} is before {credit.valid_from}"
            errors.append(InvalidWindow.at_field(f"/credits/{index}/expirationDateTo", detail))
    for index, (owed, _, _) in enumerate(given.unpaid):
        if owed >= month:
            errors.append(InvalidValue.at_field(f"/unpaid/{index}/month", f"{owed} is not before {month}"))
    if errors:
        raise gathered(errors)


def _faults_of(usage: Usage, prices: dict[str, Price], at: str) -> list[BillingError]:
    price = prices.get(usage.counter_name)
    if price is None:
        return [UnpricedCounter.at_field(f"{at}/counterName", f"{usage.counter_name} has no price")]
    errors: list[BillingError] = []
    try:
        scale_in(usage.unit, price.unit)
    except BillingError as error:
        errors.append(error.under(at))
    try:
        check_volume(usage.quantity)
    except BillingError as error:
        errors.append(error.under(at))
    return errors


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
                one.counters,
            ),
            one.amount,
        )
        for index, one in enumerate(given)
    ]
