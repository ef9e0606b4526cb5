"""A plain connection to the API, for the functions of `api`: each call is one request, and nothing is tried again."""

import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx
from attrs import define, evolve, field

from .building import built
from .calls import Operation, Request, parse
from .types import Response

DEFAULT_TIMEOUT = 30.0


@define
class Client:
    """A connection to the API without authentication; a context manager, with `with` and with `async with`.

    `headers` and `cookies` go with every request. `timeout` is in seconds, for connecting and between two pieces of an
    answer; None waits for ever. `verify_ssl` is False, or a context with certificates of your own. `httpx_args` are
    further arguments for httpx.Client and httpx.AsyncClient, for example a transport.
    """

    base_url: str
    headers: Mapping[str, str] = field(factory=dict, kw_only=True, repr=False)
    cookies: Mapping[str, str] = field(factory=dict, kw_only=True, repr=False)
    timeout: httpx.Timeout | float | None = field(default=DEFAULT_TIMEOUT, kw_only=True)
    verify_ssl: bool | ssl.SSLContext = field(default=True, kw_only=True)
    follow_redirects: bool = field(default=False, kw_only=True)
    httpx_args: Mapping[str, Any] = field(factory=dict, kw_only=True, repr=False)
    _client: httpx.Client | None = field(default=None, init=False, repr=False, eq=False)
    _async_client: httpx.AsyncClient | None = field(default=None, init=False, repr=False, eq=False)
    _given: bool = field(default=False, init=False, repr=False, eq=False)

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """A new client that sends these headers too; this one stays as it is."""
        self._check_own("another client")
        return evolve(self, headers={**self.headers, **headers})

    def with_cookies(self, cookies: Mapping[str, str]) -> Self:
        """A new client that sends these cookies too; this one stays as it is."""
        self._check_own("another client")
        return evolve(self, cookies={**self.cookies, **cookies})

    def with_timeout(self, timeout: httpx.Timeout | float | None) -> Self:
        """A new client that waits this long; this one stays as it is."""
        self._check_own("another client")
        return evolve(self, timeout=timeout)

    def get_httpx_client(self) -> httpx.Client:
        """The httpx.Client that makes the requests; it is opened by the first one."""
        if self._client is None:
            self._check_own("set_httpx_client")
            self._client = httpx.Client(**self._arguments())
        return self._client

    def set_httpx_client(self, client: httpx.Client) -> Self:
        """Makes the requests with a client of yours, with its own base URL, headers, cookies and timeout."""
        self._client, self._given = client, True
        return self

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The httpx.AsyncClient that makes the requests; it is opened by the first one."""
        if self._async_client is None:
            self._check_own("set_async_httpx_client")
            self._async_client = httpx.AsyncClient(**self._arguments())
        return self._async_client

    def set_async_httpx_client(self, async_client: httpx.AsyncClient) -> Self:
        """Makes the requests with a client of yours, with its own base URL, headers, cookies and timeout."""
        self._async_client, self._given = async_client, True
        return self

    def send(self, operation: Operation[Any], request: Request) -> Response[Any]:
        """Sends one request. Raises UnexpectedResponse and httpx.RequestError, and nothing for a documented error."""
        client = self.get_httpx_client()
        made = built(client.build_request, "", operation, request)
        return _documented(operation, client.send(made, auth=_auth(operation)))

    async def asend(self, operation: Operation[Any], request: Request) -> Response[Any]:
        """`send`, for use with asyncio."""
        client = self.get_async_httpx_client()
        made = built(client.build_request, "", operation, request)
        return _documented(operation, await client.send(made, auth=_auth(operation)))

    def close(self) -> None:
        """Closes the connections that it opened; the next request opens new ones. What it was given stays open."""
        if self._client is not None and not self._given:
            self._client.close()
            self._client = None

    async def aclose(self) -> None:
        """`close`, of the async client."""
        if self._async_client is not None and not self._given:
            await self._async_client.aclose()
            self._async_client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _check_own(self, instead: str) -> None:
        """What has the connections of another client has its token, too, which new ones would not have."""
        if self._given:
            raise RuntimeError(f"this client was given its connections, and opens none: use {instead}")

    def _all_headers(self) -> dict[str, str]:
        return dict(self.headers)

    def _arguments(self) -> dict[str, Any]:
        return {
            "base_url": self.base_url,
            "headers": self._all_headers(),
            "cookies": dict(self.cookies),
            "timeout": self.timeout,
            "verify": self.verify_ssl,
            "follow_redirects": self.follow_redirects,
            **self.httpx_args,
        }


@define
class AuthenticatedClient(Client):
    """A connection that sends a token with every request: `Authorization: Bearer <token>`, unless told otherwise."""

    token: str = field(repr=False)
    prefix: str = field(default="Bearer", kw_only=True)
    auth_header_name: str = field(default="Authorization", kw_only=True)

    def _all_headers(self) -> dict[str, str]:
        value = f"{self.prefix} {self.token}" if self.prefix else self.token
        return {**self.headers, self.auth_header_name: value}


def _auth(operation: Operation[Any]) -> Any:
    """Where an operation asks for no token, the one of the client stays with the client."""
    return httpx.USE_CLIENT_DEFAULT if operation.secured else None


def _documented(operation: Operation[Any], response: httpx.Response) -> Response[Any]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=parse(operation, response),
    )
