"""How the difference of two pacts reads, and that it stays small whatever the pacts are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker import content, publishing
from broker.difference import MOST_CHANGES, between
from broker.publishing import Contract, DifferentContentError, Submission
from broker.store.database import Database
from broker.tests.served import pact


def _body(document: Any) -> bytes:
    return content.from_bytes(json.dumps(document).encode()).body


def _pact(*bodies: object, **first: object) -> Any:
    items = [{"description": f"{index:04}", "response": {"body": body}} for index, body in enumerate(bodies)]
    return {"interactions": [items[0] | first, *items[1:]]}


def test_it_names_the_interactions_that_changed() -> None:
    changed = pact("Foo", "Bar", "kept", "new")
    changed["interactions"][0]["response"]["status"] = 404
    lines = between(_body(pact("Foo", "Bar", "kept", "gone")), _body(changed)).text().splitlines()
    assert "- gone" in lines
    assert "+ new" in lines
    assert '  -    "status": 200' in lines
    assert '  +    "status": 404' in lines


def test_it_tells_states_apart_and_names_a_new_specification_version() -> None:
    two = pact("Foo", "Bar", "an item", "an item")
    two["interactions"][1]["providerStates"] = [{"name": "there is none"}]
    one = {**two, "interactions": two["interactions"][:1]}
    assert between(_body(two), _body(one)).text() == "- an item (given there is none)"
    newer = {**two, "metadata": {"pactSpecification": {"version": "3.0.0"}}}
    assert between(_body(two), _body(newer)).text() == "Only the specification version differs: 4.0 became 3.0.0."
    assert between(_body(two), _body(two)).text() == "Nothing differs."


@pytest.mark.parametrize(("old", "new"), [(1, True), (1, 1.0), (0, False)])
def test_values_that_are_only_equal_in_python_differ(old: object, new: object) -> None:
    (change,) = between(_body(_pact(old)), _body(_pact(new))).changes
    assert len(change.lines) == 4


def test_a_line_far_down_in_an_interaction_is_found() -> None:
    (change,) = between(_body(_pact([*range(5000), "old"])), _body(_pact([*range(5000), "new"]))).changes
    assert [line.split() for line in change.lines if line[0] in "-+"] == [["-", '"old"'], ["+", '"new"']]
    assert not change.left_out


def test_of_many_large_interactions_only_the_first_are_compared_and_the_rest_is_counted() -> None:
    old, new = ([[side + index for index in range(900)]] * (MOST_CHANGES + 50) for side in (0, 10_000))
    found = between(_body(_pact(*old)), _body(_pact(*new)))
    assert (len(found.changes), found.left_out) == (MOST_CHANGES, 50)
    assert all(change.left_out for change in found.changes)
    assert sum(len(change.lines) for change in found.changes) < 20_000
    text = found.text(most_lines=120).splitlines()
    assert len(text) == 121
    assert found.text().endswith("... and 50 more interactions that differ")


def test_a_line_of_any_length_is_cut() -> None:
    (change,) = between(_body(_pact("a" * 100_000)), _body(_pact("b" * 100_000))).changes
    assert sum(map(len, change.lines)) < 3000


def test_a_conflict_is_raised_before_anything_is_compared_so_that_the_writer_is_free_again(database_url: str) -> None:
    old, new = (content.from_bytes(json.dumps(pact("Foo", "Bar", says)).encode()) for says in ("old", "new"))
    first, second = (Submission("Foo", "1", None, (), None, (Contract("Bar", given),)) for given in (old, new))
    database = Database(database_url)
    try:
        with database.write() as tx:
            publishing.publish(tx, first, 1)
            with pytest.raises(DifferentContentError) as raised:
                publishing.publish(tx, second, 2)
    finally:
        database.close()
    assert (raised.value.existing.sha, raised.value.new.sha) == (old.sha, new.sha)
    assert raised.value.details is None
