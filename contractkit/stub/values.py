"""The smallest telling value of a schema, the same one every time."""

from collections.abc import Iterator
from typing import Any

from attrs import field, frozen

from contractkit.stub.document import Schema
from contractkit.stub.patterns import NoStringError, string_of
from contractkit.stub.schemas import Direction, Schemas, compiles, tags

FORMATS = {
    "date-time": "2024-01-01T00:00:00Z", "date": "2024-01-01", "time": "00:00:00Z", "duration": "P1D",
    "uuid": "00000000-0000-4000-8000-000000000000", "email": "user@example.com", "idn-email": "user@example.com",
    "uri": "https://example.com", "url": "https://example.com", "iri": "https://example.com", "uri-reference": "/",
    "uri-template": "/", "hostname": "example.com", "idn-hostname": "example.com", "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1", "byte": "ZXhhbXBsZQ==", "decimal": "1.50", "binary": "", "json-pointer": "/a", "regex": "a",
}  # fmt: skip
FULL_DEPTH = 3  # deeper objects have their required properties only
MAX_DEPTH = 24
MAX_ITEMS = 1000


class NoValueError(ValueError):
    """No value was found for a schema; the message says where."""


@frozen
class Maker:
    """Makes values that fit schemas. Three tries: with examples and optional properties, without examples, bare."""

    schemas: Schemas
    direction: Direction
    _examples: bool = True
    _optional: bool = True
    _open: list[int] = field(factory=list)

    def make(self, schema: Schema) -> object:
        """A value that fits a schema of the document. Raises NoValueError."""
        check = self.schemas.check(schema, self.direction)
        for examples, optional in ((True, True), (False, True), (False, False)):
            try:
                value = Maker(self.schemas, self.direction, examples, optional).value(schema, 0)
            except NoValueError:
                continue
            if check.accepts(value):
                return value
        raise NoValueError("no value was found for the schema")

    def value(self, schema: Schema, depth: int) -> object:
        """A likely value; `make` is what makes sure of it."""
        whole = merged(self.schemas, schema)
        identity = id(self.schemas.document.follow(schema))
        if depth > MAX_DEPTH or self._open.count(identity) > 1:
            raise NoValueError("the schema contains itself")
        self._open.append(identity)
        try:
            for value in self._given(whole):
                return value
            for keyword in ("oneOf", "anyOf"):
                if whole.get(keyword):
                    return self._branch(whole, keyword, depth)
            return self._plain(whole, depth)
        finally:
            self._open.pop()

    def _given(self, schema: Schema) -> Iterator[object]:
        if self._examples and "example" in schema:
            yield schema["example"]
        if "default" in schema and schema["default"] is not None:
            yield schema["default"]
        yield from (value for value in schema.get("enum", ()) if value is not None)
        if "enum" in schema:
            yield None

    def _branch(self, schema: Schema, keyword: str, depth: int) -> object:
        """The first alternative that gives a value fitting the whole."""
        rest = {key: value for key, value in schema.items() if key not in (keyword, "discriminator")}
        check, first = self.schemas.compile(schema, self.direction), []
        for branch in schema[keyword]:
            try:
                value = self.value({"allOf": [*([rest] if rest else []), branch]}, depth + 1)
            except NoValueError:
                continue
            value = self._tagged(schema, branch, value)
            if check.accepts(value):
                return value
            first.append(value)
        if not first:
            raise NoValueError(f"no alternative of {keyword} has a value")
        return first[0]

    def _tagged(self, schema: Schema, branch: Schema, value: object) -> object:
        """The value with the discriminator that names its alternative."""
        discriminator = schema.get("discriminator")
        if not isinstance(value, dict) or not isinstance(discriminator, dict) or "$ref" not in branch:
            return value
        tagged = {**value, discriminator.get("propertyName", ""): tags(discriminator, branch)[0]}
        return tagged if self.schemas.compile(branch, self.direction).accepts(tagged) else value

    def _plain(self, schema: Schema, depth: int) -> object:
        named = schema.get("type")
        kind = next((each for each in named if each != "null"), "null") if isinstance(named, list) else named
        if kind is None:
            kind = "object" if "properties" in schema else "array" if "items" in schema else "any"
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return _string(schema)
            case "integer" | "number":
                return _number(schema, whole=kind == "integer")
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return "string" if set(schema) & {"pattern", "format", "minLength"} else {}

    def _object(self, schema: Schema, depth: int) -> dict[str, object]:
        made: dict[str, object] = {}
        required = schema.get("required", ())
        for name, each in schema.get("properties", {}).items():
            foreign = self.schemas.document.follow(each).get(self.direction.value)
            if foreign and self.direction is Direction.RESPONSE:
                continue
            if name in required:
                made[name] = self.value(each, depth + 1)
            elif self._optional and not foreign and depth < FULL_DEPTH:
                made |= self._if_possible(name, each, depth)
        further = schema.get("additionalProperties")
        filler: Schema = further if isinstance(further, dict) else {"type": "string"}
        for name in required:
            if name not in schema.get("properties", {}):
                made[name] = self.value(filler, depth + 1)
        for number in range(int(schema.get("minProperties", 0)) - len(made)):
            made[f"key{number + 1}"] = self.value(filler, depth + 1)
        return made

    def _if_possible(self, name: str, schema: Schema, depth: int) -> dict[str, object]:
        if id(self.schemas.document.follow(schema)) in self._open:
            return {}  # an optional property that would begin again what is being made
        try:
            return {name: self.value(schema, depth + 1)}
        except NoValueError:
            return {}

    def _array(self, schema: Schema, depth: int) -> list[object]:
        least, most = int(schema.get("minItems", 0)), schema.get("maxItems")
        items = schema.get("items") or {}
        wanted = max(least, 1 if self._optional and depth < FULL_DEPTH else 0)
        wanted = min(wanted, MAX_ITEMS if most is None else int(most))
        if not wanted:
            return []
        try:
            first = self.value(items, depth + 1)
        except NoValueError:
            if least:
                raise
            return []
        if not schema.get("uniqueItems"):
            return [first] * wanted
        return [first, *self._others(items, first, wanted - 1)]

    def _others(self, items: Schema, first: object, count: int) -> Iterator[object]:
        whole = merged(self.schemas, items)
        choices = [value for value in whole.get("enum", ()) if value != first]
        for number in range(1, count + 1):
            if number <= len(choices):
                yield choices[number - 1]
            elif isinstance(first, str):
                yield f"{first}{number}"
            elif isinstance(first, (int, float)):
                yield first + number
            else:
                yield first


