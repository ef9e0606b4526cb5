"""The sources of a spec as the rules see them: every object once, with the place where it is written."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import define, evolve, field, frozen

from contractkit.bundle import LOCATION
from contractkit.bundle_files import Files, Place, referred
from contractkit.document import METHODS, children
from contractkit.errors import SpecError
from contractkit.lint.finding import Fault
from contractkit.lint.shape import misshapen

REQUEST, RESPONSE = "request", "response"
_STRUCTURE = {"components", "schemas", "properties", "items", "schema", "content", "additionalProperties"}


@frozen
class Node:
    """An object of the document that is no reference, and where it is written."""

    kind: str
    value: Mapping[str, Any]
    place: Place

    @property
    def subject(self) -> str:
        """What an exception calls it: `Item`, and `Item.size` for a property."""
        return ".".join(token for token in self.place.pointer if token not in _STRUCTURE) or self.place.name

    def get(self, name: str, default: Any = None) -> Any:
        return self.value.get(name, default)

    def at(self, *tokens: str) -> Place:
        return self.place.below(*tokens)


@frozen
class Reference:
    """A `$ref`: where it stands, the object that it is part of, and what it leads to."""

    place: Place
    kind: str
    value: Mapping[str, Any]
    target: Place


@frozen
class Operation:
    """An operation with its references followed. `parameters` include those of its path."""

    path: str
    method: str
    node: Node
    parameters: tuple[Node, ...]
    body: Node | None
    responses: Mapping[str, Node]
    security: tuple[Mapping[str, Any], ...]

    @property
    def subject(self) -> str:
        """What an exception calls it: its operationId or, without one, `GET /items`."""
        return self.node.get("operationId") or f"{self.method.upper()} {self.path}"

    @property
    def successes(self) -> dict[str, Node]:
        return {status: node for status, node in self.responses.items() if status.startswith("2")}

    def parameter(self, location: str, name: str) -> Node | None:
        """The parameter of that name; those of headers have it in any case."""
        fold = str.lower if location == "header" else str
        return next(
            (
                each
                for each in self.parameters
                if (each.get("in"), fold(each.get("name", ""))) == (location, fold(name))
            ),
            None,
        )


@frozen
class Spec:
    """A spec that was read whole.

    `nodes` are by kind; `directions` says which schemas requests and responses reach. Where a field that rules read is
    of the wrong kind, `misshapen` says so, and no rule may be asked.
    """

    root: Node
    files: Files
    paths: Mapping[str, Node]
    operations: tuple[Operation, ...]
    nodes: Mapping[str, tuple[Node, ...]]
    references: tuple[Reference, ...]
    directions: Mapping[Place, frozenset[str]]
    misshapen: tuple[Fault, ...]

    def line(self, place: Place) -> int:
        """Where a place is in its file; the first line of a file that the spec does not refer to."""
        file = self.files.sources.get(place.path)
        return file.line(place.pointer) if file else 1

    def of(self, kind: str, *directions: str) -> Iterator[Node]:
        """Every object of a kind; of schemas, those that travel in one of the directions, or all."""
        for node in self.nodes.get(kind, ()):
            if not directions or self.directions.get(node.place, frozenset()).intersection(directions):
                yield node

    def follow(self, kind: str, value: Any, place: Place) -> Node | None:
        """The object that stands at a place, or that the reference there leads to; None where that is no object."""
        while reference := referred(value):
            place = self.files.resolve(reference, place)
            value = self.files.node(place)
        return Node(kind, value, place) if isinstance(value, Mapping) else None

    def below(self, node: Node, kind: str, *tokens: str) -> Node | None:
        """The object below a node, its reference followed."""
        value: Any = node.value
        for token in tokens:
            value = value.get(token) if isinstance(value, Mapping) else None
        return self.follow(kind, value, node.at(*tokens))

    def each(self, node: Node, kind: str, name: str) -> dict[str, Node]:
        """The objects of a map or list field, by key or index, their references followed."""
        held = node.get(name) or {}
        entries: Iterable[tuple[str, Any]] = (
            held.items() if isinstance(held, Mapping) else ((str(index), each) for index, each in enumerate(held))
        )
        found = ((key, self.follow(kind, value, node.at(name, key))) for key, value in entries)
        return {key: each for key, each in found if each is not None}

    def parts(self, schema: Node) -> Iterator[Node]:
        """A schema and all that its allOf asks as well, each once."""
        pending, seen = [schema], set()
        while pending:
            part = pending.pop(0)
            if part.place not in seen:
                seen.add(part.place)
                yield part
                pending = [*self.each(part, "schema", "allOf").values(), *pending]

    def properties(self, schema: Node) -> dict[str, Node]:
        """The properties of a schema, those of its allOf included."""
        found: dict[str, Node] = {}
        for part in self.parts(schema):
            found |= self.each(part, "schema", "properties")
        return found

    def type_of(self, schema: Node) -> str:
        """The type that a schema or its allOf names; empty where none does."""
        return next((part.get("type") for part in self.parts(schema) if "type" in part.value), "")

    def json(self, node: Node) -> Node | None:
        """The schema of a body's JSON; None where it has none."""
        for name in node.get("content") or {}:
            if is_json(name):
                return self.below(node, "schema", "content", name, "schema")
        return None


def is_json(media_type: str) -> bool:
    """Whether a media type, with or without parameters, is JSON."""
    return media_type.partition(";")[0].strip().lower().endswith(("/json", "+json"))


