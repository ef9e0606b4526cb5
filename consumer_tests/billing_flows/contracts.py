"""Contracts and adjustments of a customer."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import NAMESPACE_OID, uuid5

from attrs import frozen
from billing_client import BillingClient
from billing_client.models import (
    AdjustmentTypeCode,
    ContractPrice,
    ContractType,
    CreateBillingGroupAdjustmentRequest,
    CreateContractRequest,
    CreateProjectAdjustmentRequest,
    Tier,
    TierMode,
    UpdateBillingGroupRequest,
)

from consumer_tests.billing_flows.customers import Customer

_Adjusting = CreateProjectAdjustmentRequest | CreateBillingGroupAdjustmentRequest


@frozen
class Tiers:
    """Prices by quantity: `steps` are (up to and including this quantity, price), `beyond` is the price of the rest.

    Prices are in minor units of the currency, per unit of the counter.
    """

    steps: Sequence[tuple[int, int]]
    beyond: int
    mode: TierMode = TierMode.GRADUATED


@frozen(kw_only=True)
class Agreement:
    """What a contract agrees on. `base_fee` is in minor units, `discount` a percentage off the list price.

    `prices` are by the short names of the customer's counters, each in minor units per unit, or in tiers.
    """

    kind: ContractType = ContractType.PERIOD
    base_fee: int = 0
    discount: int = 0
    prices: Mapping[str, int | Tiers] = {}


def apply_contract(
    client: BillingClient, customer: Customer, agreement: Agreement, *, month_from: str, group: str = "main"
) -> str:
    """Writes the contract down, and puts the billing group under it from a month on; answers the contract's id.

    Done twice it writes one contract; another agreement from the same month replaces the one before. Raises
    UnprocessableError for tiers that do not rise.
    """
    body = CreateContractRequest(
        name=f"{customer.account} {group} {month_from}",
        contract_type=agreement.kind,
        base_fee=agreement.base_fee,
        discount_rate=agreement.discount,
        currency=customer.terms.currency,
        prices=[_price(customer, name, price) for name, price in agreement.prices.items()],
    )
    made = client.contracts.create_contract(body=body, idempotency_key=_key(body))
    contract = made.contract.contract_id
    term = UpdateBillingGroupRequest(contract_id=contract, month_from=month_from)
    client.billing_groups.update_billing_group(billing_group_id=customer.group(group), body=term)
    return contract


def adjust_project(
    client: BillingClient,
    customer: Customer,
    kind: AdjustmentTypeCode,
    value: int,
    *,
    month: str,
    project: str = "web",
    name: str = "1",
) -> str:
    """A discount or surcharge on a project in one month; `value` is a percentage, or minor units for STATIC ones.

    Answers the adjustment's id. Done twice it adds one; `name` tells two that are alike from each other. Raises
    UnprocessableError where percent discounts come to more than 100, and ConflictError for a month that is paid.
    """
    body = CreateProjectAdjustmentRequest(
        adjustment=value,
        adjustment_type_code=kind,
        project_id=customer.project(project),
        month_from=month,
        month_to=month,
    )
    return (
        client.adjustments.create_project_adjustments(body=body, idempotency_key=_key(body, name))
        .adjustments[0]
        .adjustment_id
    )


def adjust_group(
    client: BillingClient,
    customer: Customer,
    kind: AdjustmentTypeCode,
    value: int,
    *,
    month: str,
    group: str = "main",
    name: str = "1",
) -> str:
    """The same on a billing group, where it acts on what the adjustments of its projects left."""
    body = CreateBillingGroupAdjustmentRequest(
        adjustment=value,
        adjustment_type_code=kind,
        billing_group_id=customer.group(group),
        month_from=month,
        month_to=month,
    )
    return (
        client.adjustments.create_billing_group_adjustments(body=body, idempotency_key=_key(body, name))
        .adjustments[0]
        .adjustment_id
    )


def _key(body: CreateContractRequest | _Adjusting, name: str = "") -> str:
    """The same for the same request; another one never meets a key that was used before."""
    return f"{uuid5(NAMESPACE_OID, json.dumps(body.to_dict(), sort_keys=True))}-{name}"


def _price(customer: Customer, counter: str, price: int | Tiers) -> ContractPrice:
    terms, name = customer.terms, customer.counter(counter)
    if isinstance(price, int):
        return ContractPrice(counter_name=name, price=terms.price(price))
    tiers = [Tier(up_to=Decimal(bound), price=terms.price(each)) for bound, each in price.steps]
    return ContractPrice(counter_name=name, tier_mode=price.mode, tiers=[*tiers, Tier(price=terms.price(price.beyond))])
