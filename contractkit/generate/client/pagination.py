"""How a list comes in pages: found by the names of parameters and members, or said by `x-pagination`.

    x-pagination: {style: cursor, parameter: after, items: data, next: nextCursor, more: hasMore}

`style` is `page`, `offset`, `cursor`, or `single` for a list that comes as a whole; `parameter` is what a page is
asked for with; `items`, `next`, `more`, `total` (items) and `pages` are members of the reply. What is left out is found
by its name, there or in an object such as `meta`, which the extension writes as `meta.next`. `x-pagination: false` says
that an operation is no list.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import field, frozen

from contractkit.generate.client.models import Alias, Attribute, Model
from contractkit.generate.client.operations import Endpoint
from contractkit.generate.client.page_names import ENVELOPES, MEMBERS
from contractkit.generate.client.parameters import Argument
from contractkit.generate.client.value import Value
from contractkit.generate.client.values import Values
from contractkit.stub.parameters import argument_name

STYLES: Mapping[str, tuple[str, ...]] = {  # of a style, what its parameter is called
    "page": ("page", "page_number", "page_no", "page_num", "page_index", "current_page"),
    "offset": ("offset", "start_index", "skip", "start_at"),
    "cursor": (
        "cursor", "page_token", "next_token", "next_page_token", "page_cursor", "after", "starting_after",
        "after_cursor", "marker", "continuation_token", "continuation", "next_cursor", "next_marker", "page",
    ),
}  # fmt: skip
BESIDE = frozenset(
    {name for names in MEMBERS.values() for name in names}
    | {"page", "per_page", "page_size", "items_per_page", "limit", "offset", "count", "links", "meta", "previous",
       "prev", "object", "type", "kind", "self", "first", "last", "size", "href", "pagination", "paging", "page_number"}
)  # fmt: skip
FITTING = {"next": ("str", "int"), "more": ("bool",), "total": ("int",), "pages": ("int",)}


@frozen
class Paging:
    """How the items of an operation's reply are walked. Expressions are of `page`, one reply."""

    style: str
    value: Value  # of the list
    items: str
    parameter: Argument | None = None
    members: Mapping[str, str] = field(factory=dict)  # next, more, total, pages
    first: int | None = None
    link: str = ""  # the parameter whose value is the cursor, should the next page be named by its URL

    @property
    def item(self) -> str:
        """The annotation of an item."""
        return _item(self.value.annotation)

    @property
    def function(self) -> str:
        return {"page": "numbered"}.get(self.style, self.style)


def paging_of(endpoint: Endpoint, values: Values) -> Paging | None:
    """How an operation pages; None for one that gives no list."""
    said = endpoint.node.get("x-pagination")
    hints: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    if said is False or (endpoint.operation.method not in ("GET", "POST") and not hints):
        return None
    model = _reply(endpoint, values)
    found = _items(endpoint, values, model, hints)
    if found is None:
        return None
    paged = _paged(endpoint, model, found, hints, values)
    if paged is not None:
        return paged
    whole = endpoint.operation.method == "GET" and (model is None or _is_wrapper(model))
    return Paging("single", *found) if whole or hints else None


def is_unwalked(endpoint: Endpoint) -> bool:
    """Whether an operation without an iterator looks like a list all the same, by its name or its parameters."""
    if endpoint.operation.method not in ("GET", "POST") or endpoint.node.get("x-pagination") is False:
        return False
    gives = endpoint.success != "None" and not endpoint.is_streaming
    return gives and (endpoint.name.startswith("list_") or any(_parameter(endpoint, style, {}) for style in STYLES))


def iterator_name(name: str) -> str:
    """`list_meters` is walked by iter_meters, `search` by iter_search."""
    return f"iter_{name.strip('_').removeprefix('list_')}"


def _reply(endpoint: Endpoint, values: Values) -> Model | None:
    declared = values.declared.get(endpoint.success)
    return declared if isinstance(declared, Model) else None


def _items(
    endpoint: Endpoint, values: Values, model: Model | None, hints: Mapping[str, Any]
) -> tuple[Value, str] | None:
    """The list that a reply holds, and the expression for it."""
    if model is None:
        replies = [each.value for reply in endpoint.operation.successes for each in endpoint.received[reply.status]]
        whole = _resolved(replies[0], values) if len(replies) == 1 and not endpoint.is_streaming else None
        return (whole, "page") if whole and _item(whole.annotation) else None
    wanted = hints.get("items")
    found = [(each, _resolved(each.value, values)) for each in model.attributes if wanted in (None, each.key)]
    lists = [(value, _expression(each)) for each, value in found if _item(value.annotation)]
    return lists[0] if len(lists) == 1 else None