def merged(schemas: Schemas, schema: Schema) -> Schema:
    """One schema for all that a schema and its allOf ask."""
    whole: Schema = {}
    for part in schemas.parts(schema):
        for key, value in part.items():
            if key in ("allOf", "$ref"):
                continue
            whole[key] = _both(key, whole[key], value) if key in whole else value
    return whole


def _both(key: str, one: Any, other: Any) -> Any:
    match key:
        case "properties":
            return {
                **one,
                **{name: {"allOf": [one[name], node]} if name in one else node for name, node in other.items()},
            }
        case "required":
            return [*one, *(name for name in other if name not in one)]
        case "minimum" | "minLength" | "minItems" | "minProperties":
            return max(one, other)
        case "maximum" | "maxLength" | "maxItems" | "maxProperties":
            return min(one, other)
        case "enum":
            return [value for value in one if value in other]
        case _:
            return one  # what the schema itself says comes first


def _number(schema: Schema, *, whole: bool) -> int | float:
    step = schema.get("multipleOf") or 1
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None:
        value = -(-low // step) * step
        if schema.get("exclusiveMinimum") and value <= low:
            value += step if whole or high is None or low + step < high else (high - low) / 2
    elif high is not None and (high < 0 or (high == 0 and schema.get("exclusiveMaximum"))):
        value = (high // step) * step
        if schema.get("exclusiveMaximum") and value >= high:
            value -= step
    else:
        value = 0
    if not whole and high is not None and value > high:
        value = low if low is not None else high
    return int(value) if whole or value == int(value) else value


def _string(schema: Schema) -> str:
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    if schema.get("pattern") and compiles(schema["pattern"]):
        try:
            return string_of(schema["pattern"], least, most, likely=FORMATS.get(schema.get("format", ""), "string"))
        except NoStringError as error:
            raise NoValueError(str(error)) from None
    text = FORMATS.get(schema.get("format", ""), "string")
    if schema.get("format") in FORMATS and len(text) >= least and (most is None or len(text) <= most):
        return text
    if len(text) < least:
        text = (text or "x") * (least // max(len(text), 1) + 1)
        text = text[:least]
    return text if most is None else text[: int(most)]
