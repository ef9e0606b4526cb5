"""From an operation to its handler and back: arguments in, the documented reply out."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import connexion.context
import orjson
from attrs import frozen
from connexion.resolver import Resolution, Resolver
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from contractkit.stub import exchange
from contractkit.stub.document import Media, Operation, Reply
from contractkit.stub.examples import Answer, Mock
from contractkit.stub.negotiation import negotiate
from contractkit.stub.problems import ExtendProblem, Problem, StubError, ToProblem, render
from contractkit.stub.validators import ReplyFault

log = logging.getLogger("contractkit.stub")

Handler = Callable[..., object]
CONCRETE = {"*/*": "application/octet-stream", "application/*": "application/octet-stream", "text/*": "text/plain",
            "image/*": "image/png", "audio/*": "audio/mpeg", "video/*": "video/mp4"}  # fmt: skip


@frozen
class Adapter:
    """Serves one operation, from its handler or from the document's examples."""

    plan: exchange.Plan
    call: Callable[[exchange.Exchange], Awaitable[Answer]]
    to_problem: ToProblem
    extend_problem: ExtendProblem
    is_mock: bool = False

    async def answer(self, found: exchange.Exchange) -> object:
        """The reply as Connexion takes it: JSON as a tuple for its jsonifier, everything else as a response."""
        if found.plan is not self.plan:
            raise RuntimeError(f"routed to {self.plan.operation.key}, not {found.plan.operation.key}")
        try:
            reply = await self.call(found)
        except Exception as error:
            problem = error if isinstance(error, Problem) else self.to_problem(error)
            if problem is None:
                raise
            if self.is_mock:
                raise problem from None
            return self._refusal(problem, error, found)
        return self._encoded(reply, found)

    def _refusal(self, problem: Problem, error: Exception, found: exchange.Exchange) -> Response:
        reply = self.plan.operation.reply(problem.status)
        if reply is None:
            raise ReplyFault(f"the handler's problem has status {problem.status}, which is not documented") from error
        if not reply.content:
            return Response(status_code=problem.status, headers={**problem.headers, "X-Request-Id": found.request_id})
        return render(problem, instance=found.instance, extend=self.extend_problem, request_id=found.request_id)

    def _encoded(self, answer: Answer, found: exchange.Exchange) -> object:
        headers = {**answer.headers, "X-Request-Id": found.request_id}
        reply = self.plan.operation.reply(answer.status)
        if reply is None and not self.is_mock:
            raise ReplyFault(f"status {answer.status} is not documented")
        content = reply.content if reply else ()
        if not content or (answer.body is None and not any(media.is_json for media in content)):
            if answer.body is not None:
                raise ReplyFault(f"status {answer.status} is documented without a body, and the handler gave one")
            return Response(status_code=answer.status, headers=headers)
        media = answer.media or negotiate(_carriers(content, answer.body), found.headers.get("accept", ""))
        headers["Content-Type"] = CONCRETE.get(media.name, media.written)
        if media.is_json and media.name.startswith("application/") and answer.body is not None:
            return answer.body, answer.status, headers
        return Response(_raw(media, answer.body), answer.status, headers=headers)


class HandlerResolver(Resolver):  # type: ignore[misc]  # Connexion has no types
    """Gives Connexion the function for an operation of the document, by its key."""

    def __init__(self, adapters: Mapping[str, Adapter]) -> None:
        super().__init__()
        self._adapters = adapters

    def resolve(self, operation: Any) -> Resolution:
        return Resolution(_endpoint(self._adapters[operation.operation_id]), operation.operation_id)


def handler_call(plan: exchange.Plan, handler: Handler) -> Callable[[exchange.Exchange], Awaitable[Answer]]:
    """Calls a handler by the convention: keyword arguments only, `body` last.

    Plain functions run in the thread pool. Raises StubError when the handler does not take what the document offers.
    """
    operation = plan.operation
    blank = _blank(plan)
    _check_signature(operation, handler, blank)
    waits = inspect.iscoroutinefunction(handler)

    async def call(found: exchange.Exchange) -> Answer:
        arguments = {**blank, **found.arguments}
        if "body" in blank and found.body is not exchange.ABSENT:
            arguments["body"] = found.body
        result = handler(**arguments) if waits else await run_in_threadpool(handler, **arguments)
        if inspect.isawaitable(result):
            result = await result
        return _unpack(operation, result)

    return call


def mock_call(plan: exchange.Plan) -> Callable[[exchange.Exchange], Awaitable[Answer]]:
    """Answers from the document's examples."""
    mock = Mock(plan.operation, plan.schemas)

    async def call(found: exchange.Exchange) -> Answer:
        return mock.answer(found.headers.get("prefer", ""), found.headers.get("accept", ""))

    return call


def _endpoint(adapter: Adapter) -> Callable[[], Awaitable[object]]:
    async def endpoint() -> object:
        return await adapter.answer(connexion.context.scope[exchange.KEY])

    return endpoint


def _blank(plan: exchange.Plan) -> dict[str, object]:
    """Every argument that the convention names, with None for what a request may leave out."""
    names = [reader.argument for reader in plan.parameters.readers]
    if plan.operation.body:
        names.append("body")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise StubError(f"{plan.operation.key}: two parameters are called {', '.join(twice)}")
    return dict.fromkeys(names)


def _check_signature(operation: Operation, handler: Handler, offered: Mapping[str, object]) -> None:
    taken = inspect.signature(handler).parameters
    if not any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        untaken = sorted(offered.keys() - taken.keys())
        if untaken:
            raise StubError(f"the handler of {operation.key} does not take {', '.join(untaken)}")
    needed = {
        name for name, each in taken.items()
        if each.default is each.empty and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    }  # fmt: skip
    unknown = sorted(needed - offered.keys())
    if unknown:
        raise StubError(f"the handler of {operation.key} needs {', '.join(unknown)}, which the document does not have")


def _unpack(operation: Operation, result: object) -> Answer:
    """A handler's result: the body alone where one plain success is documented, else status, body and headers."""
    successes = operation.successes
    if len(successes) == 1 and _is_plain(successes[0]):
        return Answer(int(successes[0].status), result)
    match result:
        case (int() as status, body):
            return Answer(int(status), body)
        case (int() as status, body, Mapping() as headers):
            return Answer(int(status), body, headers)
    raise ReplyFault("the handler must return (status, body) or (status, body, headers) here")


def _is_plain(reply: Reply) -> bool:
    return reply.status.isdigit() and not any(header.required for header in reply.headers)


def _carriers(content: tuple[Media, ...], body: object) -> tuple[Media, ...]:
    """The media types that can carry a value: JSON anything but bytes, the others text and bytes."""
    if isinstance(body, bytes):
        fitting = [media for media in content if not media.is_json]
    elif isinstance(body, str):
        fitting = list(content)
    else:
        fitting = [media for media in content if media.is_json or media.name.endswith("form-urlencoded")]
    if not fitting:
        raise ReplyFault(f"no documented media type can carry a {type(body).__name__}")
    return tuple(fitting)


def _raw(media: Media, body: object) -> bytes:
    if media.is_json:
        return orjson.dumps(body)
    match body:
        case bytes():
            return body
        case str():
            return body.encode()
        case Mapping():
            return urlencode(body, doseq=True).encode()
    raise ReplyFault(f"a {type(body).__name__} cannot be sent as {media.name}")
