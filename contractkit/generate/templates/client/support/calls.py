"""Sessions: they send calls, try them again, and return what the document says of a success."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from random import Random
from typing import Any, TypeVar

import httpx
import stamina

from .auth import Auth
from .credentials import authentication
from .errors import ApiError
from .forks import renew_in_children
from .operation import Answer, Body, Operation, Reply, Request, parsed
from .reading import accepting, acheck_location, check_location
from .resilience import Resilience
from .streams import AsyncEventStream, EventStream
from .telemetry import Hooks, Observer
from .transport import LIMITS, direct
from .tries import Failed, Host, Tries

T = TypeVar("T")


class Session:
    """The connections of a client, and how it calls. Thread-safe."""

    http: httpx.Client
    """Sends without tries of its own; it knows the base URL, the headers and the token."""

    def __init__(
        self,
        base_url: str,
        auth: Auth | Sequence[Auth] | None,
        *,
        resilience: Resilience,
        hooks: Hooks,
        headers: Mapping[str, str],
        timeout: float,
        verify: bool | ssl.SSLContext = True,
        transport: httpx.BaseTransport | None = None,
        random: Random | None = None,
    ) -> None:
        """`timeout` is in seconds, for connecting and between two pieces of an answer. `random` draws the waits."""
        observer = Observer(httpx.URL(base_url), hooks)
        self._host = Host(base_url, resilience, observer, timeout=timeout, random=random)
        trust = verify if transport else httpx.create_ssl_context(verify=verify)
        self._open: Callable[[], httpx.Client] = lambda: httpx.Client(
            auth=authentication(auth, observer.refreshed),
            base_url=base_url,
            headers=accepting(headers),
            timeout=timeout,
            verify=trust,
            limits=httpx.Limits(**LIMITS),
            transport=transport or direct(trust),
            cookies=_forgetful(),
            event_hooks={"response": [check_location]},
        )
        self.http = self._open()
        renew_in_children(self)

    def call(self, operation: Operation[T], request: Request, *, deadline: float | None = None) -> T:
        """Sends a request, again where that is safe, and returns the documented success.

        `deadline` is in seconds over all tries; None leaves it to the Resilience. Raises ApiError.
        """
        built = self._host.request(self.http.build_request, operation, request)
        with Tries(self._host, operation, built, deadline) as tries:
            try:
                return self._one(tries)
            except ApiError as error:
                failed = error
            return self._again(tries, failed)

    def close(self) -> None:
        """Closes the connections."""
        self.http.close()

    def renew(self) -> None:
        """After a fork: connections, a token and locks of the child's own."""
        self._host.renew()
        if not self.http.is_closed:
            vars(self.http).update(vars(self._open()))  # in place, because low-level clients hold it, too

    def _again(self, tries: Tries[T], first: ApiError) -> T:
        """The tries after one that raised `first`, which is raised again where none may follow."""
        try:
            for attempt in stamina.retry_context(tries.wait_after, self._host.resilience.attempts, None):
                with attempt, tries.again():
                    if attempt.num == 1:
                        raise first
                    return self._one(tries)
        except Failed as failed:
            raise failed.error from failed.error.__cause__
        raise AssertionError("a try returns or raises")

    def _one(self, tries: Tries[T]) -> T:
        with tries.one():
            secured = httpx.USE_CLIENT_DEFAULT if tries.operation.secured else None
            response = self.http.send(tries.request, stream=True, auth=secured)
            streamed = tries.received(response)
            content = b"" if streamed else _read(response, tries)
        return _opened(response, tries) if streamed else tries.answer(response, content)


