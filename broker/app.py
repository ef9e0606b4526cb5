"""The ASGI application: requests in, handlers called, errors turned into answers."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from attrs import define, field, frozen
from sqlalchemy.exc import DataError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from broker.access import Gate, Role, crosses_sites, gate, is_own_name, needed, only_reads
from broker.call import HTML, JSON, Call, Handler, Reply, entity_tag, is_known
from broker.config import Config
from broker.errors import (
    BrokerError,
    BusyError,
    ConflictError,
    InvalidError,
    NotFoundError,
    TooLargeError,
    TooSlowError,
)
from broker.hal.urls import Urls
from broker.intake import Intake
from broker.metrics import Metrics, new_metrics
from broker.pages import ALWAYS, PAGES
from broker.pages.errors import error_page
from broker.pages.render import CONTENT_SECURITY_POLICY
from broker.query import pairs
from broker.routes import ROUTES
from broker.routing import Match, Router
from broker.store.database import Database, is_away
from broker.webhooks.deliverer import Deliverer

_LOG = logging.getLogger("broker.requests")
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+\Z")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,100}\Z")
_NEEDS = "This broker needs a token or a user name and password"
_NOT_MY_NAME = (
    "This broker has no credentials, so it answers only under the names of its own machine: give it credentials, its "
    "public address in BROKER_BASE_URL, or --allow-anyone"
)
_GONE = 499  # the client left before it had its answer; the number that proxies write for it
_Headers = Mapping[str, str]


def create_app(config: Config) -> ASGIApp:
    """The broker as an ASGI application; raises UnusableError when its database cannot be used."""
    metrics = new_metrics()
    database = Database(config.database_url, metrics.waited_to_write)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        deliverer = Deliverer(database, config.webhooks)
        deliverer.start()
        yield
        await run_in_threadpool(deliverer.stop)
        database.close()

    dispatcher = _Dispatcher(
        config,
        database,
        metrics,
        Router((*ROUTES, *ALWAYS)),
        Router(PAGES),
        gate(
            config.credentials(),
            public_read=config.public_read,
            public_badges=config.public_badges,
            public_metrics=config.public_metrics,
        ),
        Intake(config.threads, config.max_body_bytes, config.body_seconds),
    )
    app = Starlette(lifespan=lifespan)
    # Not a route for everything: its pattern would leave out the paths that hold a line feed.
    app.router.default = dispatcher
    return app


@define
class _Story:
    """What is told of a request once it is over."""

    id: str
    method: str
    begun: float = field(factory=time.perf_counter)
    template: str = "none"
    role: Role | None = None
    status: int = _GONE
    size: int = 0

    def told(self, seconds: float) -> dict[str, object]:
        return {
            "request_id": self.id,
            "method": self.method,
            "route": self.template,
            "status": self.status,
            "ms": round(seconds * 1000, 1),
            "bytes": self.size,
            "role": self.role.name.lower() if self.role else None,
        }


@frozen
class _Dispatcher:
    config: Config
    database: Database
    metrics: Metrics
    router: Router[Handler]
    pages: Router[Handler]
    gate: Gate
    intake: Intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        given = request.headers.get("x-request-id", "")
        story = _Story(given if _REQUEST_ID.match(given) else uuid.uuid4().hex, request.method)
        self.metrics.begin()
        try:
            response = await self._response(request, story)
            await response(scope, receive, send)
            story.status, story.size = response.status_code, len(response.body)
        except ClientDisconnect:
            pass
        finally:
            seconds = time.perf_counter() - story.begun
            self.metrics.end(story.method, story.template, story.status, seconds)
            if _LOG.isEnabledFor(logging.INFO):
                _LOG.info("request", extra={"fields": story.told(seconds)})

    async def _response(self, request: Request, story: _Story) -> Response:
        """What the request is answered with, whatever happens."""
        try:
            return await self._answer(request, story)
        except BrokerError as error:
            reply, headers = _problem(error)
            return self._rendered(reply, headers, request, story)
        except ClientDisconnect:
            raise
        except asyncio.CancelledError:
            # The process ends. What the request asked for may be done or not: asking again finds out, and does no harm.
            _LOG.warning("a request was given up at the end", extra={"fields": {"request_id": story.id}})
            return self._rendered(*_problem(BusyError("The broker stops: try again in a moment")), request, story)
        except DataError:
            _LOG.warning("the database cannot keep a value", exc_info=True, extra={"fields": {"request_id": story.id}})
            reply, headers = _problem(InvalidError(["The request holds a value that cannot be kept or looked for"]))
            return self._rendered(reply, headers, request, story)
        except Exception as error:  # noqa: BLE001 - it is logged, and the client gets a number to ask about
            if is_away(error):
                return self._failed(503, "The broker's database does not answer", request, story)
            return self._failed(500, "Something went wrong in the broker", request, story)

    async def _answer(self, request: Request, story: _Story) -> Response:
        raw_path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
        match = self._match(request, raw_path)
        if match is not None:
            story.template = match.template
        if (refused := self._refused(request, match, story)) is not None:
            return self._rendered(*refused, request, story)
        if match is None:
            reply = _refusal(404, "The requested document was not found on this server.")
            return self._rendered(reply, {}, request, story)
        if match.handler is None:
            reply = _refusal(405, f"{request.method} is not possible here")
            return self._rendered(reply, {"Allow": ", ".join(match.allowed)}, request, story)
        handler = match.handler
        reading = only_reads(request.method, match.template)
        async with self.intake.body(request, reading=reading) as body:
            call = self._call(request, raw_path, match.params, body, story)
            # Encoding takes as long as handling for a large pact: neither happens in the event loop.
            return await self.intake.run(lambda: self._rendered(handler(call), {}, request, story))

    def _match(self, request: Request, raw_path: bytes) -> Match[Handler] | None:
        """People and programs meet at the same addresses: who accepts HTML gets the page, where there is one."""
        if _reads_html(request):
            page = self.pages.match(request.method, raw_path)
            if page is not None:
                return page
        return self.router.match(request.method, raw_path)

    def _refused(self, request: Request, match: Match[Handler] | None, story: _Story) -> tuple[Reply, _Headers] | None:
        """The answer to those who may not do this; None for all others."""
        host = request.headers.get("host", "")
        if not self.config.base_url:
            _base(request)
        guarded = self.gate.is_open and not self.config.allow_anyone
        if guarded and not is_own_name(host, self.config.host, self.config.base_url):
            return _refusal(421, _NOT_MY_NAME), {}
        own = {host, urlsplit(self.config.base_url or "").netloc}
        if crosses_sites(request.method, request.headers, own):
            return _refusal(403, "A page of another site may not change anything here"), {}
        given = request.headers.get("authorization", "")
        story.role = self.gate.role(given)
        status = self.gate.refusal(story.role, given, request.method, match.template if match else "")
        if status == 401:
            # Basic comes first: it is the one that makes a browser ask.
            challenges = 'Basic realm="broker", charset="UTF-8", Bearer realm="broker"'
            said = "The token, or the user name and password, are not known here" if given else _NEEDS
            return _refusal(401, said), {"WWW-Authenticate": challenges}
        if status == 403:
            wanted = needed(request.method, match.template if match else "")
            return _refusal(
                403, f"This needs the role {_named(wanted)}; that of the credentials is {_named(story.role)}"
            ), {}
        return None

    def _call(self, request: Request, raw_path: bytes, params: Mapping[str, str], body: bytes, story: _Story) -> Call:
        return Call(
            config=self.config,
            database=self.database,
            metrics=self.metrics,
            path=raw_path.decode("latin-1"),
            params=params,
            query=pairs(request.scope["query_string"].decode("latin-1")),
            accept=request.headers.get("accept", ""),
            body=body,
            urls=Urls(self.config.base_url or _base(request)),
            now=time.time_ns() // 1000,
            administers=story.role is Role.ADMIN,
        )

    def _failed(self, status: int, message: str, request: Request, story: _Story) -> Response:
        """The cause is for the log alone; the client gets the number that it stands under."""
        _LOG.exception("a request failed", extra={"fields": {"request_id": story.id, "route": story.template}})
        reply = _refusal(status, f"{message}. The number of this request is {story.id}")
        return self._rendered(reply, {"Retry-After": "5"} if status == 503 else {}, request, story)

    def _rendered(self, reply: Reply, extra: _Headers, request: Request, story: _Story) -> Response:
        if reply.status >= 400 and reply.media_type != HTML and _reads_html(request):
            urls, administers = Urls(self.config.base_url or ""), story.role is Role.ADMIN
            reply = error_page(reply, urls, request.scope["path"], administers=administers)
        headers = {
            "Vary": "Accept" if self.gate.is_open else "Accept, Authorization",
            "Cache-Control": "no-cache" if self.gate.is_open else "private, no-cache",
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": story.id,
            **extra,
        }
        if reply.media_type == HTML:
            headers |= {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Referrer-Policy": "same-origin"}
        if reply.location is not None:
            headers["Location"] = reply.location
        content, status = reply.encoded(), reply.status
        if status == 200 and content and request.method in ("GET", "HEAD"):
            headers["ETag"] = entity_tag(content)
            if is_known(headers["ETag"], request.headers.get("if-none-match", "")):
                content, status = b"", 304
        return Response(content, status, headers, reply.media_type if content else None)


def _named(role: Role | None) -> str:
    return role.name.lower() if role else "none"


def _reads_html(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")


def _base(request: Request) -> str:
    host = request.headers.get("host", "")
    if not _HOST.match(host):
        raise InvalidError(["The Host header is not a host name"])
    return f"{request.scope['scheme']}://{host}"


def _refusal(status: int, message: str) -> Reply:
    return Reply({"error": message}, status, media_type=JSON)


def _problem(error: BrokerError) -> tuple[Reply, _Headers]:
    """What each kind of error means on the wire, in the forms that the clients print."""
    if isinstance(error, InvalidError):
        return Reply({"errors": error.errors}, 400), {}
    if isinstance(error, ConflictError):
        notices = [{"type": "error", "text": str(error)}]
        if error.details is not None:
            notices.append({"type": "info", "text": error.details})
        return Reply({"notices": notices, "errors": {error.field: [str(error)]}}, 409, media_type=JSON), {}
    status, headers = next((found for kind, found in _STATUSES if isinstance(error, kind)), (400, {}))
    return _refusal(status, str(error)), headers


_STATUSES: tuple[tuple[type[BrokerError], tuple[int, _Headers]], ...] = (
    (NotFoundError, (404, {})),
    (TooLargeError, (413, {})),
    # What is still to come of the body is not waited for.
    (TooSlowError, (408, {"Connection": "close"})),
    (BusyError, (503, {"Connection": "close", "Retry-After": "2"})),
)
