"""What a schema says, whatever language it is to be written in: its JSON types, whether null is meant, its members."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

from attrs import field, frozen

from contractkit import document as documents
from contractkit import source

Schema = Mapping[str, Any]
Key = tuple[str, ...]

MAX_VARIANTS = 16  # of an allOf whose parts are alternatives; beyond that it is any mapping
PYTHON = {"string": str, "integer": int, "boolean": bool}
OBJECT = {"properties", "allOf"}  # either of these makes a schema one object, out of all its parts


@frozen
class Shape:
    """The members of an object, out of all the places that describe it."""

    properties: Mapping[str, Any] = field(factory=dict)
    required: frozenset[str] = frozenset()
    beside: Any = True  # `additionalProperties`

    def __and__(self, other: "Shape") -> "Shape":
        both = self.properties.keys() & other.properties.keys()
        met = {name: meet(self.properties[name], other.properties[name]) for name in both}
        beside = self.beside if other.beside is True or isinstance(self.beside, Mapping) else other.beside
        return Shape({**self.properties, **other.properties, **met}, self.required | other.required, beside)

    def within(self, own: "Shape") -> "Shape":
        """These members as parts of a schema, whose own members come first, and have the last word."""
        whole = self & own
        return Shape({**own.properties, **whole.properties}, whole.required, whole.beside)


def shapes(
    document: Schema, schema: Schema, within: tuple[Key, ...] = (), visit: Callable[[str], None] = lambda _: None
) -> list[Shape] | None:
    """The objects that a schema allows, one for each choice of alternatives; None for a schema of something else.

    `visit` is told every reference before it is followed; `within` are those that are being followed.
    """
    if isinstance(schema.get("$ref"), str):
        visit(schema["$ref"])
        key = source.tokens(schema["$ref"].partition("#")[2])
        if key in within:
            return [Shape()]
        return shapes(document, documents.target(document, schema["$ref"]), (*within, key), visit)
    if literals(schema) or not may_be_object(schema):
        return None
    beside = schema.get("additionalProperties", True)
    own = Shape(schema.get("properties") or {}, frozenset(strings(schema.get("required"))), beside)
    found = [Shape()]
    groups = [[each] for each in schema.get("allOf") or ()]
    alternatives = () if _names_its_heirs(schema) and within else ("oneOf", "anyOf")
    for group in [*groups, *(schema[key] for key in alternatives if schema.get(key))]:
        choices = [shapes(document, each, within, visit) for each in group if isinstance(each, Mapping)]
        if any(choice is None for choice in choices):
            return None
        variants = [shape for choice in choices for shape in choice or ()]
        if len(group) > 1 and not any(shape.properties for shape in variants):
            continue  # alternatives that only differ in what they require
        if len(found) * len(variants) > MAX_VARIANTS:
            return [shape.within(own) for shape in (*found, *variants)]
        found = [one & other for one, other in product(found, variants)]
    return [shape.within(own) for shape in found]


def _names_its_heirs(schema: Schema) -> bool:
    """A base that lists those who extend it: what it lists is no part of them."""
    return "discriminator" in schema and "properties" in schema


def meet(one: Any, other: Any) -> Any:
    """A schema for a member that two parts of an allOf describe: the one that says more, or both of two objects."""
    if one is other or one == other or not isinstance(one, Mapping):
        return other
    if not isinstance(other, Mapping) or is_vague(other) or ("enum" in one and "enum" not in other):
        return one
    if all(isinstance(each.get("$ref"), str) or "properties" in each for each in (one, other)):
        return {"allOf": [one, other]}
    return other


def kinds(schema: Schema) -> list[str]:
    """The JSON types that a schema names or means; none when it means anything."""
    named = schema.get("type")
    if isinstance(named, str):
        return [named]
    if isinstance(named, list):
        return [each for each in named if isinstance(each, str)]
    if "items" in schema:
        return ["array"]
    return ["object"] if {"properties", "additionalProperties"} & schema.keys() else []


def may_be_object(schema: Schema) -> bool:
    return "object" in (kinds(schema) or ["object"])


def is_object(schema: Schema) -> bool:
    return bool(OBJECT & schema.keys()) and may_be_object(schema)


def literals(schema: Schema) -> list[Any] | None:
    """The values of an enumeration, null among them, each once; None where they are not of the schema's type.

    Only strings, whole numbers and booleans have a literal in Python.
    """
    values = schema.get("enum")
    if not isinstance(values, list):
        return None
    wanted = tuple(PYTHON[kind] for kind in kinds(schema) if kind in PYTHON) or (str, int, bool)
    known = [value for value in values if value is not None]
    if not values or not all(type(value) in wanted for value in known):
        return None
    distinct = {(type(value), value): value for value in known}  # true equals 1 in Python
    return [*distinct.values(), *([None] if None in values else [])]


def is_nullable(schema: Schema) -> bool:
    """Whether null is meant, be it said beside the type or in a part of its own."""
    parts = [each for each in schema.get("allOf") or () if isinstance(each, Mapping)]
    return schema.get("nullable") is True or any(is_vague(each) and each.get("nullable") is True for each in parts)


def is_vague(schema: Schema) -> bool:
    """Whether a part of an allOf says nothing about the type."""
    return not schema.keys() & {"$ref", "type", "enum", "properties", "items", "allOf", "oneOf", "anyOf", "required"}


def telling(schema: Schema) -> list[Schema]:
    """The parts of an allOf that say something about the type."""
    return [each for each in schema.get("allOf") or () if isinstance(each, Mapping) and not is_vague(each)]


def stand_in(schema: Schema) -> Schema | None:
    """The one part that a schema consists of, where an allOf only adds words to it."""
    parts = telling(schema)
    adds = any(schema.get(key) for key in ("properties", "required", "oneOf", "anyOf"))
    alone = len(parts) == 1 and not adds and schema.get("additionalProperties") is not False
    return parts[0] if alone else None


def strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
