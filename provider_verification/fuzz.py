"""The provider as the fuzzer meets it: the product, holding the story that the contract's examples tell.

What an example names is there, so that the example succeeds; what an example deletes is something that no other needs.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from starlette.types import ASGIApp

from provider_verification.setup import SetUp

PRICES = (
    ("compute.c2.c8m8", "DELTA", "HOURS", "250"),
    ("compute.g2.t4.c8m64", "GAUGE", "HOURS", "1639"),
    ("network.floating_ip", "DELTA", "HOURS", "5.6"),
    ("storage.volume.ssd", "DELTA", "GB", "0.16"),
)
MONTH = "2026-10"


def create_app(*, host: str = "127.0.0.1") -> ASGIApp:  # noqa: ARG001  # every factory is told the address
    """The provider of the environment, on a store that holds the story."""
    made = SetUp.build(clock=lambda: datetime.now(UTC))
    tell(made)
    return made.provider.app


def tell(provider: SetUp) -> None:
    """Creates the accounts, prices, contracts, meters, statements and credits of the examples."""
    for name, kind, unit, price in PRICES:
        counter = {"counterType": kind, "unit": unit, "price": price, "currency": "KRW", "effectiveFrom": "2026-01-01"}
        provider.call("put_counter", counter_name=name, body=counter)
    for uuid, groups in ACCOUNTS.items():
        billing_groups = [
            {"billingGroupId": group, "name": group, "projects": [_project(name) for name in projects]}
            for group, projects in groups.items()
        ]
        provider.call("put_account", uuid=uuid, body={"region": "KR", "billingGroups": billing_groups})
    for contract_id in ("ct-period-2026", "ct-draft-2026"):
        _contract(provider, contract_id)
    term = {"contractId": "ct-period-2026", "monthFrom": MONTH}
    provider.call("update_billing_group", billing_group_id="acme-main", body=term)
    _adjustments(provider)
    for uuid, meter_id, app_key in METERS:
        provider.call("record_meters", uuid=uuid, body={"meterList": [_meter(meter_id, app_key)]})
    grant = {"credit": 50_000, "creditName": "Autumn", "balancePriceTypeCode": "FREE", "uuidList": ["initech"]}
    provider.call("grant_credits", campaign_id="autumn-2026", body=grant)
    provider.bring_to("acme", MONTH, "REGISTERED")
    provider.bring_to("hooli", MONTH, "PAID")
    late = {"batchJobCode": "CALC_LATE_FEE", "date": "2026-09-01", "async": False}
    provider.call_with_id("batch", "batch-2026-09-fee", "start_batch", body=late)


ACCOUNTS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "acme": {"acme-main": ("acme-web", "acme-batch")},
    "globex": {"globex-main": ("globex-web",)},
    "initech": {"initech-main": ("initech-web",)},
    "hooli": {"hooli-main": ("hooli-main",), "hooli-lab": ("hooli-lab",)},
}


METERS = (
    ("acme", "acme-web-vm1-2026-10", "ak-acme-web"),
    ("hooli", "hooli-main-2026-10", "ak-hooli-main"),
    ("hooli", "hooli-lab-2026-10", "ak-hooli-lab"),
)


def _project(name: str) -> dict[str, str]:
    return {"projectId": name, "appKey": f"ak-{name}"}


def _contract(provider: SetUp, contract_id: str) -> None:
    terms = {
        "name": contract_id,
        "contractType": "PERIOD",
        "baseFee": 100_000,
        "discountRate": 0,
        "currency": "KRW",
        "prices": [{"counterName": "compute.c2.c8m8", "price": "225"}],
    }
    provider.call_with_id("contract", contract_id, "create_contract", body=terms)


def _adjustments(provider: SetUp) -> None:
    value = {"adjustmentTypeCode": "STATIC_DISCOUNT", "adjustment": 100, "monthFrom": MONTH, "descriptions": []}
    provider.call_with_id(
        "adjustment", "adj-initech-web-old", "create_project_adjustments", body={**value, "projectId": "initech-web"}
    )
    provider.call_with_id(
        "adjustment",
        "adj-initech-main-old",
        "create_billing_group_adjustments",
        body={**value, "billingGroupId": "initech-main"},
    )


def _meter(meter_id: str, app_key: str) -> dict[str, str]:
    return {
        "meterId": meter_id,
        "appKey": app_key,
        "counterName": "compute.c2.c8m8",
        "counterType": "DELTA",
        "counterUnit": "HOURS",
        "counterVolume": "720",
        "resourceId": "vm-1",
        "resourceName": "vm 1",
        "parentResourceId": "acme-web",
        "source": "agent-1",
        "timestamp": "2026-10-31T23:59:00+09:00",
    }
