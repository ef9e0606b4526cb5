"""The findings of a comparison as values for a page: by interaction, with what stands at both places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from broker.comparison import Report
from broker.comparison.pointers import from_fragment
from broker.pages.bodies import Token, json_lines

MOST_SHOWN = 200
_MOST_LINES = 16  # of one excerpt
_DEEPEST = 8
_ORDER = ("error", "unproven", "warning")


@frozen
class Excerpt:
    """What stands at a JSON pointer, the deeper parts left out where it is long; `left_out` when it still goes on."""

    pointer: str
    lines: tuple[tuple[Token, ...], ...]
    left_out: bool


@frozen
class Shown:
    """One finding; `severity` is one of `_ORDER`."""

    severity: str
    code: str
    message: str
    pact: Excerpt
    document: Excerpt


@frozen
class Group:
    """The findings of one interaction, errors first; `interaction` is its description, `number` counts from 1."""

    interaction: str
    number: int
    findings: tuple[Shown, ...]


def groups(report: Report, pact: Mapping[str, Any], document: object) -> tuple[Group, ...]:
    """At most MOST_SHOWN findings, in the order of the interactions."""
    found: dict[tuple[int, str], list[Shown]] = {}
    ordered = sorted(report.findings, key=lambda one: (one.interaction_index, _ORDER.index(one.severity)))
    for one in ordered[:MOST_SHOWN]:
        shown = Shown(
            one.severity,
            one.code,
            one.message,
            excerpt(pact, one.pact_pointer),
            excerpt(document, one.document_pointer),
        )
        found.setdefault((one.interaction_index, one.interaction), []).append(shown)
    return tuple(Group(name, index + 1, tuple(listed)) for (index, name), listed in found.items())


def excerpt(root: object, pointer: str) -> Excerpt:
    """What stands at the pointer, or nothing where it leads nowhere."""
    at: Any = root
    for step in from_fragment(f"#{pointer}") or ():
        try:
            at = at[int(step)] if isinstance(at, list) else at[step]
        except (LookupError, TypeError, ValueError):
            return Excerpt(pointer, (), left_out=False)
    if not pointer:
        return Excerpt(pointer, (), left_out=False)  # the whole says nothing of the place
    for depth in (_DEEPEST, 3, 2, 1):
        lines = json_lines(_pruned(at, depth))
        if len(lines) <= _MOST_LINES:
            break
    return Excerpt(pointer, tuple(lines[:_MOST_LINES]), left_out=len(lines) > _MOST_LINES)


def _pruned(value: Any, depth: int) -> Any:
    """What is nested deeper becomes three dots."""
    if not isinstance(value, (dict, list)) or not value:
        return value
    if depth == 0:
        return "…"
    if isinstance(value, dict):
        return {key: _pruned(child, depth - 1) for key, child in value.items()}
    return [_pruned(child, depth - 1) for child in value]
