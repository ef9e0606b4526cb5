"""The HTTP interactions of a pact of any version, in one form.

The example values of a pact are what is compared: matching rules say how a provider may deviate from them, which
its document says better.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from attrs import frozen

from broker.comparison.pointers import Steps

_HTTP = ("", "synchronous/http")


@frozen
class Body:
    """`value` is JSON where `parsed`, otherwise the bytes are what was sent. `steps` lead to it in the pact."""

    value: Any
    raw: bytes
    parsed: bool
    steps: Steps


@frozen
class Message:
    """A request or a response. Headers: name in lower case to the values and the name as the pact has it."""

    headers: dict[str, tuple[list[str], str]]
    content_type: str | None
    body: Body | None
    steps: Steps

    def header(self, name: str) -> str | None:
        values = self.headers.get(name.lower())
        return None if values is None else ", ".join(values[0])

    def header_steps(self, name: str) -> Steps:
        known = self.headers.get(name.lower())
        return (*self.steps, "headers", known[1]) if known else (*self.steps, "headers")


@frozen
class Interaction:
    """`query` holds the values of each parameter in order; `status` is None when the pact does not say."""

    index: int
    description: str
    steps: Steps
    method: str
    path: str
    query: dict[str, list[str]]
    request: Message
    response: Message
    status: int | None

    @property
    def expects_refusal(self) -> bool:
        """The consumer sends this request to be refused, so it need not be one that the document describes."""
        return self.status is not None and self.status >= 400


@frozen
class NotComparable:
    """An interaction that an OpenAPI document says nothing about, or that is not as the specification has it."""

    index: int
    description: str
    steps: Steps
    reason: str
    malformed: bool = False


def interactions(pact: Mapping[str, Any]) -> Iterator[Interaction | NotComparable]:
    is_v4 = _version(pact) >= 4
    for key in ("interactions", "messages"):
        listed = pact.get(key)
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            steps: Steps = (key, index)
            description = str(item.get("description") or "") if isinstance(item, dict) else ""
            if not isinstance(item, dict):
                yield NotComparable(index, "", steps, "the interaction is not an object", malformed=True)
            elif key == "messages" or str(item.get("type") or "").lower() not in _HTTP:
                kind = str(item.get("type") or "message")
                yield NotComparable(index, description, steps, f"an OpenAPI document does not describe {kind}")
            else:
                yield _interaction(item, index, description, steps, is_v4=is_v4)


def _interaction(
    item: dict[str, Any], index: int, description: str, steps: Steps, *, is_v4: bool
) -> Interaction | NotComparable:
    request, response = item.get("request"), item.get("response")
    if not isinstance(request, dict) or not isinstance(response, dict):
        return NotComparable(index, description, steps, "request or response is missing", malformed=True)
    method, path, status = request.get("method"), request.get("path"), response.get("status", 200)
    if not isinstance(method, str) or not isinstance(path, str):
        return NotComparable(index, description, steps, "the request has no method or no path", malformed=True)
    return Interaction(
        index,
        description,
        steps,
        method.upper(),
        path if path.startswith("/") else f"/{path}",
        _query(request.get("query")),
        _message(request, (*steps, "request"), is_v4=is_v4),
        _message(response, (*steps, "response"), is_v4=is_v4),
        status if isinstance(status, int) and not isinstance(status, bool) else None,
    )


def _version(pact: Mapping[str, Any]) -> int:
    metadata = pact.get("metadata")
    if not isinstance(metadata, dict):
        return 0
    stated = metadata.get("pactSpecification") or metadata.get("pact-specification") or {}
    version = stated.get("version") if isinstance(stated, dict) else None
    text = str(version or metadata.get("pactSpecificationVersion") or "0").split(".", 1)[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _query(query: Any) -> dict[str, list[str]]:
    """Version 1 and 2 write the query as it is sent, later ones as names and decoded values."""
    found: dict[str, list[str]] = {}
    if isinstance(query, str):
        for pair in query.removeprefix("?").split("&"):
            if pair:
                name, _, value = pair.partition("=")
                found.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    elif isinstance(query, dict):
        for name, values in query.items():
            found[name] = [_text(value) for value in values] if isinstance(values, list) else [_text(values)]
    return found


def _message(side: dict[str, Any], steps: Steps, *, is_v4: bool) -> Message:
    headers: dict[str, tuple[list[str], str]] = {}
    given = side.get("headers")
    for name, values in given.items() if isinstance(given, dict) else ():
        texts = [_text(value) for value in values] if isinstance(values, list) else [_text(values)]
        headers[name.strip().lower()] = (texts, name)
    stated = headers["content-type"][0] if "content-type" in headers else []
    body_steps: Steps = (*steps, "body")
    given = side.get("body")
    if is_v4 and isinstance(given, dict):
        # An empty object is what a V4 pact writes for "no body".
        content_type = stated[0] if stated else _content_type(given.get("contentType"))
        body = _v4_body(given, (*body_steps, "content"))
        return Message(headers, content_type, body, steps)
    content_type = stated[0] if stated else None
    return Message(headers, content_type, None if given is None else _body(given, body_steps), steps)


def _content_type(given: Any) -> str | None:
    return given if isinstance(given, str) and given and given != "*/*" else None


def _v4_body(given: dict[str, Any], steps: Steps) -> Body | None:
    content, encoded = given.get("content"), given.get("encoded")
    if content is None or content == "":
        return None
    if not isinstance(content, str) or not encoded:
        return _body(content, steps)
    if str(encoded).lower() == "json":
        try:
            return _body(json.loads(content), steps)
        except (ValueError, RecursionError):
            return _body(content, steps)
    try:
        raw = base64.b64decode(content)
    except (binascii.Error, ValueError):
        return _body(content, steps)
    return Body(None, raw, parsed=False, steps=steps)


def _body(value: Any, steps: Steps) -> Body:
    if isinstance(value, str):
        return Body(value, value.encode("utf-8", "replace"), parsed=False, steps=steps)
    return Body(value, b"", parsed=True, steps=steps)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
