"""Python names for what a document calls by names of its own."""

import keyword
import re
from collections.abc import Iterable

from attrs import define, field

BUILTINS = frozenset({"str", "int", "float", "bool", "bytes", "list", "dict", "tuple", "object"})


def class_name(text: str) -> str:
    """`web-hooks` and `web_hooks` are WebHooks, `HTTPError` stays as it is."""
    name = name_part(text)
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"Type{name}"


def name_part(text: str) -> str:
    """The same, to be put behind another name; it may start with a digit, or be empty."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", text) if word)


def is_field_name(text: str) -> bool:
    """Whether a member can be written as an annotated name; two leading underscores would be mangled."""
    return text.isidentifier() and not keyword.iskeyword(text) and not text.startswith("__")


@define
class Namespace:
    """Names that are taken; a second one of a kind gets a number."""

    taken: set[str] = field(factory=set)

    @classmethod
    def of(cls, names: Iterable[str] = ()) -> "Namespace":
        return cls({*BUILTINS, *names})

    def claim(self, wanted: str) -> str:
        """`wanted`, or the first of wanted2, wanted3, ... that is free."""
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}{number}"
        self.taken.add(name)
        return name
