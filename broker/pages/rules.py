"""Matching rules and generators in words, and the places that they speak of.

The specification has two forms. Up to version 2 a rule's key is a path from the whole message
(`$.body.items[0].id`); from version 3 on rules are grouped by category (`body`, `header`, `query`, `path`,
`status`, `metadata`), with paths from the part itself. Both become `Rules` here. A pact may hold anything, so
nothing in this module raises: what is not understood is shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from broker.pages.reading import shown

ANY = None  # in a path: any key or index
Path = tuple[str | int | None, ...]

_CATEGORIES: Mapping[str, str] = {"headers": "header", "contents": "body", "content": "body"}
_SINGLE = ("path", "method", "status")
_STEP = re.compile(r"""\.?(?:\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\d{1,9})|(\*))\]|(\*)|([^.\[\]]+))""")
_MOST_RULES = 2000  # of one message: a page with more is read by nobody
_DEEPEST = 8  # rules within rules


@frozen
class Rule:
    """`text` says what is accepted (or generated) at `path`, which counts from the part that the rule is for."""

    path: Path
    source: str
    text: str

    def covers(self, path: Path) -> bool:
        return len(self.path) == len(path) and all(
            mine is ANY or mine == theirs for mine, theirs in zip(self.path, path, strict=True)
        )


@frozen
class Rules:
    """The rules of one message by category; `count` is how many there are, also those that were left out."""

    by_category: Mapping[str, tuple[Rule, ...]] = field(factory=dict)
    count: int = 0

    def of(self, category: str) -> tuple[Rule, ...]:
        return self.by_category.get(category, ())

    def named(self, category: str, name: str) -> tuple[str, ...]:
        """What is said of one header, query parameter or metadata entry."""
        folded = name.casefold()
        return tuple(rule.text for rule in self.of(category) if rule.path and str(rule.path[0]).casefold() == folded)

    def whole(self, category: str) -> tuple[str, ...]:
        """What is said of a part that has no parts of its own: the path, the status."""
        return tuple(rule.text for rule in self.of(category))


def matching(raw: object) -> Rules:
    return _gathered(raw, _rule_text)


def generating(raw: object) -> Rules:
    return _gathered(raw, generator_text)


def _gathered(raw: object, words: Callable[[object], str]) -> Rules:
    found: dict[str, list[Rule]] = {}
    count = 0
    for category, place, rule in _entries(raw):
        count += 1
        if count <= _MOST_RULES:
            found.setdefault(category, []).append(Rule(path(place), place, words(rule)))
    return Rules({category: tuple(listed) for category, listed in found.items()}, count)


def _entries(raw: object) -> list[tuple[str, str, object]]:
    """(category, place within it, rule) for either form."""
    if not isinstance(raw, dict):
        return []
    found: list[tuple[str, str, object]] = []
    for key, value in raw.items():
        category = _CATEGORIES.get(key, key)
        if key.startswith("$"):
            found.append(_flat(key, value))
        elif key in _SINGLE and isinstance(value, dict) and not any(name.startswith("$") for name in value):
            found += [(key, "", value[""] if set(value) == {""} else value)] if value else []
        elif isinstance(value, dict):
            found += [(category, place, rule) for place, rule in value.items()]
        else:
            found.append((category, "", value))
    return found


def _flat(place: str, rule: object) -> tuple[str, str, object]:
    steps = path(place)
    head = str(steps[0]) if steps else "body"
    rest = place.removeprefix("$").lstrip(".")
    rest = rest.removeprefix(head) if rest.startswith(head) else rest
    return _CATEGORIES.get(head, head), f"${rest}", rule


def path(text: str) -> Path:
    """`$.items[*]['a b']` as ("items", ANY, "a b"); a text that is no path is one step."""
    rest = text.removeprefix("$")
    steps: list[str | int | None] = []
    at = 0
    while at < len(rest):
        step = _STEP.match(rest, at)
        if step is None or step.end() == at:
            return (text,)
        single, double, index, star, bare_star, bare = step.groups()
        if star or bare_star:
            steps.append(ANY)
        elif index is not None:
            steps.append(int(index))
        else:
            quoted = single if single is not None else double
            steps.append(bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = step.end()
    return tuple(steps)


def _rule_text(raw: object, depth: int = 0) -> str:
    """One rule, or several combined."""
    if isinstance(raw, dict) and isinstance(raw.get("matchers"), list):
        joint = " or " if raw.get("combine") == "OR" else " and "
        return joint.join(_matcher_text(one, depth) for one in raw["matchers"]) or "anything"
    if isinstance(raw, list):
        return " and ".join(_matcher_text(one, depth) for one in raw) or "anything"
    return _matcher_text(raw, depth)


def _matcher_text(raw: object, depth: int) -> str:
    if not isinstance(raw, dict) or depth > _DEEPEST:
        return shown(raw)
    name = raw.get("match")
    if name is None:
        name = "regex" if "regex" in raw else "type" if {"min", "max"} & raw.keys() else None
    words = _MATCHERS.get(name) if isinstance(name, str) else None
    if words is None:
        return shown(raw)
    return words(raw, depth)


def _type(raw: Mapping[str, Any], _: int) -> str:
    least, most = raw.get("min"), raw.get("max")
    if least is not None and most is not None:
        return f"each like this, {shown(least)} to {shown(most)} of them"
    if least is not None:
        return f"each like this, at least {shown(least)}"
    if most is not None:
        return f"each like this, at most {shown(most)}"
    return "any value of this type"


def _dated(what: str, *keys: str) -> Callable[[Mapping[str, Any], int], str]:
    def words(raw: Mapping[str, Any], _: int) -> str:
        form = next((raw[key] for key in (*keys, "format") if raw.get(key)), None)
        return f"any {what}" if form is None else f"any {what} of the form {shown(form)}"

    return words


def _status(raw: Mapping[str, Any], _: int) -> str:
    wanted = raw.get("status")
    if isinstance(wanted, list):
        return f"status {' or '.join(map(shown, wanted))}"
    named = {
        "info": "any informational status (1xx)",
        "success": "any success (2xx)",
        "redirect": "any redirection (3xx)",
        "clientError": "any client error (4xx)",
        "serverError": "any server error (5xx)",
        "nonError": "any status below 400",
        "error": "any error (400 or above)",
    }
    return named.get(shown(wanted), f"status {shown(wanted)}")


def _variants(raw: Mapping[str, Any], _: int) -> str:
    variants = raw.get("variants")
    count = len(variants) if isinstance(variants, list) else 0
    return f"holds an item like each of these {count}, among others" if count > 1 else "holds an item like this one"


def _nested(what: str) -> Callable[[Mapping[str, Any], int], str]:
    def words(raw: Mapping[str, Any], depth: int) -> str:
        rules = raw.get("rules")
        if not isinstance(rules, list) or not rules:
            return f"every {what} like this"
        return f"every {what}: " + " and ".join(_matcher_text(one, depth + 1) for one in rules)

    return words


def _plain(text: str) -> Callable[[Mapping[str, Any], int], str]:
    return lambda _raw, _depth: text


_MATCHERS: Mapping[str, Callable[[Mapping[str, Any], int], str]] = {
    "type": _type,
    "regex": lambda raw, _: f"matches {shown(raw.get('regex'))}",
    "equality": _plain("exactly this"),
    "include": lambda raw, _: f"contains “{shown(raw.get('value'))}”",
    "integer": _plain("any integer"),
    "decimal": _plain("any decimal number"),
    "number": _plain("any number"),
    "boolean": _plain("true or false"),
    "null": _plain("null"),
    "date": _dated("date", "date"),
    "time": _dated("time", "time"),
    "timestamp": _dated("date and time", "timestamp"),
    "datetime": _dated("date and time", "timestamp"),
    "contentType": lambda raw, _: f"content of type {shown(raw.get('value'))}",
    "values": _plain("any keys, values like these"),
    "arrayContains": _variants,
    "statusCode": _status,
    "notEmpty": _plain("not empty"),
    "semver": _plain("any semantic version"),
    "eachKey": _nested("key"),
    "eachValue": _nested("value"),
}


def generator_text(raw: object) -> str:
    """Such as "a random integer from 0 to 10"."""
    if not isinstance(raw, dict):
        return shown(raw)
    if "type" not in raw and set(raw) == {""}:
        return generator_text(raw[""])
    name, words = raw.get("type"), None
    if isinstance(name, str):
        words = _GENERATORS.get(name)
    return words(raw) if words else shown(raw)


def _formed(what: str) -> Callable[[Mapping[str, Any]], str]:
    def words(raw: Mapping[str, Any]) -> str:
        base = f"{what} {shown(raw['expression'])}" if raw.get("expression") else f"the current {what}"
        return f"{base}, as {shown(raw['format'])}" if raw.get("format") else base

    return words


_GENERATORS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "RandomInt": lambda raw: f"a random integer from {shown(raw.get('min', 0))} to {shown(raw.get('max', 2**31 - 1))}",
    "RandomDecimal": lambda raw: f"a random decimal of {shown(raw.get('digits', 10))} digits",
    "RandomHexadecimal": lambda raw: f"{shown(raw.get('digits', 10))} random hexadecimal digits",
    "RandomString": lambda raw: f"a random text of {shown(raw.get('size', 20))} characters",
    "RandomBoolean": lambda _: "true or false at random",
    "Regex": lambda raw: f"a random text that matches {shown(raw.get('regex'))}",
    "Uuid": lambda _: "a random UUID",
    "Date": _formed("date"),
    "Time": _formed("time"),
    "DateTime": _formed("date and time"),
    "ProviderState": lambda raw: f"{shown(raw.get('expression'))} from the provider state",
    "MockServerURL": lambda _: "the address of the mock server",
}
