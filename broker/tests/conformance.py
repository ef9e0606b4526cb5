"""Holds every answer that any test gets against the OpenAPI document, so that the two cannot drift apart."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broker.errors import InvalidError
from broker.routes.openapi import document
from broker.routing import Router

_Json = dict[str, Any]
_METHODS = frozenset({"get", "put", "post", "patch", "delete"})
# For people, not part of the interface.
_PAGES = ("/assets/", "/doc", "/hal-browser")
_faults: list[str] = []
_successes: set[str] = set()


def faults() -> list[str]:
    """What was found since the last call."""
    found = _faults.copy()
    _faults.clear()
    return found


def successes() -> set[str]:
    """The ids of the operations that were answered with success since the last call."""
    found = _successes.copy()
    _successes.clear()
    return found


def witnessed(app: ASGIApp) -> ASGIApp:
    """The application, with every answer looked at."""

    async def watching(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        start: list[Message] = []
        body = bytearray()

        async def seen(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    _look(scope, start[0], bytes(body))
            await send(message)

        return await app(scope, receive, seen)

    return watching


def _look(scope: Scope, start: Message, body: bytes) -> None:
    if any(name == b"accept" and b"text/html" in value for name, value in scope["headers"]):
        return  # a page for people, or what one of them offers beside it
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    fault = _fault(scope["method"], path, start["status"], headers, body)
    if fault is not None:
        _faults.append(f"{scope['method']} {path.decode('latin-1')} -> {start['status']}: {fault}")


def _fault(method: str, path: bytes, status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    media_type = headers.get("content-type", "").partition(";")[0]
    operation = _operation(method, path)
    if operation is None:
        if status < 400 and not path.decode("latin-1").startswith(_PAGES):
            return "the document has no such operation"
        return None if status < 400 else _unfit(_refusal(status), body)
    if status < 300:
        _successes.add(operation["operationId"])
    answer = operation["responses"].get(str(status))
    if answer is None:
        return "the document does not name this status"
    answer = _resolved(answer)
    missing = [name for name in answer.get("headers", {}) if _is_missing(answer["headers"][name], name, headers)]
    if missing:
        return f"without {missing}"
    if "content" not in answer:
        return f"a body where the document has none: {body[:200]!r}" if body else None
    content = answer["content"].get(media_type, answer["content"].get("*/*"))
    if content is None:
        return f"the document does not name {media_type}"
    return _unfit(content["schema"], body) if media_type.endswith("json") else None


def _operation(method: str, path: bytes) -> _Json | None:
    try:
        match = _router().match(method, path)
    except InvalidError:
        return None
    return match.handler if match else None


def _refusal(status: int) -> _Json:
    return {"$ref": "#/components/schemas/Errors" if status == 400 else "#/components/schemas/Error"}


def _resolved(of: _Json) -> _Json:
    if "$ref" not in of:
        return of
    _, _, kind, name = of["$ref"].split("/")
    found: _Json = document()["components"][kind][name]
    return found


def _is_missing(header: _Json, name: str, given: Mapping[str, str]) -> bool:
    return bool(_resolved(header).get("required")) and name.lower() not in given


def _unfit(schema: _Json, body: bytes) -> str | None:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "not JSON"
    error = next(_validator(orjson.dumps(schema)).iter_errors(value), None)
    return f"{list(error.instance_path)}: {error.message[:300]}" if error else None


@cache
def _router() -> Router[_Json]:
    return Router(
        (method.upper(), path, operation)
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    )


@cache
def _validator(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {"components": {"schemas": _schemas()}} | _closed(orjson.loads(schema)), validate_formats=True
    )


@cache
def _schemas() -> _Json:
    return {name: _closed(schema) for name, schema in document()["components"]["schemas"].items()}


def _closed(schema: Any) -> Any:
    """As JSON Schema, and without room for fields that the document does not name, which clients have to bear."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        key: {name: _closed(one) for name, one in value.items()} if key == "properties" else _closed(value)
        for key, value in schema.items()
        if key not in ("example", "nullable")
    }
    if "properties" in found:
        found.setdefault("additionalProperties", False)
    return {"anyOf": [{"type": "null"}, found]} if schema.get("nullable") is True else found
