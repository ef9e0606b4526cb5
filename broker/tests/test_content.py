from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker import content
from broker.errors import InvalidError
from broker.tests.served import pact

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_INTERACTIONS = st.lists(st.dictionaries(st.text(max_size=4), _JSON, max_size=4), max_size=4)


def _sha(document: Any) -> str:
    return content.from_bytes(json.dumps(document).encode()).sha


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: _shuffled(value[key], chance) for key in keys}
    return [_shuffled(item, chance) for item in value] if isinstance(value, list) else value


@settings(max_examples=50)
@given(_INTERACTIONS, st.randoms(use_true_random=False))
def test_the_sha_does_not_depend_on_the_order_of_interactions_or_keys(
    interactions: list[Any], chance: random.Random
) -> None:
    document = {"interactions": interactions, "metadata": {"pactSpecification": {"version": "4.0"}}}
    other = _shuffled(document, chance)
    chance.shuffle(other["interactions"])
    assert _sha(document) == _sha(other)


@settings(max_examples=50)
@given(_INTERACTIONS, _JSON)
def test_the_sha_does_not_depend_on_who_wrote_the_pact(interactions: list[Any], tool: Any) -> None:
    bare = {"interactions": interactions}
    assert _sha(bare) == _sha({**bare, "metadata": {"tool": tool}, "consumer": {"name": "X"}})


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"pactSpecification": {"version": "3.0.0"}}},
        {"interactions": []},
        {"interactions": [{"description": "other"}]},
        {"messages": []},
    ],
)
def test_the_sha_depends_on_what_the_pact_says(change: dict[str, Any]) -> None:
    document = pact("Foo", "Bar", "something")
    assert _sha(document) != _sha(document | change)


def test_the_order_inside_an_interaction_matters() -> None:
    first, second = ({"interactions": [{"response": {"body": body}}]} for body in ([1, 2], [2, 1]))
    assert _sha(first) != _sha(second)


def test_the_sha_is_that_of_the_sorted_json() -> None:
    state = {"name": "item exists"}
    interaction = {"type": "Synchronous/HTTP", "description": "get", "providerStates": [state]}
    document = {"interactions": [interaction], "metadata": {"pactSpecification": {"version": "4.0"}}}
    # printf %s '{"interactions":[{...}],"pact_specification_version":"4.0"}' | sha1sum, all keys sorted
    assert _sha(document) == "c6d30c2fc7b19b9a179ece550e0d2c8aa9afac1b"


def test_each_interaction_is_served_with_an_id_that_depends_on_its_content_alone() -> None:
    once, again = (
        json.loads(content.from_bytes(json.dumps(document).encode()).body)["interactions"]
        for document in (pact("Foo", "Bar", "a", "b"), pact("Foo", "Bar", "b", "a"))
    )
    assert [item["_id"] for item in once] == [item["_id"] for item in reversed(again)]
    assert len({item["_id"] for item in once}) == 2


def test_a_pact_that_comes_from_a_broker_has_the_sha_that_it_had_there() -> None:
    document = pact("Foo", "Bar", "something")
    first = content.from_bytes(json.dumps(document).encode())
    served = json.loads(first.body) | {"_links": {"self": {"href": "http://x"}}, "createdAt": "2026"}
    again = content.from_bytes(json.dumps(served).encode())
    assert (again.sha, again.body) == (first.sha, first.body)


def test_integers_of_any_size_survive() -> None:
    huge = 2**80 + 1
    found = content.from_bytes(json.dumps({"interactions": [{"huge": huge}]}).encode())
    assert json.loads(found.body)["interactions"][0]["huge"] == huge


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff", "not valid UTF-8"),
        (b'{"interactions": 3}', "interactions is not a list of objects"),
        (b'{"interactions": [3]}', "interactions is not a list of objects"),
        (b'{"consumer": {"name": "Foo"}}', "neither interactions nor messages"),
        (b'{"interactions": [{"n": NaN}]}', "NaN is not a JSON value"),
        (b'{"interactions": [{"n": 1e999}]}', "a number that JSON cannot carry"),
        (b'{"interactions": [{"text": "\\ud800"}]}', "not valid Unicode"),
        (b'{"interactions": ' + b"[" * 300 + b"]" * 300 + b"}", "nested deeper"),
        (b'{"interactions": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper"),
    ],
)
def test_what_is_not_a_pact_is_refused_with_the_reason(raw: bytes, says: str) -> None:
    with pytest.raises(InvalidError, match=says):
        content.from_bytes(raw)
