"""A provider's OpenAPI document, read and bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import field, frozen

from broker.comparison.pointers import Steps, find, from_fragment, pointer
from broker.comparison.reading import read
from broker.errors import InvalidError

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_MAX_HOPS = 50
_MAX_FAULTS = 10
_MAX_PATHS, _MAX_SERVERS = 20_000, 1_000
# Below these keys a document holds data, where "$ref" is not a reference.
_DATA = frozenset({"example", "examples", "default", "enum", "const"})
# Below these the keys are names that somebody chose.
_NAMES = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "schemas", "responses", "headers"}
    | {"parameters", "requestBodies", "securitySchemes", "callbacks", "pathItems", "paths", "content", "encoding"}
)


@frozen
class Node:
    """A place in the document: what stands there and the steps that lead to it.

    Places inside are made once, for a comparison asks for the same ones again and again.
    """

    value: Any
    steps: Steps
    _inside: dict[str | int, Node] = field(factory=dict, init=False, eq=False, repr=False)

    @property
    def mapping(self) -> dict[str, Any]:
        """What stands here, or nothing where the document is not as OpenAPI has it."""
        return self.value if isinstance(self.value, dict) else {}

    def child(self, step: str | int) -> Node:
        known = self._inside.get(step)
        if known is not None:
            return known
        value = self.value
        if isinstance(step, int):
            exists = isinstance(value, list) and step < len(value)
        else:
            exists = isinstance(value, dict) and step in value
        if not exists:  # not kept: what a pact asks for has no bound
            return Node(None, (*self.steps, step))
        made = self._inside[step] = Node(value[step], (*self.steps, step))
        return made

    def children(self) -> Iterator[tuple[str, Node]]:
        """The members of a mapping."""
        for key in self.mapping:
            yield key, self.child(key)

    def items(self) -> list[Node]:
        """The items of a list."""
        return [self.child(index) for index in range(len(self.value))] if isinstance(self.value, list) else []


class Document:
    """One OpenAPI document. May be shared between threads: what comparisons work out is kept in `known`, under keys
    of their own, and writing it twice does no harm.
    """

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self.top = Node(root, ())
        self.known: dict[Any, Any] = {}

    @property
    def is_3_0(self) -> bool:
        return str(self.root.get("openapi")).startswith("3.0")

    def at(self, *steps: str | int) -> Node:
        node = self.top
        for step in steps:
            node = node.child(step)
        return node

    def follow(self, node: Node) -> Node:
        """The node itself, or what it refers to in the end."""
        reference = node.mapping.get("$ref")
        if not isinstance(reference, str):
            return node
        key = ("$ref", reference)
        known: Node | None = self.known.get(key)
        if known is None:
            known = self.known[key] = self._target(node, reference)
        return known

    def _target(self, node: Node, reference: object) -> Node:
        for _ in range(_MAX_HOPS):
            steps = from_fragment(reference) if isinstance(reference, str) else None
            if steps is None:
                return node
            try:
                node = Node(find(self.root, steps), steps)
            except LookupError:
                break
            reference = node.mapping.get("$ref")
        return Node(None, node.steps)


def load_document(raw: bytes, content_type: str) -> Document:
    """An OpenAPI document of version 3.0 or 3.1, in JSON or YAML.

    Raises InvalidError with the reason and the place (line and column, or a JSON pointer): not readable, out of
    bounds (20 MB, or 5 MB and 400,000 nodes of YAML, 200 levels, 3 million values with aliases counted in full, 20,000
    paths, 1,000 servers), another format or version, a reference that leads outside of the document or nowhere.
    """
    root = read(raw, content_type)
    if not isinstance(root, dict):
        kind = "a text" if isinstance(root, str) else "a list" if isinstance(root, list) else "a single value"
        raise InvalidError([f"it is not an OpenAPI document in JSON or YAML, but {kind}"])
    _check_version(root)
    faults = [*_shape_faults(root), *_reference_faults(root)]
    if faults:
        rest = [f"and {len(faults) - _MAX_FAULTS} more"] if len(faults) > _MAX_FAULTS else []
        raise InvalidError([*faults[:_MAX_FAULTS], *rest])
    return Document(root)


def _check_version(root: dict[str, Any]) -> None:
    version = root.get("openapi")
    if version is None and "swagger" in root:
        raise InvalidError(["Swagger 2.0 is not supported: convert the document to OpenAPI 3.0"])
    if version is None and "asyncapi" in root:
        raise InvalidError(["AsyncAPI is not supported: an OpenAPI document is expected"])
    if not isinstance(version, str):
        raise InvalidError(["the document does not say at /openapi which version of OpenAPI it is"])
    if not version.startswith(("3.0", "3.1")):
        raise InvalidError([f"OpenAPI {version[:20]} is not supported: 3.0 and 3.1 are (/openapi)"])


def _shape_faults(root: dict[str, Any]) -> list[str]:
    paths = root.get("paths", {} if not str(root["openapi"]).startswith("3.0") else None)
    if not isinstance(paths, dict):
        return ["/paths is not an object"]
    if len(paths) > _MAX_PATHS:
        return [f"/paths has more than {_MAX_PATHS} paths"]
    if _servers(root, paths) > _MAX_SERVERS:
        return [f"the document names more than {_MAX_SERVERS} servers, those of its paths and operations included"]
    faults = []
    for template, item in paths.items():
        if template.startswith("x-"):
            continue
        if not isinstance(item, dict):
            faults.append(f"{pointer(('paths', template))} is not an object")
        elif not template.startswith("/"):
            faults.append(f"{pointer(('paths', template))}: a path begins with /")
        else:
            faults += _operation_faults(template, item)
    return faults


def _servers(root: dict[str, Any], paths: dict[str, Any]) -> int:
    items = [item for item in paths.values() if isinstance(item, dict)]
    operations = [one for item in items for method in METHODS & item.keys() if isinstance(one := item[method], dict)]
    listed = [one.get("servers") for one in (root, *items, *operations)]
    return sum(len(servers) for servers in listed if isinstance(servers, list))


def _operation_faults(template: str, item: dict[str, Any]) -> list[str]:
    return [
        f"{pointer(('paths', template, method))} is not an object"
        for method in sorted(METHODS & item.keys())
        if not isinstance(item[method], dict)
    ]


def _reference_faults(root: dict[str, Any]) -> list[str]:
    faults: list[str] = []
    fine: set[str] = set()
    pending: list[tuple[Any, Steps, bool]] = [(root, (), False)]
    seen: set[int] = set()
    while pending:
        value, steps, names = pending.pop()
        if id(value) in seen:  # the same value under a YAML alias
            continue
        seen.add(id(value))
        if isinstance(value, list):
            pending += [(item, (*steps, at), False) for at, item in enumerate(value) if isinstance(item, dict | list)]
            continue
        reference = value.get("$ref")
        if isinstance(reference, str) and not names and reference not in fine:
            fault = _reference_fault(root, reference)
            if fault:
                faults.append(f"{pointer((*steps, '$ref'))}: {fault}")
            fine.add(reference)
        for key, inside in value.items():
            if isinstance(inside, dict | list) and (names or not (key in _DATA or key.startswith("x-"))):
                pending.append((inside, (*steps, key), not names and key in _NAMES))
    return faults


def _reference_fault(root: dict[str, Any], reference: str) -> str | None:
    steps = from_fragment(reference)
    if steps is None:
        kind = "anchors are" if reference.startswith("#") else "references out of the document are"
        return f"{kind} not followed ({reference[:200]!r}): bundle the document into one file"
    try:
        find(root, steps)
    except LookupError:
        return f"{reference[:200]!r} leads nowhere"
    return None
