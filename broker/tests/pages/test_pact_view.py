from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.content import from_bytes
from broker.errors import InvalidError
from broker.pages.bodies import MOST_LINES, Body, Line
from broker.pages.pact_view import MOST_LINES_SHOWN, MOST_SHOWN, Interaction, view

_KEYS = [
    *("description", "type", "request", "response", "contents", "body", "headers", "query", "path", "status", "method"),
    *("matchingRules", "generators", "providerStates", "providerState", "params", "name", "metadata", "content"),
    *("contentType", "encoded", "matchers", "match", "min", "$.body", "$.a[*].b", "$", "header", "combine", "rules"),
    *("comments", "text", "pending", "key", "pluginConfiguration", "variants", "regex", "format", "transport"),
]
_TEXTS = st.sampled_from(
    [
        *_KEYS,
        "Synchronous/HTTP",
        "Asynchronous/Messages",
        "Synchronous/Messages",
        "application/json",
        "base64",
        "eachKey",
        "type",
        "[*]",
        "a=1&b",
        "\\ud800",
        '"\\ud800"',
        "{",
        "AND",
        "ProviderState",
    ]
) | st.text(max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=5),
    max_leaves=25,
)
_INTERACTIONS = st.lists(
    st.dictionaries(st.sampled_from(_KEYS), JSON, max_size=7)
    | st.fixed_dictionaries({"type": _TEXTS, "request": JSON, "response": JSON, "contents": JSON}),
    max_size=3,
)


PACTS = st.dictionaries(st.sampled_from(["interactions", "messages"]), _INTERACTIONS)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PACTS, JSON, st.integers(-2, 5))
def test_every_pact_that_the_broker_takes_can_be_shown(lists: dict[str, Any], metadata: Any, first: int) -> None:
    try:
        content = from_bytes(json.dumps({**lists, "metadata": metadata}).encode())
    except InvalidError:
        return
    found = view(json.loads(content.body), first)
    assert found.count == sum(map(len, lists.values()))
    str(found).encode("utf-8")


def _one(**parts: Any) -> Interaction:
    pact = {"interactions": [{"description": "d", **parts}], "metadata": {"pactSpecification": {"version": "4.0"}}}
    return view(json.loads(from_bytes(json.dumps(pact).encode()).body)).interactions[0]


def _body(interaction: Interaction, part: int = -1) -> Body:
    found = interaction.parts[part].body
    assert found is not None
    return found


def _line(body: Body, starting: str) -> Line:
    return next(line for line in body.lines if "".join(t.text for t in line.tokens).strip().startswith(starting))


@pytest.mark.parametrize(
    ("rules", "body"),
    [
        ({"$.body.items[*].id": {"match": "integer"}, "$.body.items": {"min": 2}}, {"items": [{"id": 1}]}),
        (
            {"body": {"$.items[*].id": {"matchers": [{"match": "integer"}]}, "$.items": {"matchers": [{"min": 2}]}}},
            {"contentType": "application/json", "encoded": False, "content": {"items": [{"id": 1}]}},
        ),
    ],
    ids=["version 2", "version 4"],
)
def test_a_rule_stands_beside_the_line_that_it_is_about(rules: Any, body: Any) -> None:
    shown = _body(_one(response={"status": 200, "body": body, "matchingRules": rules}))
    assert _line(shown, '"id"').rules == ("any integer",)
    assert _line(shown, '"items"').rules == ("each like this, at least 2",)
    assert shown.elsewhere == ()


