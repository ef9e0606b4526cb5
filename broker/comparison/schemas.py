"""Whether a value fits the schemas that describe its place.

A place is described by a conjunction of schemas: the parts of an `allOf` and the branch that was taken of each
`oneOf` and `anyOf` together. There are two questions.

Given (a request): is the value valid, for a provider that reads it? `required` holds, save for what is read-only.

Promised (a response): may the provider give a body that contains this one? A consumer names what it uses, so
nothing is required; but a property that no schema of the place describes is one that nobody promised, whether the
schemas forbid others or not, and a property that is write-only never comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from broker.comparison.assertions import brief, faults, matches, types
from broker.comparison.branches import Flat, Group, discriminated, flatten
from broker.comparison.document import Document, Node
from broker.comparison.effort import Effort, TooMuchError
from broker.comparison.pointers import Steps, pointer


@frozen
class Problem:
    """`at` leads into the value, `schema` into the document; `message` is a sentence about the value there."""

    keyword: str
    message: str
    at: Steps
    schema: Steps
    value: Any


class Check:
    """One value against one schema. `promised`: see the module. `closed`: undescribed properties are refused."""

    def __init__(self, document: Document, effort: Effort, *, promised: bool, closed: bool | None = None) -> None:
        self._document = document
        self._promised = promised
        self._closed = promised if closed is None else closed
        self._effort = effort
        self._known: dict[Any, list[Problem]] = {}

    def problems(self, schema: Node, value: Any) -> list[Problem]:
        """Raises NotComparedError."""
        try:
            return self._place((schema,), value, ())
        except RecursionError:
            raise TooMuchError from None

    def _place(self, schemas: tuple[Node, ...], value: Any, at: Steps) -> list[Problem]:
        key = (tuple(schema.steps for schema in schemas), at)
        if key not in self._known:
            self._effort.take()
            self._known[key] = []  # a schema that is its own branch asks nothing more
            if value is None:
                schemas = tuple(schema for schema in schemas if not self._nullable(schema))
            flat = flatten(self._document, schemas)
            self._known[key] = self._choose(flat, frozenset(), value, at)
        return self._known[key]

    def _choose(self, flat: Flat, done: frozenset[Steps], value: Any, at: Steps) -> list[Problem]:
        """Takes a branch of one group after the other, then asks the schemas that remain."""
        self._effort.take()
        groups = [group for group in flat.groups if group.steps not in done]
        if not groups:
            return self._conjunction(flat.schemas, value, at)
        group, rest = groups[0], Flat(flat.schemas, tuple(groups[1:]))
        done = done | {group.steps}
        if group.keyword == "not":
            fits = not self._given(group.branches, value)
            found = [self._problem("not", f"{brief(value)} is what `not` excludes", at, group.steps, value)]
            return (found if fits else []) + self._choose(rest, done, value, at)
        if group.keyword == "if":
            return self._choose(self._with(rest, self._consequence(group, value)), done, value, at)
        return self._alternatives(group, rest, done, value, at)

    def _alternatives(self, group: Group, rest: Flat, done: frozenset[Steps], value: Any, at: Steps) -> list[Problem]:
        self._effort.take(len(group.branches))
        branches, fault = discriminated(group, value, required=not self._promised)
        if fault:
            return [self._problem("discriminator", fault, at, group.steps, value)]
        # A branch that is the choice itself over again asks for nothing, and so it is none.
        branches = [branch for branch in branches if self._document.follow(branch).steps != group.owner.steps]
        if not self._promised:
            fitting = [branch for branch in branches if not self._place((branch,), value, at)]
            wrong = len(fitting) != 1 if group.keyword == "oneOf" else not fitting
            if wrong and len(fitting) > 1:
                message = f"{brief(value)} fits {len(fitting)} of the schemas of oneOf, where it has to fit one"
                return [self._problem("oneOf", message, at, group.steps, value)]
            if not wrong:
                return self._choose(self._with(rest, fitting), done, value, at)
        return self._one_of_many(group, branches, rest, done, value, at)

    def _one_of_many(
        self, group: Group, branches: list[Node], rest: Flat, done: frozenset[Steps], value: Any, at: Steps
    ) -> list[Problem]:
        tried: list[list[Problem]] = []
        for branch in branches:
            found = self._choose(self._with(rest, [branch]), done, value, at)
            if not found:
                return []
            tried.append(found)
        if group.keyword == "anyOf":  # several may hold at once, so what each describes is promised together
            together = [branch for branch in branches if not self._leniently(branch, value)]
            if len(together) > 1 and not self._choose(self._with(rest, together), done, value, at):
                return []
        if len(tried) == 1:
            return tried[0]
        if not tried:
            return [self._problem(group.keyword, "the schema has no branch but itself", at, group.steps, value)]
        nearest = min(tried, key=lambda found: (any(len(problem.at) == len(at) for problem in found), len(found)))
        where = pointer(nearest[0].at[len(at) :])
        near = f"at {where}: {nearest[0].message}" if where else nearest[0].message
        message = f"{brief(value)} fits none of the {len(tried)} schemas of {group.keyword}; the nearest fails: {near}"
        return [self._problem(group.keyword, message, at, group.steps, value)]

    def _consequence(self, group: Group, value: Any) -> list[Node]:
        """What follows from an `if`. A promised body may still meet a condition that its part leaves open."""
        condition, then, otherwise = group.branches
        if not self._given((condition,), value):
            return [then]
        if self._promised and not self._leniently(condition, value):
            return []
        return [otherwise]

    def _leniently(self, schema: Node, value: Any) -> list[Problem]:
        check = Check(self._document, self._effort, promised=self._promised, closed=False)
        return check.problems(schema, value)

    def _given(self, schemas: Iterable[Node], value: Any) -> list[Problem]:
        check = Check(self._document, self._effort, promised=False)
        return [problem for schema in schemas for problem in check.problems(schema, value)]

    def _conjunction(self, schemas: tuple[Node, ...], value: Any, at: Steps) -> list[Problem]:
        self._effort.take(len(schemas) * (1 + len(value) // 4 if isinstance(value, dict) else 1))
        found = [
            self._problem(keyword, message, at, (*schema.steps, keyword), value)
            for schema in schemas
            for keyword, message in self._own_faults(schema, value)
        ]
        if any(problem.keyword in ("type", "false") for problem in found):
            return found
        if isinstance(value, dict):
            return found + self._members(schemas, value, at)
        if isinstance(value, list):
            return found + self._items(schemas, value, at)
        return found

    def _own_faults(self, schema: Node, value: Any) -> list[tuple[str, str]]:
        if schema.value is False:
            return [("false", f"{brief(value)} stands where nothing may stand")]
        return faults(self._document, schema, value)

    def _members(self, schemas: tuple[Node, ...], value: dict[str, Any], at: Steps) -> list[Problem]:
        found = self._counts(schemas, value, at)
        closed = self._closed and any(_describes_objects(self._document, schema.mapping) for schema in schemas)
        for name, inside in value.items():
            by_schema = [(schema, self._describing(schema, name)) for schema in schemas]
            describing = tuple(node for _, nodes in by_schema for node in nodes)
            refusals = (_refusal(schema, nodes, describing) for schema, nodes in by_schema)
            where = next((steps for steps in refusals if steps is not None), None)
            if where is None and not describing and closed:
                where = schemas[0].steps
            if where is not None:
                message = f"the property {name!r} is not described, so it is not promised"
                message = message if self._promised else f"the property {name!r} is not accepted"
                found.append(self._problem("additionalProperties", message, (*at, name), where, inside))
            else:
                found += self._one_way(describing, name, (*at, name), inside)
                found += self._place(describing, inside, (*at, name))
        return found

    def _describing(self, schema: Node, name: str) -> list[Node]:
        keywords = schema.mapping
        found = []
        properties = schema.child("properties")
        if name in properties.mapping:
            found.append(properties.child(name))
        if "patternProperties" in keywords:
            patterns = schema.child("patternProperties").children()
            found += [node for pattern, node in patterns if matches(self._document, pattern, name)]
        for others in ("additionalProperties", "unevaluatedProperties"):
            if not found and isinstance(keywords.get(others), dict):
                found.append(schema.child(others))
        return found

    def _one_way(self, describing: tuple[Node, ...], name: str, at: Steps, value: Any) -> list[Problem]:
        keyword = "writeOnly" if self._promised else "readOnly"
        if not self._closed and self._promised:
            return []
        for node in describing:
            if self._says(node, keyword):
                message = f"the property {name!r} is {'write' if self._promised else 'read'}-only"
                return [self._problem(keyword, message, at, node.steps, value)]
        return []

    def _counts(self, schemas: tuple[Node, ...], value: dict[str, Any], at: Steps) -> list[Problem]:
        found = []
        for schema in schemas:
            most = schema.mapping.get("maxProperties")
            if isinstance(most, int) and len(value) > most:
                message = f"{len(value)} properties are more than {most}"
                found.append(self._problem("maxProperties", message, at, (*schema.steps, "maxProperties"), value))
            for name in value:
                if "propertyNames" in schema.mapping:
                    found += self._place((schema.child("propertyNames"),), name, (*at, name))
            if not self._promised:
                found += self._missing(schemas, schema, value, at)
        return found

    def _missing(self, schemas: tuple[Node, ...], schema: Node, value: dict[str, Any], at: Steps) -> list[Problem]:
        least, required = schema.mapping.get("minProperties"), _names(schema.mapping.get("required"))
        if "dependentRequired" in schema.mapping:
            for name, others in schema.child("dependentRequired").mapping.items():
                required += _names(others) if name in value else []
        found = [
            self._problem("required", f"the property {name!r} is missing", at, (*schema.steps, "required"), value)
            for name in required
            if name not in value and not self._is_read_only(schemas, name)
        ]
        if isinstance(least, int) and len(value) < least:
            message = f"{len(value)} properties are fewer than {least}"
            found.append(self._problem("minProperties", message, at, (*schema.steps, "minProperties"), value))
        return found

    def _items(self, schemas: tuple[Node, ...], value: list[Any], at: Steps) -> list[Problem]:
        found: list[Problem] = []
        for index, inside in enumerate(value):
            describing = tuple(node for schema in schemas for node in _describing_item(schema, index))
            found += self._place(describing, inside, (*at, index))
        for schema in schemas:
            if "contains" in schema.mapping and schema.mapping.get("minContains") != 0:
                wanted = schema.child("contains")
                if all(self._place((wanted,), inside, (*at, index)) for index, inside in enumerate(value)):
                    message = f"{brief(value)} has no item that fits `contains`"
                    found.append(self._problem("contains", message, at, wanted.steps, value))
        return found

    def _nullable(self, schema: Node) -> bool:
        return self._document.is_3_0 and self._says(schema, "nullable")

    def _is_read_only(self, schemas: tuple[Node, ...], name: str) -> bool:
        return any(self._says(node, "readOnly") for schema in schemas for node in self._describing(schema, name))

    def _says(self, schema: Node, keyword: str) -> bool:
        return schema.mapping.get(keyword) is True or self._document.follow(schema).mapping.get(keyword) is True

    def _with(self, flat: Flat, more: Iterable[Node]) -> Flat:
        added = flatten(self._document, tuple(more))
        return Flat((*flat.schemas, *added.schemas), (*flat.groups, *added.groups))

    def _problem(self, keyword: str, message: str, at: Steps, schema: Steps, value: Any) -> Problem:
        return Problem(keyword, message, at, schema, value)


def _refusal(schema: Node, own: list[Node], described: tuple[Node, ...]) -> Steps | None:
    """Where this schema refuses a property, which it describes itself or another schema of the place does."""
    keywords = schema.mapping
    if keywords.get("additionalProperties") is False and not own:
        return (*schema.steps, "additionalProperties")
    if keywords.get("unevaluatedProperties") is False and not described:
        return (*schema.steps, "unevaluatedProperties")
    return None


def _describes_objects(document: Document, keywords: dict[str, Any]) -> bool:
    return "object" in types(document, keywords) or "properties" in keywords


def _describing_item(schema: Node, index: int) -> list[Node]:
    listed = schema.child("prefixItems").items()
    if index < len(listed):
        return [listed[index]]
    return [schema.child("items")] if "items" in schema.mapping else []


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
