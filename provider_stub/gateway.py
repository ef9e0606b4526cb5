"""A payment gateway that exists only here. It keeps a book of every charge, and can be made as bad as a real one.

The book is in the provider's own store, but each line is a unit of work of its own, as with a gateway far away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum, auto
from types import MappingProxyType
from typing import Final

from attrs import evolve, frozen

from provider_stub.engine.payments import PaymentAttempt
from provider_stub.store.protocol.records import Charge, ChargeState
from provider_stub.store.protocol.tx import Store
from provider_stub.usecases.gateway import GatewayRefusedError, GatewayTimeoutError

DELAY: Final = timedelta(seconds=3)
"""By how much a late capture, a slow question and a slow answer come later."""

_NEVER_CAME: Final = "the charge never arrived"


class Course(StrEnum):
    """What happens to a charge on its way to the gateway, there, and on the way back."""

    CAPTURED = auto()
    DECLINED = auto()
    UNHEARD = auto()
    """It times out, since the question never arrives: nothing is captured."""
    UNANSWERED = auto()
    """It times out although it is captured: the answer is lost."""
    LATE = auto()
    """It times out and is captured a DELAY later, unless it was settled before that."""
    TWICE = auto()
    """The question arrives twice, and both times the answer is the one capture."""
    SLOW_THERE = auto()
    """The question is a DELAY under way; it is captured when it arrives, unless it was settled before that."""
    SLOW_BACK = auto()
    """It is captured at once, and the answer is a DELAY under way."""


Courses = Callable[[PaymentAttempt], Course]

BY_AMOUNT: Final[Mapping[int, Course]] = MappingProxyType(
    {
        901: Course.DECLINED,
        902: Course.UNHEARD,
        903: Course.UNANSWERED,
        904: Course.LATE,
        905: Course.TWICE,
        906: Course.SLOW_THERE,
        907: Course.SLOW_BACK,
    }
)
"""The course that the last three digits of an amount stand for, in a sandbox."""


def sound(_attempt: PaymentAttempt) -> Course:
    return Course.CAPTURED


def by_amount(attempt: PaymentAttempt) -> Course:
    """For a sandbox: whoever pays chooses by the amount what happens."""
    return BY_AMOUNT.get(attempt.amount % 1000, Course.CAPTURED)


@frozen
class SimulatedGateway:
    """An attempt has one line in the book: whatever is asked again finds what was answered first.

    A line of a later instant is a capture that is still on its way.
    """

    store: Store
    clock: Callable[[], datetime]
    course: Courses = sound
    delay: timedelta = DELAY

    def charge(self, attempt: PaymentAttempt) -> Charge:
        course = self.course(attempt)
        if course is Course.UNHEARD:
            raise GatewayTimeoutError
        if course is Course.SLOW_THERE:
            time.sleep(self.delay.total_seconds())
        if course is Course.DECLINED:
            return self._write(attempt, ChargeState.DECLINED, "insufficient funds")
        line = self._write(attempt, ChargeState.CAPTURED, after=self.delay if course is Course.LATE else timedelta())
        if course in (Course.UNANSWERED, Course.LATE):
            raise GatewayTimeoutError
        if course is Course.TWICE:
            line = self._write(attempt, ChargeState.CAPTURED)
        if course is Course.SLOW_BACK:
            time.sleep(self.delay.total_seconds())
        return line

    def settle(self, attempt: PaymentAttempt) -> Charge:
        with self.store.write() as tx:
            line = tx.charges.get(attempt.attempt_id)
            if line is not None and line.state is ChargeState.CAPTURED and line.at > self.clock():
                tx.charges.move(attempt.attempt_id, ChargeState.CAPTURED, ChargeState.DECLINED)
                line = evolve(line, state=ChargeState.DECLINED)
        if line is None:
            return self._write(attempt, ChargeState.DECLINED, _NEVER_CAME)
        return evolve(line, reason=line.reason or _NEVER_CAME) if line.state is ChargeState.DECLINED else line

    def void(self, attempt: PaymentAttempt) -> None:
        self._undo(attempt, ChargeState.VOIDED)

    def refund(self, attempt: PaymentAttempt) -> None:
        self._undo(attempt, ChargeState.REFUNDED)

    def _write(
        self, attempt: PaymentAttempt, state: ChargeState, reason: str | None = None, *, after: timedelta = timedelta()
    ) -> Charge:
        line = Charge(
            attempt.attempt_id,
            f"charge-{attempt.attempt_id}",
            state,
            attempt.amount,
            attempt.currency,
            self.clock() + after,
            reason,
        )
        with self.store.write() as tx:
            return tx.charges.add(line)

    def _undo(self, attempt: PaymentAttempt, state: ChargeState) -> None:
        with self.store.write() as tx:
            if tx.charges.move(attempt.attempt_id, ChargeState.CAPTURED, state):
                return
            line = tx.charges.get(attempt.attempt_id)
        if line is None or line.state is not state:
            raise GatewayRefusedError(f"the charge is {line.state if line else 'unknown'}")
