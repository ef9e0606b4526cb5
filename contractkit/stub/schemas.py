"""Schemas of an OpenAPI 3.0 document, compiled once each into jsonschema-rs validators.

OpenAPI 3.0 schemas are JSON Schema draft 4 with a few words of their own. `nullable` admits null, except beside an
enum that does not list it. A `readOnly` property is not required in a request, but may be sent, as a client may bring
back what it was given; a `writeOnly` one must not be sent in a response. `int32` and `int64` are ranges. Where a
discriminator maps values to alternatives, an alternative without a tag of its own has the values that name it.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from enum import Enum
from itertools import islice
from typing import Any

import jsonschema_rs
from attrs import field, frozen

from contractkit.stub.document import Document, Schema
from contractkit.stub.problems import MAX_FIELD_ERRORS, FieldError

log = logging.getLogger("contractkit.stub")

DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
KEPT = (
    "type", "enum", "format", "pattern", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
)  # fmt: skip
TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}
ALTERNATIVES = ("allOf", "anyOf", "oneOf")
MAX_DETAIL = 300

Branches = list[list[jsonschema_rs.ValidationError]]


class Direction(Enum):
    """Which way a body goes; the value is the word for a property that does not belong there."""

    REQUEST = "readOnly"
    RESPONSE = "writeOnly"


@frozen
class Check:
    """A compiled schema."""

    validator: jsonschema_rs.Draft4Validator

    def accepts(self, value: object) -> bool:
        """Whether a value, as JSON is read, fits the schema."""
        return bool(self.validator.is_valid(value))

    def errors(self, value: object, at: str = "") -> list[FieldError]:
        """The first twenty faults, each with its JSON pointer below `at`."""
        found = (each for error in self.validator.iter_errors(value) for each in _explain(error, at))
        return list(islice(found, MAX_FIELD_ERRORS))


@frozen
class Schemas:
    """The schemas of one document. Compiles on first use: the largest public documents have thousands."""

    document: Document
    _checks: dict[tuple[int, Direction], Check] = field(factory=dict)
    _translated: dict[tuple[str, Direction], tuple[Schema, list[str]]] = field(factory=dict)

    def check(self, schema: Schema, direction: Direction) -> Check:
        """The validator of a schema that is part of the document."""
        key = id(schema), direction  # the document keeps each of its schemas alive, so identities stay
        found = self._checks.get(key)
        if found is None:
            found = self._checks[key] = self.compile(schema, direction)
        return found

    def kinds(self, schema: Schema) -> frozenset[str]:
        """The JSON types that a schema speaks of; empty when it speaks of none."""
        return frozenset(self._kinds(schema, ()))

    def properties(self, schema: Schema) -> dict[str, Schema]:
        """The named properties of an object schema, those of its allOf members included."""
        found: dict[str, Schema] = {}
        for part in self.parts(schema):
            found |= part.get("properties", {})
        return found

    def alternatives(self, schema: Schema) -> dict[str, Schema]:
        """The named properties of an object schema, and those of each of its alternatives."""
        found: dict[str, Schema] = {}
        for part in self.parts(schema):
            for branch in (*part.get("oneOf", ()), *part.get("anyOf", ())):
                found |= self.properties(branch)
        return found | self.properties(schema)

    def items(self, schema: Schema) -> Schema:
        """The schema of an array's items; empty when any item will do."""
        return next((part["items"] for part in self.parts(schema) if isinstance(part.get("items"), dict)), {})

    def default(self, schema: Schema) -> tuple[object, ...]:
        """The default of a schema: one value, or none."""
        return next(((part["default"],) for part in self.parts(schema) if "default" in part), ())

    def parts(self, schema: Schema) -> Iterator[Schema]:
        """A schema with its references followed, and all that its allOf asks as well; each schema once."""
        pending, seen = [schema], set()
        while pending:
            part = self.document.follow(pending.pop(0))
            if isinstance(part, dict) and id(part) not in seen:
                seen.add(id(part))
                yield part
                pending = [*part.get("allOf", ()), *pending]

    def _kinds(self, schema: Schema, above: tuple[int, ...]) -> Iterator[str]:
        for part in self.parts(schema):
            if id(part) in above:
                continue
            named = part.get("type")
            if isinstance(named, list):
                yield from named
            elif isinstance(named, str):
                yield named
            elif "properties" in part:
                yield "object"
            elif "items" in part:
                yield "array"
            for branch in (*part.get("oneOf", ()), *part.get("anyOf", ())):
                yield from self._kinds(branch, (*above, id(part)))

    def compile(self, schema: Schema, direction: Direction) -> Check:
        """A validator for any schema whose references lead into the document; nothing is kept."""
        pending: list[str] = []
        root = self._translate(schema, direction, pending)
        names: dict[str, Schema] = {}
        while pending:
            pointer = pending.pop()
            if pointer not in names:
                names[pointer], further = self._definition(pointer, direction)
                pending += further
        definitions = {_slug(pointer): node for pointer, node in names.items()}
        return Check(
            jsonschema_rs.Draft4Validator(
                {**root, "definitions": definitions} if definitions else root,
                validate_formats=True,
                formats=FORMATS,
                mask="the value" if direction is Direction.RESPONSE else None,  # a reply's faults go to the log
            )
        )

    def _tagged(self, discriminator: Schema, branch: Any, plain: Schema) -> Schema:
        name = discriminator.get("propertyName", "")
        values = tags(discriminator, branch) if isinstance(branch, dict) else []
        own = self.properties(branch).get(name, {}) if values else {}
        if not values or any("enum" in part for part in self.parts(own)):
            return plain
        return {"allOf": [plain, {"properties": {name: {"enum": values}}}]}

    def _definition(self, pointer: str, direction: Direction) -> tuple[Schema, list[str]]:
        found = self._translated.get((pointer, direction))
        if found is None:
            further: list[str] = []
            node = self._translate(self.document.target(pointer), direction, further)
            found = self._translated[pointer, direction] = node, further
        return found

    def _translate(self, schema: Any, direction: Direction, references: list[str]) -> Schema:
        """Draft 4 for one schema; the pointers of its references are added to `references`."""
        if not isinstance(schema, dict):
            return {} if schema is not False else {"not": {}}
        if isinstance(schema.get("$ref"), str):
            references.append(schema["$ref"])
            plain: Schema = {"$ref": f"#/definitions/{_slug(schema['$ref'])}"}
        else:
            plain = {key: schema[key] for key in KEPT if key in schema}
            self._settle(plain)
            plain |= self._applicators(schema, direction, references)
        if schema.get("nullable") is True and None in plain.get("enum", [None]):
            return {"anyOf": [plain, {"enum": [None]}]} if plain else {}
        return plain

    def _settle(self, plain: Schema) -> None:
        """Makes one schema's own words fit draft 4."""
        low, high = RANGES.get(plain.get("format", ""), (None, None))
        if low is not None and high is not None and plain.get("type") in ("integer", "number"):
            plain["minimum"], plain["maximum"] = (
                max(low, plain.get("minimum", low)),
                min(high, plain.get("maximum", high)),
            )
        named = plain.get("type", "string")
        if named == "file":
            plain["type"] = "string"
        elif not set(named if isinstance(named, list) else [named]) <= TYPES:
            log.warning("the type %r is none of JSON's; it is not enforced", plain.pop("type"))
        if "pattern" in plain and not compiles(plain["pattern"]):
            log.warning("the pattern %r is no regular expression here; it is not enforced", plain.pop("pattern"))

    def _applicators(self, schema: Schema, direction: Direction, references: list[str]) -> Schema:
        def each(node: Any) -> Schema:
            return self._translate(node, direction, references)

        found: Schema = {key: [each(node) for node in schema[key]] for key in ALTERNATIVES if schema.get(key)}
        if isinstance(schema.get("discriminator"), dict):
            for key in {"anyOf", "oneOf"} & found.keys():
                found[key] = [
                    self._tagged(schema["discriminator"], *pair) for pair in zip(schema[key], found[key], strict=True)
                ]
        found |= {key: each(schema[key]) for key in ("items", "not") if isinstance(schema.get(key), dict)}
        barred = {
            name for name, node in self.properties(schema).items() if self.document.follow(node).get(direction.value)
        }
        hidden = barred if direction is Direction.RESPONSE else set()
        if isinstance(schema.get("properties"), dict):
            found["properties"] = {
                name: {"not": {}} if name in hidden else each(node) for name, node in schema["properties"].items()
            }
        if isinstance(schema.get("required"), list):
            required = [name for name in schema["required"] if name not in barred]
            found |= {"required": required} if required else {}
        further = schema.get("additionalProperties")
        if further is not None and further is not True:
            found["additionalProperties"] = each(further) if isinstance(further, dict) else False
        return found


