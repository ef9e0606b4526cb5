"""Handlers of the tag billing-groups."""

from __future__ import annotations

from attrs import frozen

from provider_stub.generated import schemas
from provider_stub.usecases import accounts
from provider_stub.usecases.context import Context
from provider_stub.wire import decode, encode


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
            month_from=decode.optional_month(body.get("monthFrom"), "/monthFrom"),
        )
        return _reply(accounts.update_billing_group(self.ctx, billing_group_id, changes))

    def remove_billing_group_contracts(self, *, billing_group_id: str) -> schemas.Acknowledgement:
        accounts.remove_billing_group_contracts(self.ctx, billing_group_id)
        return encode.acknowledgement()


def _reply(view: accounts.GroupView) -> schemas.BillingGroupResponse:
    return {"header": encode.success(), "billingGroup": encode.billing_group(view.account_id, view.group, view.terms)}
