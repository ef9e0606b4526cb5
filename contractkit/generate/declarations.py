"""The types of a document's schemas, as Python: TypedDicts for objects, aliases for everything else that has a name.

JSON decides: a date is a str, whatever its format, because that is what a JSON reader gives. An allOf is the one object
that it describes. An annotation is wider than its schema where Python has no word for it: `not`, patterns, and members
beside the named ones are left out; validation sees to them. A member that only requests or only replies have
(writeOnly, readOnly) may be absent, as one type serves both.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import define, field, frozen

from contractkit import document as documents
from contractkit import source
from contractkit.generate import shapes, texts
from contractkit.generate.names import Namespace, class_name, is_field_name, name_part
from contractkit.generate.shapes import MAX_VARIANTS, Schema, Shape, is_nullable, is_object, kinds, stand_in, telling

SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
FILES = {"binary", "byte", "base64"}  # what a form's field brings as bytes
SILENT = {"schemas", "properties", "items", "schema", "content"}  # of a place, what its name can do without


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
            meant = self._reference(schema["$ref"])
            return union([meant, "None"]) if schema.get("nullable") is True else meant  # as validators read it
        parts = [*self._parts(schema, name), *(["None"] if is_nullable(schema) else [])]
        return union(parts)

    def form(self, schema: Schema, name: str) -> str:
        """The annotation of a form: as of its schema, but a file in it is bytes."""
        objects = self._shapes(schema) or []
        properties = [each for shape in objects for each in shape.properties.values()]
        if len(objects) != 1 or not any(map(self._is_file, properties)):
            return self.annotation(schema, name)
        return self._record(schema, objects[0], name, files=True)

    def _complete(self, key: tuple[str, ...]) -> None:
        """Makes the declaration of something that already has its name."""
        name = self.references[key]
        if name in self.made:
            return
        self.made[name] = None
        schema = documents.target(self.document, "#" + source.pointer(key))
        schema = schema if isinstance(schema, Mapping) else {}
        objects = self._shapes(schema) if is_object(schema) and not stand_in(schema) else None
        if objects and len(objects) == 1 and objects[0].properties and not is_nullable(schema):
            self._fill(name, schema, objects[0])
        else:
            annotation = self.annotation(schema, f"{name}Object" if is_nullable(schema) else name)
            self.made[name] = Alias(
                name, "" if "$ref" in schema else texts.described(schema, on_the_wire=True), annotation
            )

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
        elif is_object(schema):
            yield self._object(schema, name)
        elif alternatives:
            for number, each in enumerate(alternatives, 1):
                title = each.get("title", number) if isinstance(each, Mapping) else number
                yield self.annotation(each, f"{name}{name_part(str(title))}")
        else:
            yield from (self._typed(schema, kind, name) for kind in kinds(schema))

    def _typed(self, schema: Schema, kind: str, name: str) -> str:
        match kind:
            case "array":
                return f"list[{self.annotation(schema.get('items'), f'{name}Item')}]"
            case "object":
                extra = schema.get("additionalProperties")
                return f"dict[str, {self.annotation(extra, f'{name}Value')}]"
            case _:
                return SCALARS.get(kind, "Any")

    def _object(self, schema: Schema, name: str) -> str:
        """An object, out of all its parts; or the one part that says what it is."""
        if part := stand_in(schema):
            return self.annotation(part, name)
        objects = self._shapes(schema)
        if objects is None:
            return next((self.annotation(each, name) for each in telling(schema)), "Any")
        if len(objects) > MAX_VARIANTS or not any(shape.properties for shape in objects):
            return self._typed(schema, "object", name)
        if len(objects) == 1:
            return self._record(schema, objects[0], name)
        return union([self._record(None, shape, f"{name}{number}") for number, shape in enumerate(objects, 1)])

    def _shapes(self, schema: Schema) -> list[Shape] | None:
        return shapes.shapes(self.document, schema, visit=self._visit)

    def _visit(self, reference: str) -> None:
        """Declares what a schema refers to, which is no object that is in the making, before the schema itself."""
        self._reference(reference)
        self._complete(source.tokens(reference.partition("#")[2]))

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
        self.made[name] = Record(name, texts.described(schema, on_the_wire=True), tuple(members))

    def _member(self, owner: str, name: str, schema: Any, shape: Shape, files: bool) -> Member:
        annotation = self.annotation(schema, owner + name_part(name))
        if files and self._is_file(schema):
            annotation = "list[bytes]" if annotation.startswith("list[") else "bytes"
        inner = schema if isinstance(schema, Mapping) else {}
        always = name in shape.required and not inner.get("readOnly") and not inner.get("writeOnly")
        comment = "" if "$ref" in inner else texts.described(inner, on_the_wire=True)
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


def _literal(schema: Schema) -> str:
    """The annotation of an enumeration; empty when there is none that Python can write."""
    values = shapes.literals(schema) or []
    known = [value for value in values if value is not None]
    parts = [f"Literal[{', '.join(map(repr, known))}]"] if known else []
    return " | ".join([*parts, *(["None"] if None in values else [])])
