"""A verification result as values for a page: how each interaction of the pact came out, and why.

The verifiers name interactions by the id that the broker gave them; older ones by description only, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from broker.pages.bodies import Token, json_lines
from broker.pages.pact_view import description, interactions_of, state_names, summary
from broker.pages.reading import as_list, as_object, as_text, objects

MOST_SHOWN = 500
_MOST_MISMATCHES = 50
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_READ = frozenset({"interactionId", "interactionDescription", "success", "mismatches", "exceptions"})


@frozen
class Mismatch:
    """`attribute` is the part that differs (status, header, body, ...), `place` where in it."""

    attribute: str
    place: str
    text: str


@frozen
class Outcome:
    """`number` is the interaction's in the pact, None when the pact has none of this id.

    `success` is None when the verifier said nothing of the interaction.
    """

    number: int | None
    description: str
    states: tuple[str, ...]
    summary: str
    success: bool | None
    mismatches: tuple[Mismatch, ...] = ()
    other: tuple[tuple[Token, ...], ...] = ()


@frozen
class ResultView:
    """`outcomes` are bounded and failures come first; the counts are of all. `tools` are (what, version)."""

    outcomes: tuple[Outcome, ...]
    passed: int
    failed: int
    unreported: int
    tools: tuple[tuple[str, str], ...]
    other: tuple[tuple[Token, ...], ...]

    @property
    def left_out(self) -> int:
        return self.passed + self.failed + self.unreported - len(self.outcomes)


def view(pact: Mapping[str, Any], details: Mapping[str, Any]) -> ResultView:
    reported = details.get("testResults")
    results = objects(reported) if isinstance(reported, list) else []
    items = list(enumerate(interactions_of(pact), 1))
    found = _outcomes(items, results)
    found.sort(key=lambda one: (one.success is not False, one.success is True, one.number or 0))
    counts = [one.success for one in found]
    return ResultView(
        tuple(found[:MOST_SHOWN]),
        counts.count(True),
        counts.count(False),
        counts.count(None),
        _tools(as_object(details.get("verifiedBy"))),
        tuple(json_lines(reported)) if reported and not results else (),
    )


def _outcomes(items: list[tuple[int, dict[str, Any]]], results: list[dict[str, Any]]) -> list[Outcome]:
    by_id = {as_text(item.get("_id", "")): (number, item) for number, item in items}
    by_description = {description(item): (number, item) for number, item in items}
    found, told = [], set()
    for result in results:
        named = as_text(result.get("interactionDescription", ""))
        number, item = by_id.get(as_text(result.get("interactionId", ""))) or by_description.get(named) or (None, {})
        told.add(number)
        found.append(_outcome(number, item, named, result))
    silent = [(number, item) for number, item in items if number not in told]
    return found + [_outcome(number, item, "", {}) for number, item in silent]


def _outcome(number: int | None, item: dict[str, Any], named: str, result: dict[str, Any]) -> Outcome:
    success = result.get("success")
    other = {key: value for key, value in result.items() if key not in _READ}
    return Outcome(
        number,
        description(item) if number is not None else named or "an interaction that the pact does not have",
        state_names(item),
        summary(item) if number is not None else "",
        success if isinstance(success, bool) else None,
        _mismatches(result),
        tuple(json_lines(other)) if other else (),
    )


def _mismatches(result: Mapping[str, Any]) -> tuple[Mismatch, ...]:
    found = []
    for raw in [*as_list(result.get("mismatches")), *as_list(result.get("exceptions"))][:_MOST_MISMATCHES]:
        one = raw if isinstance(raw, dict) else {"description": raw}
        text = next((one[key] for key in ("description", "mismatch", "message") if one.get(key)), "")
        place = next((one[key] for key in ("identifier", "path", "key") if one.get(key)), "")
        attribute = one.get("attribute") or one.get("type") or one.get("exceptionClass") or ""
        found.append(Mismatch(as_text(attribute), as_text(place), _COLOURS.sub("", as_text(text))))
    return tuple(found)


def _tools(verified_by: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    names = {
        "implementation": "version",
        "client_implementation": "client_version",
        "client_test_framework": "",
    }
    return tuple(
        (as_text(verified_by[name]), as_text(verified_by.get(version, "")))
        for name, version in names.items()
        if verified_by.get(name)
    )
