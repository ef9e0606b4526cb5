"""What becomes of an account that several requests change at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.usecases import accounts
from provider_stub.usecases.errors import IdentifierTaken
from tests.usecases.races import DONE, at_once
from tests.usecases.world import World

ROUNDS = 12


def _same_group(account: str, number: int) -> Account:
    group = BillingGroup(f"shared-{number}", account, (Project(f"{account}-{number}", f"{account}-key-{number}"),))
    return Account(account, "KR", (group,))


def _same_project(account: str, number: int) -> Account:
    project = Project(f"shared-{number}", f"{account}-key-{number}")
    return Account(account, "KR", (BillingGroup(f"{account}-{number}", account, (project,)),))


def _same_app_key(account: str, number: int) -> Account:
    project = Project(f"{account}-{number}", f"shared-{number}")
    return Account(account, "KR", (BillingGroup(f"{account}-{number}", account, (project,)),))


@pytest.mark.parametrize("shape", [_same_group, _same_project, _same_app_key])
def test_of_two_accounts_that_claim_an_id_at_once_one_gets_it_whole(
    world: World, shape: Callable[[str, int], Account]
) -> None:
    for number in range(ROUNDS):
        wanted = [shape("left", number), shape("right", number)]
        outcomes = at_once(*(partial(accounts.put_account, world.ctx, one) for one in wanted))
        assert sorted(outcomes) == sorted([DONE, IdentifierTaken.code])
        winner = wanted[outcomes.index(DONE)]
        (group,) = accounts.get_account(world.ctx, winner.account_id).account.billing_groups
        assert group.projects == winner.billing_groups[0].projects
        assert accounts.get_billing_group(world.ctx, group.billing_group_id).account_id == winner.account_id
        accounts.delete_account(world.ctx, winner.account_id)
