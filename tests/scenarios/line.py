"""The line to the payment gateway, and what may happen on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from provider_stub.usecases import payments
from tests.usecases.world import World

TOO_LONG: Final = timedelta(seconds=31)
"""A little more than the provider has patience for."""


class KilledError(BaseException):
    """The provider's process ends between its own books and the gateway's answer."""


@contextmanager
def on(world: World, line: str, place: str, meanwhile: Callable[[], object] | None = None) -> Iterator[None]:
    """While this lasts, all is `fine`, or the line `loses` answers or `drops` questions, or the gateway `declines`; or
    the provider is `killed` before it asks, its question is `late`, or others have the answer first (`overtaken`):
    of a charge those who settle it, of an undoing those who do what happens `meanwhile`.
    """
    holds = {"killed": _killed, "late": lambda: _late(world), "overtaken": lambda: _overtaken(world, place)}
    gateway = world.gateway
    gateway.loses, gateway.drops, gateway.declines = (line == each for each in ("loses", "drops", "declines"))
    gateway.hold = holds.get(line, _at_once)
    gateway.meanwhile = meanwhile if meanwhile and line == "overtaken" else _at_once
    try:
        yield
    finally:
        gateway.loses = gateway.drops = gateway.declines = False
        gateway.hold = gateway.meanwhile = _at_once


def _at_once() -> None:
    """Nothing comes between."""


def _killed() -> None:
    raise KilledError


def _late(world: World) -> None:
    """The charge is still under way when the provider gives it up."""
    world.clock.passes(TOO_LONG)
    payments.reconcile_payments(world.ctx)


def _overtaken(world: World, place: str) -> None:
    """The answer is still under way when the provider asks what became of the charge."""
    with world.store.read() as tx:
        attempt = tx.payments.live(place)
    assert attempt is not None
    world.gateway.gateway.charge(attempt)
    _late(world)
