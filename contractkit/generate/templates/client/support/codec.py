"""JSON values to Python values and back.

A decoder takes a JSON value and returns a Python value, or raises DecodeError; an encoder goes the other way, and
raises ValueError for what cannot be sent. Decoders look at types and at what a type needs, never at limits or patterns.
"""

import datetime as dt
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from attrs import fields, has

from .types import UNSET, File, OpenIntEnum, OpenStrEnum, UnknownVariant

T = TypeVar("T")
E = TypeVar("E", OpenStrEnum, OpenIntEnum)
Decoder = Callable[[Any], T]
Encoder = Callable[[Any], Any]

DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
KINDS: Mapping[type, str] = {
    str: "a string", int: "a number", float: "a number", bool: "a boolean", list: "an array", dict: "an object",
    type(None): "null",
}  # fmt: skip


class DecodeError(ValueError):
    """A JSON value that is not as documented. `pointer` leads to it (RFC 6901), `reason` says what is wrong."""

    def __init__(self, reason: str, pointer: str = "") -> None:
        super().__init__(reason, pointer)
        self.reason = reason
        self.pointer = pointer

    def __str__(self) -> str:
        return f"{self.pointer or 'the value'}: {self.reason}"

    def below(self, token: str | int) -> "DecodeError":
        """The same error, seen from the object or array that holds the value."""
        escaped = str(token).replace("~", "~0").replace("/", "~1")
        return type(self)(self.reason, f"/{escaped}{self.pointer}")


def wrong(wanted: str, value: object) -> DecodeError:
    """The error for a value that is not of the wanted kind; no long text of it, which may be secret."""
    return DecodeError(f"{wanted} is needed, not {KINDS.get(type(value), type(value).__name__)}")


def anything(value: Any) -> Any:
    return value


def string(value: Any) -> str:
    if type(value) is str:
        return value
    raise wrong("a string", value)


def integer(value: Any) -> int:
    """A whole number, also when it is written as 3.0."""
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise wrong("a whole number", value)


