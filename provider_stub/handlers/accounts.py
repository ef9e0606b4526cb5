"""Handlers of the tag accounts."""

from __future__ import annotations

from attrs import frozen

from provider_stub import wire
from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.generated import schemas
from provider_stub.usecases import accounts
from provider_stub.usecases.context import Context


@frozen
class Accounts:
    ctx: Context

    def put_account(self, *, uuid: str, body: schemas.PutAccountRequest) -> schemas.AccountResponse:
        groups = tuple(
            BillingGroup(
                group["billingGroupId"],
                group["name"],
                tuple(Project(project["projectId"], project["appKey"]) for project in group["projects"]),
            )
            for group in body["billingGroups"]
        )
        return _reply(accounts.put_account(self.ctx, Account(uuid, body["region"], groups)))

    def get_account(self, *, uuid: str) -> schemas.AccountResponse:
        return _reply(accounts.get_account(self.ctx, uuid))

    def delete_account(self, *, uuid: str) -> schemas.Acknowledgement:
        accounts.delete_account(self.ctx, uuid)
        return wire.acknowledgement()


def _reply(view: accounts.AccountView) -> schemas.AccountResponse:
    account = view.account
    return {
        "header": wire.success(),
        "account": {
            "uuid": account.account_id,
            "region": wire.code(account.region),
            "currency": wire.currency_of(account.region),
            "billingGroups": [
                wire.billing_group(account.account_id, group, view.terms) for group in account.billing_groups
            ],
        },
    }