@pytest.mark.parametrize(
    ("matcher", "words"),
    [
        ({"match": "regex", "regex": r"\d+"}, r"matches \d+"),
        ({"match": "type", "min": 1, "max": 3}, "each like this, 1 to 3 of them"),
        ({"match": "date", "format": "yyyy-MM-dd"}, "any date of the form yyyy-MM-dd"),
        ({"match": "timestamp", "timestamp": "HH:mm"}, "any date and time of the form HH:mm"),
        ({"match": "include", "value": "x"}, "contains “x”"),
        ({"match": "eachKey", "rules": [{"match": "regex", "regex": "a+"}]}, "every key: matches a+"),
        ({"match": "arrayContains", "variants": [{}, {}]}, "holds an item like each of these 2, among others"),
        ({"match": "statusCode", "status": "success"}, "any success (2xx)"),
        ({"combine": "OR", "matchers": [{"match": "null"}, {"match": "integer"}]}, "null or any integer"),
        ({"match": "from-a-plugin", "n": 1}, '{"match": "from-a-plugin", "n": 1}'),
    ],
)
def test_rules_are_told_in_words(matcher: Any, words: str) -> None:
    shown = _body(_one(response={"status": 200, "body": {"a": 1}, "matchingRules": {"body": {"$.a": matcher}}}))
    assert _line(shown, '"a"').rules == (words,)


def test_rules_of_a_path_a_status_a_header_and_a_parameter_stand_beside_them() -> None:
    asked = {
        "method": "get",
        "path": "/a",
        "query": {"q": ["1"]},
        "headers": {"X-A": ["b"]},
        "matchingRules": {
            "path": {"matchers": [{"match": "regex", "regex": "/.*"}]},
            "query": {"q": {"matchers": [{"match": "integer"}]}},
            "header": {"x-a": {"matchers": [{"match": "notEmpty"}]}, "X-Other": {"matchers": [{"match": "semver"}]}},
        },
        "generators": {"path": {"type": "ProviderState", "expression": "/a/${id}"}},
    }
    request = _one(request=asked).parts[0]
    assert (request.line, request.line_rules) == (
        "GET /a",
        ("matches /.*", "filled with /a/${id} from the provider state"),
    )
    assert [(table.title, table.entries[0].rules) for table in request.tables] == [
        ("Query", ("any integer",)),
        ("Headers", ("not empty",)),
    ]
    assert request.elsewhere == (("header X-Other", "any semantic version"),)


def test_a_binary_body_is_its_size_and_type() -> None:
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n\x00\xff").decode()
    shown = _body(_one(response={"body": {"contentType": "image/png", "encoded": "base64", "content": png}}))
    assert (shown.kind, shown.content_type, shown.size, shown.lines) == ("binary", "image/png", 10, ())


def test_a_form_is_shown_field_by_field() -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    shown = _body(_one(request={"method": "POST", "path": "/", "headers": headers, "body": "a=1&b=x%20y"}))
    assert ["".join(token.text for token in line.tokens) for line in shown.lines] == ["a = 1", "b = x y"]


def test_what_has_no_reading_is_kept_as_json() -> None:
    found = _one(type="Teleport/Beam", beam={"width": 3}, request={"method": "GET", "path": "/", "tracing": True})
    assert found.kind == "Teleport/Beam"
    assert '"width"' in str(found.other)
    assert '"tracing"' in str(found.other)


def test_long_bodies_and_many_interactions_are_bounded_and_say_how_much_is_missing() -> None:
    items = [
        {"description": str(index), "response": {"status": 200, "body": list(range(1000))}} for index in range(200)
    ]
    found = view({"interactions": items}, first=121)
    assert (found.count, found.first, found.last) == (200, 121, 120 + MOST_LINES_SHOWN // MOST_LINES + 1)
    body = _body(found.interactions[0])
    assert (len(body.lines), body.left_out) == (MOST_LINES, 1002 - MOST_LINES)


def test_a_page_of_short_interactions_is_bounded_too() -> None:
    found = view({"interactions": [{"description": str(index)} for index in range(200)]}, first=-5)
    assert (found.first, found.last) == (1, MOST_SHOWN)


def test_version_3_messages_are_shown_with_contents_and_metadata() -> None:
    item = {
        "description": "sold out",
        "providerStates": [{"name": "stock", "params": {"id": 7}}],
        "contents": {"id": 7},
        "metaData": {"contentType": "application/json"},
        "matchingRules": {"body": {"$.id": {"matchers": [{"match": "integer"}]}}},
    }
    found = view({"messages": [item]}).interactions[0]
    assert (found.kind, found.states[0].params, found.parts[0].tables[0].title) == (
        "Message",
        (("id", "7"),),
        "Metadata",
    )
    assert _line(_body(found), '"id"').rules == ("any integer",)
