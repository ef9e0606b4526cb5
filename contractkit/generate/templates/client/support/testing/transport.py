"""The in-memory transport: requests are checked against the contract, and answered from its examples."""

import json
from collections import defaultdict
from collections.abc import Mapping
from fnmatch import fnmatch
from threading import Lock
from typing import Any, Final, Self
from urllib.parse import parse_qsl

import httpx
from attrs import define, field, frozen

from .contract import Contract, ExampleError, Operation, contract, encoded, number, plain

__all__ = ["ExampleError", "ExampleTransport", "SentRequest"]

_FROM_EXAMPLES: Final[Any] = object()


@frozen
class SentRequest:
    """A request as a server would have seen it, without its credentials.

    `operation` is its id, `path` as it was sent, `query` decoded in its order, `headers` by name in lower case.
    `body` is decoded if it is JSON or a text, else bytes; None where there was none.
    """

    operation: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: Any


@define
class _Reply:
    """A chosen reply, and how many requests it still answers; None for all that come."""

    status: int | None
    body: Any
    media_type: str | None
    headers: Mapping[str, str]
    error: Exception | None
    left: int | None


@define(eq=False)
class ExampleTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers every operation with the first example of its first success, unless a test chose another reply.

    `base_path` is what the client's base URL has before the paths of the contract, `/v1` for instance; those of the
    documented servers are known. Requests are kept in `requests`; more than `limit` raise ExampleError, because the one
    example page of a list may name a next one for ever: choose its pages with `reply`. Threads may share one.

    A request that no operation takes, that lacks a required query parameter, header, cookie or body, or whose media
    type is not documented, raises ExampleError.
    """

    base_path: str = ""
    limit: int = 1000
    _sent: list[SentRequest] = field(init=False, factory=list)
    _queues: dict[str, list[_Reply]] = field(init=False, factory=lambda: defaultdict(list))
    _lock: Lock = field(init=False, factory=Lock)

    def reply(
        self,
        operation: str,
        *,
        example: str | None = None,
        status: int | None = None,
        body: Any = _FROM_EXAMPLES,
        media_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        error: Exception | None = None,
        times: int | None = 1,
    ) -> Self:
        """Chooses the next reply of an operation; replies that were chosen before it come first.

        Args:
            operation: its id in the contract, or the name of its method.
            example: a named example of the contract, of `status` if that is given too.
            status: answered with its example. One that is not documented has an empty body, unless `body` is given.
            body: a model, or what JSON can say, is sent as JSON; texts and bytes are sent as they are.
            media_type: the media type of `body`; else the documented one of that status.
            headers: added to those that the contract has for the status.
            error: raised instead of a reply, for instance `httpx.ConnectError("refused")`.
            times: how many requests it answers; None for every further one.

        Raises:
            ExampleError: the contract has no such operation or example.
            ValueError: `times` is less than 1.
        """
        if times is not None and times < 1:
            raise ValueError(f"times must be 1 or more, not {times}")
        known = contract().operation(operation)
        if example is not None:
            status, found_type, found = known.example(example, status)
            if body is _FROM_EXAMPLES:
                body, media_type = encoded(found, found_type), media_type or found_type
        chosen = _Reply(status, body, media_type, dict(headers or {}), error, times)
        with self._lock:
            self._queues[known.id].append(chosen)
        return self

    @property
    def requests(self) -> tuple[SentRequest, ...]:
        """What was sent, in its order; every try of a call is a request."""
        with self._lock:
            return tuple(self._sent)

    def requests_of(self, operation: str) -> tuple[SentRequest, ...]:
        """What was sent to one operation. Raises ExampleError where the contract has none of that name."""
        known = contract().operation(operation)
        return tuple(each for each in self.requests if each.operation == known.id)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._answer(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        known = contract()
        operation = known.find(request.method, self._path(request))
        _check(operation, request)
        with self._lock:
            if len(self._sent) >= self.limit:
                raise ExampleError(f"{self.limit} requests were sent; does a list that is walked ever end?")
            self._sent.append(_sent(operation, request, known))
            chosen = self._next(operation)
        if chosen and chosen.error is not None:
            if isinstance(chosen.error, httpx.RequestError):
                chosen.error.request = request
            raise chosen.error
        return _response(operation, chosen, request)

    def _path(self, request: httpx.Request) -> str:
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        base = self.base_path.rstrip("/")
        if not path.startswith(base):
            raise ExampleError(f"{request.method} {path} is not below {base}, the base path of this transport")
        return path.removeprefix(base)

    def _next(self, operation: Operation) -> _Reply | None:
        queue = self._queues[operation.id]
        if not queue:
            return None
        chosen = queue[0]
        if chosen.left is not None:
            chosen.left -= 1
            if not chosen.left:
                queue.pop(0)
        return chosen


def _response(operation: Operation, chosen: _Reply | None, request: httpx.Request) -> httpx.Response:
    status = chosen.status if chosen and chosen.status else number(operation.success)
    headers = {**operation.headers(status), **(chosen.headers if chosen else {})}
    body, media_type = (chosen.body, chosen.media_type) if chosen else (_FROM_EXAMPLES, None)
    if body is _FROM_EXAMPLES:
        found = operation.first(status, request.headers.get("accept", ""))
        if found is None:
            return httpx.Response(status, headers=headers, request=request)
        media_type, content = found[0], encoded(found[1], found[0])
    else:
        media_type = media_type or _type_of(operation, status, body)
        content = _raw(body, media_type)
    sent_as = {"content-type": _sendable(media_type)}
    return httpx.Response(status, headers={**sent_as, **headers}, content=content, request=request)


def _raw(body: Any, media_type: str) -> bytes:
    if isinstance(body, str | bytes):
        return body.encode() if isinstance(body, str) else body
    return encoded(body.to_dict() if hasattr(body, "to_dict") else body, media_type)


def _type_of(operation: Operation, status: int, body: Any) -> str:
    """The documented media type of a chosen body. A text or bytes beside a JSON type is what a proxy would send."""
    documented = next(iter(operation.replies.get(operation.status(status), {"content": ()})["content"]), "")
    if isinstance(body, str | bytes):
        return "text/html" if not documented or "json" in documented else documented
    return documented or "application/json"


def _sendable(media_type: str) -> str:
    """A range such as `*/*` cannot be sent."""
    return (
        media_type
        if "*" not in media_type
        else "text/plain"
        if media_type.startswith("text/")
        else "application/octet-stream"
    )


def _check(operation: Operation, request: httpx.Request) -> None:
    cookies = {part.partition("=")[0].strip() for part in request.headers.get("cookie", "").split(";")}
    for place, name in operation.requires:
        query = request.url.params.keys()
        present = {
            "query": name in query or any(key.startswith(f"{name}[") for key in query),
            "header": name in request.headers,
            "cookie": name in cookies,
        }
        if not present[place]:
            raise ExampleError(f"{operation.id}: the {place} parameter {name} is required")
    if operation.body_required and not request.content:
        raise ExampleError(f"{operation.id}: a body is required")
    sent = plain(request.headers.get("content-type", ""))
    if request.content and not any(fnmatch(sent, each) for each in operation.accepts):
        takes = ", ".join(operation.accepts) or "no body"
        raise ExampleError(f"{operation.id} takes {takes}, not {sent or 'a body without a media type'}")


def _sent(operation: Operation, request: httpx.Request, known: Contract) -> SentRequest:
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    secret = {name for place, name in known.secrets if place == "header"} | {"authorization"}
    if any(place == "cookie" for place, _ in known.secrets):
        secret.add("cookie")
    return SentRequest(
        operation=operation.id,
        method=request.method,
        path=path,
        query=tuple(pair for pair in pairs if ("query", pair[0].lower()) not in known.secrets),
        headers={name: value for name, value in request.headers.items() if name not in secret},
        body=_decoded(request),
    )


def _decoded(request: httpx.Request) -> Any:
    kind = plain(request.headers.get("content-type", ""))
    if not request.content:
        return None
    if kind.endswith(("/json", "+json")):
        return json.loads(request.content)
    return request.content.decode() if kind.startswith("text/") or kind.endswith("urlencoded") else request.content
