"""From a raw request path to a handler.

Frameworks match the decoded path, which turns the branch `feat%2Fx` into two segments. This router splits
the raw path first and decodes each segment after, so a name may hold any character.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

from attrs import define, field, frozen

from broker.errors import InvalidError

H = TypeVar("H")


@define
class _Node(Generic[H]):
    literals: dict[str, _Node[H]] = field(factory=dict)
    parameter: _Node[H] | None = None
    names: dict[str, tuple[str, ...]] = field(factory=dict)
    templates: dict[str, str] = field(factory=dict)
    handlers: dict[str, H] = field(factory=dict)


@frozen
class Match(Generic[H]):
    """`handler` is None when the path exists but not for this method; `allowed` lists its methods.

    `template` is the path of the route, as "/pacticipants/{name}".
    """

    handler: H | None
    params: Mapping[str, str]
    allowed: tuple[str, ...]
    template: str


class Router(Generic[H]):
    """Routes such as ("GET", "/pacticipants/{name}", handler); a literal segment wins over a parameter."""

    def __init__(self, routes: Iterable[tuple[str, str, H]]) -> None:
        self._root: _Node[H] = _Node()
        for method, path, handler in routes:
            self._add(method, path, handler)

    def _add(self, method: str, path: str, handler: H) -> None:
        node, names = self._root, []
        for segment in _segments(path):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        if method in node.handlers:
            raise ValueError(f"two handlers for {method} {path}")
        node.handlers[method] = handler
        node.names[method] = tuple(names)
        node.templates[method] = path

    def match(self, method: str, raw_path: bytes) -> Match[H] | None:
        """The handler for a request line; None when no route has this path.

        Raises InvalidError when a segment is not UTF-8 after percent-decoding.
        """
        found = _find(self._root, _segments(raw_path.decode("latin-1")), ())
        if found is None:
            return None
        node, values = found
        wanted = "GET" if method == "HEAD" else method
        if wanted not in node.handlers:
            return Match(None, {}, tuple(sorted(node.handlers)), next(iter(node.templates.values())))
        params = dict(zip(node.names[wanted], map(_decoded, values), strict=True))
        return Match(node.handlers[wanted], params, tuple(sorted(node.handlers)), node.templates[wanted])


def _segments(path: str) -> tuple[str, ...]:
    trimmed = path.strip("/")
    return tuple(trimmed.split("/")) if trimmed else ()


def _find(
    node: _Node[H], segments: tuple[str, ...], values: tuple[str, ...]
) -> tuple[_Node[H], tuple[str, ...]] | None:
    if not segments:
        return (node, values) if node.handlers else None
    head, rest = segments[0], segments[1:]
    literal = node.literals.get(head)
    if literal is not None and (found := _find(literal, rest, values)) is not None:
        return found
    if node.parameter is not None and head:
        return _find(node.parameter, rest, (*values, head))
    return None


def _decoded(segment: str) -> str:
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidError(["The path is not valid UTF-8"]) from None
    if "\x00" in text:
        raise InvalidError(["The path holds a null character"])
    return text
