"""Which operation of the document a request is for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from attrs import frozen

from broker.comparison.document import METHODS, Document, Node
from broker.comparison.effort import Budget

_EXPRESSION = re.compile(r"\{([^{}]*)\}")
# A literal, or the literals around the expressions: "v{major}.{minor}" is ("v", ".", "").
_Segment: TypeAlias = str | tuple[str, ...]
_Base: TypeAlias = tuple[_Segment, ...]
_WHOLE = ("", "")
_MATCHES_A_STEP = 10


@frozen
class Operation:
    """`parameters` are those of the path with those of the operation in their place, references followed."""

    method: str
    template: str
    node: Node
    parameters: tuple[Node, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


@frozen
class Found:
    """`values` are the texts of the path parameters, percent-encoding resolved."""

    operation: Operation
    values: dict[str, str]


@frozen
class NotFound:
    """`place` is what of the document comes nearest; `reason` a sentence."""

    place: Node
    reason: str


@frozen
class _Template:
    """A path template; `bases` are base paths of servers of its own that may stand before it. `rank`: see `_order`."""

    rank: int
    text: str
    segments: tuple[_Segment, ...]
    names: tuple[str, ...]
    bases: tuple[_Base, ...]
    item: Node


@frozen
class _Paths:
    """All templates, by the number of their segments and the first of them where that is a literal.

    `bases` are the base paths of the document's servers, which may stand before any of them; `cost` is what trying
    all bases takes.
    """

    by_shape: dict[tuple[int, str | None], list[_Template]]
    with_own_bases: list[_Template]
    bases: tuple[_Base, ...]
    cost: int


def find_operation(document: Document, method: str, path: str, budget: Budget) -> Found | NotFound:
    """The operation for a raw request path, with or without the base path of one of its servers.

    Raises TooMuchError.
    """
    nearest: _Template | None = None
    for template, values in _matches(document, path, budget):
        if method.lower() in template.item.mapping and method.lower() in METHODS:
            return Found(_operation(document, template, method), dict(zip(template.names, values, strict=False)))
        nearest = nearest or template
    if nearest is not None:
        methods = ", ".join(sorted(verb.upper() for verb in METHODS & nearest.item.mapping.keys())) or "no method"
        return NotFound(nearest.item, f"{nearest.text} has no {method}; it documents {methods}")
    return NotFound(document.at("paths"), f"no path of the document is {path}{_slash_hint(document, path, budget)}")


def _slash_hint(document: Document, path: str, budget: Budget) -> str:
    other = path.removesuffix("/") if path.endswith("/") else path + "/"
    return f"; it documents {other}" if other and _matches(document, other, budget) else ""


def _matches(document: Document, path: str, budget: Budget) -> list[tuple[_Template, list[str]]]:
    """The templates that the path is one of, the most concrete first, with the values of their expressions."""
    paths = _paths(document)
    segments = path.removeprefix("/").split("/")
    budget.take(1 + len(segments) + paths.cost // _MATCHES_A_STEP)
    found: dict[int, tuple[_Template, list[str]]] = {}
    for rest in [segments, *_without(paths.bases, segments)]:
        for first in dict.fromkeys((rest[0], unquote(rest[0]), None)):
            candidates = paths.by_shape.get((len(rest), first), [])
            budget.take(1 + len(candidates) // _MATCHES_A_STEP)
            for template in candidates:
                _note(found, template, rest)
    for template in paths.with_own_bases:
        for rest in _without(template.bases, segments):
            _note(found, template, rest)
    return [found[rank] for rank in sorted(found)]


def _note(found: dict[int, tuple[_Template, list[str]]], template: _Template, segments: list[str]) -> None:
    if template.rank not in found:
        values = _matched(template.segments, segments)
        if values is not None:
            found[template.rank] = template, values


def _without(bases: Iterable[_Base], segments: list[str]) -> list[list[str]]:
    """What remains of a path after each of the bases that it begins with."""
    return [
        segments[len(base) :]
        for base in bases
        if len(segments) > len(base) and _matched(base, segments[: len(base)]) is not None
    ]


def _paths(document: Document) -> _Paths:
    known: _Paths | None = document.known.get("paths")
    if known is None:
        listed = [(text, item) for text, item in document.at("paths").children() if text.startswith("/")]
        ordered = sorted(((_segments(text), text, item) for text, item in listed), key=lambda one: _order(one[0]))
        templates = [
            _template(document, rank, text, segments, item) for rank, (segments, text, item) in enumerate(ordered)
        ]
        own, common = [one for one in templates if one.bases], _bases([document.at("servers")])
        known = _Paths({}, own, common, len(common) + sum(len(one.bases) for one in own))
        for template in templates:
            first = template.segments[0]
            shape = (len(template.segments), first if isinstance(first, str) else None)
            known.by_shape.setdefault(shape, []).append(template)
        document.known["paths"] = known
    return known


def _order(segments: tuple[_Segment, ...]) -> tuple[int, ...]:
    """Concrete before templated, from the left; a segment that is templated in part stands between."""
    return tuple(0 if isinstance(part, str) else 1 if part != _WHOLE else 2 for part in segments)


def _template(document: Document, rank: int, text: str, segments: tuple[_Segment, ...], node: Node) -> _Template:
    item = document.follow(node)
    key = ("bases", item.steps)  # many paths may refer to one item
    if key not in document.known:
        levels = (item, *(item.child(method) for method in METHODS & item.mapping.keys()))
        document.known[key] = _bases([level.child("servers") for level in levels])
    names = tuple(_EXPRESSION.findall(text))
    return _Template(rank, text, segments, names, document.known[key], item)


def _bases(levels: Iterable[Node]) -> tuple[_Base, ...]:
    bases = {base for servers in levels for server in servers.items() if (base := _base(server))}
    return tuple(sorted(bases, key=str))


def _segments(text: str) -> tuple[_Segment, ...]:
    return tuple(_segment(part) for part in text.removeprefix("/").split("/"))


def _base(server: Node) -> _Base:
    url = server.mapping.get("url")
    if not isinstance(url, str):
        return ()
    variables = server.child("variables")

    def default(found: re.Match[str]) -> str:
        # A variable whose default is a path is written out; any other may take any value.
        value = variables.child(found.group(1)).mapping.get("default")
        return value if isinstance(value, str) and ("/" in value or not value) else found.group(0)

    try:
        path = urlsplit(_EXPRESSION.sub(default, url)).path.strip("/")
    except ValueError:
        return ()
    return _segments(path) if path else ()


def _segment(text: str) -> _Segment:
    if "{" not in text:
        return unquote(text)
    return tuple(_EXPRESSION.split(text)[::2])  # literal, name, literal, name, literal


def _matched(expected: tuple[_Segment, ...], segments: list[str]) -> list[str] | None:
    if len(expected) != len(segments):
        return None
    values: list[str] = []
    for part, segment in zip(expected, segments, strict=True):
        if isinstance(part, str):
            if part != segment and part != unquote(segment):
                return None
            continue
        found = _split(segment, part)
        if found is None:
            return None
        values += [unquote(value) for value in found]
    return values


def _split(segment: str, literals: tuple[str, ...]) -> list[str] | None:
    """What stands between the literals, at least a character each time. Linear, whatever the template is."""
    first, *between, last = literals
    if not segment.startswith(first) or not segment.endswith(last):
        return None
    at, end = len(first), len(segment) - len(last)
    found = []
    for literal in between:
        until = segment.find(literal, at + 1, end)
        if until < 0:
            return None
        found.append(segment[at:until])
        at = until + len(literal)
    return [*found, segment[at:end]] if at < end else None


def _operation(document: Document, template: _Template, method: str) -> Operation:
    key = ("operation", template.text, method)
    known: Operation | None = document.known.get(key)
    if known is None:
        node = template.item.child(method.lower())
        parameters: dict[Any, Node] = {}
        for listed in (template.item, node):
            for parameter in map(document.follow, listed.child("parameters").items()):
                name, place = parameter.mapping.get("name"), parameter.mapping.get("in")
                if isinstance(name, str) and isinstance(place, str):
                    parameters[place, name.lower() if place == "header" else name] = parameter
        known = Operation(method.upper(), template.text, node, tuple(parameters.values()))
        document.known[key] = known
    return known
