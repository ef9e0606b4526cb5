from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings

from broker.pages.pact_diff import diff
from broker.tests.pages.test_pact_view import PACTS


def _interaction(description: str, **body: Any) -> dict[str, Any]:
    return {
        "description": description,
        "providerStates": [{"name": "s"}],
        "request": {"method": "GET", "path": "/"},
        "response": {"status": 200, "body": body},
    }


def test_a_difference_shows_the_lines_of_the_changed_place_with_signs() -> None:
    before = {"interactions": [_interaction("a", id=1, name="x")]}
    after = {"interactions": [_interaction("a", name="y", id=1)]}
    found = diff(before, after)
    assert (found.added_count, found.removed_count, found.changed_count, found.same_count) == (0, 0, 1, 0)
    assert [(line.sign, line.text) for line in found.changed[0].lines] == [
        ("@", "response.body"),
        (" ", '"body": {'),
        (" ", '  "id": 1,'),
        ("-", '  "name": "x"'),
        ("+", '  "name": "y"'),
        (" ", "},"),
        (" ", '"status": 200'),
    ]


def test_interactions_are_the_same_one_only_with_the_same_states_and_type() -> None:
    one = _interaction("a", id=1)
    found = diff(
        {"interactions": [one]}, {"interactions": [{**one, "providerStates": []}], "messages": [{"description": "a"}]}
    )
    assert (found.added_count, found.removed_count, found.changed_count) == (2, 1, 0)


def test_the_order_of_interactions_and_their_ids_are_no_difference() -> None:
    one, two = _interaction("a", id=1), _interaction("b", id=1)
    found = diff({"interactions": [one, two]}, {"interactions": [two, {**one, "_id": "x"}]})
    assert (found.same_count, found.left_out) == (2, 0)


def test_another_specification_is_told() -> None:
    of = {version: {"metadata": {"pactSpecification": {"version": version}}} for version in ("3.0.0", "4.0")}
    assert diff(of["3.0.0"], of["4.0"]).specifications == ("3.0.0", "4.0")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(PACTS, PACTS)
def test_whatever_pacts_are_compared_adding_mirrors_removing(first: dict[str, Any], second: dict[str, Any]) -> None:
    there, back = diff(first, second), diff(second, first)
    assert (there.added_count, there.removed_count) == (back.removed_count, back.added_count)
    assert there.changed_count == back.changed_count
    nothing = diff(first, json.loads(json.dumps(first)))
    assert (nothing.added_count, nothing.removed_count, nothing.changed_count) == (0, 0, 0)
