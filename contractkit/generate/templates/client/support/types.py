"""What requests and responses are made of, whatever the API."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any, BinaryIO, Final, Generic, Literal, TypeVar

from attrs import frozen

T = TypeVar("T")


class Unset:
    """The type of UNSET, of which there is one instance."""

    _only: "Unset | None" = None

    def __new__(cls) -> "Unset":
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()
"""A member that is left out, where None would mean JSON's null. There is only one, so compare with `is`."""


@frozen
class File:
    """A file to send: what is in it, and the name and media type to send it under."""

    payload: bytes | BinaryIO
    file_name: str | None = None
    mime_type: str | None = None


@frozen
class Response(Generic[T]):
    """An answer in full; `parsed` is its body as one of the documented types."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    parsed: T


@frozen
class UnknownVariant:
    """An object whose tag names none of the documented alternatives: a newer server's, kept as it came."""

    tag: str
    data: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The object as it came."""
        return self.data


class OpenStrEnum(StrEnum):
    """Strings, of which some are documented. Another is kept: equal to its text, with `is_known` False."""

    @classmethod
    def _missing_(cls, value: object) -> "OpenStrEnum | None":
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = str(value)
        return member

    @property
    def is_known(self) -> bool:
        """Whether the value is one of the documented ones."""
        return self._value_ in type(self)._value2member_map_


class OpenIntEnum(IntEnum):
    """Whole numbers, of which some are documented. Another is kept: equal to its number, with `is_known` False."""

    @classmethod
    def _missing_(cls, value: object) -> "OpenIntEnum | None":
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        member = int.__new__(cls, value)
        member._name_, member._value_ = str(int(value)), int(value)
        return member

    @property
    def is_known(self) -> bool:
        """Whether the value is one of the documented ones."""
        return self._value_ in type(self)._value2member_map_
