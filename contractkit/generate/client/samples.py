"""A value of an example as one would write it in Python: the classes of the client, called with their members."""

import json
import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from contractkit.generate.client.models import Alias, Enumeration, Model
from contractkit.generate.client.value import Value
from contractkit.generate.client.values import Values

WIDTH = 120
ITEMS = 2  # of a list; further ones would show nothing new
CALLS: Mapping[str, tuple[str, str]] = {  # of an annotation: what makes it of a text, and the import
    "Decimal": ("Decimal", "from decimal import Decimal"),
    "UUID": ("UUID", "from uuid import UUID"),
    "dt.date": ("dt.date.fromisoformat", "import datetime as dt"),
    "dt.datetime": ("dt.datetime.fromisoformat", "import datetime as dt"),
}
PLAIN: Mapping[str, type] = {"str": str, "int": int, "bool": bool}


class UnwritableError(ValueError):
    """The value has a type for which a reader would have to know more."""


@frozen
class Sample:
    """An expression: a text, or what is called with arguments, or a list."""

    text: str
    parts: tuple[tuple[str, "Sample"], ...] = ()  # a name, empty for one of a list or by position, and its expression
    end: str = ""
    imports: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()

    def written(self, before: int = 0, indent: int = 0) -> str:
        """On one line where that is short enough, else a part on each; `before` is what stands on the line already."""
        inner = ", ".join(f"{name}{part.written()}" for name, part in self.parts)
        line = f"{self.text}{inner}{self.end}"
        if not self.parts or (before + len(line) + 1 <= WIDTH and "\n" not in line):
            return line
        space = " " * (indent + 4)
        lines = [f"{space}{name}{part.written(len(space + name), indent + 4)},\n" for name, part in self.parts]
        return f"{self.text}\n{''.join(lines)}{' ' * indent}{self.end}"


@frozen
class Writer:
    """Writes examples as expressions, with the members that are demanded, and those that the example gives."""

    values: Values

    def sample(self, value: Value, found: Any) -> Sample:
        """Raises UnwritableError for what has no plain way to be written."""
        whole = value.bare()
        name = whole.annotation
        declared = self.values.declared.get(name)
        if isinstance(declared, Alias):
            return self.sample(declared.meaning, found)
        if isinstance(declared, Model) and isinstance(found, dict):
            return self._call(declared, found)
        if isinstance(declared, Enumeration):
            constants = {given: constant for constant, given in declared.members.items()}
            if found in constants:
                return Sample(f"{name}.{constants[found]}", models=frozenset({name}))
        if (item := re.fullmatch(r"list\[([\w.]+)\]", name)) and isinstance(found, list):
            inner = self._named(item[1], whole)
            return _holding("[", [("", self.sample(inner, each)) for each in found[:ITEMS]], "]")
        if name in CALLS and isinstance(found, str):
            function, line = CALLS[name]
            return Sample(f"{function}({_text(found)})", imports=frozenset({line}))
        if name in PLAIN and type(found) is PLAIN[name]:
            return Sample(_text(found) if isinstance(found, str) else repr(found))
        if name == "float" and type(found) in (int, float):
            return Sample(repr(found))
        raise UnwritableError(f"a value of {name}")

    def _named(self, name: str, whole: Value) -> Value:
        return Value(name, models=whole.models)

    def _call(self, model: Model, found: dict[str, Any]) -> Sample:
        parts = []
        for each in model.attributes:
            if each.read_only or each.default:
                continue
            try:
                parts.append((f"{each.name}=", self.sample(each.value, found.get(each.key))))
            except UnwritableError:
                if each.required:
                    raise
        return _holding(f"{model.name}(", parts, ")", frozenset({model.name}))


def _holding(text: str, parts: list[tuple[str, Sample]], end: str, models: frozenset[str] = frozenset()) -> Sample:
    imports = frozenset().union(*(part.imports for _, part in parts))
    return Sample(text, tuple(parts), end, imports, models.union(*(part.models for _, part in parts)))


def _text(found: str) -> str:
    return json.dumps(found, ensure_ascii=False) if found.isprintable() else repr(found)
