"""The bodies of requests, responses and messages as lines for a page, each with what the rules say of it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from attrs import define, field, frozen

from broker.content import MAX_DEPTH, deeper_than
from broker.pages.reading import shown
from broker.pages.rules import Path, Rule, Rules

MOST_LINES = 400
_LONGEST_LINE = 2000
_MOST_NOTED_RULES = 300  # every line is held against every rule
_INDENT = "  "


@frozen
class Token:
    """`kind` is key, text, number, word (true, false, null) or mark, for the colour."""

    kind: str
    text: str


@frozen
class Line:
    """`rules` say what else would be accepted here, `generated` what stands here when it is verified."""

    tokens: tuple[Token, ...]
    rules: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()


@frozen
class Body:
    """`kind` is json, text, form, binary or empty; `left_out` counts the lines that are not shown.

    `size` is in bytes, where it is known; `elsewhere` are the rules whose place is on no line.
    """

    kind: str
    content_type: str | None
    lines: tuple[Line, ...] = ()
    left_out: int = 0
    size: int | None = None
    elsewhere: tuple[tuple[str, str], ...] = ()


def body(holder: Mapping[str, Any], key: str, content_type: str | None, rules: Rules, made: Rules) -> Body | None:
    """The body under `key` of a request, response or message; None when it says nothing of one."""
    if key not in holder:
        return None
    raw = holder[key]
    if isinstance(raw, dict) and "content" in raw and {"contentType", "encoded"} & raw.keys():
        stated = raw.get("contentType")
        content_type = stated if isinstance(stated, str) and stated else content_type
        return _content(raw["content"], raw.get("encoded"), content_type, rules, made)
    return _content(raw, False, content_type, rules, made)


def _content(raw: object, encoded: object, content_type: str | None, rules: Rules, made: Rules) -> Body:
    size = None
    if isinstance(raw, str) and encoded:
        decoded = _decoded(raw)
        size = len(decoded)
        text = _as_text(decoded)
        if text is None:
            return Body("binary", content_type, size=size, elsewhere=_listed(rules, made))
        raw = text
    if raw is None or raw == "":
        return Body("empty", content_type, size=size, elsewhere=_listed(rules, made))
    if isinstance(raw, str):
        return _written(raw, content_type, size, rules, made)
    return _json(raw, content_type, size, rules, made)


def _written(raw: str, content_type: str | None, size: int | None, rules: Rules, made: Rules) -> Body:
    subtype = (content_type or "").partition(";")[0].strip().casefold()
    if subtype == "application/x-www-form-urlencoded":
        pairs = parse_qsl(raw[:100_000], keep_blank_values=True)
        lines = [_line((Token("key", name), Token("mark", " = "), Token("text", value))) for name, value in pairs]
        return _bounded("form", content_type, lines, size, _listed(rules, made))
    if (subtype.endswith("json") and raw.lstrip()[:1] in ("{", "[")) and (parsed := _parsed(raw)) is not None:
        return _json(parsed, content_type, size, rules, made)
    kind = "json" if subtype.endswith("json") else "text"
    written = json.dumps(raw, ensure_ascii=False) if kind == "json" else raw
    lines = [_line((Token("plain", text),)) for text in written.split("\n", MOST_LINES + 1)]
    left_out = max(0, written.count("\n") + 1 - MOST_LINES)
    return Body(kind, content_type, tuple(lines[:MOST_LINES]), left_out, size, _listed(rules, made))


def _json(raw: object, content_type: str | None, size: int | None, rules: Rules, made: Rules) -> Body:
    told = _Told(rules.of("body")[:_MOST_NOTED_RULES], made.of("body")[:_MOST_NOTED_RULES])
    lines: list[Line] = []
    left_out = 0
    for path, tokens in placed_lines(raw):
        if len(lines) < MOST_LINES:
            said, generated = told.at(path)
            lines.append(_line(tokens, said, generated))
        else:
            left_out += 1
            if left_out >= 100_000:
                break
    rest = tuple((rule.source or "$", rule.text) for rule in told.untold())
    return Body("json", content_type or "application/json", tuple(lines), left_out, size, rest)


def _bounded(
    kind: str, content_type: str | None, lines: Sequence[Line], size: int | None, rest: tuple[tuple[str, str], ...]
) -> Body:
    return Body(kind, content_type, tuple(lines[:MOST_LINES]), max(0, len(lines) - MOST_LINES), size, rest)


def _line(tokens: tuple[Token, ...], rules: tuple[str, ...] = (), generated: tuple[str, ...] = ()) -> Line:
    return Line(
        tuple(
            token if len(token.text) <= _LONGEST_LINE else Token(token.kind, f"{token.text[:_LONGEST_LINE]}…")
            for token in tokens
        ),
        rules,
        generated,
    )


@define
class _Told:
    """Which rules have found their place."""

    rules: Sequence[Rule]
    generators: Sequence[Rule]
    placed: set[int] = field(factory=set)

    def at(self, path: Path | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if path is None:
            return (), ()
        return self._of(self.rules, path), self._of(self.generators, path)

    def _of(self, rules: Sequence[Rule], path: Path) -> tuple[str, ...]:
        found = [rule for rule in rules if rule.covers(path)]
        self.placed.update(map(id, found))
        return tuple(dict.fromkeys(rule.text for rule in found))

    def untold(self) -> list[Rule]:
        return [rule for rule in (*self.rules, *self.generators) if id(rule) not in self.placed]


def json_lines(raw: object) -> list[tuple[Token, ...]]:
    """Any JSON, pretty and bounded, for what has no reading of its own."""
    found: list[tuple[Token, ...]] = []
    for _, tokens in placed_lines(raw):
        if len(found) == MOST_LINES:
            return [*found, (Token("mark", "…"),)]
        found.append(_line(tokens).tokens)
    return found


def placed_lines(raw: object) -> Iterator[tuple[Path | None, tuple[Token, ...]]]:
    """(path of the value that begins on the line, its tokens); closing brackets have no path."""
    yield from _value_lines(raw, (), (), 0, "")


def _value_lines(
    raw: object, path: Path, before: tuple[Token, ...], depth: int, after: str
) -> Iterator[tuple[Path | None, tuple[Token, ...]]]:
    lead = (Token("mark", _INDENT * depth),) if depth else ()
    if isinstance(raw, (dict, list)) and raw:
        opening, closing = "{}" if isinstance(raw, dict) else "[]"
        yield path, (*lead, *before, Token("mark", opening))
        last = len(raw) - 1
        for index, (step, value) in enumerate(raw.items() if isinstance(raw, dict) else enumerate(raw)):
            key = (Token("key", _quoted(step)), Token("mark", ": ")) if isinstance(step, str) else ()
            yield from _value_lines(value, (*path, step), key, depth + 1, "," if index < last else "")
        yield None, (*lead, Token("mark", closing + after))
    else:
        mark = (Token("mark", after),) if after else ()
        yield path, (*lead, *before, _scalar(raw), *mark)


def _scalar(raw: object) -> Token:
    if isinstance(raw, str):
        return Token("text", _quoted(raw))
    if isinstance(raw, (dict, list)):
        return Token("mark", "{}" if isinstance(raw, dict) else "[]")
    return Token("word" if raw is None or isinstance(raw, bool) else "number", shown(raw))


def _quoted(text: str) -> str:
    return json.dumps(text[: _LONGEST_LINE + 1], ensure_ascii=False)


def _listed(rules: Rules, made: Rules) -> tuple[tuple[str, str], ...]:
    return tuple((rule.source or "$", rule.text) for rule in (*rules.of("body"), *made.of("body")))


def _decoded(raw: str) -> bytes:
    try:
        return base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return raw.encode("utf-8", "replace")


def _as_text(raw: bytes) -> str | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if any(ord(letter) < 32 and letter not in "\t\r\n" for letter in text[:4000]) else text


def _parsed(raw: str) -> object:
    """JSON written inside a text, None when it is better shown as it stands."""
    if "\\ud" in raw.casefold():  # half a character, perhaps: it could not be sent in a page
        return None
    try:
        found: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return None if deeper_than(found, MAX_DEPTH) else found
