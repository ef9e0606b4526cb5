"""An account goes with everything it has, but not while its money may be moving."""

from __future__ import annotations

import pytest

from provider_stub.engine.errors import NotFound, PaymentDeclined, PaymentInDoubt
from provider_stub.usecases import accounts
from provider_stub.usecases.errors import GatewayTimedOut
from tests.usecases.world import World


def _refused(world: World) -> None:
    with pytest.raises(PaymentInDoubt):
        accounts.delete_account(world.ctx, "acme")


def test_an_account_stays_while_a_charge_of_it_is_with_the_gateway(world: World) -> None:
    world.ready()
    world.gateway.hold = lambda: _refused(world)
    world.pay()
    assert len(world.captured()) == 1
    accounts.delete_account(world.ctx, "acme")
    with pytest.raises(NotFound):
        accounts.get_account(world.ctx, "acme")


def test_an_account_stays_until_its_lost_charge_is_resolved(world: World) -> None:
    world.ready()
    world.gateway.drops = True
    with pytest.raises(GatewayTimedOut):
        world.pay("k")
    world.account("globex")
    accounts.delete_account(world.ctx, "globex")
    _refused(world)
    world.gateway.drops = False
    with pytest.raises(PaymentDeclined):
        world.pay("k")
    accounts.delete_account(world.ctx, "acme")
