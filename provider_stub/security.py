"""Who may call what: the checks behind the two security schemes of the contract."""

from __future__ import annotations

from attrs import frozen
from starlette.requests import Request

from contractkit.stub import Problem, SecurityCheck
from provider_stub.tokens import ADMIN, CONSOLE, Caller, InvalidTokenError, Tokens


@frozen
class Security:
    """A console token is good for one account, the one in the header `uuid`; an admin token is good for all."""

    tokens: Tokens

    def checks(self) -> dict[str, SecurityCheck]:
        """By the scheme's name in the contract."""
        return {"console": self.console, "admin": self.admin}

    def console(self, token: str, request: Request) -> Caller:
        caller = self._caller(token)
        if caller.role != CONSOLE:
            raise Problem(403, detail="The token is not one of an account.")
        # Every console operation requires the header, so a call without it gets no further than validation.
        if request.headers.get("uuid", caller.account) != caller.account:
            raise Problem(403, detail="The token belongs to another account.")
        return caller

    def admin(self, token: str, _request: Request) -> Caller:
        caller = self._caller(token)
        if caller.role != ADMIN:
            raise Problem(403, detail="The token is not one of an administrator, or of another account.")
        return caller

    def _caller(self, token: str) -> Caller:
        try:
            return self.tokens.caller(token)
        except InvalidTokenError as error:
            detail = f"{str(error)[:1].upper()}{str(error)[1:]}."
            raise Problem(401, detail=detail) from None
