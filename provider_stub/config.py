"""The provider's settings, read once; no other module here reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from provider_stub.engine.credits import CreditType
from provider_stub.usecases.context import Coupon

ROOT: Final = Path(__file__).resolve().parent.parent
STATE: Final = Path(".contract")
"""Everything that the provider writes lies here, in the folder that it is started in."""


COUPONS: Final[Mapping[str, Coupon]] = MappingProxyType(
    {
        coupon.code: coupon
        for coupon in (
            Coupon(
                "WELCOME-2026",
                "Welcome 2026",
                CreditType.FREE,
                MappingProxyType({"KRW": 100_000, "JPY": 10_000, "USD": 10_000}),
                months=12,
            ),
            Coupon(
                "AUTUMN-2026",
                "Autumn 2026",
                CreditType.PROMOTIONAL,
                MappingProxyType({"KRW": 50_000, "JPY": 5_000, "USD": 5_000}),
                months=3,
            ),
        )
    }
)
"""The coupons that customers may redeem, by code; amounts are in minor units."""


class ConfigError(Exception):
    """A setting that cannot be; the message names it."""


class Auth(StrEnum):
    """JWT: every call but the health checks needs a token. OFF: nobody does, which is for a desk alone."""

    JWT = "jwt"
    OFF = "off"


class Gateway(StrEnum):
    """SOUND: every charge is captured. SANDBOX: the amount decides what goes wrong, see `gateway.BY_AMOUNT`."""

    SOUND = "sound"
    SANDBOX = "sandbox"


@frozen
class Settings:
    """`database_url` is sqlite:///file or postgresql://...; `key_file` holds the secret that signs tokens.

    After `patience` without a sign of life a charge is asked after, and a job is taken over. `faults` are rules of
    `contractkit.stub` by which calls fail on purpose, by `fault_seed`; None serves as it should be.
    """

    database_url: str = field(default=f"sqlite:///{STATE / 'billing.db'}", repr=False)  # it may hold a password
    auth: Auth = Auth.JWT
    key_file: Path = STATE / "billing-jwt.key"
    contract: Path = ROOT / "spec" / "dist" / "openapi.yaml"
    coupons: Mapping[str, Coupon] = COUPONS
    gateway: Gateway = Gateway.SOUND
    patience: timedelta = timedelta(seconds=30)
    faults: str | None = None
    fault_seed: int = 0


def load() -> Settings:
    """The settings of the environment. Raises ConfigError."""
    auth = os.environ.get("BILLING_AUTH") or Auth.JWT
    if auth not in tuple(Auth):
        raise ConfigError(f"BILLING_AUTH must be jwt or off, not {auth!r}")
    url = os.environ.get("BILLING_DATABASE_URL")
    return Settings(database_url=url, auth=Auth(auth)) if url else Settings(auth=Auth(auth))