def tags(discriminator: Schema, branch: Schema) -> list[str]:
    """The values by which a discriminator names an alternative; those of its mapping, else the schema's own name."""
    target = str(branch.get("$ref", ""))
    mapping = discriminator.get("mapping") or {}
    named = [value for value, place in mapping.items() if place in (target, target.rpartition("/")[2])]
    return named or ([target.rpartition("/")[2]] if target else [])


def pointer(parts: Iterable[str | int]) -> str:
    """A JSON pointer of its parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _slug(reference: str) -> str:
    return re.sub(r"[^\w.-]", lambda found: f"_{ord(found[0]):x}_", reference)


def compiles(pattern: object) -> bool:
    """Whether a pattern is a regular expression that can be enforced."""
    try:
        jsonschema_rs.Draft4Validator({"pattern": pattern})
    except jsonschema_rs.ValidationError:
        return False
    return True


def _explain(error: jsonschema_rs.ValidationError, at: str) -> Iterator[FieldError]:
    """A fault in plain words; of alternatives, the faults of the one that was plainly meant."""
    place = at + pointer(error.instance_path)
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            yield FieldError(place + pointer([name]), "is required")
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=names):
            yield from (FieldError(place + pointer([name]), "is not a known property") for name in names)
        case jsonschema_rs.ValidationErrorKind.Not():
            yield FieldError(place, "must not be present")
        case (
            jsonschema_rs.ValidationErrorKind.AnyOf(context=branches)
            | jsonschema_rs.ValidationErrorKind.OneOfNotValid(context=branches)
        ):
            meant = _meant(branches, len(error.instance_path))
            if meant:
                yield from (each for inner in meant for each in _explain(inner, at))
            else:
                yield FieldError(place, "fits none of the alternatives")
        case _:
            yield FieldError(place, error.message[:MAX_DETAIL])


def _meant(branches: Branches, depth: int) -> list[jsonschema_rs.ValidationError] | None:
    """The alternative whose type and tags fit, if there is exactly one."""
    fitting = [branch for branch in branches if not any(_is_misfit(error, depth) for error in branch)]
    return fitting[0] if len(fitting) == 1 else None


def _is_misfit(error: jsonschema_rs.ValidationError, depth: int) -> bool:
    """Whether a fault says that another alternative was meant: the value's type, its own or its members' tags."""
    below = len(error.instance_path) - depth
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Type():
            return below <= 0
        case jsonschema_rs.ValidationErrorKind.Enum():
            return below <= 1
        case (
            jsonschema_rs.ValidationErrorKind.AnyOf(context=branches)
            | jsonschema_rs.ValidationErrorKind.OneOfNotValid(context=branches)
        ):
            return all(any(_is_misfit(each, depth) for each in branch) for branch in branches)
        case _:
            return False


def _is_date_time(text: str) -> bool:
    """RFC 3339 with an offset, at a moment that the calendar has."""
    if not DATE_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    if not DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_uuid(text: str) -> bool:
    return UUID_TEXT.fullmatch(text) is not None


FORMATS: dict[str, Callable[..., bool]] = {
    "date-time": _is_date_time,
    "date": _is_date,
    "uuid": _is_uuid,
}
