"""Where sales writes down what it agreed with customers.

The client's errors say what went wrong: UnprocessableError for terms that do not fit the customer or each other, with
pointers to the inputs to mark in the form; ConflictError for a contract in use, or a discount for months that are paid.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from billing_client import BillingClient, NotFoundError
from billing_client.models import (
    AdjustmentTypeCode,
    Contract,
    ContractPrice,
    ContractType,
    CreateBillingGroupAdjustmentRequest,
    CreateContractRequest,
    CreateProjectAdjustmentRequest,
    Currency,
    Tier,
    UpdateBillingGroupRequest,
)


class Contracts:
    """Contracts, and who is under them."""

    def __init__(self, client: BillingClient) -> None:
        self._contracts = client.contracts
        self._billing_groups = client.billing_groups

    def agree(self, name: str, currency: Currency, base_fee: int, prices: Mapping[str, Decimal], key: str) -> str:
        """A new contract for a period; answers its id. `key` is the number of the form: a double click is harmless."""
        agreed = [ContractPrice(counter_name=counter, price=price) for counter, price in prices.items()]
        body = CreateContractRequest(
            name=name, contract_type=ContractType.PERIOD, currency=currency, base_fee=base_fee, prices=agreed
        )
        return self._contracts.create_contract(body=body, idempotency_key=key).contract.contract_id

    def agree_volume(
        self, name: str, currency: Currency, counter: str, tiers: Sequence[tuple[Decimal | None, Decimal]], key: str
    ) -> str:
        """A new contract by volume: for each tier its upper bound, None in the last one, and its price."""
        steps = [Tier(up_to=bound, price=price) for bound, price in tiers]
        agreed = [ContractPrice(counter_name=counter, tiers=steps)]
        body = CreateContractRequest(name=name, contract_type=ContractType.VOLUME, currency=currency, prices=agreed)
        return self._contracts.create_contract(body=body, idempotency_key=key).contract.contract_id

    def find(self, contract_id: str) -> Contract | None:
        try:
            return self._contracts.get_contract(contract_id=contract_id).contract
        except NotFoundError:
            return None

    def withdraw(self, contract_id: str) -> None:
        self._contracts.delete_contract(contract_id=contract_id)

    def apply(self, contract_id: str, billing_group: str, month: str) -> None:
        """Puts the billing group under the contract from the month on."""
        body = UpdateBillingGroupRequest(contract_id=contract_id, month_from=month)
        self._billing_groups.update_billing_group(billing_group_id=billing_group, body=body)

    def savings(self, contract_id: str, counters: Sequence[str]) -> dict[str, Decimal]:
        """How far the price of each counter is below its list price, where it has both."""
        found = self._contracts.get_contract_prices(contract_id=contract_id, counter_names=list(counters))
        return {
            each.counter_name: each.original_price - each.price
            for each in found.prices
            if each.price and each.original_price
        }


class ProjectDiscounts:
    """Percentages off single projects."""

    def __init__(self, client: BillingClient) -> None:
        self._adjustments = client.adjustments

    def give(self, project: str, percent: float, month: str, key: str, *, until: str | None = None) -> str:
        """`until` is the last month; without it the discount does not end."""
        body = CreateProjectAdjustmentRequest(
            adjustment=percent,
            adjustment_type_code=AdjustmentTypeCode.PERCENT_DISCOUNT,
            project_id=project,
            month_from=month,
            month_to=until,
        )
        [made] = self._adjustments.create_project_adjustments(body=body, idempotency_key=key).adjustments
        return made.adjustment_id

    def given(self, project: str) -> dict[str, float]:
        found = self._adjustments.iter_project_adjustments(project_id=project)
        return {each.adjustment_id: each.adjustment for each in found}

    def revoke(self, *ids: str) -> None:
        self._adjustments.delete_project_adjustments(adjustment_ids=list(ids))


class GroupDiscounts:
    """Fixed amounts off whole billing groups."""

    def __init__(self, client: BillingClient) -> None:
        self._adjustments = client.adjustments

    def give(self, billing_group: str, amount: int, month: str, key: str) -> str:
        body = CreateBillingGroupAdjustmentRequest(
            adjustment=amount,
            adjustment_type_code=AdjustmentTypeCode.STATIC_DISCOUNT,
            billing_group_id=billing_group,
            month_from=month,
        )
        [made] = self._adjustments.create_billing_group_adjustments(body=body, idempotency_key=key).adjustments
        return made.adjustment_id

    def given(self, billing_group: str) -> dict[str, float]:
        found = self._adjustments.iter_billing_group_adjustments(billing_group_id=billing_group)
        return {each.adjustment_id: each.adjustment for each in found}

    def revoke(self, *ids: str) -> None:
        self._adjustments.delete_billing_group_adjustments(adjustment_ids=list(ids))
