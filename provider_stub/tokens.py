"""Bearer tokens: signing them, and who they say is calling."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from provider_stub.config import Settings

ALGORITHM: Final = "HS256"
LIFETIME: Final = timedelta(hours=12)

ADMIN: Final = "admin"
CONSOLE: Final = "console"

_REMEMBERED: Final = 1024


class InvalidTokenError(Exception):
    """The token is not one of ours, or has expired."""


@frozen
class Caller:
    """Who a token speaks for: an administrator, or the console of one account."""

    role: str
    account: str | None
    expires_at: datetime


class Tokens:
    """Signs and reads tokens with one key.

    The claims are `sub`, `role` (admin or console), `account` (of a console) and `exp`.
    """

    def __init__(self, key: OctKey, clock: Callable[[], datetime]) -> None:
        self._key = key
        self._clock = clock
        # A caller sends one token many times; checking its signature is worth remembering, its expiry is not.
        self._read = lru_cache(_REMEMBERED)(self._verified)

    def admin(self, lifetime: timedelta = LIFETIME) -> str:
        return self._sign({"sub": ADMIN, "role": ADMIN}, lifetime)

    def console(self, account: str, lifetime: timedelta = LIFETIME) -> str:
        return self._sign({"sub": account, "role": CONSOLE, "account": account}, lifetime)

    def caller(self, token: str) -> Caller:
        """Raises InvalidTokenError."""
        caller = self._read(token)
        if caller.expires_at <= self._clock():
            raise InvalidTokenError("the token has expired")
        return caller

    def _sign(self, claims: dict[str, Any], lifetime: timedelta) -> str:
        expires_at = int((self._clock() + lifetime).timestamp())
        return jwt.encode({"alg": ALGORITHM}, {**claims, "exp": expires_at}, self._key)

    def _verified(self, token: str) -> Caller:
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            caller = Caller(claims["role"], claims.get("account"), datetime.fromtimestamp(claims["exp"], tz=UTC))
        except (JoseError, ValueError, TypeError, KeyError, OverflowError, OSError) as error:
            raise InvalidTokenError("the token is not one of this provider") from error
        if caller.role != ADMIN and not (caller.role == CONSOLE and isinstance(caller.account, str)):
            raise InvalidTokenError("the token names no role of this provider")
        return caller


def issuer(settings: Settings) -> Tokens:
    """What signs tokens by the clock of this machine, with the key of this folder."""
    return Tokens(signing_key(settings.key_file), lambda: datetime.now(UTC))


def signing_key(file: Path) -> OctKey:
    """The key in the file, which is created with a new one if it is not there; only its owner may read it.

    Of several processes that start at once the first one's key stands.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        # Written whole beside its place and linked into it: nobody ever sees half a key, or replaces another's.
        handle, name = tempfile.mkstemp(dir=file.parent)
        try:
            with os.fdopen(handle, "w") as new:
                new.write(secrets.token_hex(32))
            os.link(name, file)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink()
    return OctKey.import_key(file.read_text().strip())
