"""The sandbox gateway errs by amount, and keeps a book that no course of a charge can bring to two captures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from provider_stub.engine.errors import BillingError
from provider_stub.engine.payments import PaymentState
from provider_stub.gateway import Course, SimulatedGateway, by_amount
from provider_stub.store.protocol.records import ChargeState
from provider_stub.usecases.payments import reconcile_payments
from tests.faults.sandbox import amount_of, before_tax
from tests.usecases.world import World

DELAY = timedelta(milliseconds=20)
LATER = timedelta(seconds=31)


def _ready(world: World, course: Course) -> None:
    """A closed statement whose amount takes the course: credit pays what is too much."""
    world.ctx = evolve(world.ctx, gateway=SimulatedGateway(world.store, world.clock, by_amount, DELAY))
    world.use(100)
    world.grant(10_000 - before_tax(amount_of(course)))
    world.calculate()
    assert world.bill().statement.payable == amount_of(course)
    world.close()


def _book(world: World) -> list[tuple[ChargeState, int]]:
    with world.store.read() as tx:
        return [(line.state, line.amount) for line in tx.charges.all()]


@pytest.mark.parametrize(
    ("course", "answer", "asked_at_once", "asked_later"),
    [
        (Course.CAPTURED, "", "PAID", "PAID"),
        (Course.DECLINED, "PAYMENT_DECLINED", "READY", "READY"),
        (Course.UNHEARD, "GATEWAY_TIMED_OUT", "READY", "READY"),
        (Course.UNANSWERED, "GATEWAY_TIMED_OUT", "PAID", "PAID"),
        (Course.LATE, "GATEWAY_TIMED_OUT", "READY", "PAID"),
        (Course.TWICE, "", "PAID", "PAID"),
        (Course.SLOW_THERE, "", "PAID", "PAID"),
        (Course.SLOW_BACK, "", "PAID", "PAID"),
    ],
)
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("world", ["memory"], indirect=True)
def test_a_charge_takes_the_course_of_its_amount_and_the_statement_follows_the_book(
    world: World, course: Course, answer: str, asked_at_once: str, asked_later: str, *, later: bool
) -> None:
    _ready(world, course)
    try:
        world.pay("k")
        answered = ""
    except BillingError as error:
        answered = error.code
    assert answered == answer
    if later:
        world.clock.passes(LATER)

    reconcile_payments(evolve(world.ctx, patience=-DELAY))

    state = world.bill().statement.payment_status
    assert state == (asked_later if later else asked_at_once)
    held = ChargeState.CAPTURED if state is PaymentState.PAID else ChargeState.DECLINED
    assert _book(world) == [(held, amount_of(course))]
