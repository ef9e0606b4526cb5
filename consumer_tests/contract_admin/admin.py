"""Where sales writes down what it agreed with customers."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from billing_client import AuthenticatedClient
from billing_client.api.adjustments import (
    create_billing_group_adjustments,
    create_project_adjustments,
    delete_billing_group_adjustments,
    delete_project_adjustments,
    list_billing_group_adjustments,
    list_project_adjustments,
)
from billing_client.api.billing_groups import update_billing_group
from billing_client.api.contracts import create_contract, delete_contract, get_contract, get_contract_prices
from billing_client.models import (
    Adjustment,
    AdjustmentList,
    AdjustmentTypeCode,
    Contract,
    ContractPrice,
    ContractType,
    CreateBillingGroupAdjustmentRequest,
    CreateContractRequest,
    CreateProjectAdjustmentRequest,
    Currency,
    Problem,
    Tier,
    UpdateBillingGroupRequest,
)

MONTH_PAID = 40901
CONTRACT_IN_USE = 40904


class AdminError(Exception):
    """The billing API refused."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.header.result_code}: {problem.detail}")
        self.status = problem.status
        self.result_code = problem.header.result_code


class TermsError(AdminError):
    """The terms do not fit the customer or each other; `fields` are the inputs to mark in the form."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.fields = [fault.pointer for fault in problem.errors or ()]


class ContractInUseError(AdminError):
    """Customers are under the contract, so that it can not go."""


class MonthPaidError(TermsError):
    """The months of a discount are paid already: it would come too late."""


class Contracts:
    """Contracts, and who is under them."""

    def __init__(self, client: AuthenticatedClient) -> None:
        self._client = client

    def agree(self, name: str, currency: Currency, base_fee: int, prices: Mapping[str, Decimal], key: str) -> str:
        """A new contract for a period; answers its id. `key` is the number of the form: a double click is harmless."""
        agreed = [ContractPrice(counter_name=counter, price=price) for counter, price in prices.items()]
        return self._agree(
            CreateContractRequest(
                name=name, contract_type=ContractType.PERIOD, currency=currency, base_fee=base_fee, prices=agreed
            ),
            key,
        )

    def agree_volume(
        self, name: str, currency: Currency, counter: str, tiers: Sequence[tuple[Decimal | None, Decimal]], key: str
    ) -> str:
        """A new contract by volume: for each tier its upper bound, None in the last one, and its price."""
        steps = [Tier(price=price, up_to=bound) for bound, price in tiers]
        agreed = [ContractPrice(counter_name=counter, tiers=steps)]
        return self._agree(
            CreateContractRequest(name=name, contract_type=ContractType.VOLUME, currency=currency, prices=agreed), key
        )

    def _agree(self, body: CreateContractRequest, key: str) -> str:
        answer = create_contract.sync(client=self._client, body=body, idempotency_key=key)
        if isinstance(answer, Problem):
            raise error_of(answer)
        return answer.contract.contract_id

    def find(self, contract_id: str) -> Contract | None:
        answer = get_contract.sync(contract_id, client=self._client)
        if isinstance(answer, Problem):
            if answer.status == 404:
                return None
            raise error_of(answer)
        return answer.contract

    def withdraw(self, contract_id: str) -> None:
        answer = delete_contract.sync(contract_id, client=self._client)
        if isinstance(answer, Problem):
            raise error_of(answer)

    def apply(self, contract_id: str, billing_group: str, month: str) -> None:
        """Puts the billing group under the contract from the month on."""
        body = UpdateBillingGroupRequest(contract_id=contract_id, month_from=month)
        answer = update_billing_group.sync(billing_group, client=self._client, body=body)
        if isinstance(answer, Problem):
            raise error_of(answer)

    def savings(self, contract_id: str, counters: Sequence[str]) -> dict[str, Decimal]:
        """How far the price of each counter is below its list price, where it has both."""
        answer = get_contract_prices.sync(contract_id, client=self._client, counter_names=list(counters))
        if isinstance(answer, Problem):
            raise error_of(answer)
        return {
            each.counter_name: each.original_price - each.price
            for each in answer.prices
            if each.price is not None and each.original_price is not None
        }


class ProjectDiscounts:
    """Percentages off single projects."""

    def __init__(self, client: AuthenticatedClient) -> None:
        self._client = client

    def give(self, project: str, percent: float, month: str, key: str, *, until: str | None = None) -> str:
        """`until` is the last month; without it the discount does not end."""
        kind = AdjustmentTypeCode.PERCENT_DISCOUNT
        body = CreateProjectAdjustmentRequest(
            adjustment=percent, adjustment_type_code=kind, project_id=project, month_from=month, month_to=until
        )
        return only(create_project_adjustments.sync(client=self._client, body=body, idempotency_key=key)).adjustment_id

    def given(self, project: str) -> dict[str, float]:
        found = adjustments(list_project_adjustments.sync(client=self._client, project_id=project))
        return {each.adjustment_id: each.adjustment for each in found}

    def revoke(self, *ids: str) -> None:
        adjustments(delete_project_adjustments.sync(client=self._client, adjustment_ids=list(ids)))


class GroupDiscounts:
    """Fixed amounts off whole billing groups."""

    def __init__(self, client: AuthenticatedClient) -> None:
        self._client = client

    def give(self, billing_group: str, amount: int, month: str, key: str) -> str:
        kind = AdjustmentTypeCode.STATIC_DISCOUNT
        body = CreateBillingGroupAdjustmentRequest(
            adjustment=amount, adjustment_type_code=kind, billing_group_id=billing_group, month_from=month
        )
        created = create_billing_group_adjustments.sync(client=self._client, body=body, idempotency_key=key)
        return only(created).adjustment_id

    def given(self, billing_group: str) -> dict[str, float]:
        found = adjustments(list_billing_group_adjustments.sync(client=self._client, billing_group_id=billing_group))
        return {each.adjustment_id: each.adjustment for each in found}

    def revoke(self, *ids: str) -> None:
        adjustments(delete_billing_group_adjustments.sync(client=self._client, adjustment_ids=list(ids)))


def adjustments(answer: AdjustmentList | Problem) -> list[Adjustment]:
    if isinstance(answer, Problem):
        raise error_of(answer)
    return answer.adjustments


def only(answer: AdjustmentList | Problem) -> Adjustment:
    [adjustment] = adjustments(answer)
    return adjustment


def error_of(problem: Problem) -> AdminError:
    if problem.status == 422:
        return TermsError(problem)
    if problem.header.result_code == MONTH_PAID:
        return MonthPaidError(problem)
    return ContractInUseError(problem) if problem.header.result_code == CONTRACT_IN_USE else AdminError(problem)
