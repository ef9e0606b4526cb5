"""The ASGI application: requests in, handlers called, errors turned into answers."""

from __future__ import annotations

import re
import secrets
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from attrs import frozen
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from broker.call import HTML, JSON, Call, Handler, Reply, entity_tag, is_known
from broker.config import Config
from broker.errors import (
    BrokerError,
    ConflictError,
    InvalidError,
    NotFoundError,
    TooLargeError,
)
from broker.hal.urls import Urls
from broker.pages import ALWAYS, PAGES
from broker.pages.errors import error_page
from broker.pages.render import CONTENT_SECURITY_POLICY
from broker.query import pairs
from broker.routes import ROUTES
from broker.routing import Match, Router
from broker.store.database import Database

_OPEN_PATH = b"/diagnostic/status/heartbeat"
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+\Z")


def create_app(config: Config) -> ASGIApp:
    """The broker as an ASGI application; raises UnusableError when its database cannot be used."""
    database = Database(config.database_url)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        database.close()

    return Starlette(
        routes=[Mount("/", app=_Dispatcher(config, database, Router((*ROUTES, *ALWAYS)), Router(PAGES)))],
        lifespan=lifespan,
    )


@frozen
class _Dispatcher:
    config: Config
    database: Database
    router: Router[Handler]
    pages: Router[Handler]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            reply, headers = await self._answer(request)
        except ClientDisconnect:
            return
        if reply.status >= 400 and _reads_html(request):
            reply = error_page(reply, Urls(self.config.base_url or ""), request.scope["path"])
        headers = {"Vary": "Accept", "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", **headers}
        if reply.media_type == HTML:
            headers |= {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Referrer-Policy": "same-origin"}
        content = await run_in_threadpool(reply.encoded)
        if reply.location is not None:
            headers["Location"] = reply.location
        status = reply.status
        if status == 200 and content and request.method in ("GET", "HEAD"):
            headers["ETag"] = entity_tag(content)
            if is_known(headers["ETag"], request.headers.get("if-none-match", "")):
                content, status = b"", 304
        media_type = reply.media_type if content else None
        await Response(content, status, headers, media_type)(scope, receive, send)

    async def _answer(self, request: Request) -> tuple[Reply, Mapping[str, str]]:
        raw_path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
        if not self._may_enter(request, raw_path):
            return _refusal(401, "This broker needs a token or a user name and password"), {
                "WWW-Authenticate": 'Bearer realm="broker", Basic realm="broker"'
            }
        try:
            match = self._match(request, raw_path)
            if match is None:
                return _refusal(404, "The requested document was not found on this server."), {}
            if match.handler is None:
                return _refusal(405, f"{request.method} is not possible here"), {"Allow": ", ".join(match.allowed)}
            call = await self._call(request, raw_path, match.params)
            return await run_in_threadpool(match.handler, call), {}
        except BrokerError as error:
            return _problem(error), {}

    def _match(self, request: Request, raw_path: bytes) -> Match[Handler] | None:
        """People and programs meet at the same addresses: who accepts HTML gets the page, where there is one."""
        if _reads_html(request):
            page = self.pages.match(request.method, raw_path)
            if page is not None:
                return page
        return self.router.match(request.method, raw_path)

    async def _call(self, request: Request, raw_path: bytes, params: Mapping[str, str]) -> Call:
        return Call(
            config=self.config,
            database=self.database,
            path=raw_path.decode("latin-1"),
            params=params,
            query=pairs(request.scope["query_string"].decode("latin-1")),
            accept=request.headers.get("accept", ""),
            body=await self._body(request),
            urls=Urls(self.config.base_url or _base(request)),
            now=time.time_ns() // 1000,
        )

    async def _body(self, request: Request) -> bytes:
        limit = self.config.max_body_bytes
        announced = request.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced[:18]) > limit:
            raise TooLargeError(f"The body is larger than {limit} bytes")
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise TooLargeError(f"The body is larger than {limit} bytes")
            parts.append(part)
        return b"".join(parts)

    def _may_enter(self, request: Request, raw_path: bytes) -> bool:
        accepted = []
        if self.config.token:
            accepted.append(f"Bearer {self.config.token}")
        if self.config.username and self.config.password:
            pair = f"{self.config.username}:{self.config.password}".encode()
            accepted.append(f"Basic {b64encode(pair).decode('ascii')}")
        if not accepted or raw_path == _OPEN_PATH:
            return True
        given = request.headers.get("authorization", "").encode()
        # Every candidate is compared, in constant time, so that timing tells nothing about any of them.
        matches = [secrets.compare_digest(given, one.encode()) for one in accepted]
        return any(matches)


def _reads_html(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")


def _base(request: Request) -> str:
    host = request.headers.get("host", "")
    if not _HOST.match(host):
        raise InvalidError(["The Host header is not a host name"])
    return f"{request.scope['scheme']}://{host}"


def _refusal(status: int, message: str) -> Reply:
    return Reply({"error": message}, status, media_type=JSON)


def _problem(error: BrokerError) -> Reply:
    """What each kind of error means on the wire, in the forms that the clients print."""
    if isinstance(error, InvalidError):
        return Reply({"errors": error.errors}, 400)
    if isinstance(error, NotFoundError):
        return _refusal(404, str(error))
    if isinstance(error, TooLargeError):
        return _refusal(413, str(error))
    if isinstance(error, ConflictError):
        notices = [{"type": "error", "text": str(error)}]
        if error.details is not None:
            notices.append({"type": "info", "text": error.details})
        return Reply({"notices": notices, "errors": {error.field: [str(error)]}}, 409, media_type=JSON)
    return _refusal(400, str(error))