def mapping(spec: Spec, schema: Node) -> dict[str, Place]:
    """The schemas that the tags of a schema's discriminator stand for; tags that lead nowhere are left out."""
    said = (schema.get("discriminator") or {}).get("mapping")
    found: dict[str, Place] = {}
    for tag, name in said.items() if isinstance(said, Mapping) else ():
        is_place = LOCATION.search(str(name))
        reference = {"$ref": name if is_place else f"#/components/schemas/{name}"}
        try:
            target = spec.follow("schema", reference, schema.place if is_place else spec.root.place)
        except SpecError:
            continue
        if target is not None and target.place != schema.place:
            found[tag] = target.place
    return found


def read(root: Path) -> Spec:
    """The spec whose root document is `root`, with all files that it refers to.

    Raises SpecError, naming file and line, where a file cannot be read or a reference leads nowhere or in a circle.
    """
    return _Reader(Place(Path(os.path.normpath(root.absolute())))).read()


@define
class _Reader:
    place: Place
    files: Files = field(factory=Files)
    nodes: dict[tuple[str, Place], Node] = field(factory=dict)
    references: dict[Place, Reference] = field(factory=dict)
    directions: dict[Place, set[str]] = field(factory=dict)
    misshapen: list[Fault] = field(factory=list)
    seen: set[tuple[str, Place, str]] = field(factory=set)

    def read(self) -> Spec:
        document = self.files.node(self.place)
        if not isinstance(document, Mapping) or not str(document.get("openapi", "")).startswith("3.0"):
            raise SpecError(f"{self.files.at(self.place)}: is no OpenAPI 3.0 document")
        self.walk("document", document, self.place, "")
        by_kind: dict[str, list[Node]] = {}
        for (kind, _), node in self.nodes.items():
            by_kind.setdefault(kind, []).append(node)
        spec = Spec(
            root=self.nodes["document", self.place],
            files=self.files,
            paths={},
            operations=(),
            nodes={kind: tuple(found) for kind, found in by_kind.items()},
            references=tuple(self.references.values()),
            directions={place: frozenset(found) for place, found in self.directions.items()},
            misshapen=tuple(self.misshapen),
        )
        return spec if self.misshapen else _with_operations(spec)

    def walk(self, kind: str, value: Any, place: Place, direction: str) -> None:
        """Meets an object and everything below it; the way that it travels goes down with it."""
        pending = [(kind, value, place, direction)]
        while pending:
            kind, value, place, direction = pending.pop()
            value, place = self.settled(kind, value, place)
            if not isinstance(value, Mapping) or (kind, place, direction) in self.seen:
                continue
            self.seen.add((kind, place, direction))
            node = self.meet(kind, value, place)
            if direction:
                self.directions.setdefault(place, set()).add(direction)
            below = [
                (inner, child, node.at(*tokens), _direction(kind, tokens[0], direction, place))
                for tokens, inner, child in children(kind, value)
            ]
            pending += reversed(below)

    def meet(self, kind: str, value: Mapping[str, Any], place: Place) -> Node:
        if (kind, place) not in self.nodes:
            node = self.nodes[kind, place] = Node(kind, value, place)
            self.misshapen += [
                Fault(place.below(name), node.subject, f"{name} must be {form}")
                for name, form in misshapen(kind, value)
            ]
        return self.nodes[kind, place]

    def settled(self, kind: str, value: Any, place: Place) -> tuple[Any, Place]:
        """What stands at a place after its references are followed."""
        seen = [place]
        while reference := referred(value):
            target = self.files.resolve(reference, place)
            self.references.setdefault(place, Reference(place, kind, value, target))
            if target in seen:
                raise SpecError(f"{self.files.at(seen[0])}: the reference {reference} goes in a circle")
            seen.append(place := target)
            value = self.files.node(target)
        return value, place


def _direction(kind: str, name: str, direction: str, place: Place) -> str:
    """Which way what stands in a field travels. In a callback it is the provider that asks."""
    if kind == "operation" and name in ("parameters", "requestBody", "responses"):
        asked = (name != "responses") != ("callbacks" in place.pointer)
        return REQUEST if asked else RESPONSE
    return REQUEST if kind == "pathItem" and name == "parameters" else direction


def _with_operations(spec: Spec) -> Spec:
    paths = {path: node for path, node in spec.each(spec.root, "pathItem", "paths").items() if path.startswith("/")}
    operations = (
        _operation(spec, path, item, method)
        for path, item in paths.items()
        for method in METHODS
        if method in item.value
    )
    return evolve(spec, paths=paths, operations=tuple(found for found in operations if found is not None))


def _operation(spec: Spec, path: str, item: Node, method: str) -> Operation | None:
    node = spec.below(item, "operation", method)
    if node is None:
        return None
    own = list(spec.each(node, "parameter", "parameters").values())
    taken = {(each.get("in"), each.get("name")) for each in own}
    shared = [
        each
        for each in spec.each(item, "parameter", "parameters").values()
        if (each.get("in"), each.get("name")) not in taken
    ]
    return Operation(
        path=path,
        method=method,
        node=node,
        parameters=(*shared, *own),
        body=spec.below(node, "requestBody", "requestBody"),
        responses=spec.each(node, "response", "responses"),
        security=tuple(node.get("security", spec.root.get("security", ()))),
    )
