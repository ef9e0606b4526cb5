"""Values to store, with everything that a test does not ask about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Level
from provider_stub.engine.calculation import CalculationInput, calculate
from provider_stub.engine.credits import CreditGrant, CreditType, EntryKind, LedgerEntry
from provider_stub.engine.metering import CounterType, Meter, Usage
from provider_stub.engine.payments import AttemptState, PaymentAttempt, PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.prices import per_unit
from provider_stub.engine.regions import REGIONS
from provider_stub.store.protocol.records import (
    Bill,
    Window,
)

NOW = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)
MONTH = Month(2026, 11)
EVERYTHING = Window(0, 100)


def account(name: str, region: str = "KR", groups: tuple[str, ...] = ("main",)) -> Account:
    made = []
    for group in groups:
        own = f"{name}-{group}"
        made.append(BillingGroup(own, group, (Project(f"{own}-web", f"{own}-key"),), group == "main"))
    return Account(name, region, tuple(made))


def meter(meter_id: str, *, hour: int = 0, volume: str = "1", kind: CounterType = CounterType.DELTA) -> Meter:
    return Meter(
        meter_id,
        "acme-main-web",
        "acme-main-key",
        "compute",
        kind,
        "HOURS",
        Decimal(volume),
        NOW + timedelta(hours=hour),
        "vm-1",
        "web 웹",
        "",
        "agent",
    )


def bill(status: PaymentState = PaymentState.REGISTERED, month: Month = MONTH, *, hours: str = "10.5") -> Bill:
    usage = (Usage("acme-main-web", "compute", "HOURS", Decimal(hours)),)
    calculation = calculate(
        CalculationInput(
            region=REGIONS["KR"],
            month=month,
            account_id="acme",
            billing_group_id="acme-main",
            payment_group_id=f"acme-main.{month}",
            usage=usage,
            prices={"compute": per_unit(Decimal("5.6"), "HOURS", "KRW")},
            project_adjustments=[
                Adjustment(
                    "a-1", Level.PROJECT, "acme-main-web", AdjustmentType.PERCENT_DISCOUNT, Decimal("7.5"), month
                )
            ],
            payment_status=status,
        )
    )
    return Bill(calculation.statement, usage, calculation.credit_uses)


def grant(grant_id: str, kind: CreditType = CreditType.FREE, valid_to: date | None = None) -> CreditGrant:
    return CreditGrant(
        grant_id, "acme", kind, 1000, "KRW", date(2026, 1, 1), valid_to, NOW, frozenset({"compute"}), "gift", "spring"
    )


def entry(entry_id: str, grant_id: str, amount: int, reverses: str | None = None) -> LedgerEntry:
    kind = EntryKind.GRANT if amount > 0 else EntryKind.USE
    return LedgerEntry(entry_id, grant_id, kind, amount, NOW, "acme-main.2026-11", MONTH, reverses)


def attempt(attempt_id: str) -> PaymentAttempt:
    return PaymentAttempt(attempt_id, "acme-main.2026-11", 100, "KRW", AttemptState.STARTED, NOW)
