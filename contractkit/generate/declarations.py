"""The types of a document's schemas, as Python: TypedDicts for objects, aliases for everything else that has a name.

JSON decides: a date is a str, whatever its format, because that is what a JSON reader gives. An allOf is the one object
that it describes. An annotation is wider than its schema where Python has no word for it: `not`, patterns, and members
beside the named ones are left out; validation sees to them. A member that only requests or only replies have
(writeOnly, readOnly) may be absent, as one type serves both.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from attrs import define, field, frozen

from contractkit import document as documents
from contractkit import source
from contractkit.generate import texts
from contractkit.generate.names import Namespace, class_name, is_field_name, name_part

Schema = Mapping[str, Any]

SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
PYTHON = {"string": str, "integer": int, "boolean": bool}
OBJECT = {"properties", "allOf"}  # either of these makes a schema one object, out of all its parts
FILES = {"binary", "byte", "base64"}  # what a form's field brings as bytes
SILENT = {"schemas", "properties", "items", "schema", "content"}  # of a place, what its name can do without
MAX_VARIANTS = 16  # of an allOf whose parts are alternatives; beyond that it is any mapping


@frozen
class Member:
    """One key of an object."""

    name: str
    annotation: str
    comment: str


@frozen
class Record:
    """A TypedDict."""

    name: str
    description: str
    members: tuple[Member, ...]


@frozen
class Alias:
    """Another name of a type."""

    name: str
    description: str
    annotation: str


@frozen
class Shape:
    """The members of an object, out of all the places that describe it."""

    properties: Mapping[str, Any] = field(factory=dict)
    required: frozenset[str] = frozenset()

    def __and__(self, other: "Shape") -> "Shape":
        return Shape({**self.properties, **other.properties}, self.required | other.required)


@define
class Declarations:
    """The types of one document: all of its components, and in passing whatever an annotation needs."""

    document: Schema
    names: Namespace
    made: dict[str, Record | Alias | None] = field(factory=dict)  # None while it is in the making
    references: dict[tuple[str, ...], str] = field(factory=dict)
    inline: dict[tuple[int, bool], str] = field(factory=dict)  # a nested object that several schemas include: one name

    @classmethod
    def of(cls, document: Schema, reserved: Iterable[str] = ()) -> "Declarations":
        """Every schema of the document's components, under its own name wherever Python allows."""
        found = cls(document, Namespace.of(reserved))
        schemas = document.get("components", {}).get("schemas") or {}
        for name in schemas:
            found.references["components", "schemas", name] = found.names.claim(class_name(name))
        for key in list(found.references):
            found._complete(key)
        return found

    def all(self) -> list[Record | Alias]:
        """What was declared, each thing before its parts."""
        return [each for each in self.made.values() if each is not None]

    def is_class(self, record: Record) -> bool:
        """Whether every key can be a field of a class, where a field hides the type that has its name."""
        return all(is_field_name(each.name) and each.name not in self.names.taken for each in record.members)

    def annotation(self, schema: Any, name: str) -> str:
        """A schema as an annotation; an object in it that has no name gets this one, or one that starts with it."""
        if not isinstance(schema, Mapping):
            return "Any"
        if isinstance(schema.get("$ref"), str):
            return self._reference(schema["$ref"])
        parts = [*self._parts(schema, name), *(["None"] if _is_nullable(schema) else [])]
        return union(parts)

    def form(self, schema: Schema, name: str) -> str:
        """The annotation of a form: as of its schema, but a file in it is bytes."""
        shapes = self._shapes(schema, ()) or []
        properties = [each for shape in shapes for each in shape.properties.values()]
        if len(shapes) != 1 or not any(map(self._is_file, properties)):
            return self.annotation(schema, name)
        return self._record(schema, shapes[0], name, files=True)

    def _complete(self, key: tuple[str, ...]) -> None:
        """Makes the declaration of something that already has its name."""
        name = self.references[key]
        if name in self.made:
            return
        self.made[name] = None
        schema = documents.target(self.document, "#" + source.pointer(key))
        schema = schema if isinstance(schema, Mapping) else {}
        shapes = self._shapes(schema, (key,)) if self._is_object(schema) and not _stand_in(schema) else None
        if shapes and len(shapes) == 1 and shapes[0].properties and not _is_nullable(schema):
            self._fill(name, schema, shapes[0])
        else:
            annotation = self.annotation(schema, f"{name}Object" if _is_nullable(schema) else name)
            self.made[name] = Alias(name, "" if "$ref" in schema else texts.described(schema), annotation)

    def _reference(self, reference: str) -> str:
        """The name of what a reference points at, which is declared when it was not."""
        key = source.tokens(reference.partition("#")[2])
        if key not in self.references:
            documents.target(self.document, reference)
            telling = [token for token in key[1:] if token not in SILENT]
            self.references[key] = self.names.claim(class_name("_".join(telling[-3:])))
            self._complete(key)
        return self.references[key]

    def _parts(self, schema: Schema, name: str) -> Iterator[str]:
        """The alternatives of a schema, without null."""
        alternatives = [*(schema.get("oneOf") or ()), *(schema.get("anyOf") or ())]
        if values := _literal(schema):
            yield values
        elif self._is_object(schema):
            yield self._object(schema, name)
        elif alternatives:
            for number, each in enumerate(alternatives, 1):
                title = each.get("title", number) if isinstance(each, Mapping) else number
                yield self.annotation(each, f"{name}{name_part(str(title))}")
        else:
            yield from (self._typed(schema, kind, name) for kind in _kinds(schema))

    def _typed(self, schema: Schema, kind: str, name: str) -> str:
        match kind:
            case "array":
                return f"list[{self.annotation(schema.get('items'), f'{name}Item')}]"
            case "object":
                extra = schema.get("additionalProperties")
                return f"dict[str, {self.annotation(extra, f'{name}Value')}]"
            case _:
                return SCALARS.get(kind, "Any")

    def _is_object(self, schema: Schema) -> bool:
        return bool(OBJECT & schema.keys()) and "object" in (_kinds(schema) or ["object"])

    def _object(self, schema: Schema, name: str) -> str:
        """An object, out of all its parts; or the one part that says what it is."""
        if part := _stand_in(schema):
            return self.annotation(part, name)
        shapes = self._shapes(schema, ())
        if shapes is None:
            return next((self.annotation(each, name) for each in _telling(schema)), "Any")
        if len(shapes) > MAX_VARIANTS or not any(shape.properties for shape in shapes):
            return self._typed(schema, "object", name)
        if len(shapes) == 1:
            return self._record(schema, shapes[0], name)
        return union([self._record(None, shape, f"{name}{number}") for number, shape in enumerate(shapes, 1)])

    def _shapes(self, schema: Schema, within: tuple[tuple[str, ...], ...]) -> list[Shape] | None:
        """The objects that a schema allows; None for a schema of something else."""
        if isinstance(schema.get("$ref"), str):
            self._reference(schema["$ref"])
            key = source.tokens(schema["$ref"].partition("#")[2])
            if key in within:
                return [Shape()]
            self._complete(key)
            return self._shapes(documents.target(self.document, schema["$ref"]), (*within, key))
        if _literal(schema) or "object" not in (_kinds(schema) or ["object"]):
            return None
        found = [Shape(schema.get("properties") or {}, frozenset(_strings(schema.get("required"))))]
        groups = [[each] for each in schema.get("allOf") or ()]
        for group in [*groups, *(schema[key] for key in ("oneOf", "anyOf") if schema.get(key))]:
            choices = [self._shapes(each, within) for each in group if isinstance(each, Mapping)]
            if any(choice is None for choice in choices):
                return None
            variants = [shape for choice in choices for shape in choice or ()]
            if len(group) > 1 and not any(shape.properties for shape in variants):
                continue  # alternatives that only differ in what they require
            if len(found) * len(variants) > MAX_VARIANTS:
                return [*found, *variants]
            found = [one & other for one, other in product(found, variants)]
        return found

    def _record(self, schema: Schema | None, shape: Shape, name: str, *, files: bool = False) -> str:
        """The TypedDict of an object that stands inside another schema."""
        key = (id(schema), files)
        if schema is None or key not in self.inline:
            claimed = self.names.claim(name)
            self.made[claimed] = None
            if schema is not None:
                self.inline[key] = claimed
            self._fill(claimed, schema or {}, shape, files=files)
            return claimed
        return self.inline[key]

    def _fill(self, name: str, schema: Schema, shape: Shape, *, files: bool = False) -> None:
        members = [self._member(name, key, each, shape, files) for key, each in shape.properties.items()]
        self.made[name] = Record(name, texts.described(schema), tuple(members))

    def _member(self, owner: str, name: str, schema: Any, shape: Shape, files: bool) -> Member:
        annotation = self.annotation(schema, owner + name_part(name))
        if files and self._is_file(schema):
            annotation = "list[bytes]" if annotation.startswith("list[") else "bytes"
        inner = schema if isinstance(schema, Mapping) else {}
        always = name in shape.required and not inner.get("readOnly") and not inner.get("writeOnly")
        comment = "" if "$ref" in inner else texts.described(inner)
        return Member(name, annotation if always else f"NotRequired[{annotation}]", comment)

    def _is_file(self, schema: Any) -> bool:
        node = documents.follow(self.document, schema)
        node = documents.follow(self.document, node.get("items", node)) if isinstance(node, Mapping) else {}
        return isinstance(node, Mapping) and node.get("format") in FILES


