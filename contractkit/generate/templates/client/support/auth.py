"""The token: where it goes, and how it is refreshed, once, however many calls find it too old."""

import asyncio
import threading
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from inspect import isawaitable
from typing import Literal
from urllib.parse import quote

import httpx
from attrs import field, frozen

from .building import LIMIT, OPERATION
from .errors import TokenError

Token = str | Callable[[], str]
AsyncToken = str | Callable[[], str | Awaitable[str]]
Credential = AsyncToken | tuple[str, str]
"""A token, or a function that gives it; a user and a password for Basic authentication."""
REFRESHED = "token_refreshed"  # marks a request: a call refreshes its token once, over all its tries


class _Pair(str):
    """A user and a password as HTTP's Basic authentication sends them."""

    __slots__ = ()


def _encoded(token: Credential) -> AsyncToken:
    return _Pair(b64encode(":".join(token).encode()).decode()) if isinstance(token, tuple) else token


@frozen
class Auth:
    """Where the token goes, and where it comes from. With an AsyncSession, either function may be `async`.

    What either function raises is raised by the call as it is.
    """

    location: Literal["header", "query", "cookie"]
    name: str
    prefix: str
    """What stands before the token: `Bearer`; empty for nothing."""
    token: AsyncToken = field(repr=False, converter=_encoded)
    """The token, or a function that gives it, asked before each request; a user and a password for `Basic`."""
    refresh: Callable[[], str | Awaitable[str]] | None = field(default=None, repr=False)
    """Called when an answer is 401; its token is sent until `token` gives another than the one that was refused."""
    scheme: str = ""
    """The name of the security scheme, where the document has several."""

    def __attrs_post_init__(self) -> None:
        if isinstance(self.token, _Pair) and self.prefix != "Basic":
            raise ValueError("a user and a password are for Basic authentication; here a token is asked for")


@frozen
class Refreshed:
    """The last refresh: `refused` is what `token` gave, and `token` what is sent in its place."""

    refused: object = field(repr=False)
    token: object = field(repr=False)


class TokenAuth(httpx.Auth):
    """Puts the token into requests; after a 401 with a fresh one once more, because a 401 has done nothing."""

    def __init__(self, auth: Auth, *, refreshed: Callable[[], None] = lambda: None) -> None:
        """`refreshed` is told when a token has been refreshed."""
        self._auth = auth
        self._told = refreshed
        self._last = Refreshed(None, None)
        self._lock = threading.Lock()
        self._async_lock = asyncio.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The requests to send for one try."""
        given, last = _now(_asked(self._auth.token)), self._last
        self._place(request, last.token if given == last.refused else given)
        response = yield request
        if self._is_stale(request, response):
            with self._held(request):
                if self._last is last:  # else another call has refreshed it meanwhile
                    self._last = Refreshed(given, _now(_asked(self._auth.refresh or self._auth.token)))
                    self._told()
                fresh = self._last.token
            yield self._anew(request, fresh)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The requests to send for one try."""
        given, last = await _later(_asked(self._auth.token)), self._last
        self._place(request, last.token if given == last.refused else given)
        response = yield request
        if self._is_stale(request, response):
            async with self._async_lock:
                if self._last is last:  # else another call has refreshed it meanwhile
                    self._last = Refreshed(given, await _later(_asked(self._auth.refresh or self._auth.token)))
                    self._told()
                fresh = self._last.token
            yield self._anew(request, fresh)

    @contextmanager
    def _held(self, request: httpx.Request) -> Iterator[None]:
        """The lock, for which a call waits as long as it may read, and not for a refresh that hangs."""
        seconds = request.extensions.get("timeout", {}).get("read")
        if not self._lock.acquire(timeout=-1 if seconds is None else seconds):
            raise httpx.PoolTimeout("another call has not refreshed the token in time", request=request)
        try:
            yield
        finally:
            self._lock.release()

    def _is_stale(self, request: httpx.Request, response: httpx.Response) -> bool:
        if response.status_code != 401 or self._auth.refresh is None or REFRESHED in request.extensions:
            return False
        request.extensions[REFRESHED] = True
        return True

    def _anew(self, request: httpx.Request, token: object) -> httpx.Request:
        self._place(request, token)
        if LIMIT in request.extensions:  # the refresh has taken its time
            request.extensions[LIMIT]()
        return request

    def _place(self, request: httpx.Request, token: object) -> None:
        name, value = self._auth.name, f"{self._auth.prefix} {_checked(request, token)}".lstrip()
        if self._auth.location == "header":
            request.headers[name] = value
        elif self._auth.location == "query":
            pair = f"{quote(name, safe='')}={quote(value, safe='')}"
            query = _with(request, pair, name, request.url.query.decode("ascii"), "&")
            request.url = request.url.copy_with(query=query.encode("ascii"))
        else:
            cookies = request.headers.get("cookie", "")
            request.headers["cookie"] = _with(request, f"{name}={value}", name, cookies, "; ")


def _with(request: httpx.Request, pair: str, name: str, there: str, separator: str) -> str:
    """A query, or cookies, with a credential at the end instead of the one that an earlier try has put there."""
    earlier = request.extensions.get(f"{separator}{name}")
    request.extensions[f"{separator}{name}"] = pair
    return separator.join([*(part for part in there.split(separator) if part not in ("", earlier)), pair])


def _checked(request: httpx.Request, token: object) -> str:
    """The token, if it can be sent; one that cannot be is not shown."""
    wrong = ""
    if not isinstance(token, str):
        wrong = f"it is no text but {type(token).__name__}"
    elif not token:
        wrong = "it is empty"
    elif not (token.isascii() and token.isprintable()) or token != token.strip():
        wrong = "it begins or ends with white space, or has a line end or another character that no header can have"
    if wrong:
        raise TokenError(request.extensions.get(OPERATION, ""), f"nothing was sent, because of the token: {wrong}")
    return str(token)


def _asked(token: AsyncToken) -> str | Awaitable[str]:
    return token() if callable(token) else token


def _now(token: str | Awaitable[str]) -> object:
    if isawaitable(token):
        raise TypeError("a token that must be awaited needs the async client")
    return token


async def _later(token: str | Awaitable[str]) -> object:
    return await token if isawaitable(token) else token
