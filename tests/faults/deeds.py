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
    PaymentResponse,
    PayRequest,
    RecordMetersRequest,
    RefundPaymentRequest,
    StartCalculationRequest,
)

from tests.faults.sandbox import COUNTER, MONTH
from tests.faults.struck import Struck

GROUPS: Final = 20
"""How many statements are made ready at once."""


@frozen
class Subject:
    """What something is done for: an account, and one of its billing groups."""

    account: str
    group: str = "main"
    amount: int = 0
    """What the group has to pay, in won."""

    @property
    def name(self) -> str:
        """Its own among all subjects."""
        return f"{self.account}-{self.group}"

    @property
    def place(self) -> str:
        """The statement: a paymentGroupId."""
        return f"{self.name}.{MONTH}"


@frozen
class Deed:
    """One operation. `key` is the caller's Idempotency-Key; without one the client makes it up."""

    operation: str
    prepare: Callable[[Struck, str], list[Subject]]
    """Makes a new account, for whose subjects it may be done."""
    do: Callable[[BillingClient, Subject, str | None], object]
    """The call itself."""
    effect: Callable[[Struck, Subject], object]
    """What the provider has of it."""
    never: object
    """The effect before it was done."""
    once: object
    """The effect of doing it one time."""


def _account(to: Struck, account: str) -> list[Subject]:
    to.api.account(account)
    return [Subject(account)]


def _ready(to: Struck, account: str) -> list[Subject]:
    """Closed statements, each with an amount of its own."""
    hours = {f"g{number}": 1000 + number for number in range(GROUPS)}
    to.api.account(account, list(hours))
    readings = [
        {
            "appKey": f"{account}-{group}-web",
            "counterName": COUNTER,
            "counterType": "DELTA",
            "counterUnit": "HOURS",
            "counterVolume": str(volume),
            "timestamp": f"{MONTH}-05T09:00:00+09:00",
        }
        for group, volume in hours.items()
    ]
    to.api.call("POST", "/meters", {"meterList": readings}, uuid=account)
    to.api.calculated(account, MONTH)
    subjects = [Subject(account, group, volume + volume // 10) for group, volume in hours.items()]
    for subject in subjects:
        body = {"paymentGroupId": subject.place, "paymentStatusCode": "READY"}
        to.api.call("PUT", f"/admin/payments/{MONTH}/status", body)
    return subjects


def _paid(to: Struck, account: str) -> list[Subject]:
    subjects = _ready(to, account)
    for subject in subjects:
        to.api.call("POST", f"/payments/{MONTH}", {"paymentGroupId": subject.place}, uuid=account)
    return subjects


def pay(client: BillingClient, subject: Subject, key: str | None) -> PaymentResponse:
    """Pays the statement."""
    body = PayRequest(payment_group_id=subject.place)
    return client.payments.pay(month=MONTH, body=body, uuid=subject.account, idempotency_key=key)


def _refund(client: BillingClient, subject: Subject, key: str | None) -> object:
    body = RefundPaymentRequest(payment_group_id=subject.place, reason="by request")
    return client.payments.refund_payment(month=MONTH, body=body, idempotency_key=key)


def _charged(to: Struck, subject: Subject) -> object:
    """Each change in the gateway's book, and the state of the statement."""
    states = [state for _, state in to.journal.states(subject.place)]
    return [*states, to.api.statement(subject.account, MONTH, subject.group)["paymentStatusCode"]]


def _record(client: BillingClient, subject: Subject, key: str | None) -> object:
    readings = [  # without a meterId, so that nothing but the key makes sending them again harmless
        MeterInput(
            app_key=f"{subject.name}-web",
            counter_name=COUNTER,
            counter_type=CounterType.DELTA,
            counter_unit="HOURS",
            counter_volume=Decimal(volume),
            timestamp=datetime(2026, 10, 5, tzinfo=UTC),
        )
        for volume in (3, 5)
    ]
    return client.metering.record_meters(
        body=RecordMetersRequest(meter_list=readings), uuid=subject.account, idempotency_key=key
    )


def _recorded(to: Struck, subject: Subject) -> object:
    listed = to.api.call(
        "GET", f"/meters?appKey={subject.name}-web&from={MONTH}-01&to={MONTH}-31", uuid=subject.account
    )
    return sorted(meter["counterVolume"] for meter in listed["meters"])


def _grant(client: BillingClient, subject: Subject, key: str | None) -> object:
    body = GrantCreditsRequest(
        credit=500,
        credit_name="Welcome",
        balance_price_type_code=BalancePriceTypeCode.FREE,
        expiration_period=12,
        uuid_list=[subject.account],
    )
    return client.credits.grant_credits(campaign_id="welcome", body=body, idempotency_key=key)


def _granted(to: Struck, subject: Subject) -> object:
    listed = to.api.call("GET", "/credits/history?balancePriceTypeCode=FREE", uuid=subject.account)
    return [entry["amount"] for entry in listed["entries"]]


def _contract(client: BillingClient, subject: Subject, key: str | None) -> object:
    body = CreateContractRequest(name=subject.name, contract_type=ContractType.PERIOD, currency=Currency.KRW)
    return client.contracts.create_contract(body=body, idempotency_key=key)


def _contracts(to: Struck, subject: Subject) -> object:
    found: list[str] = []
    page, total = 1, 1
    while (page - 1) * 100 < total:
        listed = to.api.call("GET", f"/admin/contracts?itemsPerPage=100&page={page}")
        found += [contract["name"] for contract in listed["contracts"] if contract["name"] == subject.name]
        page, total = page + 1, listed["totalItems"]
    return len(found)


def _calculate(client: BillingClient, subject: Subject, key: str | None) -> object:
    body = StartCalculationRequest(month=MONTH, uuid=subject.account)
    return client.calculations.start_calculation(body=body, idempotency_key=key)


def _calculations(to: Struck, subject: Subject) -> object:
    """How many there were; all have ended, so that one that is started again cannot join one that waits."""
    for _ in range(2000):
        listed = to.api.call("GET", f"/admin/progress?uuid={subject.account}&month={MONTH}")["progressStatusList"]
        if all(each["progress"] == each["maxProgress"] for each in listed):
            return len(listed)
    raise AssertionError(f"the calculations of {subject.account} do not end")


DEEDS: Final = (
    Deed("pay", _ready, pay, _charged, ["READY"], ["CAPTURED", "PAID"]),
    Deed("refund_payment", _paid, _refund, _charged, ["CAPTURED", "PAID"], ["CAPTURED", "REFUNDED", "REFUNDED"]),
    Deed("record_meters", _account, _record, _recorded, [], ["3", "5"]),
    Deed("grant_credits", _account, _grant, _granted, [], [500]),
    Deed("create_contract", _account, _contract, _contracts, 0, 1),
    Deed("start_calculation", _account, _calculate, _calculations, 0, 1),
)


class Subjects:
    """Subjects that nothing was done for yet; an account is made where none is left."""

    def __init__(self, to: Struck) -> None:
        self._to = to
        self._left: dict[str, list[Subject]] = {}
        self._accounts = 0

    def new(self, deed: Deed) -> Subject:
        """For which the deed may be done."""
        left = self._left.setdefault(deed.operation, [])
        if not left:
            self._accounts += 1
            left += deed.prepare(self._to, f"{deed.operation.replace('_', '-')}-{self._accounts}")
        return left.pop()
