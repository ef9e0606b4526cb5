"""What an OpenAPI 3.0 document is made of: its operations, and which kind of object stands where."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import frozen

from contractkit import source
from contractkit.errors import SpecError
from contractkit.source import Pointer

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

# Kind of object -> its fields that hold objects: `kind`, `[kind]` a list, `{kind}` a map. A kind whose only field is
# `*` is itself a map. What is not listed (examples, defaults, enums, extensions) is data, and never looked into.
SHAPES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "document": {"paths": "{pathItem}", "components": "components"},
        "components": {
            "schemas": "{schema}",
            "responses": "{response}",
            "parameters": "{parameter}",
            "examples": "{example}",
            "requestBodies": "{requestBody}",
            "headers": "{header}",
            "securitySchemes": "{securityScheme}",
            "links": "{link}",
            "callbacks": "{callback}",
        },
        "pathItem": {"parameters": "[parameter]", **dict.fromkeys(METHODS, "operation")},
        "operation": {
            "parameters": "[parameter]",
            "requestBody": "requestBody",
            "responses": "{response}",
            "callbacks": "{callback}",
        },
        "parameter": {"schema": "schema", "examples": "{example}", "content": "{mediaType}"},
        "header": {"schema": "schema", "examples": "{example}", "content": "{mediaType}"},
        "requestBody": {"content": "{mediaType}"},
        "response": {"headers": "{header}", "content": "{mediaType}", "links": "{link}"},
        "mediaType": {"schema": "schema", "examples": "{example}", "encoding": "{encoding}"},
        "encoding": {"headers": "{header}"},
        "callback": {"*": "pathItem"},
        "schema": {
            "properties": "{schema}",
            "patternProperties": "{schema}",
            "additionalProperties": "schema",
            "items": "schema",
            "allOf": "[schema]",
            "oneOf": "[schema]",
            "anyOf": "[schema]",
            "not": "schema",
        },
        "example": {},
        "link": {},
        "securityScheme": {},
    }
)
SECTIONS: Mapping[str, str] = MappingProxyType(
    {kind.strip("{}"): section for section, kind in SHAPES["components"].items()}
)


@frozen
class Operation:
    """One operation: `label` is what reports and fuzzers call it, `GET /items/{id}`.

    `operation_id` and `tag` are empty where the document names none; `tag` is the first of several.
    """

    method: str
    path: str
    operation_id: str
    tag: str

    @property
    def label(self) -> str:
        return f"{self.method.upper()} {self.path}"


def load_bundle(path: Path) -> dict[str, Any]:
    """A document in one file, as `make generate` writes it. Raises SpecError if there is none."""
    value = source.read(path).value
    if not isinstance(value, dict):
        raise SpecError(f"{source.shown(path)}: is no OpenAPI document")
    return value


def operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Every operation, in the order of the document."""
    return tuple(
        Operation(method, path, item[method].get("operationId", ""), (item[method].get("tags") or [""])[0])
        for path, item in ((path, follow(document, item)) for path, item in document.get("paths", {}).items())
        if path.startswith("/")
        for method in METHODS
        if method in item
    )


def follow(document: Mapping[str, Any], node: Any) -> Any:
    """The node, or what its `$ref` into this document leads to. Raises SpecError where it leads nowhere."""
    seen: list[str] = []
    while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
        reference = node["$ref"]
        if reference in seen or not reference.startswith("#"):
            raise SpecError(f"the reference {reference} points at itself or out of the document")
        seen.append(reference)
        node = target(document, reference)
    return node


def target(document: Mapping[str, Any], reference: str) -> Any:
    """What `#/...` points at. Raises SpecError where that is nothing."""
    node: Any = document
    for token in source.tokens(reference.partition("#")[2]):
        try:
            node = source.child(node, token)
        except LookupError:
            raise SpecError(f"the reference {reference} leads nowhere") from None
    return node


def children(kind: str, node: Any) -> Iterator[tuple[Pointer, str, Any]]:
    """The objects directly below an object of a kind: the way to each, its kind and itself."""
    if not isinstance(node, Mapping):
        return
    shape = SHAPES[kind]
    for name, value in node.items():
        inner = shape.get(name) or shape.get("*")
        if inner is None or (name.startswith("x-") and name not in shape):
            continue
        if inner.startswith("{") and isinstance(value, Mapping):
            extensible = inner in ("{pathItem}", "{response}")
            yield from (
                ((name, key), inner[1:-1], each)
                for key, each in value.items()
                if not (extensible and key.startswith("x-"))
            )
        elif inner.startswith("[") and isinstance(value, list):
            yield from (((name, str(index)), inner[1:-1], each) for index, each in enumerate(value))
        elif inner[0] not in "{[":
            yield (name,), inner, value
