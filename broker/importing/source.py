"""The broker that is imported from: GET alone, of one origin, with bounds on all that it may answer.

Every request goes to a path that is known, below the address that was given. Links are read for the
identifiers at their ends and never followed, so the credentials reach no other host, whatever an answer says;
it also makes a broker readable that does not know the address of the proxy before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, islice
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
import orjson
from attrs import define, field, frozen

from broker.content import deeper_than
from broker.errors import BrokerError, UnusableError
from broker.hal.urls import segment
from broker.hal.values import Json

_MAX_BYTES = 64 * 1024 * 1024  # of one answer, as it comes
_MAX_DEPTH = 100
_MAX_ITEMS = 1_000_000  # of one list
_PAGE_SIZE = 100
_RESPONSE_SECONDS = 300
_MAX_REDIRECTS = 3
_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds before each further attempt
_LONGEST_WAIT = 30.0
_MOST_FAILURES = 5  # of requests in a row, after all their attempts

T = TypeVar("T")
R = TypeVar("R")


class UnreadableError(BrokerError):
    """One thing of the source cannot be taken over; `str(error)` says why."""


class MissingError(UnreadableError):
    """The source does not have it."""


class ForbiddenError(UnusableError):
    """The credentials are known to the source, but may not read this."""


@frozen
class Login:
    """`token` or `username` with `password`; none of them for an open broker."""

    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def auth(self) -> httpx.BasicAuth | None:
        return httpx.BasicAuth(self.username, self.password or "") if self.username else None

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def path(*parts: str) -> str:
    """Of names: each is one segment, whatever is in it."""
    return "".join(f"/{segment(part)}" for part in parts)


def checked_address(url: str) -> str:
    """The address without a slash at its end; raises UnusableError."""
    try:
        found = urlsplit(url)
        port_is_readable = found.port is None or found.port > 0
    except ValueError:
        raise UnusableError(f"--from must be the address of a Pact Broker, not {url!r}") from None
    if found.username is not None or found.password is not None:
        raise UnusableError("--from must not hold credentials, which others could see: give them in files")
    if found.scheme not in ("http", "https") or not found.hostname or not port_is_readable:
        raise UnusableError(f"--from must be such as https://broker.example.com, not {url!r}")
    if found.query or found.fragment:
        raise UnusableError("--from must be the address of the broker alone, without a query")
    return url.rstrip("/")


@define
class Source:
    """`concurrency` is how many requests may be under way at once; `waits` are the seconds between attempts.

    Raises UnusableError from any method when the source refuses the credentials or answers no more, ForbiddenError
    when they are not enough.
    """

    url: str
    login: Login = Login()
    concurrency: int = 4
    waits: tuple[float, ...] = _WAITS
    max_bytes: int = _MAX_BYTES
    requests: int = 0
    _failures: int = 0
    _over: threading.Event = field(factory=threading.Event)
    _lock: threading.Lock = field(factory=threading.Lock)
    _client: httpx.Client = field(init=False)
    _pool: ThreadPoolExecutor = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.url = checked_address(self.url)
        # Compressed answers could be far larger than what arrives, so none are asked for.
        headers = {"Accept": "application/hal+json, application/json, */*;q=0.1", "Accept-Encoding": "identity"}
        try:
            headers |= self.login.headers()
            self._client = httpx.Client(headers=headers, auth=self.login.auth(), timeout=60)
        except (UnicodeError, ValueError):
            raise UnusableError("the credentials hold characters that cannot be sent") from None
        self._pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="import")

    def close(self) -> None:
        """At once: what is under way is given up."""
        self._over.set()
        self._client.close()
        self._pool.shutdown(cancel_futures=True)

    def each(self, items: Iterable[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | UnreadableError]]:
        """What `work` finds for each item, in their order, a few of them at once and never far ahead."""

        def attempted(item: T) -> R | UnreadableError:
            try:
                return work(item)
            except UnreadableError as error:
                return error

        waiting = iter(items)
        ahead: list[tuple[T, Future[R | UnreadableError]]] = []
        while True:
            more = islice(waiting, 2 * self.concurrency - len(ahead))
            ahead += [(item, self._pool.submit(attempted, item)) for item in more]
            if not ahead:
                return
            item, future = ahead.pop(0)
            yield item, future.result()

    def get(self, path: str, query: str = "") -> Json:
        """A JSON object; raises UnreadableError, and MissingError when there is none."""
        try:
            found = orjson.loads(self.content(path, query))
        except orjson.JSONDecodeError:
            raise UnreadableError(f"the answer to {path} is not JSON") from None
        if not isinstance(found, dict):
            raise UnreadableError(f"the answer to {path} is not a JSON object")
        if deeper_than(found, _MAX_DEPTH):
            raise UnreadableError(f"the answer to {path} is nested deeper than {_MAX_DEPTH} levels")
        return found

    def listed(self, path: str, pick: Callable[[Json], list[Json]], key: str) -> list[Json]:
        """What `pick` finds in a list that may come in pages, by a field that names each: a list may grow meanwhile."""
        found: dict[str, Json] = {}
        for number in count(1):
            # The names of the page have changed over time; each broker reads those that it knows.
            page = self.get(path, f"pageNumber={number}&pageSize={_PAGE_SIZE}&page={number}&size={_PAGE_SIZE}")
            before = len(found)
            for item in pick(page):
                found.setdefault(str(item.get(key)), item)
            links = page.get("_links")
            if not isinstance(links, dict) or not links.get("next") or len(found) == before:
                break
            if len(found) > _MAX_ITEMS:
                raise UnreadableError(f"the list {path} has no end")
        return list(found.values())

    def content(self, path: str, query: str = "") -> bytes:
        """The bytes of an answer; raises UnreadableError, and MissingError when there is none."""
        reason = ""
        for wait in (0.0, *self.waits):
            if self._over.wait(wait):
                raise UnreadableError("the import is over")
            try:
                answer = self._once(self.url + path + (f"?{query}" if query else ""))
            except httpx.HTTPError as error:
                reason = f"{path} cannot be read: {str(error) or type(error).__name__}"
                continue
            if isinstance(answer, bytes):
                self._failures = 0
                return answer
            reason = f"{path} answers {answer.status}"
            self._over.wait(min(answer.retry_after, _LONGEST_WAIT) if self.waits else 0)
        self._failures += 1
        if path == "/":
            raise UnusableError(f"the source does not answer: {reason}")
        if self._failures >= _MOST_FAILURES:
            raise UnusableError(f"the source does not answer any more ({reason}); what is imported stays: run it again")
        raise UnreadableError(reason)

    def _once(self, url: str) -> bytes | _Later:
        for _ in range(_MAX_REDIRECTS + 1):
            with self._lock:
                self.requests += 1
            with self._client.stream("GET", url) as response:
                if response.status_code in (301, 302, 303, 307, 308):
                    url = self._redirected(url, response.headers.get("location", ""))
                    continue
                later = _judged(response, self.login)
                return later if later is not None else self._body(response)
        raise UnreadableError(f"{urlsplit(url).path} redirects again and again")

    def _redirected(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        if not location or _origin(target) != _origin(self.url):
            raise UnreadableError(f"{urlsplit(url).path} redirects to another host, where nothing is read")
        return target

    def _body(self, response: httpx.Response) -> bytes:
        where = response.url.path
        if response.headers.get("content-encoding", "identity") != "identity":
            raise UnreadableError(f"{where} answers compressed, which was not asked for")
        until = time.monotonic() + _RESPONSE_SECONDS
        found = bytearray()
        for chunk in response.iter_raw():
            found += chunk
            if len(found) > self.max_bytes:
                raise UnreadableError(f"the answer to {where} is larger than {self.max_bytes} bytes")
            if time.monotonic() > until:
                raise UnreadableError(f"the answer to {where} takes longer than {_RESPONSE_SECONDS} seconds")
        return bytes(found)


@frozen
class _Later:
    """The same request may succeed after a while."""

    status: int
    retry_after: float


def _judged(response: httpx.Response, login: Login) -> _Later | None:
    """None for an answer to be read; raises for one that stays as it is."""
    status, where = response.status_code, response.url.path
    if status in (401, 403):
        raise _refused(status, where, login)
    if status in (404, 405, 410):
        raise MissingError(f"{where} is not there ({status})")
    if status == 429 or status >= 500:
        given = response.headers.get("retry-after", "")
        return _Later(status, float(given) if given.isdecimal() and len(given) < 6 else 0.0)
    if status != 200:
        raise UnreadableError(f"{where} answers {status}")
    return None


def _refused(status: int, where: str, login: Login) -> UnusableError:
    told = f"the source refuses {where} ({status})"
    if login == Login():
        return UnusableError(f"{told}: give --token-file, or --username")
    if status == 401:
        return UnusableError(f"{told}: it does not know these credentials")
    return ForbiddenError(f"{told}: these credentials may not read it")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        found = urlsplit(url)
        return found.scheme, found.hostname, found.port or {"http": 80, "https": 443}.get(found.scheme)
    except ValueError:
        return "", None, None
