"""Handlers of the tag accounts."""

from __future__ import annotations

from attrs import frozen

from provider_stub.generated import schemas
from provider_stub.usecases import accounts
from provider_stub.usecases.context import Context
from provider_stub.wire import decode, encode


@frozen
class Accounts:
    ctx: Context

    def put_account(self, *, uuid: str, body: schemas.PutAccountRequest) -> schemas.AccountResponse:
        return _reply(accounts.put_account(self.ctx, decode.account(uuid, body)))

    def get_account(self, *, uuid: str) -> schemas.AccountResponse:
        return _reply(accounts.get_account(self.ctx, uuid))

    def delete_account(self, *, uuid: str) -> schemas.Acknowledgement:
        accounts.delete_account(self.ctx, uuid)
        return encode.acknowledgement()


def _reply(view: accounts.AccountView) -> schemas.AccountResponse:
    return encode.account_reply(view.account, view.terms)
