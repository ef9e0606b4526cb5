"""Which operation of the document a request is for."""

from __future__ import annotations

import re
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from attrs import frozen

from broker.comparison.document import METHODS, Document, Node

_EXPRESSION = re.compile(r"\{([^{}]*)\}")
# A literal, or the literals around the expressions: "v{major}.{minor}" is ("v", ".", "").
_Segment: TypeAlias = str | tuple[str, ...]
_WHOLE = ("", "")


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
    """A path template and the base paths of the servers that may stand before it."""

    text: str
    segments: tuple[_Segment, ...]
    names: tuple[str, ...]
    bases: tuple[tuple[_Segment, ...], ...]
    item: Node

    @property
    def order(self) -> tuple[int, ...]:
        """Concrete before templated, from the left; a segment that is templated in part stands between."""
        return tuple(0 if isinstance(part, str) else 1 if part != _WHOLE else 2 for part in self.segments)


def find_operation(document: Document, method: str, path: str) -> Found | NotFound:
    """The operation for a raw request path, with or without the base path of one of its servers."""
    segments = path.removeprefix("/").split("/")
    nearest: _Template | None = None
    for template in _templates(document):
        values = _values(template, segments)
        if values is None:
            continue
        if method.lower() in template.item.mapping and method.lower() in METHODS:
            return Found(_operation(document, template, method), values)
        nearest = nearest or template
    if nearest is not None:
        methods = ", ".join(sorted(verb.upper() for verb in METHODS & nearest.item.mapping.keys())) or "no method"
        return NotFound(nearest.item, f"{nearest.text} has no {method}; it documents {methods}")
    return NotFound(document.at("paths"), f"no path of the document is {path}{_slash_hint(document, path)}")


def _slash_hint(document: Document, path: str) -> str:
    other = path.removesuffix("/") if path.endswith("/") else path + "/"
    segments = other.removeprefix("/").split("/")
    known = any(_values(template, segments) is not None for template in _templates(document))
    return f"; it documents {other}" if known and other else ""


def _templates(document: Document) -> list[_Template]:
    known: list[_Template] | None = document.known.get("templates")
    if known is None:
        known = [
            _template(document, text, document.follow(item))
            for text, item in document.at("paths").children()
            if text.startswith("/")
        ]
        known.sort(key=lambda template: template.order)
        document.known["templates"] = known
    return known


def _template(document: Document, text: str, item: Node) -> _Template:
    segments = tuple(_segment(part) for part in text.removeprefix("/").split("/"))
    levels = [document.at("servers"), item.child("servers")]
    levels += [item.child(method).child("servers") for method in METHODS & item.mapping.keys()]
    bases = {base for servers in levels for server in servers.items() if (base := _base(server))}
    return _Template(text, segments, tuple(_EXPRESSION.findall(text)), tuple(sorted(bases, key=str)), item)


def _base(server: Node) -> tuple[_Segment, ...]:
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
    return tuple(_segment(part) for part in path.split("/")) if path else ()


def _segment(text: str) -> _Segment:
    if "{" not in text:
        return unquote(text)
    return tuple(_EXPRESSION.split(text)[::2])  # literal, name, literal, name, literal


def _values(template: _Template, segments: list[str]) -> dict[str, str] | None:
    values = _matched(template.segments, segments)
    if values is None:
        for base in template.bases:
            if len(segments) > len(base) and _matched(base, segments[: len(base)]) is not None:
                values = _matched(template.segments, segments[len(base) :])
                if values is not None:
                    break
    return None if values is None else dict(zip(template.names, values, strict=False))


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
