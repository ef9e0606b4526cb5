"""What changed from one pact to another, interaction by interaction and line by line.

Pure, and bounded: comparing lines may take the square of them, and a pact may be of any size. What is left out is
told.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal

from attrs import frozen

from broker import content

MOST_CHANGES = 200
_MOST_READ = 50_000  # pieces of an interaction's JSON, several of which make a line
_MOST_COMPARED = 600  # lines of one interaction, from the first that differs
_MOST_COMPARED_IN_ALL = 8000
_MOST_LETTERS = 1000  # of a line
_CONTEXT = 1
_SIGNS = {"added": "+", "removed": "-", "changed": " "}
_JSON = json.JSONEncoder(indent=2, sort_keys=True, ensure_ascii=False)

_Item = dict[str, Any]


@frozen
class Change:
    """One interaction that is new, gone or different; `lines` shows what is different: - gone, + new.

    `left_out`: there is more that differs than the lines show, or there may be.
    """

    interaction: str
    kind: Literal["added", "removed", "changed"]
    lines: tuple[str, ...] = ()
    left_out: bool = False


@frozen
class Difference:
    """The first `changes` by name, and how many more there are; the specification versions before and after."""

    changes: tuple[Change, ...]
    left_out: int
    specifications: tuple[object, object]

    def text(self, *, most_lines: int | None = None) -> str:
        """Lines for a person."""
        lines = [line for change in self.changes for line in _told(change)]
        if self.left_out:
            lines.append(f"... and {self.left_out} more interactions that differ")
        if not lines:
            old, new = self.specifications
            return "Nothing differs." if old == new else f"Only the specification version differs: {old} became {new}."
        if most_lines is not None and len(lines) > most_lines:
            lines = [*lines[:most_lines], f"... and {len(lines) - most_lines} more lines"]
        return "\n".join(lines)


def between(before: bytes, after: bytes) -> Difference:
    """From one served pact body to another. Interactions are the same when descriptions and provider states are."""
    was, is_now = json.loads(before), json.loads(after)
    old, new = _by_name(was), _by_name(is_now)
    names = [name for name in sorted({*old, *new}) if _canonical(old.get(name)) != _canonical(new.get(name))]
    specifications = content.specification_version(was), content.specification_version(is_now)
    return Difference(
        tuple(_changes(names[:MOST_CHANGES], old, new)), max(0, len(names) - MOST_CHANGES), specifications
    )


def _told(change: Change) -> Iterator[str]:
    yield f"{_SIGNS[change.kind]} {change.interaction}"
    yield from (f"  {line}" for line in change.lines)
    if change.left_out:
        yield "  ... and what else differs here is not shown"


def _changes(names: list[str], old: dict[str, list[_Item]], new: dict[str, list[_Item]]) -> Iterator[Change]:
    remaining = _MOST_COMPARED_IN_ALL
    for name in names:
        if name not in old:
            yield Change(name, "added")
        elif name not in new:
            yield Change(name, "removed")
        elif remaining <= 0:
            yield Change(name, "changed", left_out=True)
        else:
            before, after = _apart(_lines(old[name]), _lines(new[name]))
            most = min(_MOST_COMPARED, remaining)
            beyond = max(len(before), len(after)) > most
            remaining -= min(max(len(before), len(after)), most)
            found = difflib.unified_diff(before[:most], after[:most], lineterm="", n=_CONTEXT)
            lines = tuple(_cut(line) for line in found if not line.startswith(("---", "+++", "@@")))
            yield Change(name, "changed", lines, left_out=beyond or not lines)


def _apart(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Without what both begin and end with, but for the lines beside what differs: that much need not be compared."""
    shortest = min(len(old), len(new))
    start = next((index for index in range(shortest) if old[index] != new[index]), shortest)
    left = shortest - start
    end = next((index for index in range(left) if old[-1 - index] != new[-1 - index]), left)
    start, end = max(0, start - _CONTEXT), max(0, end - _CONTEXT)
    return old[start : len(old) - end], new[start : len(new) - end]


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_LETTERS else f"{line[:_MOST_LETTERS]}…"


def _by_name(pact: dict[str, Any]) -> dict[str, list[_Item]]:
    named: dict[str, list[_Item]] = {}
    for item in (item for key in content.INTERACTION_LISTS for item in pact.get(key) or []):
        # Two interactions of one name are a fault of the pact; they are compared as one.
        named.setdefault(_name(item), []).append({key: value for key, value in item.items() if key != "_id"})
    return named


def _canonical(items: list[_Item] | None) -> str:
    # The text, because to Python 1, 1.0 and true are the same.
    return json.dumps(items, sort_keys=True)


def _lines(items: list[_Item]) -> list[str]:
    return [line for item in items for line in "".join(islice(_JSON.iterencode(item), _MOST_READ)).split("\n")]


def _name(item: _Item) -> str:
    states = item.get("providerStates") or item.get("providerState") or item.get("provider_state")
    if isinstance(states, list):
        states = ", ".join(str(one.get("name")) for one in states if isinstance(one, dict))
    return f"{item.get('description')} (given {states})" if states else str(item.get("description"))
