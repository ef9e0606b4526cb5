"""Alternatives: which of them mean null, what they are called, and by which tag they are told apart."""

from collections.abc import Mapping
from typing import Any

from contractkit.generate import shapes
from contractkit.generate.names import name_part
from contractkit.generate.shapes import Schema


def is_null(schema: Schema) -> bool:
    """Whether an alternative allows null alone."""
    if schema.get("enum") == [None] or shapes.kinds(schema) == ["null"]:
        return True
    return schema.get("nullable") is True and shapes.is_vague(schema)


def part_name(schema: Any, number: int) -> str:
    """What an alternative without a name adds to the name of the whole."""
    title = schema.get("title") if isinstance(schema, Mapping) else None
    return name_part(title) if isinstance(title, str) and name_part(title) else str(number)
