"""Python values to JSON values: an encoder raises EncodeError for what cannot be sent as documented.

Encoders look at types and at what a type needs, never at limits or patterns.
"""

import datetime as dt
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any
from uuid import UUID

from .codec import DIGITS, EncodeError, Encoder, kind_of
from .types import File


def wrong(wanted: str, value: object) -> EncodeError:
    """The error for a value that is not of the wanted kind; no text of it, which may be secret."""
    return EncodeError(f"{wanted} is needed, not {kind_of(value)}")


def text(value: Any) -> str:
    """Its characters, though a class of the caller's own, such as an enum, may print others."""
    if isinstance(value, str):
        return value if type(value) is str else str.__str__(value)
    raise wrong("a string", value)


def integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if type(value) is int else int.__index__(value)
    raise wrong("a whole number", value)


def number(value: Any) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        return integer(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise EncodeError(f"{value} is no number in JSON")
        return float.__float__(value)
    raise wrong("a number", value)


def boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise wrong("a boolean", value)


def decimal_text(value: Any) -> str:
    """In plain notation, never 1E+3."""
    digits = str(value) if type(value) is Decimal else ""
    if digits.isdigit() and len(digits) <= DIGITS:  # the common case, without taking it apart
        return digits
    return format(_decimal(value), "f")


def decimal_number(value: Any) -> int | float:
    """A JSON number, where a binary float is the same number; else it cannot be sent."""
    found = _decimal(value)
    if found == found.to_integral_value():
        return int(found)
    as_float = float(found)
    if Decimal(repr(as_float)) != found:
        raise EncodeError("it cannot be sent exactly as a JSON number")
    return as_float


def _decimal(value: Any) -> Decimal:
    """Refuses what is no number, and what plain notation would fill pages with."""
    if type(value) is int:  # as exact as a Decimal
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise wrong("a Decimal", value)
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise EncodeError(f"{value} is no number in JSON")
    if max(len(digits), len(digits) + exponent, -exponent) > DIGITS:
        raise EncodeError(f"a decimal number has at most {DIGITS} digits")
    return value


def date_text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    raise wrong("a date", value)


def date_time_text(value: Any) -> str:
    """In RFC 3339; a time without time zone could mean any."""
    if not isinstance(value, dt.datetime):
        raise wrong("a datetime", value)
    if value.tzinfo is dt.UTC:  # the common case
        return value.isoformat()
    offset = value.utcoffset()
    if offset is None:
        raise EncodeError(f"{value} has no time zone")
    if offset.seconds % 60 or offset.microseconds:
        raise EncodeError(f"{value} has an offset of more than minutes, which RFC 3339 cannot say")
    return value.isoformat()


def uuid_text(value: Any) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise wrong("a UUID", value)


def base64_text(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode("ascii")
    raise wrong("bytes", value)


def file(value: Any) -> File:
    """A file stays one until the body is written."""
    if isinstance(value, File):
        return value
    raise wrong("a File", value)


def enum_value(value: Any) -> str | int:
    """The value of a member; a plain text or number stands for the member that has it."""
    found = value.value if isinstance(value, Enum) else value
    if isinstance(found, str):
        return text(found)
    if isinstance(found, int) and not isinstance(found, bool):
        return integer(found)
    raise wrong("an enumeration's value", value)


def nullable(convert: Callable[[Any], Any]) -> Encoder:
    """The same encoder, for a value that may be null."""
    return lambda value: None if value is None else convert(value)


def each(item: Encoder) -> Encoder:
    """Encodes the entries of a list."""

    def encode(values: Any) -> list[Any]:
        if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
            raise wrong("a list", values)
        entries = list(values)
        try:
            return [item(value) for value in entries]
        except EncodeError:
            raise _first(item, enumerate(entries)) from None

    return encode


def each_value(item: Encoder) -> Encoder:
    """Encodes the values of a mapping."""

    def encode(values: Any) -> dict[str, Any]:
        if not isinstance(values, Mapping):
            raise wrong("a dict", values)
        try:
            return {text(key): item(value) for key, value in values.items()}
        except EncodeError:
            raise _first(_entry(item), zip(values, values.items(), strict=True)) from None

    return encode


def _entry(item: Encoder) -> Encoder:
    return lambda pair: (text(pair[0]), item(pair[1]))


def _first(item: Encoder, entries: Iterable[tuple[str | int, Any]]) -> EncodeError:
    """The error of the first entry that has one, seen from outside."""
    for token, value in entries:
        try:
            item(value)
        except EncodeError as error:
            return error.below(token)
    raise AssertionError("an encoder gave two answers for one value")


def plain(value: Any) -> Any:
    """Any of the values that members have, as JSON: for alternatives, and for what has no schema."""
    if value is None or isinstance(value, (bool, File)):
        return value
    if hasattr(value, "to_dict"):
        return value.to_dict()
    for kind, encode in _BY_TYPE:
        if isinstance(value, kind):
            return encode(value)
    raise EncodeError(f"{kind_of(value)} cannot be sent as JSON")


_BY_TYPE: tuple[tuple[type | tuple[type, ...], Encoder], ...] = (
    (Enum, enum_value),
    (str, text),
    ((int, float), number),
    (dt.datetime, date_time_text),
    (dt.date, date_text),
    (Decimal, decimal_text),
    (UUID, uuid_text),
    ((bytes, bytearray), base64_text),
    (Mapping, each_value(plain)),
    ((list, tuple), each(plain)),
)
