"""The package `models` as files: one module for every class, enum and named union, loaded when it is asked for.

A module imports what it names, above its class; where two name each other, both do so below their class.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from contractkit.generate import texts
from contractkit.generate.client.models import TYPES, Alias, Attribute, Declared, Enumeration

if TYPE_CHECKING:
    from contractkit.generate.client.value import Direction

# What `Member` encodes with where it is told nothing.
IMPLIED = frozenset({"encoders.plain", "encoders.text", "encoders.integer", "encoders.number", "encoders.boolean"})


def write(
    folder: Path,
    declared: list[Declared],
    modules: Mapping[str, str],
    uses: Mapping[str, set["Direction"]],
    tags: Mapping[str, Mapping[str, str]],
) -> None:
    """Writes the package into a folder that does not exist.

    `uses` says where the named are used, if anywhere; `tags` which member of a class can have but one value.
    """
    folder.mkdir(parents=True)
    needs = {each.name: {name for value in each.values() for name in value.models} for each in declared}
    ways = _spread(uses, needs)
    rings = _rings({modules[name]: {modules[part] for part in parts - TYPES} for name, parts in needs.items()})
    pages = _environment()
    for each in declared:
        own = modules[each.name]
        others = {name: modules[name] for name in needs[each.name] - TYPES if modules[name] != own}
        imports = _imports(each, {name: module for name, module in others.items() if rings[module] != rings[own]})
        late = _import_lines({name: module for name, module in others.items() if rings[module] == rings[own]})
        fields = _fields(each, ways.get(each.name) or {"request", "response"}, tags.get(each.name) or {})
        template = pages.get_template(f"{type(each).__name__.lower()}.py.jinja")
        text = template.render(**fields, imports=imports, late=late)
        (folder / f"{own}.py").write_text(text, encoding="utf-8")
    names = [*((name, f".{module}") for name, module in modules.items()), *((name, "..types") for name in TYPES)]
    text = pages.get_template("models_init.py.jinja").render(names=sorted(names))
    (folder / "__init__.py").write_text(text, encoding="utf-8")


def _environment() -> Environment:
    pages = Environment(  # noqa: S701 - it writes Python, which HTML's escapes would break
        loader=PackageLoader("contractkit.generate", "templates/client"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["literal"] = repr
    return pages


def _imports(declared: Declared, others: Mapping[str, str]) -> list[str]:
    """What a module imports besides that which its template does."""
    values = declared.values()
    types = sorted({name for value in values for name in value.models} & TYPES)
    return [
        *sorted({line for value in values for line in value.imports}),
        *([f"from ..types import {', '.join(types)}"] if types else []),
        *_import_lines(others),
    ]


def _import_lines(names: Mapping[str, str]) -> list[str]:
    return [f"from .{module} import {name}" for name, module in sorted(names.items())]


def _fields(declared: Declared, ways: set["Direction"], tags: Mapping[str, str]) -> dict[str, Any]:
    """What the template of a module needs."""
    docstring = texts.long_docstring(declared.description.split("\n\n"), [], 4)
    found: dict[str, Any] = {"name": declared.name, "docstring": docstring}
    match declared:
        case Enumeration():
            return {**found, "base": declared.base, "members": declared.members}
        case Alias():
            meaning = declared.meaning.bare()
            text = texts.docstring([declared.description], 0)
            return {**found, "docstring": text, "meaning": meaning, "decode": declared.decode}
    return {
        **found,
        "attributes": [_attribute(each.tagged(tags), ways) for each in declared.attributes],
        "beside": declared.beside,
    }


def _attribute(attribute: Attribute, ways: set["Direction"]) -> dict[str, Any]:
    """A member as the lines that declare, explain and read it."""
    hidden = (attribute.read_only and "request" in ways) or (attribute.write_only and "response" in ways)
    required = attribute.required and not hidden
    value = attribute.value
    words = [repr(attribute.name), repr(attribute.key), value.decoder]
    words += [f"encode={value.encoder}"] if value.encoder not in IMPLIED else []
    if required:
        line = f"{attribute.name}: {value.annotation}" + (f" = {attribute.default}" if attribute.default else "")
    elif value.nullable:
        line = f"{attribute.name}: {value.annotation} | Unset = UNSET"
        words += ["required=False", "nullable=True"]
    else:
        line = f"{attribute.name}: {value.or_none().annotation} = {attribute.default or None}"
        words += ["required=False"]
    words += ["sent=False"] if attribute.read_only and "request" in ways else []
    return {
        "line": line,
        "docstring": texts.docstring([attribute.description], 4),
        "member": f"Member({', '.join(words)})",
    }


def _spread(uses: Mapping[str, set["Direction"]], needs: Mapping[str, set[str]]) -> dict[str, set["Direction"]]:
    """The uses of each, and of all that hold it."""
    found: dict[str, set[Direction]] = {}
    waiting = [(name, way) for name, ways in uses.items() for way in ways]
    while waiting:
        name, way = waiting.pop()
        if way not in found.setdefault(name, set()):
            found[name].add(way)
            waiting += [(part, way) for part in needs.get(name, ())]
    return found


def _rings(needs: Mapping[str, set[str]]) -> dict[str, int]:
    """A number for each, the same for those that need each other (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    rings: dict[str, int] = {}
    path: list[str] = []
    for root in needs:
        stack = [(root, iter(sorted(needs[root])))] if root not in order else []
        if stack:
            order[root] = low[root] = len(order)
            path.append(root)
        while stack:
            name, parts = stack[-1]
            part = next((each for each in parts if each in needs and each not in rings), None)
            if part is None:
                stack.pop()
                if low[name] == order[name]:
                    while name not in rings:
                        rings[path.pop()] = order[name]
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[name])
            elif part in order:
                low[name] = min(low[name], order[part])
            else:
                order[part] = low[part] = len(order)
                path.append(part)
                stack.append((part, iter(sorted(needs[part]))))
    return rings
