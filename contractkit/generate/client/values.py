"""How the schemas of a document are written in Python: an annotation, and what reads and writes its JSON.

An object with members is a class, an enumeration an enum, alternatives with a tag an alias that has a
decoder of its own; each is a module of the generated `models`. Everything else is written where it stands.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from contractkit import document as documents
from contractkit import source
from contractkit.generate import shapes, texts
from contractkit.generate.client import constants, model_files, models, unions
from contractkit.generate.client.models import Alias, Attribute, Enumeration, Model
from contractkit.generate.client.value import ANY, LITERAL, SCALARS, Direction, Value, array, mapping, union
from contractkit.generate.names import Namespace, class_name, name_part
from contractkit.generate.shapes import Key, Schema, Shape
from contractkit.stub.parameters import argument_name

__all__ = ("Direction", "Value", "Values")

SILENT = {"schemas", "properties", "items", "schema", "content"}  # of a place, what its name can do without


@define
class Values:
    """The Python of one document's schemas. What needs a module of its own is collected, and written by `write`."""

    document: Schema
    names: Namespace
    modules: dict[str, str] = field(factory=dict)  # of a class, an enum or an alias, by its name
    declared: dict[str, Model | Enumeration | Alias] = field(factory=dict)
    uses: dict[str, set[Direction]] = field(factory=dict)
    _own: dict[int, str] = field(factory=dict)  # the name of a component, by the id of its schema
    _made: dict[int, Value] = field(factory=dict)  # what has a name, by the id of its schema
    _known: dict[Key, Value] = field(factory=dict)
    _open: set[Key] = field(factory=set)
    _heirs: Mapping[str, list[str]] = field(factory=dict)
    _closed: frozenset[int] = frozenset()  # the ids of enumerations of one value that allow no other
    _tags: dict[str, dict[str, set[str]]] = field(factory=dict)  # of a class: its member, and what it tells
    _kept: list[Any] = field(factory=list)  # merged schemas: what has an id must live

    @classmethod
    def of(cls, document: Schema) -> "Values":
        """All schemas of the document's components; each keeps its name wherever Python allows."""
        heirs = unions.heirs(document)
        values = cls(document, Namespace.of(models.taken()), heirs=heirs, closed=constants.closed(document, heirs))
        schemas = document.get("components", {}).get("schemas") or {}
        for name, schema in schemas.items():
            if isinstance(schema, Mapping):
                values._own[id(schema)] = values.names.claim(class_name(name))
        for name in schemas:
            values._reference(f"#{source.pointer(('components', 'schemas', name))}")
        return values

    def value(self, schema: Any, name: str, *, direction: Direction) -> Value:
        """A schema of a request or a reply; an object or enumeration in it that has no name is called `name`."""
        found = self._value(schema, name_part(name))
        for each in found.models:
            self.uses.setdefault(each, set()).add(direction)
        return found

    def model_module(self, name: str) -> str:
        """The module below `models` that a class is in: `item` of Item."""
        return self.modules[name]

    def is_exact(self, value: Value) -> bool:
        """Whether a number in a value means all its digits, which a binary float does not keep."""
        waiting, known = [value], set[str]()
        while waiting:
            each = waiting.pop()
            if "codec.decimal_of_number" in each.decoder:
                return True
            new = (each.models & self.declared.keys()) - known
            known |= new
            waiting += [part for name in new for part in self.declared[name].values()]
        return False

    def write(self, folder: Path) -> None:
        """Writes the package `models` into a folder that does not exist: call it when all values are known."""
        model_files.write(folder, list(self.declared.values()), self.modules, self.uses, self._constants())

    def _constants(self) -> dict[str, dict[str, str]]:
        """Of the classes that one value of a tag means: the tag's member, and that value."""
        return {
            name: {key: next(iter(values)) for key, values in tags.items() if len(values) == 1}
            for name, tags in self._tags.items()
        }

    def _value(self, schema: Any, name: str) -> Value:
        if not isinstance(schema, Mapping):
            return ANY
        if isinstance(schema.get("$ref"), str):
            meant = self._reference(
                schema["$ref"]
            )  # 3.0 ignores what stands beside it, but nobody writes it for nothing
            return meant.or_none() if schema.get("nullable") is True else meant
        found = self._made.get(id(schema)) or self._plain(schema, self._own.get(id(schema)) or name)
        return found.or_none() if shapes.is_nullable(schema) else found

    def _reference(self, reference: str) -> Value:
        key = source.tokens(reference.partition("#")[2])
        if key in self._known:
            return self._known[key]
        schema = documents.target(self.document, reference)
        if key in self._open:
            found = self._made.get(id(schema)) or self._recursive(schema, key)
            return found.or_none() if isinstance(schema, Mapping) and shapes.is_nullable(schema) else found
        self._open.add(key)
        found = self._value(schema, class_name("_".join([each for each in key[1:] if each not in SILENT][-3:])))
        self._open.remove(key)
        if (
            id(schema) in self._own
            and id(schema) not in self._made
            and found.bare().decoder.startswith("variants.one_of(")
        ):
            self._name_alias(self._own[id(schema)], schema)
        alias = self._made.get(id(schema))
        if alias and alias.decoder.startswith("decode_") and alias.annotation not in self.declared:
            found = self._alias(alias.annotation, schema, found)
        self._known[key] = found
        return found

    def _recursive(self, schema: Schema, key: Key) -> Value:
        """A name for a schema that holds itself, without an object between."""
        name = self._own.get(id(schema)) or self.names.claim(class_name(key[-1]))
        return self._name_alias(name, schema)

    def _name_alias(self, name: str, schema: Schema) -> Value:
        decode = f"decode_{self._claim_module(name)}"
        value = Value(name, decode, "encoders.plain", models=frozenset({name, decode}))
        self.modules[decode] = self.modules[name]
        self._made[id(schema)] = value
        return value

    def _alias(self, name: str, schema: Schema, meaning: Value) -> Value:
        found = self._made[id(schema)]
        about = texts.described(schema) if "$ref" not in schema else ""
        self.declared[name] = Alias(name, found.decoder, about, meaning)
        return found.or_none() if meaning.nullable else found

    def _plain(self, schema: Schema, name: str) -> Value:
        """A schema without its `nullable`."""
        values = shapes.literals(schema)
        if values is not None:
            return self._enumeration(schema, values, name)
        if shapes.is_object(schema):
            return self._object(schema, name)
        if schema.get("oneOf") or schema.get("anyOf"):
            return self._union(schema, name)
        return union([self._typed(schema, kind, name) for kind in shapes.kinds(schema)])

    def _typed(self, schema: Schema, kind: str, name: str) -> Value:
        if kind == "array":
            return array(self._value(schema.get("items"), f"{name}Item"))
        if kind == "object":
            return mapping(self._value(schema.get("additionalProperties"), f"{name}Value"))
        return SCALARS.get((kind, str(schema.get("format")))) or SCALARS.get((kind, "")) or ANY

    def _enumeration(self, schema: Schema, values: list[Any], name: str) -> Value:
        known = [value for value in values if value is not None]
        types = {type(value) for value in known}
        if not known:
            return SCALARS["null", ""]
        if len(known) == 1 and id(schema) in self._closed:
            found = Value(f"Literal[{known[0]!r}]", f"codec.constant({known[0]!r})", imports=LITERAL)
        elif types in ({str}, {int}):
            found = self._named(schema, name)
            self.declared[found.annotation] = Enumeration.of(found.annotation, texts.described_whole(schema), known)
        else:
            found = union([SCALARS[kind, ""] for kind, python in shapes.PYTHON.items() if python in types])
        return found.or_none() if None in values else found

    def _named(self, schema: Schema, name: str, *, is_class: bool = False) -> Value:
        """The value of a class or an enum that gets a module."""
        claimed = name if self._own.get(id(schema)) == name else self.names.claim(class_name(name))
        self._claim_module(claimed)
        pair = (f"{claimed}.from_dict", f"{claimed}.to_dict")
        decoder, encoder = pair if is_class else (f"codec.enumeration({claimed})", "encoders.enum_value")
        self._made[id(schema)] = Value(claimed, decoder, encoder, models=frozenset({claimed}))
        return self._made[id(schema)]

    def _claim_module(self, name: str) -> str:
        taken = Namespace({*self.modules.values(), "str", "object", "list"})  # a module hides a type of its name there
        self.modules[name] = taken.claim(argument_name(name).lstrip("_") or "type")
        return self.modules[name]

    def _object(self, schema: Schema, name: str) -> Value:
        """An object, out of all its parts; or the one part that says what it is."""
        if part := shapes.stand_in(schema):
            return self._value(part, name)
        found = shapes.shapes(self.document, schema)
        if found is None:
            return next((self._value(each, name) for each in shapes.telling(schema)), ANY)
        if not any(shape.properties for shape in found):
            return self._beside(found[0], name) or self._typed(schema, "object", name)
        self._kept += [found, schema]
        if len(found) == 1:
            heirs = self._heirs_of(schema) if "discriminator" in schema else []
            tag = unions.tag(self.document, schema, heirs) if heirs else None
            return self._tagged(schema, tag, name, found[0]) if tag else self._model(schema, found[0], name)
        parts = [{"description": f"Alternative {number}."} for number in range(1, len(found) + 1)]
        self._kept += parts
        pairs = zip(parts, found, strict=True)
        return union([self._model(part, shape, f"{name}{number}") for number, (part, shape) in enumerate(pairs, 1)])

    def _model(self, schema: Schema, shape: Shape, name: str) -> Value:
        found = self._named(schema, name, is_class=True)
        owner = found.annotation
        taken = Namespace(set(models.MEMBERS))
        attributes = []
        for key, each in shape.properties.items():
            value = self._value(each, owner + name_part(key))
            attributes.append(Attribute.of(key, taken, value, self._followed(each), key in shape.required))
        about = texts.described_whole(schema)
        self.declared[owner] = Model(owner, about, tuple(attributes), self._beside(shape, owner))
        return found

    def _beside(self, shape: Shape, name: str) -> Value | None:
        """What an object may hold besides the members that have names; None where that is nothing."""
        return mapping(self._value(shape.beside, f"{name}Value")) if shape.beside is not False else None

    def _heirs_of(self, schema: Schema) -> list[Schema]:
        """References to what extends a component; directly or not."""
        return [{"$ref": each} for each in self._heirs.get(f"{unions.COMPONENT}{self._component(schema)}", ())]

    def _is(self, schema: Schema, wanted: Schema) -> bool:
        """Whether a schema is the wanted one, or only adds words to it."""
        node = self._followed(schema)
        while node is not wanted and (part := shapes.stand_in(node)):
            node = self._followed(part)
        return node is wanted

    def _component(self, schema: Schema) -> str:
        """The document's name of a component; empty for anything else."""
        return next((name for name, each in self._components().items() if each is schema), "")

    def _components(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.document.get("components", {}).get("schemas") or {}
        return found

    def _tagged(self, schema: Schema, tag: unions.Tag, name: str, base: Shape | None = None) -> Value:
        """Alternatives with a tag, which have a name; `base` are the members of an object that others extend."""
        claimed = name if self._own.get(id(schema)) == name else self.names.claim(class_name(name))
        alias = self._name_alias(claimed, schema)
        variants: dict[str, Value] = {}
        if base:
            own = [value for value, each in tag.variants.items() if self._is(each, schema)]
            own = own or [value for value in tag.common if value not in tag.variants] or [self._component(schema)]
            itself = {key: each for key, each in schema.items() if key != "discriminator"}
            self._kept.append(itself)
            variants |= dict.fromkeys(own, self._model(itself, base, f"{claimed}Base"))
        for value, each in tag.variants.items():
            if value not in variants:
                variants[value] = self._value(each, claimed + name_part(value)).bare()
        rest = next(iter(variants.values())) if base else Value("UnknownVariant", models=frozenset({"UnknownVariant"}))
        for value, variant in variants.items():
            self._tags.setdefault(variant.annotation, {}).setdefault(tag.key, set()).add(value)
        decoders = ", ".join(f"{value!r}: {each.decoder}" for value, each in variants.items())
        otherwise = f", {rest.decoder}" if base else ""
        meaning = evolve(
            union([*variants.values(), rest]),
            decoder=f"variants.tagged({tag.key!r}, {{{decoders}}}{otherwise})",
            encoder="encoders.plain",
        )
        self.declared[claimed] = Alias(claimed, alias.decoder, texts.described(schema), meaning)
        return alias

    def _followed(self, schema: Any) -> Schema:
        node = documents.follow(self.document, schema)
        return node if isinstance(node, Mapping) else {}

    def _union(self, schema: Schema, name: str) -> Value:
        alternatives = [*(schema.get("oneOf") or ()), *(schema.get("anyOf") or ())]
        telling = [each for each in alternatives if not unions.is_null(self._followed(each))]
        found = self._alternatives(schema, telling, name)
        return found.or_none() if len(telling) < len(alternatives) else found

    def _alternatives(self, schema: Schema, alternatives: list[Schema], name: str) -> Value:
        if joined := unions.joined(alternatives):
            return self._enumeration(schema, joined, name)
        if len(alternatives) > 1 and (tag := unions.tag(self.document, schema, alternatives)):
            return self._tagged(schema, tag, name)
        names = [name + unions.part_name(each, number) for number, each in enumerate(alternatives, 1)]
        return union([self._value(each, part) for each, part in zip(alternatives, names, strict=True)])
