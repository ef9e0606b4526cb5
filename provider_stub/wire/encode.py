"""Engine values as the JSON of the contract.

Optional members are left out rather than null. Amounts stay integers, and decimals travel as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from provider_stub.engine.accounts import Account, BillingGroup
from provider_stub.engine.adjustments import Adjustment, AppliedAdjustment, Level
from provider_stub.engine.contracts import Contract, ContractTerm
from provider_stub.engine.counters import Counter
from provider_stub.engine.credits import CreditGrant, LedgerEntry
from provider_stub.engine.errors import Fault
from provider_stub.engine.metering import Meter
from provider_stub.engine.money import decimal_text
from provider_stub.engine.prices import Price, PriceModel
from provider_stub.engine.receipts import Receipt
from provider_stub.engine.regions import REGIONS
from provider_stub.engine.statements import LineItem, Statement
from provider_stub.generated import schemas

SHOWN_PLACES: Final = 60
"""A quotient that never ends is cut this far behind its point, for display only."""


def success() -> schemas.ResponseHeader:
    """The header of every body that says that all is well."""
    return {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}


def acknowledgement() -> schemas.Acknowledgement:
    return {"header": success()}


def code(value: str | StrEnum) -> Any:
    """A word of one of our tables. It is Any because no type checker knows that it is among the contract's literals."""
    return str(value)


def instant_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def number(value: Decimal) -> float:
    """A decimal as a JSON number; whole ones without a point."""
    return int(value) if value == value.to_integral_value() else float(value)


def faults(found: Iterable[Fault]) -> list[schemas.FieldError]:
    return [{"pointer": fault.pointer, "detail": fault.detail} for fault in found]


def billing_group(account_id: str, group: BillingGroup, terms: Iterable[ContractTerm]) -> schemas.BillingGroup:
    return {
        "billingGroupId": group.billing_group_id,
        "uuid": account_id,
        "name": group.name,
        "defaultYn": "Y" if group.default else "N",
        "projects": [{"projectId": one.project_id, "appKey": one.app_key} for one in group.projects],
        "contracts": [
            {"contractId": term.contract_id, "monthFrom": str(term.month_from)}
            for term in terms
            if term.billing_group_id == group.billing_group_id
        ],
    }


def counter(rows: Sequence[Counter], current: Counter) -> schemas.Counter:
    """All rows of one counter, and the one that stands for it."""
    return {
        "counterName": current.counter_name,
        "counterType": code(current.counter_type),
        **_counter_price(current),
        "prices": [_counter_price(row) for row in rows],
    }


def _counter_price(row: Counter) -> schemas.CounterPrice:
    return {
        "currency": code(row.price.currency),
        "unit": code(row.price.unit),
        "price": decimal_text(row.price.tiers[0].price),
        "effectiveFrom": row.effective_from.isoformat(),
    }


def meter(one: Meter) -> schemas.Meter:
    shown: schemas.Meter = {
        "meterId": one.meter_id,
        "projectId": one.project_id,
        "appKey": one.app_key,
        "counterName": one.counter_name,
        "counterType": code(one.counter_type),
        "counterUnit": one.counter_unit,
        "counterVolume": decimal_text(one.counter_volume),
        "timestamp": instant_text(one.timestamp),
    }
    if one.resource_id:
        shown["resourceId"] = one.resource_id
    if one.resource_name:
        shown["resourceName"] = one.resource_name
    if one.parent_resource_id:
        shown["parentResourceId"] = one.parent_resource_id
    if one.source:
        shown["source"] = one.source
    return shown


def contract(one: Contract) -> schemas.Contract:
    return {
        "contractId": one.contract_id,
        "name": one.name,
        "contractType": code(one.contract_type),
        "baseFee": one.base_fee,
        "discountRate": number(one.discount_rate),
        "currency": code(one.currency),
        "prices": [_contract_price(agreed.counter_name, agreed.price) for agreed in one.prices],
    }


_TIERED: Final = frozenset({PriceModel.GRADUATED, PriceModel.VOLUME})


def _contract_price(counter_name: str, price: Price) -> schemas.ContractPrice:
    if price.model in _TIERED:
        return {"counterName": counter_name, "tierMode": code(price.model), "tiers": _tiers(price)}
    return {"counterName": counter_name, "price": decimal_text(price.tiers[0].price)}


