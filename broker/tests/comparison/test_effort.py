"""What a stranger's pact and document may cost is bounded, and what it is too little for is no yes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.comparison import Budget, Document, compare, load_document
from broker.errors import InvalidError


def _loaded(**parts: Any) -> Document:
    return load_document(json.dumps({"openapi": "3.0.3", "info": {}, **parts}).encode(), "application/json")


def _asking(*paths: str, body: Any = None) -> dict[str, Any]:
    answer = {"status": 200} | ({"headers": {"Content-Type": "application/json"}, "body": body} if body else {})
    return {
        "interactions": [
            {"description": path, "request": {"method": "GET", "path": path}, "response": answer} for path in paths
        ]
    }


def test_a_budget_is_for_the_whole_pact_and_what_is_left_of_it_is_unproven() -> None:
    branches = [
        {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/N"}, f"b{at}": {"type": "integer"}}}
        for at in range(8)
    ]
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/N"}}}
    operation = {"get": {"responses": {"200": {"description": "ok", "content": content}}}}
    document = _loaded(paths={"/a": operation}, components={"schemas": {"N": {"oneOf": branches}}})
    body: Any = "x"
    for _ in range(10):
        body = {"a": body}
    budget = Budget(30_000)
    report = compare(_asking(*["/a"] * 50, body=body), document, budget)
    assert budget.spent < 60_000
    assert report.checked < 50
    assert report.unproven[-1].code == "comparison.unfinished"


def test_looking_for_paths_costs_and_is_bounded_too() -> None:
    empty = {"get": {"responses": {"200": {"description": "ok"}}}}
    document = _loaded(paths={f"/{{a}}/{at}": empty for at in range(5_000)})
    budget = Budget(10_000)
    report = compare(_asking(*(f"/x/y{at}" for at in range(200))), document, budget)
    assert (report.checked < 200, report.unproven[-1].code) == (True, "comparison.unfinished")


def test_many_servers_and_paths_take_no_more_steps_than_few() -> None:
    empty = {"get": {"responses": {"200": {"description": "ok"}}}}
    servers = [{"url": f"https://example.org/base{at}"} for at in range(500)]
    document = _loaded(servers=servers, paths={f"/p{at}": empty for at in range(5_000)})
    budget = Budget()
    report = compare(_asking(*(f"/base{at}/p{at}" for at in range(100))), document, budget)
    assert (report.success, report.unproven, budget.spent < 20_000) == (True, (), True)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"paths": {f"/p{at}": {} for at in range(20_001)}}, "more than 20000 paths"),
        ({"paths": {}, "servers": [{"url": "/"}] * 1_001}, "more than 1000 servers"),
        ({"paths": {"/a": {"get": {"servers": [{"url": "/"}] * 1_001}}}}, "more than 1000 servers"),
    ],
)
def test_a_document_of_too_many_paths_or_servers_is_refused(parts: Any, reason: str) -> None:
    with pytest.raises(InvalidError, match=reason):
        _loaded(**parts)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"a: " + b"x" * 5_000_000, "larger than 5 MB of YAML: publish it as JSON"),
        (b"a: [" + b"1," * 400_000 + b"1]", "more than 400000 YAML nodes: publish it as JSON"),
    ],
)
def test_yaml_that_takes_too_long_to_read_is_refused_with_the_way_out(raw: bytes, reason: str) -> None:
    with pytest.raises(InvalidError, match=reason):
        load_document(raw, "application/yaml")
