"""What a call is made of, and how its answer is read: values, and functions of values; nothing is sent here."""

import json
from collections.abc import Callable, Mapping, Sequence
from email.message import Message
from typing import IO, Any, Generic, Literal, TypeVar
from urllib.parse import parse_qsl

from attrs import field, frozen

from . import codec
from .errors import UnexpectedResponse, error_class
from .resilience import retry_after
from .streams import EventParser, LineParser, Parser, ServerSentEvent

T = TypeVar("T")

FileContent = IO[bytes] | bytes | str
FileTypes = tuple[str | None, FileContent] | tuple[str | None, FileContent, str | None]
RequestFiles = Sequence[tuple[str, FileTypes]]


@frozen
class Body:
    """One media type of a reply."""

    media_type: str
    """`application/json`, `text/csv`, `image/*`, `*/*`; in lower case, without parameters."""
    kind: Literal["json", "text", "bytes", "form", "events", "lines"]
    decode: Callable[[Any], Any] = codec.anything
    """JSON value -> Python value: of a JSON body, of a form's members, of each event's data, of each line."""
    plain: bool = False
    """The data of an event is text, not JSON: `decode` gets the text."""
    exact: bool = False
    """`decode` needs the digits of numbers: it gets them as `codec.ExactNumber`, which takes longer than a float."""


@frozen
class Reply:
    """One documented status; without bodies it has no content."""

    bodies: tuple[Body, ...] = ()


@frozen
class Operation(Generic[T]):
    """What the document says of an operation; T is what a success gives."""

    id: str
    method: str
    path: str
    """The template: `/items/{itemId}`."""
    replies: Mapping[str, Reply] = field(repr=False)
    """By status: `200`, `4XX`, `default`."""
    idempotent: bool = False
    """A second try does no harm."""
    key_header: str | None = None
    """The header that makes two tries one, where the operation has it: `Idempotency-Key`."""
    secured: bool = True
    """The token is sent."""
    security: tuple[tuple[str, ...], ...] = ()
    """The security schemes of each alternative, where the document has several; else the token is what is asked for."""
    redirects: bool = False
    """A success is a redirection: its Location is what the call gives, and is not followed."""
    streaming: bool = False
    """A success is events or lines, handed out as they come."""


@frozen
class Request:
    """The parameters and the body of one call, in wire format."""

    path: str
    """With its variables filled in and quoted."""
    query: tuple[tuple[str, str], ...] = ()
    """Names and values, not quoted, but for an `encoding.Joined`."""
    headers: Mapping[str, str] = field(factory=dict)
    cookies: Mapping[str, str] = field(factory=dict)
    content: bytes | None = None
    """An encoded body; its Content-Type is in `headers`."""
    data: Mapping[str, Any] | None = None
    """The members of a multipart form that are no files."""
    files: RequestFiles | None = None


