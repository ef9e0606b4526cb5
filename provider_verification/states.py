"""Provider states: what must be true before an interaction, made so through the provider's own use cases."""

from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp

from contractkit.states import state_route
from provider_verification.setup import NOW, SetUp


def create_app(*, host: str = "127.0.0.1") -> ASGIApp:  # noqa: ARG001  # every factory is told the address
    """The provider with its state route; its clock stands still at 2026-11-21T00:00:00Z."""
    known: dict[str, Callable[..., object]] = {}
    route = state_route(known, reset=lambda: made.provider.ctx.store.clear())  # noqa: PLW0108  # made comes later
    made = SetUp.build(clock=lambda: NOW, routes=[route])
    known.update(set_ups(made))
    return made.provider.app


def set_ups(provider: SetUp) -> dict[str, Callable[..., object]]:
    """Each state's name, and the function that makes it true; the parameters are those of the interactions."""
    return {
        "an account": lambda **given: _account(provider, **given),
        "a counter": lambda **given: _counter(provider, **given),
        "a contract": lambda **given: _contract(provider, **given),
        "a billing group under a contract": lambda **given: _under_contract(provider, **given),
        "a project adjustment": lambda **given: _adjustment(provider, "create_project_adjustments", **given),
        "a billing group adjustment": lambda **given: _adjustment(
            provider, "create_billing_group_adjustments", **given
        ),
        "a meter": lambda **given: _meter(provider, **given),
        "a credit": lambda **given: _credit(provider, **given),
        "a finished calculation": provider.calculate,
        "a redeemed coupon": lambda **given: provider.call(
            "redeem_coupon", coupon_code=given["couponCode"], uuid=given["uuid"]
        ),
        "a statement": lambda **given: _statement(provider, **given),
        "a finished batch": lambda **given: _batch(provider, status="DONE", **given),
        "a finished batch of a region": lambda **given: _batch(provider, **given),
    }


def _account(provider: SetUp, *, uuid: str, region: str, **group: Any) -> None:
    project = {"projectId": group["projectId"], "appKey": group["appKey"]}
    billing_group = {
        "billingGroupId": group["billingGroupId"],
        "name": group["billingGroupId"],
        "projects": [project],
    }
    provider.call("put_account", uuid=uuid, body={"region": region, "billingGroups": [billing_group]})


def _counter(provider: SetUp, **counter: Any) -> None:
    name = counter.pop("counterName")
    provider.call("put_counter", counter_name=name, body=counter)


def _contract(provider: SetUp, **given: Any) -> None:
    price = {"counterName": given.pop("counterName"), "price": given.pop("price")}
    chosen = given.pop("contractId")
    provider.call_with_id("contract", chosen, "create_contract", body={**given, "prices": [price]})


def _under_contract(provider: SetUp, **given: Any) -> None:
    group = given.pop("billingGroupId")
    provider.call("update_billing_group", billing_group_id=group, body=given)


def _adjustment(provider: SetUp, operation_id: str, **given: Any) -> None:
    chosen = given.pop("adjustmentId")
    provider.call_with_id("adjustment", chosen, operation_id, body={**given, "descriptions": []})


def _meter(provider: SetUp, **given: Any) -> None:
    uuid = given.pop("uuid")
    reply = provider.call("record_meters", uuid=uuid, body={"meterList": [given]})
    if reply["accepted"] != 1:
        raise ValueError(f"the meter was not accepted: {reply['results']}")


def _credit(provider: SetUp, **given: Any) -> None:
    campaign = given.pop("campaignId")
    body = {**given, "uuidList": [given["uuid"]]}
    del body["uuid"]
    provider.call("grant_credits", campaign_id=campaign, body=body)


def _statement(provider: SetUp, *, uuid: str, month: str, **given: Any) -> None:
    status = given["paymentStatusCode"]
    provider.bring_to(uuid, month, "PAID" if status == "REFUNDED" else status)
    if status == "REFUNDED":
        for statement in provider.call("list_statements", month=month, uuid=uuid)["statements"]:
            refund = {"paymentGroupId": statement["paymentGroupId"], "reason": "set-up"}
            provider.call("refund_payment", month=month, body=refund)


def _batch(provider: SetUp, *, status: str, **given: Any) -> None:
    chosen = given.pop("batchId")
    batch = provider.call_with_id("batch", chosen, "start_batch", body={**given, "async": False})["batch"]
    if batch["status"] != status:
        raise ValueError(f"the batch ended {batch['status']}")
