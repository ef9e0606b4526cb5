"""Who may call: the document's security requirements, decided by the checks that the application gives."""

import base64
import binascii
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from contractkit.stub import exchange
from contractkit.stub.document import Document, Operation, Schema
from contractkit.stub.problems import Problem, StubError, ToProblem

SecurityCheck = Callable[[str, Request], object]
"""Given the credential (a token, `user:password`, an API key) and the request; raises Problem 401 or 403 to refuse.

It may be a coroutine function. A plain one runs on the event loop, so it must not wait for anything.
"""


@frozen
class Scheme:
    """One security scheme of the document."""

    name: str
    kind: str
    location: str
    parameter: str

    @classmethod
    def of(cls, name: str, node: Schema) -> "Scheme":
        """A scheme from its node; OAuth 2 and OpenID Connect carry bearer tokens."""
        kind = str(node.get("type", ""))
        if kind == "http":
            kind = str(node.get("scheme", "")).lower()
        elif kind in ("oauth2", "openIdConnect"):
            kind = "bearer"
        return cls(name, kind, str(node.get("in", "header")), str(node.get("name", "")))

    @property
    def challenge(self) -> str:
        """What WWW-Authenticate says about the scheme."""
        match self.kind:
            case "apiKey":
                return f'ApiKey in="{self.location}", name="{self.parameter}"'
            case "basic":
                return 'Basic realm="api", charset="UTF-8"'
            case kind:
                return f'{kind.capitalize()} realm="api"'

    def credential(self, request: Request) -> str | None:
        """The credential that a request brings for this scheme; None when it brings none that can be read."""
        if self.kind == "apiKey":
            source: Mapping[str, str] = {
                "header": request.headers,
                "query": request.query_params,
                "cookie": request.cookies,
            }.get(self.location, {})
            return source.get(self.parameter) or None
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        value = value.strip()
        if kind.lower() != self.kind or not value:
            return None
        return _basic(value) if self.kind == "basic" else value


@frozen
class Guard:
    """The security of one operation: alternatives, each a tuple of schemes with their checks."""

    alternatives: tuple[tuple[tuple[Scheme, SecurityCheck], ...], ...]
    to_problem: ToProblem

    async def admit(self, request: Request) -> None:
        """Lets the request pass if one alternative agrees; otherwise raises Problem, 403 rather than 401."""
        refusal: Problem | None = None
        for alternative in self.alternatives:
            try:
                for scheme, check in alternative:
                    await self._ask(scheme, check, request)
            except Problem as problem:
                refusal = _graver(refusal, problem)
            else:
                return
        if refusal is not None:
            raise self._challenged(refusal)

    async def _ask(self, scheme: Scheme, check: SecurityCheck, request: Request) -> None:
        credential = scheme.credential(request)
        if credential is None:
            raise _Missing(401, detail="The request needs a credential.")
        try:
            answer = check(credential, request)
            if inspect.isawaitable(answer):
                await answer
        except Problem:
            raise
        except Exception as error:
            problem = self.to_problem(error)
            if problem is None:
                raise
            raise problem from error

    def _challenged(self, refusal: Problem) -> Problem:
        if refusal.status != 401 or any(name.lower() == "www-authenticate" for name in refusal.headers):
            return refusal
        schemes = dict.fromkeys(scheme.challenge for alternative in self.alternatives for scheme, _ in alternative)
        return Problem(
            401,
            title=refusal.title,
            detail=refusal.detail,
            type=refusal.type,
            errors=refusal.errors,
            extensions=refusal.extensions,
            headers={**refusal.headers, "WWW-Authenticate": ", ".join(schemes)},
        )


@frozen
class Guards:
    """The guards of a document by operation; an operation that is open to everybody has none."""

    by_operation: Mapping[str, Guard]

    @classmethod
    def build(cls, document: Document, checks: Mapping[str, SecurityCheck], to_problem: ToProblem) -> "Guards":
        """No checks at all means that everything is allowed, as for a mock.

        Raises StubError for a scheme that an operation asks for and that has no check, and for a check without scheme.
        """
        schemes = {name: Scheme.of(name, node) for name, node in document.schemes().items()}
        _compare(document, schemes, checks)
        if not checks:
            return cls({})
        return cls(
            {
                operation.key: Guard(
                    tuple(tuple((schemes[name], checks[name]) for name in each) for each in operation.security),
                    to_problem,
                )
                for operation in document.operations
                if operation.security
            }
        )


class SecurityLayer:
    """The layer that stands where Connexion's own security would: after routing, before any validation."""

    def __init__(self, app: ASGIApp, *, guards: Guards) -> None:
        self.app = app
        self.guards = guards

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            guard = self.guards.by_operation.get(exchange.of(scope).plan.operation.key)
            if guard is not None:
                await guard.admit(Request(scope))
        await self.app(scope, receive, send)


def query_names(document: Document, operation: Operation) -> tuple[str, ...]:
    """The query parameters that carry a credential of an operation."""
    schemes = document.schemes()
    asked = (schemes.get(name, {}) for alternative in operation.security for name in alternative)
    return tuple(node["name"] for node in asked if node.get("type") == "apiKey" and node.get("in") == "query")


class _Missing(Problem):
    """No credential: the least that can be said of a request."""


def _graver(one: Problem | None, other: Problem) -> Problem:
    """Of two refusals the one that says more: 403 over 401, and a bad credential over none."""

    def weight(problem: Problem) -> tuple[bool, bool]:
        return problem.status != 401, not isinstance(problem, _Missing)

    return other if one is None or weight(other) > weight(one) else one


def _compare(document: Document, schemes: Mapping[str, Scheme], checks: Mapping[str, Any]) -> None:
    unknown = sorted(checks.keys() - schemes.keys())
    if unknown:
        raise StubError(f"no security scheme of the document is named {', '.join(unknown)}")
    asked = {name for operation in document.operations for alternative in operation.security for name in alternative}
    undeclared = sorted(asked - schemes.keys())
    if undeclared and checks:
        raise StubError(f"the document asks for security schemes that it does not declare: {', '.join(undeclared)}")
    missing = sorted(asked - checks.keys())
    if missing and checks:
        raise StubError(f"there is no check for the security scheme {', '.join(missing)}")


def _basic(value: str) -> str | None:
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text if ":" in text else None
