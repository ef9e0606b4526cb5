"""Alternatives: which of them mean null, what they are called, and by which tag they are told apart."""

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from contractkit.generate import shapes
from contractkit.generate.client import constants
from contractkit.generate.names import name_part
from contractkit.generate.shapes import Schema

COMPONENT = "#/components/schemas/"


@frozen
class Tag:
    """The member that tells alternatives apart, and which alternative each of its values means."""

    key: str
    variants: Mapping[str, Schema]
    common: tuple[str, ...] = ()  # what the base of all allows as their tag


def tag(document: Schema, schema: Schema, alternatives: list[Schema]) -> Tag | None:
    """The tag of these alternatives; None where there is none, or one of them has no value of it.

    A value is what the discriminator maps, else what the alternative's own enumeration allows, else its name.
    """
    discriminator = schema.get("discriminator")
    if not isinstance(discriminator, Mapping):
        discriminator = {"propertyName": constants.telling_key(document, alternatives)}
    key = discriminator.get("propertyName")
    if not isinstance(key, str) or not key:
        return None
    schemas = document.get("components", {}).get("schemas") or {}
    found: dict[str, Schema] = {}
    for value, meant in (discriminator.get("mapping") or {}).items():
        reference = meant if str(meant).startswith("#/") else f"{COMPONENT}{meant}"
        if reference.removeprefix(COMPONENT) in schemas:
            found[value] = {"$ref": reference}
    mapped = {each["$ref"] for each in found.values()}
    common = _values(document, {**schema, "oneOf": (), "anyOf": ()}, key)
    for each in alternatives:
        if each.get("$ref") in mapped:
            continue
        values = _values(document, each, key)
        if not values or values == common:  # what all share says nothing of one
            values = [value for value in common if _is_same(value, name_of(each))] or name_of(each)
        if not values:
            return None
        for value in values:
            found.setdefault(value, each)
    return Tag(key, found, tuple(common))


def _values(document: Schema, schema: Schema, key: str) -> list[str]:
    """What an alternative allows as its tag."""
    found: dict[str, None] = {}
    for shape in shapes.shapes(document, schema) or ():
        found |= dict.fromkeys(constants.strings_of(document, shape.properties.get(key)))
    return list(found)


def _is_same(value: str, names: list[str]) -> bool:
    """Whether a tag's value is a schema's name, but for its spelling: `weekly_restriction` of WeeklyRestriction."""
    return any(re.sub(r"[\W_]", "", each).lower() == re.sub(r"[\W_]", "", value).lower() for each in names)


def name_of(schema: Schema) -> list[str]:
    reference = schema.get("$ref")
    return [reference.rpartition("/")[2]] if isinstance(reference, str) else []


def heirs(document: Schema) -> dict[str, list[str]]:
    """The references of all schemas that extend another by allOf, directly or not, by the other's reference."""
    direct: dict[str, list[str]] = {}
    for name, schema in (document.get("components", {}).get("schemas") or {}).items():
        for part in (schema.get("allOf") or ()) if isinstance(schema, Mapping) else ():
            if isinstance(part, Mapping) and isinstance(part.get("$ref"), str):
                direct.setdefault(part["$ref"], []).append(f"{COMPONENT}{name}")
    return {base: _all_below(base, direct) for base in direct}


def _all_below(base: str, direct: Mapping[str, list[str]]) -> list[str]:
    waiting, known = list(direct[base]), dict.fromkeys(direct[base])
    while waiting:
        more = [each for each in direct.get(waiting.pop(), ()) if each not in known and each != base]
        known |= dict.fromkeys(more)
        waiting += more
    return list(known)


def is_null(schema: Schema) -> bool:
    """Whether an alternative allows null alone."""
    if schema.get("enum") == [None] or shapes.kinds(schema) == ["null"]:
        return True
    return schema.get("nullable") is True and shapes.is_vague(schema)


def joined(alternatives: list[Schema]) -> list[str]:
    """The values of alternatives that are enumerations of strings and have no names: one enumeration, in effect."""
    values = [shapes.literals(each) or [] for each in alternatives]
    if len(values) < 2 or not all(values) or any(type(each) is not str for part in values for each in part):
        return []
    return list(dict.fromkeys(each for part in values for each in part))


def part_name(schema: Any, number: int) -> str:
    """What an alternative without a name adds to the name of the whole."""
    title = schema.get("title") if isinstance(schema, Mapping) else None
    return name_part(title) if isinstance(title, str) and name_part(title) else str(number)
