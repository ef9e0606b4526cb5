"""The token: where it goes, and how it is refreshed, once, however many calls find it too old."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from inspect import isawaitable
from typing import Literal
from urllib.parse import quote

import httpx
from attrs import field, frozen

Token = str | Callable[[], str]
AsyncToken = str | Callable[[], str | Awaitable[str]]
REFRESHED = "token_refreshed"  # marks a request: a call refreshes its token once, over all its tries


@frozen
class Auth:
    """Where the token goes, and where it comes from. With an AsyncSession, either function may be `async`."""

    location: Literal["header", "query", "cookie"]
    name: str
    prefix: str
    """What stands before the token: `Bearer`; empty for nothing."""
    token: AsyncToken = field(repr=False)
    """The token, or a function that gives it, asked before each request."""
    refresh: Callable[[], str | Awaitable[str]] | None = field(default=None, repr=False)
    """Called when an answer is 401; its token takes the place of `token` from then on."""


class TokenAuth(httpx.Auth):
    """Puts the token into requests; after a 401 with a fresh one once more, because a 401 has done nothing."""

    def __init__(self, auth: Auth, *, refreshed: Callable[[], None] = lambda: None) -> None:
        """`refreshed` is told when a token has been refreshed."""
        self._auth = auth
        self._refresh = auth.token if auth.refresh is None else auth.refresh
        self._refreshed = refreshed
        self._fresh: str | None = None
        self._lock = threading.Lock()
        self._async_lock = asyncio.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The requests to send for one try."""
        token = self._fresh or _now(_asked(self._auth.token))
        self._place(request, token)
        response = yield request
        if self._is_stale(request, response):
            with self._lock:
                if self._fresh in (None, token):  # else another call has refreshed it meanwhile
                    self._fresh = _now(_asked(self._refresh))
                    self._refreshed()
                fresh = self._fresh
            self._place(request, fresh or token)
            yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The requests to send for one try."""
        token = self._fresh or await _later(_asked(self._auth.token))
        self._place(request, token)
        response = yield request
        if self._is_stale(request, response):
            async with self._async_lock:
                if self._fresh in (None, token):  # else another call has refreshed it meanwhile
                    self._fresh = await _later(_asked(self._refresh))
                    self._refreshed()
                fresh = self._fresh
            self._place(request, fresh or token)
            yield request

    def _is_stale(self, request: httpx.Request, response: httpx.Response) -> bool:
        if response.status_code != 401 or self._auth.refresh is None or REFRESHED in request.extensions:
            return False
        request.extensions[REFRESHED] = True
        return True

    def _place(self, request: httpx.Request, token: str) -> None:
        name, value = self._auth.name, f"{self._auth.prefix} {token}".lstrip()
        if self._auth.location == "header":
            request.headers[name] = value
        elif self._auth.location == "query":
            bare = request.extensions.setdefault("bare_url", request.url)
            pair = f"{quote(name, safe='')}={quote(value, safe='')}".encode()
            request.url = bare.copy_with(query=b"&".join(part for part in (bare.query, pair) if part))
        else:
            bare = request.extensions.setdefault("bare_cookie", request.headers.get("cookie", ""))
            request.headers["cookie"] = "; ".join(part for part in (bare, f"{name}={value}") if part)


def _asked(token: AsyncToken) -> str | Awaitable[str]:
    return token() if callable(token) else token


def _now(token: str | Awaitable[str]) -> str:
    if not isinstance(token, str):
        raise TypeError("a token that must be awaited needs the async client")
    return token


async def _later(token: str | Awaitable[str]) -> str:
    return await token if isawaitable(token) else token
