"""One schema in Python: an annotation, and what reads and writes its JSON; and what is made of several."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from attrs import evolve, frozen

Direction = Literal["request", "response"]

DATES = frozenset({"import datetime as dt"})  # a member is often called date, which would hide a type of that name


@frozen
class Value:
    """How a schema is written in Python.

    `imports` are lines that import from the standard library; `models` the names that `<package>.models` gives.
    `decoder` is an expression, a callable that takes a JSON value and returns the Python value or raises
    `codec.DecodeError`; `encoder` one for the way back, which raises `codec.EncodeError`.
    """

    annotation: str
    decoder: str = "codec.anything"
    encoder: str = "encoders.plain"
    imports: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    nullable: bool = False

    def bare(self) -> "Value":
        """The same without null."""
        if not self.nullable or self.annotation == "None":
            return self
        return evolve(
            self,
            annotation=self.annotation.removesuffix(" | None"),
            decoder=_inner(self.decoder),
            encoder=_inner(self.encoder),
            nullable=False,
        )

    def or_none(self) -> "Value":
        if self.nullable:
            return self
        annotation = self.annotation if self.annotation == "Any" else f"{self.annotation} | None"
        encoder = self.encoder if self.encoder == "encoders.plain" else f"encoders.nullable({self.encoder})"
        return evolve(
            self, annotation=annotation, decoder=f"codec.nullable({self.decoder})", encoder=encoder, nullable=True
        )


def _inner(expression: str) -> str:
    """What stands within `nullable(...)`."""
    found = re.fullmatch(r"(?:codec|encoders)\.nullable\((.*)\)", expression)
    return found[1] if found else expression


ANY = Value("Any", imports=frozenset({"from typing import Any"}))
TEXT = Value("str", "codec.string", "encoders.text")
SCALARS: Mapping[tuple[str, str], Value] = {
    ("string", "date"): Value("dt.date", "codec.date", "encoders.date_text", DATES),
    ("string", "date-time"): Value("dt.datetime", "codec.date_time", "encoders.date_time_text", DATES),
    ("string", "decimal"): Value(
        "Decimal", "codec.decimal", "encoders.decimal_text", frozenset({"from decimal import Decimal"})
    ),
    ("number", "decimal"): Value(
        "Decimal", "codec.decimal_of_number", "encoders.decimal_number", frozenset({"from decimal import Decimal"})
    ),
    ("string", "uuid"): Value("UUID", "codec.uuid", "encoders.uuid_text", frozenset({"from uuid import UUID"})),
    ("string", "byte"): Value("bytes", "codec.base64_bytes", "encoders.base64_text"),
    ("string", "binary"): Value("File", "codec.file", "encoders.file", models=frozenset({"File"})),
    ("string", ""): TEXT,
    ("integer", ""): Value("int", "codec.integer", "encoders.integer"),
    ("number", ""): Value("float", "codec.number", "encoders.number"),
    ("boolean", ""): Value("bool", "codec.boolean", "encoders.boolean"),
    ("null", ""): Value("None", "codec.null", nullable=True),
}
VAGUE = ("codec.string", "codec.mapping(codec.anything)", "codec.anything")  # take what others read better
LITERAL = frozenset({"from typing import Literal"})


def array(item: Value) -> Value:
    return evolve(
        item,
        annotation=f"list[{item.annotation}]",
        decoder=f"codec.array({item.decoder})",
        encoder=f"encoders.each({item.encoder})",
        nullable=False,
    )


def mapping(item: Value) -> Value:
    return evolve(
        item,
        annotation=f"dict[str, {item.annotation}]",
        decoder=f"codec.mapping({item.decoder})",
        encoder=f"encoders.each_value({item.encoder})",
        nullable=False,
    )


def union(parts: Iterable[Value]) -> Value:
    """Alternatives, told apart by which of them fits; each once, None at the end."""
    found = {each.annotation.removesuffix(" | None"): each for each in reversed(list(parts))}
    alternatives = {name: found[name] for name in reversed(found)}
    nullable = any(each.nullable for each in alternatives.values())
    plain = [each.bare() for name, each in alternatives.items() if name != "None"]
    if not plain:
        return SCALARS["null", ""] if alternatives else ANY
    if any(each.annotation == "Any" for each in plain):
        return ANY
    if len(plain) == 1:
        return plain[0].or_none() if nullable else plain[0]
    whole = Value(
        " | ".join(name for name in alternatives if name != "None"),
        f"variants.one_of({', '.join(sorted((each.decoder for each in plain), key=VAGUE.__contains__))})",
        imports=frozenset().union(*(each.imports for each in plain)),
        models=frozenset().union(*(each.models for each in plain)),
    )
    return whole.or_none() if nullable else whole


WRITTEN = (*SCALARS.values(), ANY)  # all that is written without a class of the document, but for what holds it
