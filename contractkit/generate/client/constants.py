"""Which enumerations of one value stay closed: those that tell alternatives apart, and those of parameters.

Any other is as open as an enumeration of several values: it is the one that is most certain to grow.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from contractkit.document import follow
from contractkit.generate import shapes
from contractkit.generate.shapes import Schema


def closed(document: Schema, heirs: Mapping[str, list[str]]) -> frozenset[int]:
    """The ids of their schemas; `heirs` are the references of what extends a component, by its own."""
    found: set[int] = set()
    for node in _nodes(document):
        if isinstance(node.get("schema"), Mapping) and "in" in node:
            found.add(id(node["schema"]))
        for key in ("oneOf", "anyOf"):
            alternatives = [each for each in node.get(key) or () if isinstance(each, Mapping)]
            found |= {id(follow(document, each)) for each in alternatives}
            found |= _telling(document, alternatives, _tag(node))
    for base, extended in heirs.items():
        if tag := _tag(follow(document, {"$ref": base})):
            found |= _telling(document, [{"$ref": each} for each in extended], tag)
    return frozenset(found)


def telling_key(document: Schema, alternatives: list[Schema]) -> str:
    """The member that all of these objects have, each with strings of its own: a tag that nobody declared."""
    members = [shapes.shapes(document, each) or [] for each in alternatives]
    if len(members) < 2 or any(len(each) != 1 for each in members):
        return ""
    alone = [each[0] for each in members]
    required = alone[0].required.intersection(*(each.required for each in alone))
    for key in alone[0].properties:
        values = [strings_of(document, each.properties.get(key)) for each in alone] if key in required else [[]]
        if all(values) and len({each for part in values for each in part}) == sum(map(len, values)):
            return key
    return ""


def strings_of(document: Schema, member: Any) -> list[str]:
    """The values of a member that is an enumeration of strings."""
    schema = follow(document, member)
    return shapes.strings(shapes.literals(schema)) if isinstance(schema, Mapping) else []


def _telling(document: Schema, alternatives: list[Schema], tag: str) -> set[int]:
    """The members that have one value, where another alternative has others, and those that are the tag."""
    members = [dict(shape.properties) for each in alternatives for shape in shapes.shapes(document, each) or ()]
    found: set[int] = set()
    for own in members:
        for key, member in own.items():
            values = _literals(document, member)
            others = [_literals(document, each.get(key)) for each in members if each is not own]
            if key == tag or any(each and not each & values for each in others):
                found.add(id(follow(document, member)))
    return found


def _literals(document: Schema, member: Any) -> set[str]:
    schema = follow(document, member)
    return {repr(each) for each in shapes.literals(schema) or ()} if isinstance(schema, Mapping) else set()


def _tag(schema: Any) -> str:
    discriminator = schema.get("discriminator") if isinstance(schema, Mapping) else None
    return str(discriminator.get("propertyName", "")) if isinstance(discriminator, Mapping) else ""


def _nodes(document: Any) -> Iterator[Mapping[str, Any]]:
    """All objects of the document."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