def _tiers(price: Price) -> list[schemas.Tier]:
    return [
        {"price": decimal_text(tier.price)}
        if tier.up_to is None
        else {"upTo": decimal_text(tier.up_to), "price": decimal_text(tier.price)}
        for tier in price.tiers
    ]


def product_price(counter_name: str, price: Price, listed: Price | None) -> schemas.ProductPrice:
    shown: schemas.ProductPrice = {"counterName": counter_name, "unit": code(price.unit)}
    if price.model in _TIERED:
        shown["tierMode"] = code(price.model)
        shown["tiers"] = _tiers(price)
    else:
        shown["price"] = decimal_text(price.tiers[0].price)
    if listed is not None:
        shown["originalPrice"] = decimal_text(listed.tiers[0].price)
    return shown


def adjustment(one: Adjustment) -> schemas.Adjustment:
    shown: schemas.Adjustment = {
        "adjustmentId": one.adjustment_id,
        "level": code(one.level),
        "adjustment": number(one.value),
        "adjustmentTypeCode": code(one.adjustment_type),
        "descriptions": [{"locale": each.locale, "message": each.message} for each in one.descriptions],
        "monthFrom": str(one.month_from),
    }
    if one.level is Level.PROJECT:
        shown["projectId"] = one.target_id
    else:
        shown["billingGroupId"] = one.target_id
    if one.month_to is not None:
        shown["monthTo"] = str(one.month_to)
    return shown


def credit(grant: CreditGrant, left: int, coupon: str | None) -> schemas.Credit:
    shown: schemas.Credit = {
        "creditId": grant.grant_id,
        "uuid": grant.account_id,
        "creditName": grant.name,
        "balancePriceTypeCode": code(grant.credit_type),
        "currency": code(grant.currency),
        "credit": grant.amount,
        "restAmount": left,
        "expirationDateFrom": grant.valid_from.isoformat(),
        "grantedAt": instant_text(grant.granted_at),
    }
    if grant.campaign_id:
        shown["campaignId"] = grant.campaign_id
    if coupon:
        shown["couponCode"] = coupon
    if grant.counters:
        shown["counterNames"] = sorted(grant.counters)
    if grant.valid_to is not None:
        shown["expirationDateTo"] = grant.valid_to.isoformat()
    return shown


def credit_entry(entry: LedgerEntry, grant: CreditGrant, coupon: str | None, reason: str | None) -> schemas.CreditEntry:
    shown: schemas.CreditEntry = {
        "entryId": entry.entry_id,
        "creditId": grant.grant_id,
        "creditName": grant.name,
        "balancePriceTypeCode": code(grant.credit_type),
        "kind": code(entry.kind),
        "amount": entry.amount,
        "currency": code(grant.currency),
        "at": instant_text(entry.at),
    }
    if entry.month is not None:
        shown["month"] = str(entry.month)
    if entry.payment_group_id is not None:
        shown["paymentGroupId"] = entry.payment_group_id
    if grant.campaign_id:
        shown["campaignId"] = grant.campaign_id
    if coupon:
        shown["couponCode"] = coupon
    if reason:
        shown["reason"] = reason
    return shown


def statement(one: Statement) -> schemas.Statement:
    return {
        "paymentGroupId": one.payment_group_id,
        "paymentStatusCode": code(one.payment_status),
        "uuid": one.account_id,
        "billingGroupId": one.billing_group_id,
        "region": code(one.region),
        "month": str(one.month),
        "currency": code(one.currency),
        "charge": one.charge,
        "totalDiscount": one.total_discount,
        "totalExtra": one.total_extra,
        "baseFeeTopUp": one.base_fee_top_up,
        "freeCreditLimit": one.free_credit_limit,
        "freeCreditAll": one.free_credit_all,
        "paidCreditLimit": one.paid_credit_limit,
        "paidCreditAll": one.paid_credit_all,
        "totalCredit": one.total_credit,
        "taxAmount": one.tax_amount,
        "totalAmount": one.total_amount,
        "overdue": one.overdue,
        "lateFee": one.late_fee,
        "payable": one.payable,
        "unpaidAmount": one.unpaid_amount,
        "totalDue": one.total_due,
        "calculationPolicy": code(one.calculation_policy),
        "lineItems": [_line(line) for line in one.line_items],
        "adjustments": [_applied(each) for each in one.adjustments],
        "trace": [
            {"step": code(each.step), "base": each.base, "change": each.change, "result": each.result}
            for each in one.trace
        ],
    }


