"""Rules about schemas: shapes that every tool reads alike, and limits on everything that travels."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from contractkit.bundle_files import Place
from contractkit.lint.finding import Fault, Faults
from contractkit.lint.settings import Pattern, Rule
from contractkit.lint.spec import REQUEST, Node, Spec, mapping

TYPES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "array": (list,),
        "object": (dict,),
    }
)
KEYWORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "string": ("minLength", "maxLength", "pattern"),
        "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        "array": ("items", "minItems", "maxItems", "uniqueItems"),
        "object": ("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
    }
)
RANGES = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)


def typed_enum(spec: Spec) -> Faults:
    """An enum has a type, and every value is of it."""
    for schema in spec.of("schema"):
        for index, value in enumerate(schema.get("enum", ())):
            name = schema.get("type", "")
            if not _fits(value, name) and not (value is None and schema.get("nullable")):
                message = f"{value!r} is no {name}" if name else "an enum needs a type"
                yield Fault(schema.at("enum", str(index)), schema.subject, message)


def _fits(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES.get(name, ()))


def no_duplicated_enum_values(spec: Spec) -> Faults:
    """No value stands twice in an enum."""
    for schema in spec.of("schema"):
        values = [(type(value), repr(value)) for value in schema.get("enum", ())]
        for index, value in enumerate(values):
            if value in values[:index]:
                yield Fault(schema.at("enum", str(index)), schema.subject, f"{value[1]} stands here twice")


def array_items(spec: Spec) -> Faults:
    """An array says what it holds."""
    for schema in spec.of("schema"):
        if schema.get("type") == "array" and not schema.get("items"):
            yield Fault(schema.place, schema.subject, "the array has no items")


def no_schema_type_mismatch(spec: Spec) -> Faults:
    """No schema has words that belong to another type than its own, where they would mean nothing."""
    for schema in spec.of("schema"):
        kind = {"integer": "number"}.get(schema.get("type", ""), schema.get("type"))
        for owner, words in KEYWORDS.items():
            for word in words if kind and kind != owner else ():
                if word in schema.value:
                    yield Fault(schema.at(word), schema.subject, f"{word} means nothing for type {schema.get('type')}")


def no_empty_ranges(spec: Spec) -> Faults:
    """No lower bound is above its upper bound."""
    for schema in spec.of("schema"):
        for low, high in RANGES:
            if schema.get(low) is not None and schema.get(high) is not None and schema.get(low) > schema.get(high):
                yield Fault(schema.at(high), schema.subject, f"{low} is above {high}")


def nullable_shape(spec: Spec) -> Faults:
    """`nullable` stands beside a plain type; an enum, a reference or a choice becomes nullable as one of `oneOf`.

    `oneOf: [{$ref: X}, {type: object, nullable: true, enum: [null]}]` is the shape that all tools read alike.
    """
    for schema in spec.of("schema"):
        if not schema.get("nullable"):
            continue
        if "type" not in schema.value:
            yield Fault(schema.at("nullable"), schema.subject, "nullable needs a type beside it")
        elif "enum" in schema.value and schema.get("enum") != [None]:
            message = "a nullable enum is read in three ways; use oneOf with null"
            yield Fault(schema.at("nullable"), schema.subject, message)
        elif {"allOf", "oneOf", "anyOf"} & schema.value.keys():
            message = "nullable beside a choice is refused; use oneOf with null"
            yield Fault(schema.at("nullable"), schema.subject, message)


def one_of_tagged(spec: Spec) -> Faults:
    """Every choice has a discriminator with a mapping, and each variant requires its tag with a single value.

    A choice between one schema and null needs none.
    """
    for schema in spec.of("schema"):
        variants = {key: node for key, node in spec.each(schema, "schema", "oneOf").items() if not _is_null(node)}
        if "anyOf" in schema.value:
            yield Fault(schema.at("anyOf"), schema.subject, "tools read anyOf in different ways; use oneOf")
        if len(variants) > 1:
            yield from _untagged(spec, schema, variants)


def _untagged(spec: Spec, schema: Node, variants: Mapping[str, Node]) -> Faults:
    discriminator = schema.get("discriminator") or {}
    tag = discriminator.get("propertyName")
    if not isinstance(tag, str) or not isinstance(discriminator.get("mapping"), dict):
        yield Fault(schema.at("oneOf"), schema.subject, "has no discriminator with a mapping")
        return
    for index, variant in variants.items():
        values = [value for part in _tags(spec, variant, tag) for value in part]
        required = any(tag in part.get("required", ()) for part in spec.parts(variant))
        if len(values) != 1 or not required:
            message = f"{variant.subject} must require {tag} with an enum of one value"
            yield Fault(schema.at("oneOf", index), schema.subject, message)
        elif mapping(spec, schema).get(str(values[0])) != variant.place:
            message = f"the mapping does not lead from {values[0]} to {variant.subject}"
            yield Fault(schema.at("discriminator"), schema.subject, message)


def _tags(spec: Spec, variant: Node, tag: str) -> Iterator[list[Any]]:
    found = spec.properties(variant).get(tag)
    for part in spec.parts(found) if found else ():
        if "enum" in part.value:
            yield part.get("enum")


def _is_null(schema: Node) -> bool:
    return bool(schema.get("enum") == [None])


def all_of_disjoint(spec: Spec) -> Faults:
    """allOf joins objects that share no property: what two of them say of one, generators merge or drop."""
    for schema in spec.of("schema"):
        members = spec.each(schema, "schema", "allOf")
        owners: dict[str, str] = {}
        for index, member in members.items():
            for name in spec.properties(member):
                if owners.setdefault(name, index) != index:
                    message = f"another member has the property {name} too"
                    yield Fault(schema.at("allOf", index), schema.subject, message)
        kinds = {spec.type_of(member) for member in members.values()} - {"", "object"}
        if len(members) > 1 and kinds:
            message = f"only objects can be joined, not {', '.join(sorted(kinds))}"
            yield Fault(schema.at("allOf"), schema.subject, message)


def no_required_schema_properties_undefined(spec: Spec) -> Faults:
    """What an object requires is one of its properties; a part of an allOf may require those of the other parts."""
    joined = _joined(spec)
    for schema in spec.of("schema"):
        if schema.place in joined or not schema.get("required"):
            continue
        known = set(spec.properties(schema))
        for word in ("oneOf", "anyOf"):
            known |= {name for each in spec.each(schema, "schema", word).values() for name in spec.properties(each)}
        for index, name in enumerate(schema.get("required")):
            if name not in known:
                yield Fault(schema.at("required", str(index)), schema.subject, f"there is no property {name}")


def additional_properties_decided(spec: Spec) -> Faults:
    """Every object of a request says whether it takes further properties; a part of an allOf can not."""
    joined = _joined(spec)
    for schema in spec.of("schema", REQUEST):
        if not _is_object(schema) or schema.place in joined or _is_null(schema):
            continue
        if "additionalProperties" not in schema.value:
            yield Fault(schema.place, schema.subject, "does not say whether it takes further properties")


def _joined(spec: Spec) -> set[Place]:
    """The schemas that are part of an allOf."""
    return {member.place for schema in spec.of("schema") for member in spec.each(schema, "schema", "allOf").values()}


def _is_object(schema: Node) -> bool:
    return schema.get("type") == "object" or "properties" in schema.value


def read_only_not_required(spec: Spec) -> Faults:
    """What only the provider writes is not required in a request."""
    for schema in spec.of("schema", REQUEST):
        for name, found in spec.properties(schema).items():
            if found.get("readOnly") and name in schema.get("required", ()):
                yield Fault(schema.at("required"), schema.subject, f"{name} is readOnly and required")


def string_limits(spec: Spec, *, directions: tuple[str, ...] = (REQUEST,)) -> Faults:
    """Every string that travels in `directions` has a maxLength, or an enum."""
    for schema in spec.of("schema", *directions):
        if schema.get("type") == "string" and not {"maxLength", "enum"} & schema.value.keys():
            yield Fault(schema.place, schema.subject, "the string has no maxLength")


def array_limits(spec: Spec, *, directions: tuple[str, ...] = (REQUEST,)) -> Faults:
    """Every array that travels in `directions` has a maxItems."""
    for schema in spec.of("schema", *directions):
        if schema.get("type") == "array" and "maxItems" not in schema.value:
            yield Fault(schema.place, schema.subject, "the array has no maxItems")


def number_limits(spec: Spec, *, directions: tuple[str, ...] = (REQUEST,)) -> Faults:
    """Every number that travels in `directions` has a format, a minimum and a maximum."""
    for schema in spec.of("schema", *directions):
        if schema.get("type") in ("integer", "number") and "enum" not in schema.value:
            missing = [name for name in ("format", "minimum", "maximum") if name not in schema.value]
            if missing:
                yield Fault(schema.place, schema.subject, f"the {schema.get('type')} has no {', '.join(missing)}")


def pattern_anchored(spec: Spec) -> Faults:
    """A pattern holds for the whole string: it starts with ^ and ends in $."""
    for schema in spec.of("schema"):
        pattern = schema.get("pattern")
        if pattern is not None and not (pattern.startswith("^") and pattern.endswith("$")):
            yield Fault(schema.at("pattern"), schema.subject, "the pattern is not anchored by ^ and $")


def no_number(spec: Spec) -> Faults:
    """No value is a `number`: its readers make binary floating point of it, and money and rates lose cents."""
    for schema in spec.of("schema"):
        if schema.get("type") == "number":
            yield Fault(schema.place, schema.subject, "is a number; use an integer of minor units or a decimal string")


def property_schemas(spec: Spec, *, schemas: Mapping[Pattern, tuple[str, ...]]) -> Faults:
    """A property whose name fits a pattern is of one of the schemas named with it, wherever it stands."""
    for owner in spec.of("schema"):
        for name, found in spec.each(owner, "schema", "properties").items():
            for pattern, names in schemas.items():
                if pattern.search(name) and found.place.name not in names:
                    place = owner.at("properties", name)
                    yield Fault(place, f"{owner.subject}.{name}", f"{name} must be of the schema {' or '.join(names)}")


def date_time_zone(spec: Spec, *, words: tuple[str, ...] = ("UTC", "offset", "time zone")) -> Faults:
    """Every date and every instant says which zone it is in: its description has one of `words`."""
    for schema in spec.of("schema"):
        if schema.get("format") in ("date", "date-time"):
            text = schema.get("description", "")
            if not any(word.lower() in text.lower() for word in words):
                message = f"the description does not say which time zone (none of {', '.join(words)})"
                yield Fault(schema.place, schema.subject, message)


def property_description(spec: Spec) -> Faults:
    """Every schema with a name, and every property, has a description, its own or that of what it refers to."""
    for schema in spec.of("schema"):
        for name, found in spec.each(schema, "schema", "properties").items():
            if not any(part.get("description", "").strip() for part in spec.parts(found)):
                yield Fault(schema.at("properties", name), f"{schema.subject}.{name}", f"{name} has no description")


RULES: tuple[Rule, ...] = (
    typed_enum,
    no_duplicated_enum_values,
    array_items,
    no_schema_type_mismatch,
    no_empty_ranges,
    nullable_shape,
    one_of_tagged,
    all_of_disjoint,
    no_required_schema_properties_undefined,
    additional_properties_decided,
    read_only_not_required,
    string_limits,
    array_limits,
    number_limits,
    pattern_anchored,
    no_number,
    property_schemas,
    date_time_zone,
    property_description,
)
