"""Refusals that come from what is stored and connected, beside those of the engine.

BillingError
|-- Invalid
|   `-- UnknownReference      a body names an account, contract or app key that does not exist
|-- Conflict
|   |-- IdentifierTaken       the id belongs to another account
|   `-- CouponRedeemed
`-- GatewayTimedOut           a charge was sent and not answered: it may or may not have happened
"""

# ruff: noqa: N818 - named like the engine's errors, by what is the matter
from __future__ import annotations

from provider_stub.engine.errors import BillingError, Conflict, Invalid


class UnknownReference(Invalid):
    code = "UNKNOWN_REFERENCE"


class IdentifierTaken(Conflict):
    code = "IDENTIFIER_TAKEN"


class CouponRedeemed(Conflict):
    code = "COUPON_REDEEMED"


class GatewayTimedOut(BillingError):
    code = "GATEWAY_TIMED_OUT"
