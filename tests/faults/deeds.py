"""What is done with a provider exactly once, and how the provider shows how often it was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from attrs import frozen
from billing_client import BillingClient
from billing_client.models import (
    BalancePriceTypeCode,
    ContractType,
    CounterType,
    CreateContractRequest,
    Currency,
    GrantCreditsRequest,
    MeterInput,
    PayRequest,
    RecordMetersRequest,
    RefundPaymentRequest,
    StartCalculationRequest,
)

from provider_stub.gateway import Course
from tests.faults.sandbox import COUNTER, MONTH, ready
from tests.faults.struck import Struck


@frozen
class Deed:
    """One operation for an account. `key` is the caller's Idempotency-Key; without one the client makes it up."""

    operation: str
    prepare: Callable[[Struck, str], object]
    """Makes the account ready for it."""
    do: Callable[[BillingClient, str, str | None], object]
    """The call itself."""
    effect: Callable[[Struck, str], object]
    """What the provider has of it."""
    never: object
    """The effect before it was done."""
    once: object
    """The effect of doing it one time."""


def place_of(account: str) -> str:
    return f"{account}-main.{MONTH}"


def _account(to: Struck, account: str) -> None:
    to.api.account(account)


def _ready(to: Struck, account: str) -> None:
    ready(to.api, account, Course.CAPTURED)


def _paid(to: Struck, account: str) -> None:
    place = ready(to.api, account, Course.CAPTURED)
    to.api.call("POST", f"/payments/{MONTH}", place, uuid=account)


def _pay(client: BillingClient, account: str, key: str | None) -> object:
    body = PayRequest(payment_group_id=place_of(account))
    return client.payments.pay(month=MONTH, body=body, uuid=account, idempotency_key=key)


def _refund(client: BillingClient, account: str, key: str | None) -> object:
    body = RefundPaymentRequest(payment_group_id=place_of(account), reason="by request")
    return client.payments.refund_payment(month=MONTH, body=body, idempotency_key=key)


def _charged(to: Struck, account: str) -> object:
    """Each change in the gateway's book, and the state of the statement."""
    states = [state for _, state in to.journal.states(place_of(account))]
    return [*states, to.api.statement(account, MONTH)["paymentStatusCode"]]


def _record(client: BillingClient, account: str, key: str | None) -> object:
    readings = [  # without a meterId, so that nothing but the key makes sending them again harmless
        MeterInput(
            app_key=f"{account}-main-web",
            counter_name=COUNTER,
            counter_type=CounterType.DELTA,
            counter_unit="HOURS",
            counter_volume=Decimal(volume),
            timestamp=datetime(2026, 10, 5, tzinfo=UTC),
        )
        for volume in (3, 5)
    ]
    return client.metering.record_meters(
        body=RecordMetersRequest(meter_list=readings), uuid=account, idempotency_key=key
    )


def _recorded(to: Struck, account: str) -> object:
    listed = to.api.call("GET", f"/meters?appKey={account}-main-web&from={MONTH}-01&to={MONTH}-31", uuid=account)
    return sorted(meter["counterVolume"] for meter in listed["meters"])


def _grant(client: BillingClient, account: str, key: str | None) -> object:
    body = GrantCreditsRequest(
        credit=500,
        credit_name="Welcome",
        balance_price_type_code=BalancePriceTypeCode.FREE,
        expiration_period=12,
        uuid_list=[account],
    )
    return client.credits.grant_credits(campaign_id="welcome", body=body, idempotency_key=key)


def _granted(to: Struck, account: str) -> object:
    listed = to.api.call("GET", "/credits/history?balancePriceTypeCode=FREE", uuid=account)
    return [entry["amount"] for entry in listed["entries"]]


def _contract(client: BillingClient, account: str, key: str | None) -> object:
    body = CreateContractRequest(name=account, contract_type=ContractType.PERIOD, currency=Currency.KRW)
    return client.contracts.create_contract(body=body, idempotency_key=key)


def _contracts(to: Struck, account: str) -> object:
    found: list[str] = []
    page, total = 1, 1
    while (page - 1) * 100 < total:
        listed = to.api.call("GET", f"/admin/contracts?itemsPerPage=100&page={page}")
        found += [contract["name"] for contract in listed["contracts"] if contract["name"] == account]
        page, total = page + 1, listed["totalItems"]
    return len(found)


def _calculate(client: BillingClient, account: str, key: str | None) -> object:
    body = StartCalculationRequest(month=MONTH, uuid=account)
    return client.calculations.start_calculation(body=body, idempotency_key=key)


def _calculations(to: Struck, account: str) -> object:
    """How many there were; all have ended, so that one that is started again cannot join one that waits."""
    for _ in range(2000):
        listed = to.api.call("GET", f"/admin/progress?uuid={account}&month={MONTH}")["progressStatusList"]
        if all(each["progress"] == each["maxProgress"] for each in listed):
            return len(listed)
    raise AssertionError(f"the calculations of {account} do not end")


DEEDS: Final = (
    Deed("pay", _ready, _pay, _charged, ["READY"], ["CAPTURED", "PAID"]),
    Deed("refund_payment", _paid, _refund, _charged, ["CAPTURED", "PAID"], ["CAPTURED", "REFUNDED", "REFUNDED"]),
    Deed("record_meters", _account, _record, _recorded, [], ["3", "5"]),
    Deed("grant_credits", _account, _grant, _granted, [], [500]),
    Deed("create_contract", _account, _contract, _contracts, 0, 1),
    Deed("start_calculation", _account, _calculate, _calculations, 0, 1),
)
