from __future__ import annotations

import json
from typing import Any

import pytest

from broker.comparison import load_document
from broker.errors import InvalidError

_START = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n"
_BOMB = "\n".join(
    f"  {'abcdefghij'[n]}: &{'abcdefghij'[n]} [{', '.join(['*' + 'abcdefghij'[n - 1]] * 10)}]" for n in range(1, 10)
)
_CHAIN = "\n".join(f"  k{n}: &k{n} [*k{n - 1}]" for n in range(1, 500))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "one YAML document is expected"),
        ("[]", "not an OpenAPI document in JSON or YAML, but a list"),
        ("Dear provider", "not an OpenAPI document in JSON or YAML, but a text"),
        ("{", "the document is not JSON"),
        ("a: [", "line 2, column 1"),
        ("a: b\na: c", "the key 'a' twice in one mapping (line 2, column"),
        ("swagger: '2.0'", "Swagger 2.0 is not supported: convert"),
        ("asyncapi: 3.0.0", "AsyncAPI is not supported"),
        ("info: {}", "which version of OpenAPI"),
        ("openapi: 4.0.0", "OpenAPI 4.0.0 is not supported"),
        ("openapi: 3.0.3", "/paths is not an object"),
        (_START + "paths: {/a: 5}", "/paths/~1a is not an object"),
        (_START + "paths: {a: {}}", "/paths/a: a path begins with /"),
        (_START + "paths: {/a: {get: x}}", "/paths/~1a/get is not an object"),
        (_START + "paths: {/a: {$ref: 'other.yaml#/a'}}", "/paths/~1a/$ref: references out of the document"),
        (_START + "paths: {/a: {$ref: 'http://127.0.0.1/a'}}", "/paths/~1a/$ref: references out of the document"),
        (_START + "paths: {/a: {$ref: '#/components/b'}}", "/paths/~1a/$ref: '#/components/b' leads nowhere"),
        ("{" * 100_000, "not JSON"),
        ("a: " + "[" * 100_000, "nested deeper than 200 levels"),
        ('{"a": ' * 300 + "1" + "}" * 300, "nested deeper than 200 levels"),
        ("x:\n  a: &a [1,1,1,1,1,1,1,1,1,1]\n" + _BOMB, "stands for more than 3000000 values"),
        ("x:\n  k0: &k0 [1]\n" + _CHAIN, "nested deeper than 200 levels"),
        ("a: &a [*a]", "the alias *a stands for nothing"),
        ('{"a": NaN}', "NaN is not a JSON value"),
        ("a: \x00", "not YAML"),
    ],
)
def test_an_unusable_document_is_refused_with_the_reason_and_the_place(text: str, reason: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        load_document(text.encode(), "application/octet-stream")
    assert reason in str(refusal.value)


def test_bytes_that_are_not_text_are_refused() -> None:
    with pytest.raises(InvalidError, match="not UTF-8"):
        load_document(b"openapi: \xff", "application/yaml")


def test_a_document_of_more_than_20_mb_is_refused() -> None:
    with pytest.raises(InvalidError, match="larger than 20 MB"):
        load_document(b" " * 20_000_001, "application/yaml")


def test_yaml_reads_as_the_same_document_in_json_would() -> None:
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "no", "version": "1.0", "date": "2024-01-01", "at": "1:30"},
        "paths": {"/a": {"get": {"responses": {"200": {"description": "~"}, "404": {"description": "x"}}}}},
        "x-values": [1, 1.5, -3, 1e3, True, None, "yes", "007", "0x1f", "5"],
    }
    text = """
openapi: 3.1.0
info: {title: no, version: '1.0', date: 2024-01-01, at: 1:30}
paths:
  /a: {get: {responses: {200: {description: "~"}, 404: &r {<<: {description: y}, description: x}}}}
x-values: [1, 1.5, -3, 1e3, true, ~, yes, 007, 0x1f, "5"]
"""
    expected = load_document(json.dumps(document).encode(), "application/json").root
    assert expected == load_document(text.encode(), "application/yaml").root


def test_a_reference_within_an_example_is_data() -> None:
    document = (
        _START + "paths: {}\ncomponents: {schemas: {A: {example: {$ref: nowhere}, properties: {$ref: {type: string}}}}}"
    )
    assert load_document(document.encode(), "application/yaml").root["paths"] == {}


def test_a_schema_that_refers_to_itself_is_fine() -> None:
    document = _START + "paths: {}\ncomponents: {schemas: {A: {properties: {a: {$ref: '#/components/schemas/A'}}}}}"
    assert load_document(document.encode(), "application/yaml").root["paths"] == {}
