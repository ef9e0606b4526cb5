"""What changed from one pact to another, interaction by interaction and line by line: pure and bounded.

Interactions are the same one when type, description and provider states are.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from attrs import frozen

from broker.pages.bodies import placed_lines
from broker.pages.pact_view import (
    Interaction,
    description,
    interaction,
    interactions_of,
    kind,
    specification,
    state_names,
    summary,
)
from broker.pages.rules import Path

MOST_SHOWN = 40  # interactions of each sort
_MOST_READ = 5000  # lines of one interaction
_MOST_COMPARED = 600  # of those, from the first that differs: comparing may take the square of them
_MOST_COMPARED_IN_ALL = 8000
_MOST_LINES = 300  # of one difference
_CONTEXT = 2

_Item = dict[str, Any]
_Key = tuple[str, str, tuple[str, ...]]


@frozen
class DiffLine:
    """`sign` is "+", "-" or a space; "@" introduces lines of another place, whose path is the text."""

    sign: str
    text: str


@frozen
class Changed:
    """`left_out`: there is more than the lines show, or there may be, beyond what is compared."""

    description: str
    states: tuple[str, ...]
    summary: str
    lines: tuple[DiffLine, ...]
    left_out: bool


@frozen
class PactDiff:
    """The counts are of all, the tuples bounded. `specifications` are (before, after) when they differ."""

    added: tuple[Interaction, ...]
    removed: tuple[Interaction, ...]
    changed: tuple[Changed, ...]
    added_count: int
    removed_count: int
    changed_count: int
    same_count: int
    specifications: tuple[str, str] | None

    @property
    def left_out(self) -> int:
        shown = len(self.added) + len(self.removed) + len(self.changed)
        return self.added_count + self.removed_count + self.changed_count - shown


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> PactDiff:
    added: list[_Item] = []
    removed: list[_Item] = []
    changed: list[tuple[_Item, _Item]] = []
    same = 0
    for old, new in _pairs(interactions_of(before), interactions_of(after)):
        if old is None and new is not None:
            added.append(new)
        elif new is None and old is not None:
            removed.append(old)
        elif old is not None and new is not None and old != new:
            changed.append((old, new))
        else:
            same += 1
    versions = specification(before), specification(after)
    return PactDiff(
        _shown(added),
        _shown(removed),
        tuple(_all_changed(changed[:MOST_SHOWN])),
        len(added),
        len(removed),
        len(changed),
        same,
        versions if versions[0] != versions[1] else None,
    )


def _shown(items: Sequence[_Item]) -> tuple[Interaction, ...]:
    return tuple(interaction(number, item) for number, item in enumerate(items[:MOST_SHOWN], 1))


def _pairs(old: list[_Item], new: list[_Item]) -> Iterator[tuple[_Item | None, _Item | None]]:
    """Several interactions of one key pair up in their order, after those that are equal."""
    before, after = _by_key(old), _by_key(new)
    for key in dict.fromkeys([*after, *before]):
        mine, theirs = before.get(key, {}), after.get(key, {})
        for text in [text for text in mine if text in theirs]:
            yield mine.pop(text), theirs.pop(text)
        yield from zip_longest(mine.values(), theirs.values())


def _by_key(items: list[_Item]) -> dict[_Key, dict[str, _Item]]:
    """Under each key the interactions by their canonical text: equal ones are one."""
    found: dict[_Key, dict[str, _Item]] = {}
    for item in items:
        bare = {name: value for name, value in item.items() if name != "_id"}
        key = (kind(bare), description(bare), state_names(bare))
        found.setdefault(key, {})[json.dumps(bare, sort_keys=True)] = bare
    return found


def _all_changed(pairs: list[tuple[_Item, _Item]]) -> Iterator[Changed]:
    remaining = _MOST_COMPARED_IN_ALL
    for old, new in pairs:
        before, after = _lines(old), _lines(new)
        start = max(0, _first_difference(before, after) - _CONTEXT)
        most = min(_MOST_COMPARED, max(remaining, 0))
        cut = before[start : start + most], after[start : start + most]
        remaining -= max(map(len, cut))
        lines = list(_differing(*cut)) if most else []
        beyond = max(len(before), len(after)) - start > most
        yield Changed(
            description(new),
            state_names(new),
            summary(new),
            tuple(lines[:_MOST_LINES]),
            left_out=beyond or len(lines) > _MOST_LINES,
        )


def _first_difference(before: list[tuple[Path, str]], after: list[tuple[Path, str]]) -> int:
    for index, (old, new) in enumerate(zip(before, after, strict=False)):
        if old[1].removesuffix(",") != new[1].removesuffix(","):
            return index
    return min(len(before), len(after))


def _lines(item: _Item) -> list[tuple[Path, str]]:
    """(the place that a line belongs to, its text), keys sorted: their order means nothing."""
    ordered = json.loads(json.dumps(item, sort_keys=True))
    found: list[tuple[Path, str]] = []
    opened: list[Path] = [()]
    for path, tokens in placed_lines(ordered):
        text = "".join(token.text for token in tokens)
        if path is None:
            found.append((opened.pop(), text))
        else:
            found.append((opened[-1], text))
            if tokens[-1].text in ("{", "["):
                opened.append(path)
        if len(found) == _MOST_READ:
            break
    return found


def _differing(before: list[tuple[Path, str]], after: list[tuple[Path, str]]) -> Iterator[DiffLine]:
    # A comma comes and goes with the neighbour; it is no difference of the line itself.
    old, new = ([text.removesuffix(",") for _, text in lines] for lines in (before, after))
    groups = difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(_CONTEXT)
    for group in groups:
        yield DiffLine("@", _written(_place(group, before, after)))
        yield from _outdented(list(_signed(group, before, after)))


def _signed(
    group: Sequence[tuple[str, int, int, int, int]], before: list[tuple[Path, str]], after: list[tuple[Path, str]]
) -> Iterator[DiffLine]:
    for tag, old_from, old_to, new_from, new_to in group:
        if tag == "equal":
            yield from (DiffLine(" ", text) for _, text in after[new_from:new_to])
        else:
            yield from (DiffLine("-", text) for _, text in before[old_from:old_to])
            yield from (DiffLine("+", text) for _, text in after[new_from:new_to])


def _outdented(lines: Sequence[DiffLine]) -> Iterator[DiffLine]:
    """The place that is named above stands for the depth."""
    depth = min((len(line.text) - len(line.text.lstrip(" ")) for line in lines), default=0)
    return (DiffLine(line.sign, line.text[depth:]) for line in lines)


def _place(
    group: Sequence[tuple[str, int, int, int, int]], before: list[tuple[Path, str]], after: list[tuple[Path, str]]
) -> Path:
    """The innermost place that holds every changed line of a group."""
    paths = [
        path
        for tag, old_from, old_to, new_from, new_to in group
        if tag != "equal"
        for path, _ in (*before[old_from:old_to], *after[new_from:new_to])
    ]
    shared = paths[0] if paths else ()
    for path in paths:
        length = next((index for index, (a, b) in enumerate(zip(shared, path, strict=False)) if a != b), None)
        shared = shared[: min(len(shared), len(path))] if length is None else shared[:length]
    return shared


def _written(path: Path) -> str:
    text = ""
    for step in path:
        plain = isinstance(step, str) and step.replace("_", "a").isalnum() and not step[:1].isdigit()
        if plain:
            text += f".{step}" if text else str(step)
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text or "the interaction"
