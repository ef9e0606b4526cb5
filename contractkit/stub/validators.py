"""Connexion's validators and encoder, replaced through its public hooks (`validator_map`, `jsonifier`, uri parser).

Connexion builds a validator object anew for every request; these hold nothing but what Connexion hands them and find
the compiled schemas in the exchange.
"""

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from connexion.datastructures import MediaTypeDict
from connexion.jsonifier import Jsonifier
from connexion.uri_parsing import AbstractURIParser
from connexion.validators import AbstractRequestBodyValidator, AbstractResponseBodyValidator
from starlette.types import Message, Receive, Scope, Send

from contractkit.stub import exchange
from contractkit.stub.decoding import DecodingError, load_json
from contractkit.stub.document import Media, is_json
from contractkit.stub.parameters import Inputs, read_cookies, read_query
from contractkit.stub.problems import MEDIA_TYPE, Problem
from contractkit.stub.schemas import Direction

log = logging.getLogger("contractkit.stub")


class ReplyFault(Exception):  # noqa: N818 - it is the reply that is at fault
    """A reply does not fit the document; the message is for the log, never for the client."""


class Parameters:
    """Connexion's hook for parameters."""

    def __init__(self, _parameters: object, *, strict_validation: bool, **_unused: object) -> None:
        self._strict = strict_validation

    def validate(self, scope: Scope) -> None:
        """Reads and validates every parameter. Raises Problem 400."""
        found = exchange.of(scope)
        inputs = Inputs(found.path, read_query(scope["query_string"]), found.headers, read_cookies(found.headers))
        found.arguments = found.plan.parameters.read(inputs, strict=self._strict)


class RequestBody(AbstractRequestBodyValidator):  # type: ignore[misc]  # Connexion has no types
    """Connexion's hook for request bodies of any media type."""

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Reads, decodes and validates the body, and leaves it in the exchange.

        Raises Problem 400, and 415 where the request does not say what the body is.
        """
        found = exchange.of(scope)
        body = await _read(receive)
        content_type = found.headers.get("content-type", "")
        reader = found.plan.body_reader(content_type.partition(";")[0].strip().lower())
        if not body and (not content_type or reader is None or reader.media.is_json):  # elsewhere it is an empty text
            if self._required:
                raise Problem(400, detail="The request needs a body.")
            return receive, scope
        if not content_type or reader is None:
            raise Problem(415, detail="The request has a body, so it needs a documented Content-Type.")
        if found.headers.get("content-encoding", "identity") != "identity":
            raise Problem(415, detail="Encoded bodies are not supported.")
        found.body = await reader.read(body, found.headers)
        return _replay(body, receive), scope


class ReplyBody(AbstractResponseBodyValidator):  # type: ignore[misc]  # Connexion has no types
    """Connexion's hook for response bodies of any media type. Raises ReplyFault before anything was sent."""

    def wrap_send(self, send: Send) -> Send:
        held: list[Message] = []

        async def checked(message: Message) -> None:
            held.append(message)
            if message["type"] == "http.response.start" or message.get("more_body", False):
                return
            self._check(held)
            while held:
                await send(held.pop(0))

        return checked

    def _check(self, held: list[Message]) -> None:
        found = exchange.of(self._scope)
        headers = {name.lower(): value for name, value in held[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in held[1:])
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        check_reply(found.plan, held[0]["status"], content_type, body)


class OrjsonJsonifier(Jsonifier):  # type: ignore[misc]  # Connexion has no types
    """JSON by orjson: fast, and NaN is null, which the schema then refuses."""

    def dumps(self, data: object, **_unused: object) -> bytes:
        return orjson.dumps(data)

    def loads(self, data: str | bytes) -> Any:
        return orjson.loads(data)


class NoURIParser(AbstractURIParser):  # type: ignore[misc]  # Connexion has no types
    """Keeps Connexion from reading parameters a second time; `Parameters` has done it."""

    param_defns: Mapping[str, object] = {}
    param_schemas: Mapping[str, object] = {}

    def resolve_form(self, form_data: object) -> object:
        return form_data

    def resolve_query(self, _query_data: object) -> dict[str, object]:
        return {}

    def resolve_path(self, _path: object) -> dict[str, object]:
        return {}

    def _resolve_param_duplicates(self, values: object, _param_defn: object, _in: object) -> object:
        return values

    def _split(self, value: object, _param_defn: object, _in: object) -> object:
        return value


VALIDATORS: Mapping[str, object] = {
    "parameter": Parameters,
    "body": MediaTypeDict({"*": RequestBody}),
    "response": MediaTypeDict({"*": ReplyBody}),
}


def check_reply(plan: exchange.Plan, status: int, content_type: str, body: bytes) -> None:
    """Whether a reply is one that the document describes. Raises ReplyFault if it is not."""
    reply = plan.operation.reply(status)
    if reply is None:
        raise ReplyFault(f"status {status} is not documented")
    if status in (204, 304) or plan.operation.method == "HEAD":
        return  # these never have a body, whatever the document says
    name = content_type.partition(";")[0].strip().lower()
    media = matching(reply.content, name)
    if media is None:
        if (body and reply.content and name != MEDIA_TYPE) or (body and not reply.content and status < 400):
            raise ReplyFault(f"status {status} has no documented body of type {name or 'none'}")
        if reply.content and not body and status < 400:
            raise ReplyFault(f"status {status} is documented with a body")
        return
    if not is_json(name) and not {"string"} & (plan.schemas.kinds(media.schema) or {"string"}):
        return  # a text format, such as XML, whose schema speaks of what the text stands for
    check = plan.schemas.check(media.schema, Direction.RESPONSE)
    value = _reply_value(name, body)
    if not check.accepts(value):
        places = "; ".join(f"{fault.pointer or '/'}: {fault.detail}" for fault in check.errors(value))
        raise ReplyFault(f"the body of status {status} is not as documented: {places}")


def matching(content: tuple[Media, ...], name: str) -> Media | None:
    """The documented media type that a media type is, or a range that includes it."""
    ranges = (name, f"{name.partition('/')[0]}/*", "*/*")
    return next((media for wanted in ranges for media in content if media.name == wanted), None)


def _reply_value(name: str, body: bytes) -> object:
    if is_json(name):
        try:
            return load_json(body)
        except DecodingError as error:
            raise ReplyFault(f"the body is not JSON: {error}") from None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return ""
    return text


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, detail="The client went away before its request was complete.")
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts) if len(parts) > 1 else parts[0]


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, for Connexion's own reading of forms."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
