"""Handlers of the tag billing-groups."""

from __future__ import annotations

from attrs import frozen

from provider_stub import wire
from provider_stub.engine.period import Month
from provider_stub.generated import schemas
from provider_stub.usecases import accounts
from provider_stub.usecases.context import Context


@frozen
class BillingGroups:
    ctx: Context

    def get_billing_group(self, *, billing_group_id: str) -> schemas.BillingGroupResponse:
        return _reply(accounts.get_billing_group(self.ctx, billing_group_id))

    def update_billing_group(
        self, *, billing_group_id: str, body: schemas.UpdateBillingGroupRequest
    ) -> schemas.BillingGroupResponse:
        changes = accounts.GroupChanges(
            name=body.get("name"),
            default=body["defaultYn"] == "Y" if "defaultYn" in body else None,
            contract_id=body.get("contractId"),
            month_from=Month.parse(body["monthFrom"], "/monthFrom") if "monthFrom" in body else None,
        )
        return _reply(accounts.update_billing_group(self.ctx, billing_group_id, changes))

    def remove_billing_group_contracts(self, *, billing_group_id: str) -> schemas.Acknowledgement:
        accounts.remove_billing_group_contracts(self.ctx, billing_group_id)
        return wire.acknowledgement()


def _reply(view: accounts.GroupView) -> schemas.BillingGroupResponse:
    return {"header": wire.success(), "billingGroup": wire.billing_group(view.account_id, view.group, view.terms)}
