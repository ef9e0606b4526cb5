"""The JSON of the contract as engine values.

The runtime has checked it against its schema. What a schema cannot say, a day that no calendar has, is refused here.
The few JSON numbers are read through their shortest text, so that 0.1 is one tenth.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Description, Level
from provider_stub.engine.contracts import ContractType
from provider_stub.engine.counters import Counter
from provider_stub.engine.credits import CreditType
from provider_stub.engine.errors import InvalidValue
from provider_stub.engine.metering import CounterType, Usage
from provider_stub.engine.money import decimal_of
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.prices import PriceModel, Tier, per_unit
from provider_stub.generated import schemas


def month(text: str, pointer: str = "/month") -> Month:
    """Raises InvalidValue."""
    return Month.parse(text, pointer)


def path_month(text: str) -> Month:
    return Month.parse(text, "/path/month")


def optional_month(text: str | None, pointer: str = "/month") -> Month | None:
    return None if text is None else Month.parse(text, pointer)


def instant(text: str, pointer: str) -> datetime:
    """Raises InvalidValue for an instant that no calendar has."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue.at_field(pointer, f"{text} is not an instant") from None


def day(text: str, pointer: str) -> date:
    """Raises InvalidValue for a day that no calendar has."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue.at_field(pointer, f"{text} is not a day of the calendar") from None


def optional_day(text: str | None, pointer: str) -> date | None:
    return None if text is None else day(text, pointer)


def number(value: float, pointer: str) -> Decimal:
    """Raises InvalidValue."""
    return decimal_of(value, pointer)


def account(account_id: str, body: schemas.PutAccountRequest) -> Account:
    groups = (
        BillingGroup(
            group["billingGroupId"],
            group["name"],
            tuple(Project(project["projectId"], project["appKey"]) for project in group["projects"]),
        )
        for group in body["billingGroups"]
    )
    return Account(account_id, body["region"], tuple(groups))


def counter_type(text: str) -> CounterType:
    return CounterType(text)


def counter(counter_name: str, body: schemas.PutCounterRequest) -> Counter:
    """Raises what the engine refuses of a price."""
    return Counter(
        counter_name,
        CounterType(body["counterType"]),
        per_unit(Decimal(body["price"]), body["unit"], body["currency"]),
        day(body["effectiveFrom"], "/effectiveFrom"),
    )


def usage(one: schemas.UsageInput, default_project: str) -> Usage:
    project = one.get("projectId", default_project)
    return Usage(project, one["counterName"], one["counterUnit"], Decimal(one["counterVolume"]))


def contract_type(text: str | None) -> ContractType:
    """PERIOD where nothing is said: the type changes no amount."""
    return ContractType(text) if text else ContractType.PERIOD


def tiers(given: Sequence[schemas.Tier]) -> tuple[Tier, ...]:
    return tuple(Tier(Decimal(one["upTo"]) if "upTo" in one else None, Decimal(one["price"])) for one in given)


def price_model(mode: str | None) -> PriceModel | None:
    return PriceModel(mode) if mode else None


def project_adjustment(body: schemas.CreateProjectAdjustmentRequest) -> Adjustment:
    """It has no id yet."""
    return _adjustment(body, Level.PROJECT, body["projectId"])


def billing_group_adjustment(body: schemas.CreateBillingGroupAdjustmentRequest) -> Adjustment:
    """It has no id yet."""
    return _adjustment(body, Level.BILLING_GROUP, body["billingGroupId"])


def _adjustment(
    body: schemas.CreateProjectAdjustmentRequest | schemas.CreateBillingGroupAdjustmentRequest,
    level: Level,
    target_id: str,
) -> Adjustment:
    return Adjustment(
        "",
        level,
        target_id,
        AdjustmentType(body["adjustmentTypeCode"]),
        decimal_of(body["adjustment"], "/adjustment"),
        Month.parse(body["monthFrom"], "/monthFrom"),
        optional_month(body.get("monthTo"), "/monthTo"),
        tuple(Description(one["locale"], one["message"]) for one in body.get("descriptions", ())),
    )


def assumed_adjustment(
    index: int, one: schemas.AdjustmentInput, *, month_from: Month | None, project: str, group: str
) -> Adjustment:
    """One of a what-if. It covers the month at hand, whichever that is: where none is given, from the first there is.

    One of the billing group that names a project keeps that name: it is for the use case to refuse it.
    """
    level = Level(one["level"])
    return Adjustment(
        f"{group}-{index:03}",
        level,
        one.get("projectId", project if level is Level.PROJECT else group),
        AdjustmentType(one["adjustmentTypeCode"]),
        decimal_of(one["adjustment"], f"/adjustments/{index}/adjustment"),
        month_from or Month(2000, 1),
    )


def credit_type(text: str) -> CreditType:
    return CreditType(text)


def optional_credit_type(text: str | None) -> CreditType | None:
    return CreditType(text) if text else None


def payment_state(text: str | None) -> PaymentState | None:
    return None if text is None else PaymentState(text)