@frozen
class Answer:
    """What came back: a status, headers with names in lower case, and the whole body."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def success(operation: Operation[T], answer: Answer) -> T:
    """What a method returns. Raises ResponseError: the documented error, or UnexpectedResponse."""
    value = parsed(operation, answer)
    if 200 <= answer.status < 300:
        return value  # type: ignore[no-any-return]  # T is what the decoders of the replies give
    if operation.redirects and answer.status // 100 == 3 and "location" in answer.headers:
        return answer.headers["location"]  # type: ignore[return-value]  # T is str
    raise error_class(answer.status).of(operation.id, value, **_of(answer))


def parsed(operation: Operation[Any], answer: Answer) -> Any:
    """The body of any documented status as its type, None where it has none. Raises UnexpectedResponse."""
    reply = documented(operation, answer)
    if not reply.bodies or operation.method == "HEAD":
        return None
    body = chosen(operation, reply, answer)
    try:
        return READERS[body.kind](body, answer)
    except codec.DecodeError as error:
        raise unexpected(operation, answer, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise unexpected(operation, answer, f"the body is no {body.media_type}: {error}") from error


def event_decoder(operation: Operation[Any], answer: Answer) -> tuple[Parser, Callable[[ServerSentEvent], Any]]:
    """A parser for the documented stream, and what makes a value of an event. Both raise UnexpectedResponse."""
    reply = documented(operation, answer)
    body = chosen(operation, reply, answer) if reply.bodies else None
    if body is None or body.kind not in ("events", "lines"):
        raise unexpected(operation, answer, "the media type is not that of a stream")

    def decoded(event: ServerSentEvent) -> Any:
        try:
            return _event(body, event)
        except (ValueError, RecursionError) as error:
            came = Answer(answer.status, answer.headers, event.data.encode())
            raise unexpected(operation, came, f"an event is not as documented: {error}") from error

    return _parser(body), decoded


def documented(operation: Operation[Any], answer: Answer) -> Reply:
    """The reply that is documented for the status.

    `default` stands for the successes only where no 2xx is documented, because it describes the errors otherwise.
    """
    replies, status = operation.replies, answer.status
    for key in (str(status), f"{status // 100}XX"):
        if key in replies:
            return replies[key]
    success = 200 <= status < 300
    if "default" in replies and not (success and any(key.startswith("2") for key in replies)):
        return replies["default"]
    raise unexpected(operation, answer, "this status is not documented")


def chosen(operation: Operation[Any], reply: Reply, answer: Answer) -> Body:
    """The documented body that has the answer's media type; the first one where the answer names none."""
    media_type = _media_type(answer)
    if not media_type:
        return reply.bodies[0]
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    for wanted in ranges:
        for body in reply.bodies:
            if body.media_type == wanted:
                return body
    if _is_json(media_type):
        for body in reply.bodies:
            if body.kind == "json":
                return body
    known = ", ".join(body.media_type for body in reply.bodies)
    raise unexpected(operation, answer, f"the media type is {media_type}, documented is {known}")


def unexpected(operation: Operation[Any], answer: Answer, reason: str) -> UnexpectedResponse:
    """The error for an answer that is not as documented."""
    return UnexpectedResponse.of(operation.id, reason, **_of(answer))


def _of(answer: Answer) -> dict[str, Any]:
    return {
        "status_code": answer.status,
        "headers": answer.headers,
        "content": answer.content,
        "retry_after": retry_after(answer.headers),
    }


def _media_type(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_json(media_type: str) -> bool:
    return media_type in ("application/json", "text/json") or media_type.endswith("+json")


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_JSON = json.JSONDecoder(parse_constant=_no_number)
_EXACT_JSON = json.JSONDecoder(parse_constant=_no_number, parse_float=codec.ExactNumber)


def from_json(content: bytes | str, *, exact: bool = False) -> Any:
    """The JSON value of a text in UTF-8. Raises ValueError, also for NaN and Infinity, which the standard forbids."""
    return (_EXACT_JSON if exact else _JSON).decode(
        content if isinstance(content, str) else content.decode("utf-8-sig")
    )


def _text(answer: Answer) -> str:
    header = Message()
    header["content-type"] = answer.headers.get("content-type", "")
    charset = header.get_content_charset() or "utf-8"
    try:
        return answer.content.decode(charset)
    except LookupError:
        raise ValueError(f"the charset {charset} is unknown") from None


def _form(answer: Answer) -> dict[str, str]:
    return dict(parse_qsl(_text(answer), keep_blank_values=True))


def _events(body: Body, answer: Answer) -> list[Any]:
    parser = _parser(body)
    found = [*parser.feed(answer.content), *parser.close()]
    return [_event(body, event) for event in found]


def _parser(body: Body) -> Parser:
    return EventParser() if body.kind == "events" else LineParser()


def _event(body: Body, event: ServerSentEvent) -> Any:
    return body.decode(event.data if body.plain else from_json(event.data, exact=body.exact))


READERS: Mapping[str, Callable[[Body, Answer], Any]] = {
    "json": lambda body, answer: body.decode(from_json(answer.content, exact=body.exact)),
    "text": lambda _, answer: _text(answer),
    "bytes": lambda _, answer: answer.content,
    "form": lambda body, answer: body.decode(_form(answer)),
    "events": _events,
    "lines": _events,
}
