"""Laws of the comparison, over schemas, values, pacts and documents that nobody thought of."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.comparison import Report, compare, load_document
from broker.comparison.pointers import find, steps_of
from broker.errors import InvalidError

_NAMES = st.sampled_from(["a", "b", "c/d", "e~f", "", "g h", "é%41"])
_LEAVES: st.SearchStrategy[tuple[dict[str, Any], Any]] = st.one_of(
    st.integers(-1000, 1000).map(lambda n: ({"type": "integer", "minimum": n, "maximum": n}, n)),
    st.floats(-1e6, 1e6).map(lambda n: ({"type": "number"}, n)),
    st.text(st.characters(codec="utf-8"), max_size=5).map(lambda text: ({"type": "string", "enum": [text]}, text)),
    st.booleans().map(lambda flag: ({"type": "boolean"}, flag)),
    st.just(({"type": "string", "nullable": True}, None)),
)


def _objects(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[dict[str, Any], Any]]:
    return st.dictionaries(_NAMES, inside, min_size=1, max_size=4).map(_object)


def _object(members: dict[str, tuple[dict[str, Any], Any]]) -> tuple[dict[str, Any], Any]:
    properties = {name: schema for name, (schema, _) in members.items()}
    value = {name: value for name, (_, value) in members.items()}
    return {"type": "object", "required": sorted(properties), "properties": properties}, value


def _split(pair: tuple[dict[str, Any], dict[str, Any]]) -> tuple[dict[str, Any], Any]:
    """The same object, each property in a part of an allOf of its own."""
    schema, value = pair
    parts = [{"type": "object", "properties": {name: one}} for name, one in schema["properties"].items()]
    return {"allOf": [*parts, {"required": schema["required"]}]}, value


def _one_of(pair: tuple[dict[str, Any], Any]) -> tuple[dict[str, Any], Any]:
    schema, value = pair
    return {"oneOf": [schema, {"type": "object", "required": ["other"], "properties": {"other": {"enum": [1]}}}]}, value


def _lists(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[dict[str, Any], Any]]:
    return st.tuples(inside, st.integers(1, 3)).map(
        lambda one: ({"type": "array", "items": one[0][0]}, [one[0][1]] * one[1])
    )


_PAIRS = st.recursive(
    _LEAVES,
    lambda inside: st.one_of(
        _objects(inside), _objects(inside).map(_split), _objects(inside).map(_one_of), _lists(inside)
    ),
    max_leaves=8,
)
_OBJECTS = _objects(_PAIRS)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(_OBJECTS)
def test_a_value_made_for_a_schema_is_taken_and_given(pair: tuple[dict[str, Any], Any]) -> None:
    assert _exchange(*pair).findings == ()


@settings(max_examples=50, deadline=None)
@given(_OBJECTS, st.data())
def test_any_part_of_what_a_provider_gives_may_be_expected(pair: tuple[dict[str, Any], Any], data: Any) -> None:
    schema, value = pair
    kept = data.draw(st.sets(st.sampled_from(sorted(value))))
    assert _exchange(schema, value, {name: value[name] for name in kept}).success


@settings(max_examples=50, deadline=None)
@given(_OBJECTS, st.data())
def test_a_property_that_loses_its_description_is_not_promised(pair: tuple[dict[str, Any], Any], data: Any) -> None:
    schema, value = pair
    lost = data.draw(st.sampled_from(sorted(value)))
    left = {name: one for name, one in schema["properties"].items() if name != lost}
    report = _exchange({**schema, "properties": left}, value)
    assert [steps_of(finding.pact_pointer)[-1] for finding in report.errors] == [lost]


@settings(max_examples=50, deadline=None)
@given(_OBJECTS, st.data())
def test_a_property_of_another_type_fits_neither_way(pair: tuple[dict[str, Any], Any], data: Any) -> None:
    schema, value = pair
    changed = data.draw(st.sampled_from(sorted(value)))
    report = _exchange(
        {**schema, "properties": {**schema["properties"], changed: {"type": "null"}}}, {**value, changed: 1}
    )
    codes = {finding.code for finding in report.errors}
    assert {"request.body.incompatible", "response.body.incompatible"} == codes


_OPERATION = "/paths/~1items/post"
_SCHEMA = f"{_OPERATION}/responses/200/content/application~1json/schema"
_IN_INTERACTION = (
    "/request /request/path /request/headers /request/query /response /response/headers /response/body /response/status"
)
_IN_OPERATION = "/parameters /parameters/0 /parameters/0/schema /parameters/0/style /requestBody /requestBody/content"
_IN_RESPONSES = "/responses /responses/200 /responses/200/content"
_IN_DOCUMENT = "/components /components/securitySchemes/b /servers /security"
_KEYWORDS = (
    "/properties /type /allOf /oneOf /not /required /enum /discriminator /if /items /pattern /minimum /propertyNames"
    " /additionalProperties /patternProperties /dependentRequired /contains /prefixItems /nullable /maxProperties"
)
_PLACES = st.sampled_from(
    ["/metadata", "/interactions", "/interactions/0", *(f"/interactions/0{one}" for one in _IN_INTERACTION.split())]
)
_SPOTS = st.sampled_from(
    [
        *_IN_DOCUMENT.split(),
        *(f"{_OPERATION}{one}" for text in ("", _IN_OPERATION, _IN_RESPONSES) for one in text.split()),
        *(f"{_SCHEMA}{keyword}" for keyword in _KEYWORDS.split()),
    ]
)


@settings(max_examples=200, deadline=None)
@given(_PLACES, _SPOTS, _JSON, _JSON)
def test_nonsense_anywhere_is_a_finding_or_a_refusal_and_never_a_crash(
    place: str, spot: str, in_pact: Any, in_document: Any
) -> None:
    pact, document = _pact({"a": 1}, {"a": 1}), _document({"type": "object", "properties": {"a": {}}})
    _put(pact, place, in_pact)
    _put(document, spot, in_document)
    try:
        loaded = load_document(json.dumps(document).encode(), "application/json")
    except InvalidError:
        return
    for finding in compare(pact, loaded).findings:
        find(pact, steps_of(finding.pact_pointer))
        find(document, steps_of(finding.document_pointer))


def test_a_choice_that_multiplies_at_every_level_is_bounded() -> None:
    loop = {"$ref": "#/components/schemas/L"}
    branches = [{"properties": {"n": loop, "x": {"enum": [at]}}} for at in range(6)]
    document = _document(loop)
    document["components"]["schemas"] = {"L": {"type": "object", "allOf": [{"oneOf": branches}, {"anyOf": branches}]}}
    value: dict[str, Any] = {"y": 1}
    for _ in range(40):
        value = {"n": value}
    loaded = load_document(json.dumps(document).encode(), "application/json")
    assert {"response.body.unvalidatable"} <= {
        finding.code for finding in compare(_pact(value, value), loaded).findings
    }


def test_a_pattern_that_backtracks_without_end_is_bounded() -> None:
    report = _exchange(
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a|aa)+(?=c)$"}}}, {"a": "a" * 200}
    )
    assert report.checked == 1


def test_a_schema_that_is_its_own_branch_says_nothing_more() -> None:
    loop = {"$ref": "#/components/schemas/L"}
    document = _document(loop)
    choice = [loop, {"type": "object"}]
    document["components"]["schemas"] = {"L": {"anyOf": choice, "allOf": [loop], "oneOf": choice}}
    loaded = load_document(json.dumps(document).encode(), "application/json")
    assert compare(_pact({}, {}), loaded).success
    assert not compare(_pact([], []), loaded).success


def _exchange(schema: dict[str, Any], sent: Any, expected: Any = None) -> Report:
    loaded = load_document(json.dumps(_document(schema)).encode(), "application/json")
    return compare(_pact(sent, sent if expected is None else expected), loaded)


def _pact(sent: Any, expected: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer x"}
    request = {"method": "POST", "path": "/items", "query": {"q": ["1"]}, "headers": headers, "body": sent}
    response = {"status": 200, "headers": {"Content-Type": "application/json"}, "body": expected}
    return {
        "interactions": [{"description": "an exchange", "request": request, "response": response}],
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }


def _document(schema: Any) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}}
    operation = {
        "parameters": [{"name": "q", "in": "query", "style": "form", "schema": {"type": "integer"}}],
        "requestBody": content,
        "responses": {"200": {"description": "ok", **content}},
        "security": [{"b": []}],
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "items", "version": "1"},
        "servers": [{"url": "/"}],
        "security": [],
        "paths": {"/items": {"post": operation}},
        "components": {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}},
    }


def _put(root: Any, pointer: str, value: Any) -> None:
    *way, last = steps_of(pointer)
    parent = find(root, tuple(way))
    parent[int(last) if isinstance(parent, list) else last] = value
