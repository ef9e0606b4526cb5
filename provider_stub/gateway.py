"""A payment gateway that exists only here: it captures whatever it is asked for, and keeps a book of it.

The book is in the provider's own store, but each line is a unit of work of its own, as with a gateway far away.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import frozen

from provider_stub.engine.payments import PaymentAttempt
from provider_stub.store.protocol.records import Charge, ChargeState
from provider_stub.store.protocol.tx import Store
from provider_stub.usecases.gateway import GatewayRefusedError


@frozen
class SimulatedGateway:
    """An attempt has one line in the book: whatever is asked again finds what was answered first."""

    store: Store
    clock: Callable[[], datetime]

    def charge(self, attempt: PaymentAttempt) -> Charge:
        return self._write(attempt, ChargeState.CAPTURED)

    def settle(self, attempt: PaymentAttempt) -> Charge:
        return self._write(attempt, ChargeState.DECLINED, "the charge never arrived")

    def void(self, attempt: PaymentAttempt) -> None:
        self._undo(attempt, ChargeState.VOIDED)

    def refund(self, attempt: PaymentAttempt) -> None:
        self._undo(attempt, ChargeState.REFUNDED)

    def _write(self, attempt: PaymentAttempt, state: ChargeState, reason: str | None = None) -> Charge:
        line = Charge(
            attempt.attempt_id,
            f"charge-{attempt.attempt_id}",
            state,
            attempt.amount,
            attempt.currency,
            self.clock(),
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
