"""A document without handlers is served from its examples, and where it has none from its schemas."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import yaml

from contractkit.stub import create_app

Ask = Callable[..., httpx.Response]


def one(schema: object, components: object = None, media_type: str = "application/json", **media: object) -> Any:
    """A document with one operation that answers 200 with one media type."""
    content = {media_type: {"schema": schema, **media}}
    responses = {"200": {"description": "", "content": content}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "One", "version": "1"},
        "paths": {"/one": {"get": {"responses": responses}}},
        "components": {"schemas": components or {}},
    }


@pytest.mark.parametrize(
    ("prefer", "accept", "status", "content"),
    [
        ("", "", 200, '{"id":"i1","name":"Lamp","price":"12.50"}'),
        ("example=chair", "", 200, '{"id":"i2","name":"Chair","price":"40.00"}'),
        ("code=200, example=chair", "", 200, '{"id":"i2","name":"Chair","price":"40.00"}'),
        ("code=404", "", 404, '{"type":"about:blank","title":"Not Found","status":404,"code":"no-item"}'),
        ("code=503", "", 503, '{"title":"string","status":0,"code":"string"}'),
        ("", "text/csv", 200, "id,name\ni1,Lamp\n"),
    ],
)
def test_the_first_example_of_the_success_is_answered_unless_another_is_preferred(
    shop: dict[str, Any], ask: Ask, prefer: str, accept: str, status: int, content: str
) -> None:
    response = ask(create_app(shop), "GET", "/items/i1", headers={"Prefer": prefer, "Accept": accept})
    assert (response.status_code, response.text) == (status, content)
    expected = "application/problem+json" if status >= 400 else accept or "application/json"
    assert response.headers["content-type"] == expected


@pytest.mark.parametrize(
    ("prefer", "url", "status"),
    [("example=table", "/items/i1", 404), ("code=204", "/items/mine", 404), ("code=x", "/items/mine", 404),
     ("example=broken", "/items/i1", 500)],
)  # fmt: skip
def test_a_preference_that_cannot_be_met_is_a_problem(
    shop: dict[str, Any], ask: Ask, prefer: str, url: str, status: int
) -> None:
    response = ask(create_app(shop), "GET", url, headers={"Prefer": prefer})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


COMPONENTS = yaml.safe_load("""
Node: {type: object, required: [name], properties: {name: {type: string}, next: {$ref: '#/components/schemas/Node'}}}
Needy: {type: object, required: [self], properties: {self: {$ref: '#/components/schemas/Needy'}}}
Cat: {type: object, required: [kind, lives], properties: {kind: {type: string}, lives: {type: integer, minimum: 9}}}
Dog: {type: object, required: [kind], properties: {kind: {type: string}}}
""")
NODE, CAT, DOG = ({"$ref": f"#/components/schemas/{name}"} for name in ("Node", "Cat", "Dog"))
INTEGER, STRING = {"type": "integer"}, {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "2024-01-01T00:00:00Z"),
        ({"type": "string", "pattern": "^[A-Z]{3}-\\d+$"}, "AAA-0"),
        ({"type": "string", "pattern": "^[a-z]+$", "minLength": 8}, "aaaaaaaa"),
        ({"type": "string", "pattern": "^(?!x)\\w+$"}, "string"),
        ({"type": "string", "maxLength": 3}, "str"),
        ({"type": "integer", "minimum": 5, "exclusiveMinimum": True, "multipleOf": 5}, 10),
        ({"type": "number", "maximum": -1.5}, -2),
        ({"type": "boolean"}, True),
        ({"type": "string", "nullable": True, "enum": [None, "b"]}, "b"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True}, [0, 1, 2]),
        ({"type": "object", "minProperties": 2, "additionalProperties": {"type": "integer"}}, {"key1": 0, "key2": 0}),
        ({"properties": {"a": {**INTEGER, "example": 4}, "s": {**STRING, "writeOnly": True}}}, {"a": 4}),
        (
            {"allOf": [NODE, {"required": ["size"], "properties": {"size": INTEGER}}]},
            {"size": 0, "name": "string", "next": {"name": "string"}},
        ),
        (NODE, {"name": "string"}),
        ({"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind"}}, {"kind": "Cat", "lives": 9}),
        ({"type": "string", "default": "d"}, "d"),
    ],
)  # fmt: skip
def test_a_value_is_made_where_there_is_no_example_always_the_same(ask: Ask, schema: object, value: object) -> None:
    for _ in range(2):
        response = ask(create_app(one(schema, COMPONENTS)), "GET", "/one")
        assert response.status_code == 200
        assert response.json() == value


def test_an_example_that_does_not_fit_is_passed_over(ask: Ask) -> None:
    examples = {"bad": {"value": "x"}, "good": {"value": 4}}
    assert ask(create_app(one({"type": "integer"}, examples=examples)), "GET", "/one").json() == 4
    assert ask(create_app(one({"type": "integer"}, example="x")), "GET", "/one").json() == 0


def test_a_schema_that_nothing_fits_is_a_problem(ask: Ask) -> None:
    response = ask(create_app(one({"$ref": "#/components/schemas/Needy"}, COMPONENTS)), "GET", "/one")
    assert response.status_code == 500
    assert "none could be made" in response.json()["detail"]


@pytest.mark.parametrize(
    ("media_type", "schema", "media", "sent", "content"),
    [
        ("text/plain", {"type": "string"}, {"example": "hi"}, "text/plain", b"hi"),
        ("text/plain; charset=utf-8", {"type": "string"}, {}, "text/plain; charset=utf-8", b"string"),
        ("application/xml", {"type": "object"}, {"example": "<a/>"}, "application/xml", b"<a/>"),
        ("application/pdf", {"type": "string", "format": "binary"}, {}, "application/pdf", b""),
        ("image/*", {"type": "string", "format": "binary"}, {}, "image/png", b""),
        ("application/x-ndjson", {"type": "string"}, {"example": "{}\n{}\n"}, "application/x-ndjson", b"{}\n{}\n"),
        ("application/vnd.a+json; v=1", {"type": "integer"}, {}, "application/vnd.a+json; v=1", b"0"),
        ("application/json", {"type": "object", "nullable": True}, {"example": None}, "application/json", b"null"),
    ],
)
def test_other_media_types_are_answered_as_they_are_written(
    ask: Ask, media_type: str, schema: object, media: Any, sent: str, content: bytes
) -> None:
    response = ask(create_app(one(schema, media_type=media_type, **media)), "GET", "/one")
    assert response.status_code == 200
    assert response.headers["content-type"] == sent
    assert response.content == content
