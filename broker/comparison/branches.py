"""How the schemas of one place combine: references and `allOf` merged into one list, choices beside them."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from broker.comparison.assertions import brief
from broker.comparison.document import Document, Node
from broker.comparison.pointers import Steps

_SCHEMAS = "#/components/schemas/"


@frozen
class Group:
    """A choice: `oneOf`, `anyOf` or `not` with its branches, or `if` with condition, then and else.

    `owner` is the schema that it stands in.
    """

    keyword: str
    branches: tuple[Node, ...]
    owner: Node
    steps: Steps


@frozen
class Flat:
    schemas: tuple[Node, ...]
    groups: tuple[Group, ...]


def flatten(document: Document, schemas: tuple[Node, ...]) -> Flat:
    """Every schema that holds at the place whatever the value is, and the choices that depend on it."""
    key = ("flat", tuple(schema.steps for schema in schemas))
    known: Flat | None = document.known.get(key)
    if known is None:
        known = document.known[key] = _flatten(document, schemas)
    return known


def _flatten(document: Document, schemas: tuple[Node, ...]) -> Flat:
    flat: dict[Steps, Node] = {}
    groups: list[Group] = []
    pending = list(reversed(schemas))
    while pending:
        schema = pending.pop()
        if schema.steps in flat:
            continue
        target = document.follow(schema)
        if target is not schema:
            pending.append(target)
            if document.is_3_0:  # there, nothing beside a $ref counts
                continue
        flat[schema.steps] = schema
        pending += reversed(schema.child("allOf").items())
        groups += _groups(schema)
    return Flat(tuple(flat.values()), tuple(groups))


def _groups(schema: Node) -> list[Group]:
    keywords = schema.mapping
    found = []
    for keyword in ("oneOf", "anyOf"):
        branches = schema.child(keyword).items()
        if branches:
            found.append(Group(keyword, tuple(branches), schema, (*schema.steps, keyword)))
    if "not" in keywords:
        found.append(Group("not", (schema.child("not"),), schema, (*schema.steps, "not")))
    if "if" in keywords:
        parts = tuple(schema.child(part) for part in ("if", "then", "else"))
        found.append(Group("if", parts, schema, (*schema.steps, "if")))
    return found


def discriminated(group: Group, value: Any, *, required: bool) -> tuple[list[Node], str | None]:
    """The branches that the discriminator leaves, and what is wrong with the discriminating property."""
    discriminator = group.owner.child("discriminator")
    name = discriminator.mapping.get("propertyName")
    if not isinstance(name, str) or not isinstance(value, dict):
        return list(group.branches), None
    if name not in value:
        return list(group.branches), f"the property {name!r}, which tells the kind, is missing" if required else None
    mapping = discriminator.child("mapping").mapping
    named = [(branch, _kinds(branch, mapping)) for branch in group.branches]
    left = [branch for branch, kinds in named if not kinds or str(value[name]) in kinds]
    if left:
        return left, None
    kinds = sorted({kind for _, kinds in named for kind in kinds if kind in mapping or not mapping})
    return [], f"the property {name!r} is {brief(value[name])}, which is none of {', '.join(kinds)}"


def _kinds(branch: Node, mapping: dict[str, Any]) -> set[str]:
    """The values that stand for this branch: those mapped to it, and the schema's own name."""
    reference = branch.mapping.get("$ref")
    if not isinstance(reference, str):
        return set()
    mapped = {kind for kind, target in mapping.items() if target in (reference, reference.removeprefix(_SCHEMAS))}
    return {*mapped, reference.rsplit("/", 1)[-1]}
