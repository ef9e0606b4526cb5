"""What could not be compared is named, and is neither a yes nor a no."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.comparison import Report, compare, load_document


def _compared(schema: Any, body: Any, content_type: str = "application/json", version: str = "3.0.3") -> Report:
    media = {} if schema is None else {"schema": schema}
    response = {"description": "ok", "content": {content_type: media}}
    components = {"schemas": {"A": schema}}
    document = {"openapi": version, "info": {}, "paths": {"/a": {"get": {"responses": {"200": response}}}}}
    answer = {"status": 200, "headers": {"Content-Type": content_type}, "body": body}
    item = {"description": "a", "request": {"method": "GET", "path": "/a"}, "response": answer}
    loaded = load_document(json.dumps(document | {"components": components}).encode(), "application/json")
    return compare({"interactions": [item]}, loaded)


def _verdict(report: Report) -> bool | None:
    return None if report.success and report.unproven else report.success


@pytest.mark.parametrize(
    ("content_type", "schema", "body", "verdict"),
    [
        ("text/plain", {"type": "string"}, "hello", True),
        ("text/plain", {"type": "string", "enum": ["bye"]}, "hello", False),
        ("text/plain", None, "hello", True),
        ("application/octet-stream", {"type": "string", "format": "binary"}, "\x00\x01", True),
        ("text/plain", {"type": "integer"}, "hello", None),
        ("text/plain", {"type": "string"}, {"a": 1}, None),
        ("application/xml", {"type": "object", "properties": {"a": {"type": "string"}}}, "<a/>", None),
        ("application/xml", {"properties": {"a": {"type": "string"}}}, "<a/>", None),
        ("application/json", {"type": "string", "pattern": "("}, "hello", None),
        ("application/json", {"type": "strin"}, "hello", None),
        ("application/json", {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "string"}]}, 5, False),
        ("application/json", {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "string"}]}, "five", True),
        ("multipart/form-data", {"type": "object"}, "no parts", None),
    ],
)
def test_a_body_is_compared_or_said_not_to_be(content_type: str, schema: Any, body: Any, verdict: bool | None) -> None:
    report = _compared(schema, body, content_type)
    assert _verdict(report) is verdict, report.findings


def test_nullable_means_nothing_in_3_1() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "nullable": True}}}
    assert _verdict(_compared(schema, {"a": None}, version="3.0.3")) is True
    assert _verdict(_compared(schema, {"a": None}, version="3.1.0")) is False


def test_another_vendors_json_is_another_type() -> None:
    content = {"application/vnd.a+json": {"schema": {"type": "object"}}}
    operation = {"get": {"responses": {"200": {"description": "ok", "content": content}}}}
    document = json.dumps({"openapi": "3.0.3", "info": {}, "paths": {"/a": operation}}).encode()
    response = {"status": 200, "headers": {"Content-Type": "application/vnd.b+json"}}
    item = {"description": "a", "request": {"method": "GET", "path": "/a"}, "response": response}
    assert not compare({"interactions": [item]}, load_document(document, "application/json")).success


def test_a_large_body_is_compared_to_its_last_value() -> None:
    item = {"type": "object", "properties": {f"p{at}": {"type": "integer"} for at in range(50)}}
    body = [{f"p{at}": at for at in range(50)} for _ in range(2000)]
    body[-1]["p49"] = "WRONG"  # type: ignore[assignment] # the fault that is looked for
    assert _verdict(_compared({"type": "array", "items": item}, body)) is False
