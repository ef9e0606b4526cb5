"""Requests that come while the first one with their key is under way get its answer."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from attrs import evolve

from provider_stub.engine.errors import BillingError, PaymentInDoubt
from provider_stub.store.protocol.records import JobKind
from provider_stub.usecases.context import Once, once
from provider_stub.usecases.jobs import Job, start_batch
from tests.usecases.world import MONTH, World


class _Held:
    """Makes a charge stay with the gateway until it is let go."""

    def __init__(self, world: World) -> None:
        self.arrived, self.go = threading.Event(), threading.Event()
        world.gateway.hold = self._hold
        world.ctx = evolve(world.ctx, wait=time.sleep)

    def _hold(self) -> None:
        self.arrived.set()
        assert self.go.wait(20)


def _pay(world: World, key: str) -> str:
    try:
        return str(world.pay(key).paid_at)
    except BillingError as error:
        return f"{error.code} {error.detail}"


@pytest.mark.parametrize("declines", [False, True])
def test_repetitions_wait_for_the_first_answer_and_others_do_not(world: World, *, declines: bool) -> None:
    world.ready()
    world.gateway.declines = declines
    held = _Held(world)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(_pay, world, "k")
        assert held.arrived.wait(20)
        again = [pool.submit(_pay, world, "k") for _ in range(3)]
        assert _pay(world, "another").startswith("PAYMENT_IN_DOUBT")
        assert not any(each.done() for each in again)
        held.go.set()
        assert {each.result() for each in again} == {first.result()}
    assert first.result().startswith("PAYMENT_DECLINED") == declines
    assert len(world.captured()) == (not declines)


def test_a_repetition_does_not_wait_for_ever(world: World) -> None:
    world.ready()
    held = _Held(world)
    waited: list[float] = []
    world.ctx = evolve(world.ctx, wait=waited.append)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_pay, world, "k")
        assert held.arrived.wait(20)
        with pytest.raises(PaymentInDoubt, match="with the same key"):
            world.pay("k")
        held.go.set()
        answer = first.result()
        assert _pay(world, "k") == answer
    assert 1 < sum(waited) < 10


def test_repetitions_of_a_batch_that_is_waited_for_get_the_answer_at_its_end(world: World) -> None:
    for number in range(10):
        world.account(f"c-{number}")
    world.ctx = evolve(world.ctx, wait=time.sleep)
    together = threading.Barrier(3)

    def batch(_number: int) -> dict[str, object]:
        kept: Once[Job, dict[str, object]] = once(_shown, "start_batch", "k", "r")
        together.wait(20)
        return start_batch(world.ctx, JobKind.CALCULATE_ALL, MONTH.first_day, None, False, kept)

    with ThreadPoolExecutor(3) as pool:
        first, *others = pool.map(batch, range(3))
    assert others == [first, first]
    assert first["status"] == "DONE"


def _shown(job: Job) -> dict[str, object]:
    return {"job": job.job_id, "status": str(job.status), "progress": job.progress, "end": str(job.finished_at)}
