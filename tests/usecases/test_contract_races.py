"""A contract that is removed while a billing group is put under it."""

from __future__ import annotations

from functools import partial

from provider_stub.engine.contracts import ContractType
from provider_stub.engine.errors import ContractInUse
from provider_stub.usecases import accounts, contracts
from provider_stub.usecases.accounts import GroupChanges
from provider_stub.usecases.context import plain
from provider_stub.usecases.errors import UnknownReference
from tests.usecases.races import AGAIN, DONE, at_once
from tests.usecases.world import World

ROUNDS = 30


def test_a_contract_is_either_removed_or_in_use(world: World) -> None:
    for _ in range(ROUNDS):
        terms = contracts.Terms("one", ContractType.PERIOD, "KRW")
        contract = contracts.create_contract(world.ctx, terms, plain())
        changes = GroupChanges(contract_id=contract.contract_id)
        removed, put_under = at_once(
            partial(contracts.delete_contract, world.ctx, contract.contract_id),
            partial(accounts.update_billing_group, world.ctx, "acme-main", changes),
        )
        assert (removed, put_under) in {
            (DONE, UnknownReference.code),
            (DONE, AGAIN),
            (ContractInUse.code, DONE),
            (AGAIN, DONE),
        }
        in_force = accounts.get_billing_group(world.ctx, "acme-main").terms
        assert [term.contract_id for term in in_force] == [contract.contract_id] * (put_under == DONE)
        accounts.remove_billing_group_contracts(world.ctx, "acme-main")
