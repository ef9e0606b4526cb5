"""The outermost layer: a request id for each request, its operation, and a problem document for each error."""

import logging
import re
from collections.abc import Mapping, Sequence
from secrets import token_hex

from attrs import frozen
from connexion.exceptions import ProblemException
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contractkit.stub.exchange import KEY, Exchange, Plan
from contractkit.stub.problems import ExtendProblem, Problem, phrase, render
from contractkit.stub.routing import Found, Routes, canonical
from contractkit.stub.validators import ReplyFault

log = logging.getLogger("contractkit.stub")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@frozen
class Front:
    """The application: what the document describes goes to Connexion, the other routes are served here."""

    app: ASGIApp
    routes: Routes
    plans: Mapping[str, Plan]
    others: Sequence[BaseRoute]
    extend_problem: ExtendProblem
    max_body: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        headers = Headers(scope=scope)
        request_id = request_id_of(headers)
        raw = scope.get("raw_path") or scope["path"].encode()
        started = False

        async def stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _stamp(message, request_id)
            await send(message)

        try:
            await self._serve(scope, receive, stamped, headers, request_id, raw)
        except Exception as error:
            problem = _problem(error, f"{scope['method']} {scope['path']!r}, request {request_id}")
            if started:
                raise
            instance = raw.decode("ascii", "replace")
            response = render(problem, instance=instance, extend=self.extend_problem, request_id=request_id)
            await response(scope, receive, stamped)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, request_id: str, raw: bytes
    ) -> None:
        path = canonical(raw)
        if path is None:
            raise Problem(404, detail="This is not a path.")
        if path not in self.routes.literal and await self._other(scope, receive, send):
            return
        found = self.routes.find(scope["method"], path)
        if found is None:
            raise Problem(404, detail="The API has no such path.")
        if not isinstance(found, Found):
            raise Problem(
                405, detail=f"{scope['method']} is not among the path's methods.", headers={"Allow": ", ".join(found)}
            )
        exchange = Exchange(
            self.plans[found.operation.key], found.values, headers, request_id, raw.decode("ascii", "replace")
        )
        # Connexion looks media types up as they are written, but their case is without meaning.
        sent = [(name, _lower_media(value) if name == b"content-type" else value) for name, value in scope["headers"]]
        await self.app({**scope, "path": path, "headers": sent, KEY: exchange}, self._limited(headers, receive), send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> bool:
        partial = None
        for route in self.others:
            match, child = route.matches(scope)
            if match is Match.FULL:
                await route.handle({**scope, **child, "app": self}, receive, send)
                return True
            if match is Match.PARTIAL and partial is None:
                partial = route, child
        if partial is None:
            return False
        await partial[0].handle({**scope, **partial[1], "app": self}, receive, send)
        return True

    def _limited(self, headers: Headers, receive: Receive) -> Receive:
        """The request's body under the limit; whatever its Content-Length says."""
        announced = headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > self.max_body:
            raise self._too_large()
        left = self.max_body

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._too_large()
            return message

        return limited

    def _too_large(self) -> Problem:
        return Problem(413, detail=f"The body may have {self.max_body} bytes.", headers={"Connection": "close"})


def _lower_media(value: bytes) -> bytes:
    media, semicolon, rest = value.partition(b";")
    return media.lower() + semicolon + rest


def request_id_of(headers: Headers) -> str:
    """The id that the client gave its request, where it is a fit one, or a fresh one."""
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else token_hex(16)


def _stamp(message: Message, request_id: str) -> None:
    headers = message.setdefault("headers", [])
    if not any(name.lower() == b"x-request-id" for name, _ in headers):
        message["headers"] = [*headers, (b"x-request-id", request_id.encode())]


def _problem(error: Exception, where: str) -> Problem:
    """What the client is told of an error; what it is not told goes to the log."""
    match error:
        case Problem():
            return error
        case ReplyFault():
            log.error("%s: %s", where, error, exc_info=error.__cause__)
            return Problem(500, detail="The reply was not as documented.")
        case ProblemException(status=int() as status) if status < 500:
            return Problem(status, title=phrase(status), detail=str(error.detail or ""), headers=error.headers or {})
        case ProblemException():
            log.error("%s: %s", where, error.detail)
            return Problem(500, detail="The reply was not as documented.")
        case HTTPException():
            return Problem(error.status_code, headers=error.headers or {})
        case _:
            log.error("%s: failed", where, exc_info=error)
            return Problem(500, detail="The server failed; its log has the reason under the request's id.")
