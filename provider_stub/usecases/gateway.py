"""The payment gateway, as the use cases need it."""

from __future__ import annotations

from typing import Protocol

from provider_stub.engine.payments import PaymentAttempt
from provider_stub.store.protocol.records import Charge


class GatewayTimeoutError(Exception):
    """No answer in time: what was asked may or may not have happened."""


class GatewayRefusedError(Exception):
    """The gateway will not do it; the message says why."""


class Gateway(Protocol):
    """Every call names an attempt, and repeating a call for the same attempt does nothing more."""

    def charge(self, attempt: PaymentAttempt) -> Charge:
        """Captures the amount, or declines. Raises GatewayTimeoutError."""
        ...

    def settle(self, attempt: PaymentAttempt) -> Charge:
        """What became of a charge that was in doubt. One that was not captured by now never will be.

        Raises GatewayTimeoutError.
        """
        ...

    def void(self, attempt: PaymentAttempt) -> None:
        """Undoes a capture. Raises GatewayTimeoutError, and GatewayRefusedError when it was refunded."""
        ...

    def refund(self, attempt: PaymentAttempt) -> None:
        """Pays a capture back. Raises GatewayTimeoutError, and GatewayRefusedError when it was voided."""
        ...