def number(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise DecodeError("the number is too large") from None
    raise wrong("a number", value)


def boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise wrong("a boolean", value)


def null(value: Any) -> None:
    if value is not None:
        raise wrong("null", value)


def decimal(value: Any) -> Decimal:
    """An exact number from a string; only of digits, a point and an exponent, though Python reads `1_000` too."""
    text = string(value)
    if text.isdigit() and text.isascii():  # the common case, without the pattern's cost
        return Decimal(text)
    try:
        if DECIMAL.fullmatch(text):
            return Decimal(text)
    except InvalidOperation:  # its exponent is beyond all that Python computes with
        pass
    raise DecodeError("a decimal number is needed")


def decimal_text(value: Decimal) -> str:
    """In plain notation, never 1E+3. Raises ValueError for NaN and infinity."""
    if not value.is_finite():
        raise ValueError(f"{value} cannot be sent: it is no number")
    return format(value, "f")


def decimal_of_number(value: Any) -> Decimal:
    """A number from a JSON number: of one that is no whole number, the shortest digits that mean the same float."""
    found = Decimal(repr(number(value))) if type(value) is float else Decimal(integer(value))
    if not found.is_finite():
        raise DecodeError("the number is too large")
    return found


def decimal_number(value: Decimal) -> int | float:
    """A JSON number. Raises ValueError where a binary float would be another number."""
    if not value.is_finite():
        raise ValueError(f"{value} cannot be sent: it is no number")
    if value == value.to_integral_value():
        return int(value)
    found = float(value)
    if Decimal(repr(found)) != value:
        raise ValueError(f"{value} cannot be sent exactly as a JSON number")
    return found


def date(value: Any) -> dt.date:
    try:
        return dt.date.fromisoformat(string(value))
    except DecodeError:
        raise
    except ValueError:
        raise DecodeError("a date is needed, as in 2026-10-31") from None


def date_text(value: dt.date) -> str:
    return (value.date() if isinstance(value, dt.datetime) else value).isoformat()


def date_time(value: Any) -> dt.datetime:
    """An instant, with its offset from UTC."""
    text = value if type(value) is str else string(value)
    try:
        found = dt.datetime.fromisoformat(text if text[-1:] != "z" else text.upper())
    except ValueError:
        raise DecodeError("a date and time is needed, as in 2026-10-31T23:59:59Z") from None
    if found.tzinfo is None:
        raise DecodeError("a date and time needs an offset from UTC, as in 2026-10-31T23:59:59Z")
    return found


def date_time_text(value: dt.datetime) -> str:
    """In RFC 3339. Raises ValueError for a time without time zone, which could mean any."""
    if value.utcoffset() is None:
        raise ValueError(f"{value} cannot be sent: it has no time zone")
    return value.isoformat()


def uuid(value: Any) -> UUID:
    try:
        return UUID(string(value))
    except DecodeError:
        raise
    except ValueError:
        raise DecodeError("a UUID is needed") from None


def base64_bytes(value: Any) -> bytes:
    try:
        return b64decode(string(value), validate=True)
    except (Base64Error, ValueError) as error:
        if isinstance(error, DecodeError):
            raise
        raise DecodeError("Base64 is needed") from None


def base64_text(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def file(value: Any) -> File:
    """A file that stands in a JSON document, as text."""
    return File(string(value).encode())


def constant(wanted: T) -> Decoder[T]:
    """The one value that is allowed."""

    def decode(value: Any) -> T:
        if value == wanted and type(value) is type(wanted):
            return wanted
        raise DecodeError(f"{wanted!r} is needed")

    return decode


def enumeration(kind: type[E]) -> Decoder[E]:
    """A member of an enum; a value that it does not know is kept."""
    known = {member.value: member for member in kind}
    wanted, check = (str, string) if issubclass(kind, str) else (int, integer)

    def decode(value: Any) -> E:
        found = known.get(value) if type(value) is wanted else None
        return kind(check(value)) if found is None else found

    return decode


def enum_value(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def nullable(convert: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """The same decoder or encoder, for a value that may be null."""

    def converted(value: Any) -> T | None:
        return None if value is None else convert(value)

    return converted


def array(item: Decoder[T]) -> Decoder[list[T]]:
    def decode(value: Any) -> list[T]:
        if type(value) is not list:
            raise wrong("an array", value)
        try:
            return [item(each) for each in value]
        except DecodeError:
            raise _first(item, enumerate(value)) from None

    return decode


def mapping(item: Decoder[T]) -> Decoder[dict[str, T]]:
    """An object whose members' names are data."""

    def decode(value: Any) -> dict[str, T]:
        if type(value) is not dict:
            raise wrong("an object", value)
        try:
            return {key: item(each) for key, each in value.items()}
        except DecodeError:
            raise _first(item, value.items()) from None

    return decode


def _first(item: Decoder[Any], entries: Iterable[tuple[str | int, Any]]) -> DecodeError:
    """The error of the first entry that has one, seen from outside."""
    for token, each in entries:
        try:
            item(each)
        except DecodeError as error:
            return error.below(token)
    raise AssertionError("a decoder gave two answers for one value")


def tagged(tag: str, variants: Mapping[str, Decoder[Any]]) -> Decoder[Any]:
    """The alternative that the member `tag` names; an object with another tag is kept as an UnknownVariant.

    An object without the tag is read as the alternative that fits best.
    """
    untagged = one_of(*dict.fromkeys(variants.values()))

    def decode(value: Any) -> Any:
        if type(value) is not dict:
            raise wrong("an object", value)
        name = value.get(tag)
        if type(name) is not str:
            if name is None:
                return untagged(value)
            raise wrong("a string", name).below(tag)
        variant = variants.get(name)
        return variant(value) if variant else UnknownVariant(name, value)

    return decode


def one_of(*variants: Decoder[Any]) -> Decoder[Any]:
    """The alternative that fits: one that can be read, with the fewest unknown values and the most members read."""

    def decode(value: Any) -> Any:
        best, best_fit = None, None
        errors = []
        for variant in variants:
            try:
                found = variant(value)
            except DecodeError as error:
                errors.append(error)
                continue
            fit = _fit(found, value)
            if fit == (0, 0):
                return found
            if best_fit is None or fit > best_fit:
                best, best_fit = found, fit
        if best_fit is None:
            raise _nearest(errors)
        return best

    return decode


def _nearest(errors: list[DecodeError]) -> DecodeError:
    """The error of the alternative that was read furthest, or one that names none."""
    furthest = max(errors, key=lambda error: error.pointer.count("/"))
    return furthest if furthest.pointer else DecodeError(" or ".join(dict.fromkeys(error.reason for error in errors)))


def _fit(found: Any, value: Any) -> tuple[int, int]:
    """How well an alternative fits: enum values that it does not know, and members that it leaves out; both below 0."""
    kind = type(found)
    if not has(kind):
        return (-_is_unknown(found), 0)
    read = [getattr(found, each.name) for each in fields(kind) if each.name != "additional_properties"]
    beside = getattr(found, "additional_properties", None) or ()
    given = [each for each in read if each is not None and each is not UNSET]
    sent = sum(each is not None for each in value.values()) if type(value) is dict else 0
    return (-sum(map(_is_unknown, read)), min(len(given) + len(beside) - sent, 0))


def _is_unknown(value: Any) -> bool:
    return isinstance(value, (OpenStrEnum, OpenIntEnum)) and not value.is_known


def each(item: Encoder) -> Encoder:
    """Encodes the entries of a list."""
    return lambda values: [item(value) for value in values]


def each_value(item: Encoder) -> Encoder:
    """Encodes the values of a mapping."""
    return lambda values: {key: item(value) for key, value in values.items()}


def plain(value: Any) -> Any:
    """Any of the values that members have, as JSON: for alternatives, and for what has no schema."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    match value:
        case Enum():
            return value.value
        case dt.datetime():
            return date_time_text(value)
        case dt.date():
            return date_text(value)
        case Decimal():
            return decimal_text(value)
        case UUID():
            return str(value)
        case bytes():
            return base64_text(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return value
