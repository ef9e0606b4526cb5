"""A payment that was undone and made again between two looks is not undone by who looked first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from attrs import evolve, frozen

from provider_stub.engine.errors import IllegalTransition
from provider_stub.engine.payments import PaymentState
from provider_stub.store.protocol.tx import Store, Tx
from provider_stub.usecases.payments import cancel_payment
from tests.usecases.world import World


@frozen
class _Meanwhile:
    """A store where something else happens once something was read."""

    store: Store
    happens: Callable[[], None]

    @contextmanager
    def read(self) -> Iterator[Tx]:
        with self.store.read() as tx:
            yield tx
        self.happens()

    def write(self) -> AbstractContextManager[Tx]:
        return self.store.write()

    def check(self) -> None:
        self.store.check()

    def clear(self) -> None:
        self.store.clear()

    def close(self) -> None:
        self.store.close()


def test_cancelling_what_credit_paid_does_not_cancel_a_charge_that_came_meanwhile(world: World) -> None:
    world.grant(500)
    world.ready(5)
    world.pay()
    assert world.captured() == []

    def paid_anew_with_money() -> None:
        cancel_payment(world.ctx, world.place())
        world.close()
        world.ready(10)
        world.pay()

    slow = evolve(world.ctx, store=_Meanwhile(world.store, paid_anew_with_money))
    with pytest.raises(IllegalTransition):
        cancel_payment(slow, world.place())
    assert world.bill().statement.payment_status is PaymentState.PAID
    assert len(world.captured()) == 1
