"""One schema in Python: an annotation, and what reads and writes its JSON; and what is made of several."""

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
    `codec.DecodeError`; `encoder` one for the way back, empty where the value is JSON as it is.
    """

    annotation: str
    decoder: str = "codec.anything"
    encoder: str = ""
    imports: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    nullable: bool = False

    def bare(self) -> "Value":
        """The same without null."""
        if not self.nullable or self.annotation == "None":
            return self
        inner = {name: getattr(self, name).removeprefix("codec.nullable(") for name in ("decoder", "encoder")}
        inner = {name: text[:-1] if getattr(self, name) != text else text for name, text in inner.items()}
        return evolve(self, annotation=self.annotation.removesuffix(" | None"), nullable=False, **inner)

    def or_none(self) -> "Value":
        if self.nullable:
            return self
        encoder = self.encoder and f"codec.nullable({self.encoder})"
        annotation = self.annotation if self.annotation == "Any" else f"{self.annotation} | None"
        return evolve(
            self, annotation=annotation, decoder=f"codec.nullable({self.decoder})", encoder=encoder, nullable=True
        )


ANY = Value("Any", encoder="codec.plain", imports=frozenset({"from typing import Any"}))
TEXT = Value("str", "codec.string")
SCALARS: Mapping[tuple[str, str], Value] = {
    ("string", "date"): Value("dt.date", "codec.date", "codec.date_text", DATES),
    ("string", "date-time"): Value("dt.datetime", "codec.date_time", "codec.date_time_text", DATES),
    ("string", "decimal"): Value(
        "Decimal", "codec.decimal", "codec.decimal_text", frozenset({"from decimal import Decimal"})
    ),
    ("number", "decimal"): Value(
        "Decimal", "codec.decimal_of_number", "codec.decimal_number", frozenset({"from decimal import Decimal"})
    ),
    ("string", "uuid"): Value("UUID", "codec.uuid", "str", frozenset({"from uuid import UUID"})),
    ("string", "byte"): Value("bytes", "codec.base64_bytes", "codec.base64_text"),
    ("string", "binary"): Value("File", "codec.file", models=frozenset({"File"})),
    ("string", ""): TEXT,
    ("integer", ""): Value("int", "codec.integer"),
    ("number", ""): Value("float", "codec.number"),
    ("boolean", ""): Value("bool", "codec.boolean"),
    ("null", ""): Value("None", "codec.null", nullable=True),
}
VAGUE = ("codec.string", "codec.mapping(codec.anything)", "codec.anything")  # take what others read better
LITERAL = frozenset({"from typing import Literal"})


def array(item: Value) -> Value:
    return evolve(
        item,
        annotation=f"list[{item.annotation}]",
        decoder=f"codec.array({item.decoder})",
        encoder=item.encoder and f"codec.each({item.encoder})",
        nullable=False,
    )


def mapping(item: Value) -> Value:
    return evolve(
        item,
        annotation=f"dict[str, {item.annotation}]",
        decoder=f"codec.mapping({item.decoder})",
        encoder=item.encoder and f"codec.each_value({item.encoder})",
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
        f"codec.one_of({', '.join(sorted((each.decoder for each in plain), key=VAGUE.__contains__))})",
        "codec.plain" if any(each.encoder for each in plain) else "",
        frozenset().union(*(each.imports for each in plain)),
        frozenset().union(*(each.models for each in plain)),
    )
    return whole.or_none() if nullable else whole
