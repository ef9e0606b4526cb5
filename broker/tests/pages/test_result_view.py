from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.pages.comparison_view import excerpt
from broker.pages.result_view import Mismatch, view
from broker.tests.pages.test_pact_view import JSON, PACTS

_KEYS = ["interactionId", "interactionDescription", "success", "mismatches", "exceptions", "description", "path", "x"]
_RESULTS = st.lists(st.dictionaries(st.sampled_from(_KEYS), JSON, max_size=5), max_size=4) | JSON
_PACT = {
    "interactions": [
        {"_id": "a1", "description": "one", "providerStates": [{"name": "s"}]},
        {"_id": "b2", "description": "two"},
    ]
}


def test_failures_come_first_and_say_why() -> None:
    failed = {
        "interactionId": "b2",
        "success": False,
        "mismatches": [
            {"attribute": "body", "identifier": "$.id", "description": "\x1b[31mExpected 1\x1b[0m but got 2"}
        ],
    }
    found = view(_PACT, {"testResults": [{"interactionId": "a1", "success": True}, failed]})
    assert [(one.number, one.description, one.success) for one in found.outcomes] == [
        (2, "two", False),
        (1, "one", True),
    ]
    assert found.outcomes[0].mismatches == (Mismatch("body", "$.id", "Expected 1 but got 2"),)
    assert (found.passed, found.failed, found.unreported) == (1, 1, 0)


def test_an_interaction_is_found_by_its_description_when_it_has_no_id() -> None:
    found = view(_PACT, {"testResults": [{"interactionDescription": "two", "success": True}]})
    assert {one.number: one.success for one in found.outcomes} == {1: None, 2: True}


def test_what_the_verifier_says_of_an_unknown_interaction_is_kept() -> None:
    found = view(_PACT, {"testResults": [{"interactionId": "gone", "success": False, "took": 3}]})
    assert found.outcomes[0].number is None
    assert '"took"' in str(found.outcomes[0].other)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(PACTS, _RESULTS, JSON)
def test_whatever_a_verifier_reported_can_be_shown(pact: dict[str, Any], results: Any, tools: Any) -> None:
    found = view(pact, {"testResults": results, "verifiedBy": tools})
    assert found.left_out == 0
    str(found).encode("utf-8")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(JSON, st.text(max_size=5) | st.sampled_from(["/a/0", "/0", "/~1", "//", "/a~", "/-1", "a"]))
def test_an_excerpt_is_bounded_wherever_the_pointer_leads(root: Any, pointer: str) -> None:
    assert len(excerpt(root, pointer).lines) <= 16


def test_an_excerpt_leaves_out_what_is_deep_before_it_is_cut() -> None:
    root = {"a": {f"k{index}": {"deep": [1, 2, 3]} for index in range(10)}}
    found = excerpt(root, "/a")
    assert (len(found.lines), found.left_out) == (12, False)
    assert "…" in str(found.lines)
