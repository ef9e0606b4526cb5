"""The simplest string that matches a regular expression."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import jsonschema_rs

ALPHABET = "a0A_-. /:@" + "".join(map(chr, range(33, 127))) + "é漢"
MAX_REPEAT = 64


class NoStringError(ValueError):
    """No string was found for a pattern."""


def string_of(pattern: str, least: int, most: int | None, *, likely: str) -> str:
    """A string of `least` to `most` characters that matches: `likely` if it does, else the simplest found.

    Repetitions that have a choice are drawn out evenly until the string is long enough. Raises NoStringError.
    """
    words: dict[str, Any] = {"type": "string", "pattern": pattern, "minLength": least}
    check = jsonschema_rs.Draft4Validator(words if most is None else {**words, "maxLength": most})
    for candidate in _candidates(pattern, likely, least):
        if check.is_valid(candidate):
            return candidate
    raise NoStringError(f"no string was found for the pattern {pattern!r}")


def _candidates(pattern: str, likely: str, least: int) -> Iterator[str]:
    yield likely
    parser: Any = import_module("re._parser")  # not public, but the only parser of patterns that Python has
    try:
        tree = parser.parse(pattern.replace(r"\p{L}", "a").replace(r"\p{N}", "0"))
    except (ValueError, RecursionError, parser.error):
        return
    for extra in (*range(9), least, 16, 32, MAX_REPEAT):
        yield _sequence(tree, extra, {})
    yield from ("a", "1", "A", "aA1!aA1!", "https://example.com", "")


def _sequence(tree: Any, extra: int, groups: dict[int, str]) -> str:
    return "".join(_node(str(kind), value, extra, groups) for kind, value in tree)


def _node(kind: str, value: Any, extra: int, groups: dict[int, str]) -> str:
    match kind:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL":
            return next(each for each in ALPHABET if ord(each) != value)
        case "ANY":
            return "a"
        case "IN":
            return _member(value)
        case "BRANCH":
            return _sequence(value[1][0], extra, groups)
        case "SUBPATTERN":
            text = _sequence(value[3], extra, groups)
            groups[value[0] or 0] = text
            return text
        case "ATOMIC_GROUP":
            return _sequence(value, extra, groups)
        case "GROUPREF":
            return groups.get(value, "")
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, inner = value
            count = min(int(low) + extra, int(high))
            return "".join(_sequence(inner, 0, groups) for _ in range(count))
        case _:
            return ""  # anchors and assertions have no text of their own; the check decides


def _member(members: list[tuple[Any, Any]]) -> str:
    """A character of a class, the plainest that it has."""
    negated = bool(members) and str(members[0][0]) == "NEGATE"
    for each in ALPHABET:
        if any(_includes(str(kind), value, each) for kind, value in members) != negated:
            return each
    kind, value = members[-1]
    return chr(value[0] if str(kind) == "RANGE" else value)


def _includes(kind: str, value: Any, character: str) -> bool:
    match kind:
        case "LITERAL":
            return ord(character) == int(value)
        case "RANGE":
            low, high = value
            return int(low) <= ord(character) <= int(high)
        case "CATEGORY":
            return _in_category(str(value), character)
        case _:
            return False


def _in_category(name: str, character: str) -> bool:
    inside: dict[str, bool] = {
        "CATEGORY_DIGIT": character.isdigit(),
        "CATEGORY_WORD": character.isalnum() or character == "_",
        "CATEGORY_SPACE": character.isspace(),
    }
    return inside.get(name.replace("NOT_", ""), False) is not ("NOT_" in name)
