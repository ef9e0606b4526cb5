"""One bill put to the engine and to the oracle in the words of each."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from provider_stub.engine.adjustments import Adjustment
from provider_stub.engine.calculation import Calculation, CalculationInput
from provider_stub.engine.contracts import Contract
from provider_stub.engine.credits import CreditBalance
from provider_stub.engine.period import Month
from provider_stub.engine.prices import Price
from tests.engine import oracle


def asked(inputs: CalculationInput) -> oracle.Bill:
    """The inputs as plain values."""
    agreed = inputs.contract
    return oracle.Bill(
        region=inputs.region.code,
        month=_year_month(inputs.month),
        usage=[(one.project_id, one.counter_name, one.unit, Fraction(one.quantity)) for one in inputs.usage],
        prices={counter: _price(price) for counter, price in inputs.prices.items()},
        contract=None if agreed is None else _contract(agreed),
        project_adjustments=_adjustments(inputs.project_adjustments),
        group_adjustments=_adjustments(inputs.group_adjustments),
        credits=[_credit(one) for one in inputs.credits],
        unpaid=[(one.amount, one.late_fee) for one in inputs.unpaid],
        overdue=inputs.overdue,
    )


def answered(calculation: Calculation) -> dict[str, object]:
    """The engine's result under the names that the oracle uses."""
    s = calculation.statement
    return {
        "charge": s.charge,
        "totalDiscount": s.total_discount,
        "totalExtra": s.total_extra,
        "baseFeeTopUp": s.base_fee_top_up,
        "taxAmount": s.tax_amount,
        "totalAmount": s.total_amount,
        "freeCreditLimit": s.free_credit_limit,
        "freeCreditAll": s.free_credit_all,
        "paidCreditLimit": s.paid_credit_limit,
        "paidCreditAll": s.paid_credit_all,
        "totalCredit": s.total_credit,
        "lateFee": s.late_fee,
        "payable": s.payable,
        "unpaidAmount": s.unpaid_amount,
        "totalDue": s.total_due,
        "lines": [(line.project_id, line.counter_name, line.amount) for line in s.line_items],
        "steps": [entry.result for entry in s.trace],
        "uses": {use.grant_id: use.amount for use in calculation.credit_uses},
    }


def _year_month(month: Month) -> tuple[int, int]:
    return month.year, month.number


def _price(price: Price) -> oracle.Price:
    tiers = [(None if tier.up_to is None else Fraction(tier.up_to), Fraction(tier.price)) for tier in price.tiers]
    return oracle.Price(price.unit, str(price.model), tiers, Fraction(price.package))


def _contract(agreed: Contract) -> oracle.Contract:
    prices = {one.counter_name: _price(one.price) for one in agreed.prices}
    return oracle.Contract(agreed.base_fee, Fraction(agreed.discount_rate), prices)


def _adjustments(adjustments: Iterable[Adjustment]) -> list[oracle.Adjustment]:
    return [
        oracle.Adjustment(
            one.target_id,
            str(one.adjustment_type),
            Fraction(one.value),
            _year_month(one.month_from),
            None if one.month_to is None else _year_month(one.month_to),
        )
        for one in adjustments
    ]


def _credit(held: CreditBalance) -> oracle.Credit:
    grant = held.grant
    return oracle.Credit(
        grant.grant_id,
        str(grant.credit_type),
        held.balance,
        grant.counters,
        grant.valid_from,
        grant.valid_to,
        grant.granted_at,
    )