def _resolved(value: Value, values: Values) -> Value:
    """What stands behind the name of an alias."""
    declared = values.declared.get(_plain(value.annotation))
    return declared.meaning if isinstance(declared, Alias) else value


def _item(annotation: str) -> str:
    found = re.fullmatch(r"list\[(.*)\]( \| None)?", annotation)
    return found[1] if found and _is_balanced(found[1]) else ""


def _is_balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if depth < 0:
            return False
    return True


def _expression(attribute: Attribute, owner: str = "page") -> str:
    """A member of a page; UNSET becomes None."""
    may_be_unset = not attribute.required and attribute.value.nullable
    return f"{owner}.{attribute.name}" + (" or None" if may_be_unset else "")


def _is_wrapper(model: Model) -> bool:
    """Whether an object is there for its list alone."""
    lists = sum(1 for each in model.attributes if _item(each.value.annotation))
    return sum(1 for each in model.attributes if argument_name(each.key) not in BESIDE) <= max(lists, 1)


def _paged(
    endpoint: Endpoint, model: Model | None, found: tuple[Value, str], hints: Mapping[str, Any], values: Values
) -> Paging | None:
    known = list(_members(model, values))
    members = {role: each for role in MEMBERS if (each := _member(known, role, hints))}
    written = {role: each.expression for role, each in members.items()}
    for style in [hints["style"]] if hints.get("style") in STYLES else STYLES:
        parameter = _parameter(endpoint, style, hints)
        if parameter is None:
            continue
        plain = _plain(parameter.annotation)
        if style == "cursor":
            if "next" in members and not parameter.required and _plain(members["next"].annotation) == plain:
                link = parameter.parameter.name if parameter.parameter and plain == "str" else ""
                return Paging(style, *found, parameter, _of(written, ("next", "more")), link=link)
        elif plain in ("int", "float"):
            roles = ("total", "pages") if style == "page" else ("total",)
            return Paging(style, *found, parameter, _of(written, roles), _first(parameter, style))
    return None


def _of(written: Mapping[str, str], roles: tuple[str, ...]) -> dict[str, str]:
    return {role: written[role] for role in roles if role in written}


def _plain(annotation: str) -> str:
    return annotation.removesuffix(" | None")


def _parameter(endpoint: Endpoint, style: str, hints: Mapping[str, Any]) -> Argument | None:
    queries = [
        each for each in endpoint.parameters.arguments if each.parameter and each.location in ("query", "header")
    ]
    if "parameter" in hints:
        return next((each for each in queries if each.parameter and each.parameter.name == hints["parameter"]), None)
    return _first_named(queries, STYLES[style])


def _first_named(arguments: Iterable[Argument], names: tuple[str, ...]) -> Argument | None:
    by_name = {each.name.strip("_"): each for each in arguments}
    return next((by_name[name] for name in names if name in by_name), None)


@frozen
class Member:
    """A member of a reply, or of an object in it that tells of its pages; `key` is dotted then."""

    key: str
    annotation: str
    expression: str

    @property
    def name(self) -> str:
        return argument_name(self.key.rpartition(".")[2])


def _members(model: Model | None, values: Values) -> Iterator[Member]:
    attributes = model.attributes if model else ()
    yield from (Member(each.key, each.value.annotation, _expression(each)) for each in attributes)
    for outer in attributes:
        inner = values.declared.get(_plain(outer.value.annotation))
        if argument_name(outer.key) in ENVELOPES and isinstance(inner, Model):
            always = outer.required and not outer.value.nullable
            for each in inner.attributes:
                expression = _expression(each, f"page.{outer.name}")
                guarded = expression if always else f"({expression}) if page.{outer.name} else None"
                yield Member(f"{outer.key}.{each.key}", each.value.annotation, guarded)


def _member(known: Iterable[Member], role: str, hints: Mapping[str, Any]) -> Member | None:
    """The member that plays a role: the one that the extension names, else by its name, those of the reply first."""
    if role in hints:
        return next((each for each in known if each.key == hints[role]), None)
    fitting = [each for each in known if _plain(each.annotation) in FITTING[role]]
    ordered = sorted(fitting, key=lambda each: "." in each.key)
    return next((each for name in MEMBERS[role] for each in ordered if each.name == name), None)


def _first(parameter: Argument, style: str) -> int | None:
    """What the first page is asked for with, where it is not 1, or for an offset 0."""
    schema = parameter.parameter.schema if parameter.parameter else {}
    usual = 1 if style == "page" else 0
    given = schema.get("default", schema.get("minimum", usual))
    return given if given in (0, 1) and given != usual and isinstance(given, int) else None
