"""Engine values as rows and JSON columns, and back. Decimals travel as text: no digit is lost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from attrs import fields
from sqlalchemy import RowMapping

from provider_stub.engine.adjustments import Adjustment, AdjustmentType, AppliedAdjustment, Description, Level
from provider_stub.engine.contracts import Contract, ContractPrice, ContractType
from provider_stub.engine.counters import Counter
from provider_stub.engine.credits import CreditGrant, CreditType, CreditUse, EntryKind, LedgerEntry
from provider_stub.engine.metering import VOLUME_PLACES, CounterType, Meter, Usage
from provider_stub.engine.money import EXACT, decimal_text
from provider_stub.engine.payments import AttemptState, PaymentAttempt, PaymentState
from provider_stub.engine.policies import Policy, Step
from provider_stub.engine.prices import Price, PriceModel, Tier
from provider_stub.engine.statements import LineItem, Statement, TraceEntry
from provider_stub.store.protocol.records import Bill, Charge, ChargeState, Job, JobError, JobKind, JobStatus

Row = dict[str, Any]

_IN_DETAIL: Final = frozenset({"line_items", "adjustments", "trace"})
STATEMENT_COLUMNS: Final = tuple(field.name for field in fields(Statement) if field.name not in _IN_DETAIL)
_FRACTIONS: Final = 10**VOLUME_PLACES


def price_json(price: Price) -> Mapping[str, object]:
    return {
        "unit": price.unit,
        "currency": price.currency,
        "model": price.model,
        "package": decimal_text(price.package),
        "tiers": [[_text(tier.up_to), decimal_text(tier.price)] for tier in price.tiers],
    }


def price(node: Mapping[str, Any]) -> Price:
    tiers = tuple(Tier(_decimal(up_to), Decimal(each)) for up_to, each in node["tiers"])
    return Price(node["unit"], node["currency"], tiers, PriceModel(node["model"]), Decimal(node["package"]))


def counter_row(counter: Counter) -> Row:
    return {
        "counter_name": counter.counter_name,
        "currency": counter.price.currency,
        "effective_from": counter.effective_from,
        "counter_type": counter.counter_type,
        "price": price_json(counter.price),
    }


def counter(row: RowMapping) -> Counter:
    return Counter(row["counter_name"], CounterType(row["counter_type"]), price(row["price"]), row["effective_from"])


def meter_row(account_id: str, meter: Meter) -> Row:
    whole, fraction = divmod(int(EXACT.scaleb(meter.counter_volume, VOLUME_PLACES)), _FRACTIONS)
    # Written out, since this is done for every reading that comes in.
    return {
        "account_id": account_id,
        "meter_id": meter.meter_id,
        "project_id": meter.project_id,
        "app_key": meter.app_key,
        "counter_name": meter.counter_name,
        "counter_type": meter.counter_type,
        "counter_unit": meter.counter_unit,
        "volume_whole": whole,
        "volume_fraction": fraction,
        "at": meter.timestamp,
        "resource_id": meter.resource_id,
        "resource_name": meter.resource_name,
        "parent_resource_id": meter.parent_resource_id,
        "source": meter.source,
    }


def meter(row: RowMapping) -> Meter:
    return Meter(
        row["meter_id"],
        row["project_id"],
        row["app_key"],
        row["counter_name"],
        CounterType(row["counter_type"]),
        row["counter_unit"],
        volume(row["volume_whole"], row["volume_fraction"]),
        row["at"],
        row["resource_id"],
        row["resource_name"],
        row["parent_resource_id"],
        row["source"],
    )


def volume(whole: int, fraction: int) -> Decimal:
    """`fraction` counts 10^-12, and may be more than a whole."""
    return EXACT.scaleb(Decimal(whole * _FRACTIONS + fraction), -VOLUME_PLACES) if fraction else Decimal(whole)


def contract_row(contract: Contract) -> Row:
    return {
        "contract_id": contract.contract_id,
        "name": contract.name,
        "contract_type": contract.contract_type,
        "currency": contract.currency,
        "base_fee": contract.base_fee,
        "discount_rate": contract.discount_rate,
        "prices": [[agreed.counter_name, price_json(agreed.price)] for agreed in contract.prices],
    }


def contract(row: RowMapping) -> Contract:
    prices = tuple(ContractPrice(name, price(node)) for name, node in row["prices"])
    return Contract(
        row["contract_id"],
        row["name"],
        ContractType(row["contract_type"]),
        row["currency"],
        row["base_fee"],
        row["discount_rate"],
        prices,
    )


def adjustment_row(account_id: str, one: Adjustment) -> Row:
    return {
        "adjustment_id": one.adjustment_id,
        "account_id": account_id,
        "level": one.level,
        "target_id": one.target_id,
        "adjustment_type": one.adjustment_type,
        "value": one.value,
        "month_from": one.month_from,
        "month_to": one.month_to,
        "descriptions": [[each.locale, each.message] for each in one.descriptions],
    }


def adjustment(row: RowMapping) -> Adjustment:
    return Adjustment(
        row["adjustment_id"],
        Level(row["level"]),
        row["target_id"],
        AdjustmentType(row["adjustment_type"]),
        row["value"],
        row["month_from"],
        row["month_to"],
        tuple(Description(*each) for each in row["descriptions"]),
    )


def grant_row(grant: CreditGrant, coupon: str | None) -> Row:
    return {**_values(grant), "counters": sorted(grant.counters), "coupon": coupon}


def grant(row: RowMapping) -> CreditGrant:
    given = _given(CreditGrant, row)
    return CreditGrant(
        **given | {"credit_type": CreditType(row["credit_type"]), "counters": frozenset(row["counters"])}
    )


def entry_row(account_id: str, entry: LedgerEntry) -> Row:
    return {"account_id": account_id, **_values(entry)}


def entry(row: RowMapping) -> LedgerEntry:
    return LedgerEntry(**_given(LedgerEntry, row) | {"kind": EntryKind(row["kind"])})


def bill_row(bill: Bill) -> Row:
    statement = bill.statement
    return {
        **{name: getattr(statement, name) for name in STATEMENT_COLUMNS},
        "paid_at": bill.paid_at,
        "refunded_at": bill.refunded_at,
        "reason": bill.reason,
        "detail": {
            "lines": [_line_json(line) for line in statement.line_items],
            "adjustments": [_applied_json(one) for one in statement.adjustments],
            "trace": [[each.step, each.base, each.change, each.result] for each in statement.trace],
            "usage": [[u.project_id, u.counter_name, u.unit, decimal_text(u.quantity)] for u in bill.usage],
            "credits": [[u.grant_id, u.credit_type, u.restricted, u.amount] for u in bill.credit_uses],
        },
    }


def bill(row: RowMapping) -> Bill:
    detail = row["detail"]
    statement = Statement(
        **{name: row[name] for name in STATEMENT_COLUMNS}
        | {
            "payment_status": PaymentState(row["payment_status"]),
            "calculation_policy": Policy(row["calculation_policy"]),
            "line_items": tuple(_line(*each) for each in detail["lines"]),
            "adjustments": tuple(_applied(*each) for each in detail["adjustments"]),
            "trace": tuple(TraceEntry(Step(step), *amounts) for step, *amounts in detail["trace"]),
        }
    )
    return Bill(
        statement,
        tuple(Usage(project, name, unit, Decimal(used)) for project, name, unit, used in detail["usage"]),
        tuple(CreditUse(grant_id, CreditType(kind), *rest) for grant_id, kind, *rest in detail["credits"]),
        row["paid_at"],
        row["refunded_at"],
        row["reason"],
    )


def attempt_row(account_id: str, attempt: PaymentAttempt) -> Row:
    return {"account_id": account_id, **_values(attempt)}


def attempt(row: RowMapping) -> PaymentAttempt:
    return PaymentAttempt(**_given(PaymentAttempt, row) | {"state": AttemptState(row["state"])})


def job_row(job: Job) -> Row:
    return {**_values(job), "errors": [[error.pointer, error.detail] for error in job.errors]}


def job(row: RowMapping) -> Job:
    typed = {
        "kind": JobKind(row["kind"]),
        "status": JobStatus(row["status"]),
        "errors": tuple(JobError(*each) for each in row["errors"]),
    }
    return Job(**_given(Job, row) | typed)


def charge_row(charge: Charge) -> Row:
    return _values(charge)


def charge(row: RowMapping) -> Charge:
    return Charge(**_given(Charge, row) | {"state": ChargeState(row["state"])})


def _line_json(line: LineItem) -> list[object]:
    quantity, price, exact = decimal_text(line.quantity), _text(line.price), decimal_text(line.exact_amount)
    names = [line.project_id, line.counter_name, line.unit]
    return [*names, quantity, price, line.price_model, line.amount, exact, line.credit_applied]


def _line(*node: Any) -> LineItem:
    project_id, counter_name, unit, quantity, price, model, amount, exact, credit = node
    return LineItem(
        project_id,
        counter_name,
        unit,
        Decimal(quantity),
        _decimal(price),
        PriceModel(model),
        amount,
        Decimal(exact),
        credit,
    )


def _applied_json(one: AppliedAdjustment) -> list[object]:
    return [
        one.adjustment_id,
        one.level,
        one.target_id,
        one.adjustment_type,
        decimal_text(one.value),
        one.base,
        one.amount,
    ]


def _applied(*node: Any) -> AppliedAdjustment:
    adjustment_id, level, target_id, kind, value, base, amount = node
    return AppliedAdjustment(adjustment_id, Level(level), target_id, AdjustmentType(kind), Decimal(value), base, amount)


def _values(value: Any) -> Row:
    """The fields of a flat value: `attrs.asdict` would take nested values apart."""
    return {field.name: getattr(value, field.name) for field in fields(type(value))}


def _given(kind: type[Any], row: RowMapping) -> Row:
    return {field.name: row[field.name] for field in fields(kind)}


def _text(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value)


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)