def _line(line: LineItem) -> schemas.LineItem:
    shown: schemas.LineItem = {
        "projectId": line.project_id,
        "counterName": line.counter_name,
        "unit": code(line.unit),
        "quantity": _shown(line.quantity),
        "priceModel": code(line.price_model),
        "amount": line.amount,
        "exactAmount": _shown(line.exact_amount),
        "creditApplied": line.credit_applied,
    }
    if line.price is not None:
        shown["price"] = _shown(line.price)
    return shown


def _shown(value: Decimal) -> str:
    text = decimal_text(value)
    whole, point, places = text.partition(".")
    return f"{whole}{point}{places[:SHOWN_PLACES]}" if len(places) > SHOWN_PLACES else text


def _applied(one: AppliedAdjustment) -> schemas.AppliedAdjustment:
    shown: schemas.AppliedAdjustment = {
        "adjustmentId": one.adjustment_id,
        "level": code(one.level),
        "adjustmentTypeCode": code(one.adjustment_type),
        "adjustment": number(one.value),
        "base": one.base,
        "amount": one.amount,
    }
    if one.level is Level.PROJECT:
        shown["projectId"] = one.target_id
    else:
        shown["billingGroupId"] = one.target_id
    return shown


def unpaid_statement(one: Statement) -> schemas.UnpaidStatement:
    """Here, and only here, the total includes the late fee."""
    return {
        "paymentGroupId": one.payment_group_id,
        "paymentStatusCode": code(one.payment_status),
        "uuid": one.account_id,
        "billingGroupId": one.billing_group_id,
        "month": str(one.month),
        "currency": code(one.currency),
        "charge": one.charge,
        "totalDiscount": one.total_discount,
        "totalExtra": one.total_extra,
        "baseFeeTopUp": one.base_fee_top_up,
        "totalCredit": one.total_credit,
        "taxAmount": one.tax_amount,
        "overdue": one.overdue,
        "lateFee": one.late_fee,
        "totalAmount": one.total_amount + one.late_fee,
        "payable": one.payable,
    }


def payment(
    one: Statement, *, paid_at: datetime | None, refunded_at: datetime | None, reason: str | None
) -> schemas.Payment:
    shown: schemas.Payment = {
        "paymentGroupId": one.payment_group_id,
        "paymentStatusCode": code(one.payment_status),
        "uuid": one.account_id,
        "billingGroupId": one.billing_group_id,
        "month": str(one.month),
        "currency": code(one.currency),
        "amount": one.payable,
    }
    if paid_at is not None:
        shown["paidAt"] = instant_text(paid_at)
    if refunded_at is not None:
        shown["refundedAt"] = instant_text(refunded_at)
    if reason is not None:
        shown["reason"] = reason
    return shown


def receipt(one: Receipt) -> schemas.Receipt:
    return {
        "number": one.number,
        "uuid": one.account_id,
        "paymentGroupId": one.payment_group_id,
        "month": str(one.month),
        "currency": code(one.currency),
        "amount": one.amount,
        "lines": [{"label": line.label, "amount": line.amount} for line in one.lines],
        "paidAt": instant_text(one.paid_at),
    }


def account_reply(one: Account, terms: Sequence[ContractTerm]) -> schemas.AccountResponse:
    return {
        "header": success(),
        "account": {
            "uuid": one.account_id,
            "region": code(one.region),
            "currency": code(REGIONS[one.region].currency),
            "billingGroups": [billing_group(one.account_id, group, terms) for group in one.billing_groups],
        },
    }


def contract_reply(one: Contract) -> schemas.ContractResponse:
    return {"header": success(), "contract": contract(one)}


def adjustment_list(found: Sequence[Adjustment], total: int) -> schemas.AdjustmentList:
    return {"header": success(), "adjustments": [adjustment(one) for one in found], "totalItems": total}


def adjustment_reply(one: Adjustment) -> schemas.AdjustmentList:
    """A list of the one adjustment that was created."""
    return adjustment_list([one], 1)
