"""What gets a module of its own in the generated `models`: classes, enums, and alternatives that have a name."""

from collections.abc import Iterable, Mapping
from functools import cache

from attrs import evolve, frozen

from contractkit.generate import reserved, shapes, texts
from contractkit.generate.client.value import WRITTEN, Value
from contractkit.generate.names import Namespace
from contractkit.generate.shapes import Schema
from contractkit.stub.parameters import argument_name

TYPES = frozenset({"File", "UnknownVariant"})  # of the support module `types`, which `models` gives as well
# What modules with models in them use otherwise; a class of that name would hide it.
IMPORTED = reserved.imported(line for each in WRITTEN for line in each.imports)
MEMBERS = frozenset({"to_dict", "from_dict", "additional_properties", "self", "cls"})
SIGNS = {"-": "minus ", "+": "plus ", "<": "less ", ">": "greater ", "=": "equal ", "!": "not ", "*": "star "}


@frozen
class Attribute:
    """One member of a class: `key` in JSON, `name` in Python."""

    key: str
    name: str
    value: Value
    description: str
    required: bool
    read_only: bool
    write_only: bool
    default: str = ""  # of a member that has one value only

    @classmethod
    def of(cls, key: str, taken: Namespace, value: Value, schema: Schema, required: bool) -> "Attribute":
        name = argument_name(key)
        name = f"{name}_" if name in hiding() else name
        name = f"field{name}" if name.startswith("_") else name  # attrs would drop the underscore
        return cls(
            key,
            taken.claim(name),
            value,
            texts.described(schema),
            required,
            schema.get("readOnly") is True,
            schema.get("writeOnly") is True,
            _default(value, schema) if required else "",
        )

    def tagged(self, tags: Mapping[str, str]) -> "Attribute":
        """With the one value that it has as a tag."""
        if self.key not in tags or self.value.nullable:
            return self
        tag = repr(tags[self.key])
        if self.value.decoder.startswith("codec.enumeration("):
            return evolve(self, default=f"{self.value.annotation}({tag})")
        is_text = self.value.annotation == "str" or self.value.annotation == f"Literal[{tag}]"
        return evolve(self, default=tag) if is_text else self


@frozen
class Model:
    """A class; `beside` are the members that the class does not name, None where there are none."""

    name: str
    description: str
    attributes: tuple[Attribute, ...]
    beside: Value | None = None

    def values(self) -> list[Value]:
        return [*(each.value for each in self.attributes), *([self.beside] if self.beside else [])]


@frozen
class Enumeration:
    """An enum of strings or of whole numbers: a name for each value."""

    name: str
    description: str
    members: Mapping[str, str | int]

    @classmethod
    def of(cls, name: str, description: str, values: Iterable[str | int]) -> "Enumeration":
        taken = Namespace({"mro"})
        return cls(name, description, {taken.claim(constant_name(value)): value for value in values})

    @property
    def base(self) -> str:
        return "OpenStrEnum" if all(isinstance(each, str) for each in self.members.values()) else "OpenIntEnum"

    def values(self) -> list[Value]:
        return []


@frozen
class Alias:
    """A name for a type, and a decoder for it."""

    name: str
    decode: str
    description: str
    meaning: Value

    def values(self) -> list[Value]:
        return [self.meaning]


Declared = Model | Enumeration | Alias


def _default(value: Value, schema: Schema) -> str:
    """What a member is if nobody says it: the one value that is documented."""
    literals = shapes.literals(schema) or []
    if len(literals) != 1 or value.nullable:
        return ""
    is_enum = value.decoder.startswith("codec.enumeration(")
    return f"{value.annotation}.{constant_name(literals[0])}" if is_enum else repr(literals[0])


@cache
def taken() -> frozenset[str]:
    """What a class of the document must not be called."""
    return TYPES | IMPORTED | reserved.for_classes()


@cache
def hiding() -> frozenset[str]:
    """What a class uses above its methods, and its annotations: an attribute of that name gets an underscore."""
    return reserved.for_members() | IMPORTED | {each.annotation for each in WRITTEN} | {"dict", "list"}


def constant_name(value: str | int) -> str:
    """`on-hold` is ON_HOLD, `-1` is MINUS_1, and an empty text EMPTY."""
    text = str(value)
    if text[:1] in SIGNS:
        text = "".join(SIGNS.get(sign, sign) for sign in text)
    name = argument_name(text).strip("_").upper()
    if not name:
        return "OTHER" if text.strip() else "EMPTY"
    return name if name.isidentifier() else f"VALUE_{name}"