class AsyncSession:
    """Session for `await`."""

    http: httpx.AsyncClient
    """Sends without tries of its own; it knows the base URL, the headers and the token."""

    def __init__(
        self,
        base_url: str,
        auth: Auth | Sequence[Auth] | None,
        *,
        resilience: Resilience,
        hooks: Hooks,
        headers: Mapping[str, str],
        timeout: float,
        verify: bool | ssl.SSLContext = True,
        transport: httpx.AsyncBaseTransport | None = None,
        random: Random | None = None,
    ) -> None:
        """`timeout` is in seconds, for connecting and between two pieces of an answer. `random` draws the waits."""
        observer = Observer(httpx.URL(base_url), hooks)
        self._host = Host(base_url, resilience, observer, timeout=timeout, random=random)
        trust = verify if transport else httpx.create_ssl_context(verify=verify)
        self._open: Callable[[], httpx.AsyncClient] = lambda: httpx.AsyncClient(
            auth=authentication(auth, observer.refreshed),
            base_url=base_url,
            headers=accepting(headers),
            timeout=timeout,
            verify=trust,
            limits=httpx.Limits(**LIMITS),
            transport=transport,
            cookies=_forgetful(),
            event_hooks={"response": [acheck_location]},
        )
        self.http = self._open()
        renew_in_children(self)

    async def call(self, operation: Operation[T], request: Request, *, deadline: float | None = None) -> T:
        """Sends a request, again where that is safe, and returns the documented success.

        `deadline` is in seconds over all tries; None leaves it to the Resilience. Raises ApiError.
        """
        built = self._host.request(self.http.build_request, operation, request)
        async with Tries(self._host, operation, built, deadline) as tries:
            try:
                return await self._one(tries)
            except ApiError as error:
                failed = error
            return await self._again(tries, failed)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self.http.aclose()

    def renew(self) -> None:
        """After a fork: connections, a token and locks of the child's own."""
        self._host.renew()
        if not self.http.is_closed:
            vars(self.http).update(vars(self._open()))  # in place, because low-level clients hold it, too

    async def _again(self, tries: Tries[T], first: ApiError) -> T:
        """The tries after one that raised `first`, which is raised again where none may follow."""
        try:
            async for attempt in stamina.retry_context(tries.wait_after, self._host.resilience.attempts, None):
                with attempt, tries.again():
                    if attempt.num == 1:
                        raise first
                    return await self._one(tries)
        except Failed as failed:
            raise failed.error from failed.error.__cause__
        raise AssertionError("a try returns or raises")

    async def _one(self, tries: Tries[T]) -> T:
        with tries.one():
            secured = httpx.USE_CLIENT_DEFAULT if tries.operation.secured else None
            limit = asyncio.timeout(tries.left)
            try:
                async with limit:
                    response = await self.http.send(tries.request, stream=True, auth=secured)
                    streamed = tries.received(response)
                    content = b"" if streamed else await _aread(response, tries)
            except TimeoutError as error:  # of the deadline, or of a function that gives the token
                if limit.expired():
                    raise tries.late() from error
                raise
        return await _aopened(response, tries) if streamed else tries.answer(response, content)


def parse(operation: Operation[Any], response: httpx.Response) -> Any:
    """The body of any documented status as its type, also of an error; None without one. Raises UnexpectedResponse."""
    return parsed(operation, Answer(response.status_code, response.headers, response.content))


def _forgetful() -> CookieJar:
    """A jar that keeps nothing: a client has no session, and the cookies of a call are its own."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


def _read(response: httpx.Response, tries: Tries[Any]) -> bytes | None:
    """The body as it came; None where it is in the response."""
    try:
        if response.is_stream_consumed:  # by a transport in memory
            return None
        chunks = []
        for chunk in response.iter_raw():
            tries.check()
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        response.close()


async def _aread(response: httpx.Response, tries: Tries[Any]) -> bytes | None:
    """The body as it came; None where it is in the response."""
    try:
        if response.is_stream_consumed:  # by a transport in memory
            return None
        chunks = []
        async for chunk in response.aiter_raw():
            tries.check()
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        await response.aclose()


def _opened(response: httpx.Response, tries: Tries[Any]) -> Any:
    try:
        return EventStream(response, *tries.events(response), tries.broken)
    except BaseException:
        response.close()
        raise


async def _aopened(response: httpx.Response, tries: Tries[Any]) -> Any:
    try:
        return AsyncEventStream(response, *tries.events(response), tries.broken)
    except BaseException:
        await response.aclose()
        raise


__all__ = ("AsyncSession", "Auth", "Body", "Operation", "Reply", "Request", "Session", "parse")
