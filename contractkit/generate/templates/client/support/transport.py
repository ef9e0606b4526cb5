"""Connections that keep to a deadline, whatever the other side sends.

A timeout of httpx is for one piece of an answer, so that a server which drips is waited for as long as it likes. Here
each read and write of a socket may take what is left of its call.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self
from urllib.request import getproxies

import httpcore
import httpx

PIECE = 65536  # bytes that are written at once
PROXIES = frozenset({"http", "https", "all"})  # `no_proxy` alone names none
LIMITS: dict[str, Any] = {
    "max_connections": 100,
    "max_keepalive_connections": 100,  # all that may be open: those above were opened anew for each request
    "keepalive_expiry": 2.0,  # many servers close after 5 s; who sends just then never learns whether it was received
}


class Until(float):
    """A timeout in seconds for one read or write, none of which may go on after `moment` on the monotonic clock."""

    moment: float

    @classmethod
    def of(cls, seconds: float, moment: float) -> Self:
        """A timeout that ends at a moment."""
        until = cls(seconds)
        until.moment = moment
        return until


def direct(verify: bool | ssl.SSLContext) -> "Transport | None":
    """A transport; None where the environment names proxies, for httpx itself, which knows all their kinds."""
    return None if getproxies().keys() & PROXIES else Transport(verify)


class Transport(httpx.BaseTransport):
    """Sends over connections that keep to an `Until`."""

    def __init__(self, verify: bool | ssl.SSLContext) -> None:
        context = httpx.create_ssl_context(verify=verify)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_Backend(), **LIMITS)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request; raises errors of httpx."""
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        with _errors_of_httpx():
            response = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    target,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    def close(self) -> None:
        """Closes all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _errors_of_httpx():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Backend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        found = self._backend.connect_tcp(
            host, port, _left(timeout, httpcore.ConnectTimeout), local_address, socket_options
        )
        return _Stream(found)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):  # a reader that is slow is not waited for in one go
            self._stream.write(buffer[start : start + PIECE], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout, httpcore.ConnectTimeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    if not isinstance(timeout, Until):
        return timeout
    left = timeout.moment - time.monotonic()
    if left <= 0:
        raise late("the deadline passed")
    return min(float(timeout), left)


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        for kind in type(error).__mro__:  # they have the same names there
            same = getattr(httpx, kind.__name__, None)
            if kind.__module__ == "httpcore" and isinstance(same, type) and issubclass(same, httpx.TransportError):
                raise same(str(error)) from error
        raise