def union(parts: Iterable[str]) -> str:
    """Alternatives as one annotation: each once, None at the end."""
    found: dict[str, None] = {}
    for part in parts:
        found.setdefault(part.removesuffix(" | None"))
        if part.endswith(" | None"):
            found.setdefault("None")
    if "Any" in found or not found:
        return "Any"
    return " | ".join(sorted(found, key=lambda part: part == "None"))


def _kinds(schema: Schema) -> list[str]:
    """The JSON types that a schema names or means; none when it means anything."""
    named = schema.get("type")
    if isinstance(named, str):
        return [named]
    if isinstance(named, list):
        return [each for each in named if isinstance(each, str)]
    if "items" in schema:
        return ["array"]
    return ["object"] if {"properties", "additionalProperties"} & schema.keys() else []


def _literal(schema: Schema) -> str:
    """The annotation of an enumeration; empty when there is none that Python can write."""
    values = schema.get("enum")
    if not isinstance(values, list):
        return ""
    wanted = tuple(PYTHON[kind] for kind in _kinds(schema) if kind in PYTHON) or (str, int, bool)
    known = [value for value in values if value is not None]
    if not all(type(value) in wanted for value in known):
        return ""
    parts = [f"Literal[{', '.join(map(repr, dict.fromkeys(known)))}]"] if known else []
    return " | ".join([*parts, *(["None"] if None in values else [])])


def _is_nullable(schema: Schema) -> bool:
    """Whether null is meant, be it said beside the type or in a part of its own."""
    parts = [each for each in schema.get("allOf") or () if isinstance(each, Mapping)]
    return schema.get("nullable") is True or any(_is_vague(each) and each.get("nullable") is True for each in parts)


def _is_vague(schema: Schema) -> bool:
    """Whether a part of an allOf says nothing about the type."""
    return not schema.keys() & {"$ref", "type", "enum", "properties", "items", "allOf", "oneOf", "anyOf", "required"}


def _telling(schema: Schema) -> list[Schema]:
    return [each for each in schema.get("allOf") or () if isinstance(each, Mapping) and not _is_vague(each)]


def _stand_in(schema: Schema) -> Schema | None:
    """The one part that a schema consists of, where an allOf only adds words to it."""
    telling = _telling(schema)
    alone = len(telling) == 1 and not any(schema.get(key) for key in ("properties", "required", "oneOf", "anyOf"))
    return telling[0] if alone else None


def _strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
