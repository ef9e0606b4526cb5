"""Parameters and headers: from the text that is sent to the value that their schema is about.

Styles: https://spec.openapis.org/oas/v3.1.0#style-values
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from broker.comparison.assertions import types
from broker.comparison.branches import flatten
from broker.comparison.document import Document, Node
from broker.comparison.effort import Budget
from broker.comparison.media import json_value
from broker.comparison.schemas import Check, Problem

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_MAX_DIGITS = 400
_SEPARATORS = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
_DEEP = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")


def schema_of(document: Document, parameter: Node) -> Node:
    """The schema of a parameter, a header, or the only content type of one."""
    if "schema" in parameter.mapping:
        return parameter.child("schema")
    for _, media in parameter.child("content").children():
        return document.follow(media).child("schema")
    return parameter.child("schema")


def text_problems(
    document: Document, parameter: Node, texts: Sequence[str], budget: Budget, *, promised: bool
) -> list[Problem]:
    """What is wrong with a path parameter, header, cookie or query parameter of these values.

    Raises NotComparedError.
    """
    schema = schema_of(document, parameter)
    if "schema" not in parameter.mapping and "content" in parameter.mapping:
        try:
            value = json_value(",".join(texts).encode())
        except ValueError:
            return [Problem("type", "the value is not JSON, as its content type has it", (), schema.steps, list(texts))]
        return _best(document, schema, [value], budget, promised=promised)
    return _best(document, schema, _values(document, parameter, schema, texts), budget, promised=promised)


def _best(document: Document, schema: Node, values: Sequence[Any], budget: Budget, *, promised: bool) -> list[Problem]:
    """No problem when one of the readings of a text fits; otherwise what is wrong with the likeliest, the first."""
    found: list[list[Problem]] = []
    for value in values:
        problems = Check(document, budget.effort(value), promised=promised).problems(schema, value)
        if not problems:
            return []
        found.append(problems)
    return found[0] if found else []


def query_object(document: Document, parameter: Node, query: Mapping[str, list[str]]) -> tuple[Any, list[str]]:
    """The value of an object that is spread over several names, and these names; None when it is not there."""
    name, schema = str(parameter.mapping.get("name")), schema_of(document, parameter)
    if parameter.mapping.get("style") == "deepObject":
        return _deep(document, name, schema, query)
    if not _explodes(parameter) or "object" not in _types(document, schema):
        return None, []
    members = members_of(document, schema)
    used = [key for key in query if key in members and key != name]
    return {key: typed(document, members[key], query[key]) for key in used} or None, used


def typed(document: Document, schema: Node, texts: Sequence[str]) -> Any:
    """The likeliest value: a list where the schema has one, otherwise the text as the type that the schema names."""
    if "array" in _types(document, schema):
        items = _items(document, schema)
        return [readings(document, items, text)[0] for text in texts]
    return readings(document, schema, texts[0] if texts else "")[0]


def readings(document: Document, schema: Node, text: str) -> list[Any]:
    """What a text may stand for, the likeliest first; never empty."""
    wanted = _types(document, schema)
    found: list[Any] = []
    if not wanted & {"string"} or wanted - {"string"}:
        found = [value for kind, value in _conversions(text) if not wanted or kind in wanted]
    return [*found, text]


def is_empty_allowed(parameter: Node, texts: Sequence[str]) -> bool:
    return parameter.mapping.get("allowEmptyValue") is True and all(not text for text in texts)


def _values(document: Document, parameter: Node, schema: Node, texts: Sequence[str]) -> list[Any]:
    wanted = _types(document, schema)
    scalars = readings(document, schema, texts[0]) if len(texts) == 1 else []
    if "array" in wanted:
        items = _items(document, schema)
        listed = [readings(document, items, piece)[0] for piece in _pieces(parameter, texts)]
        return [listed, *scalars] if wanted - {"array", "null"} else [listed]
    if "object" in wanted:
        pieces = _pieces(parameter, texts)
        return [_object(document, parameter, schema, pieces), *(scalars if wanted - {"object", "null"} else [])]
    return scalars or [list(texts)]


def _pieces(parameter: Node, texts: Sequence[str]) -> list[str]:
    place = parameter.mapping.get("in", "header")
    style = parameter.mapping.get("style") or ("form" if place in ("query", "cookie") else "simple")
    if style in ("label", "matrix"):
        return _prefixed(parameter, style, "".join(texts))
    if place == "query" and _explodes(parameter):
        return list(texts)
    separator = _SEPARATORS.get(str(style), ",")
    pieces = [piece for text in texts if text for piece in text.split(separator)]
    return [piece.strip() for piece in pieces] if place == "header" else pieces


def _prefixed(parameter: Node, style: str, text: str) -> list[str]:
    """`.a.b` and `;name=a;name=b`, exploded; `.a,b` and `;name=a,b` otherwise."""
    mark, explode = ("." if style == "label" else ";"), _explodes(parameter)
    bare = text.removeprefix(mark)
    if style == "matrix":
        name = f"{parameter.mapping.get('name')}="
        parts = [part.removeprefix(name) for part in bare.split(";")]
        return parts if explode else ",".join(parts).split(",")
    return bare.split("." if explode else ",")


def _explodes(parameter: Node) -> bool:
    stated = parameter.mapping.get("explode")
    if isinstance(stated, bool):
        return stated
    place, style = parameter.mapping.get("in"), parameter.mapping.get("style")
    return style == "form" or (style is None and place in ("query", "cookie"))


def _object(document: Document, parameter: Node, schema: Node, pieces: list[str]) -> dict[str, Any]:
    """`a=1,b=2` exploded, `a,1,b,2` otherwise."""
    if _explodes(parameter):
        pairs = [piece.partition("=")[::2] for piece in pieces]
    else:
        pairs = list(zip(pieces[::2], pieces[1::2], strict=False))
    members = members_of(document, schema)
    return {key: typed(document, members[key], [text]) if key in members else text for key, text in pairs}


def _deep(document: Document, name: str, schema: Node, query: Mapping[str, list[str]]) -> tuple[Any, list[str]]:
    value: dict[str, Any] = {}
    used = []
    for key, texts in query.items():
        match = _DEEP.fullmatch(key)
        if match and match.group(1) == name:
            used.append(key)
            _put(document, value, schema, match.group(2)[1:-1].split("]["), texts)
    return (value if used else None), used


def _put(document: Document, value: dict[str, Any], schema: Node, names: list[str], texts: list[str]) -> None:
    for name in names[:-1]:
        inside = value.setdefault(name, {})
        if not isinstance(inside, dict):
            return
        value, schema = inside, members_of(document, schema).get(name, schema.child("properties").child(name))
    member = members_of(document, schema).get(names[-1])
    value[names[-1]] = typed(document, member, texts) if member else texts[0] if texts else ""


_OF_PARTS = ("properties", "required", "additionalProperties", "items")


def is_text(document: Document, schema: Node) -> bool:
    """Whether the schema is one of a string, or says nothing of what it is."""
    wanted = _types(document, schema)
    described = {key for part in _parts(document, schema) for key in _OF_PARTS if key in part.mapping}
    return "string" in wanted or not (wanted or described or schema.value is False)


def members_of(document: Document, schema: Node) -> dict[str, Node]:
    return {name: node for part in _parts(document, schema) for name, node in part.child("properties").children()}


def _items(document: Document, schema: Node) -> Node:
    return next((part.child("items") for part in _parts(document, schema) if "items" in part.mapping), Node(None, ()))


def _types(document: Document, schema: Node) -> set[str]:
    return {kind for part in _parts(document, schema) for kind in types(document, part.mapping)}


def _parts(document: Document, schema: Node) -> tuple[Node, ...]:
    """Every schema that may have a say: those that hold and the branches of every choice."""
    key = ("parts", schema.steps)
    known: tuple[Node, ...] | None = document.known.get(key)
    if known is None:
        parts: dict[Any, Node] = {}
        pending = [schema]
        while pending and len(parts) < 1000:
            flat = flatten(document, (pending.pop(),))
            pending += [
                branch
                for group in flat.groups
                if group.keyword in ("oneOf", "anyOf")
                for branch in group.branches
                if branch.steps not in parts
            ]
            parts |= {part.steps: part for part in flat.schemas}
            parts |= {branch.steps: branch for branch in pending}
        known = document.known[key] = tuple(parts.values())
    return known


def _conversions(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    if _NUMBER.fullmatch(text) and len(text) <= _MAX_DIGITS:
        number = int(text) if text.lstrip("-").isdigit() else float(text)
        if abs(number) != float("inf"):
            found += [("integer", number), ("number", number)]
    if text in ("true", "false"):
        found.append(("boolean", text == "true"))
    if text in ("", "null"):
        found.append(("null", None))
    return found


def cookies(header: str | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in (header or "").split(";"):
        name, separator, value = pair.strip().partition("=")
        if separator:
            found.setdefault(name, []).append(unquote(value.strip('"')))
    return found
