"""JSON values to Python values; `encoders` has the way back, and `variants` the decoders of alternatives.

A decoder takes a JSON value and returns a Python value, or raises DecodeError. It looks at types and at what a type
needs, never at limits or patterns.
"""

import datetime as dt
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from math import inf
from typing import Any, Self, TypeVar
from uuid import UUID

from .types import File, OpenIntEnum, OpenStrEnum

T = TypeVar("T")
E = TypeVar("E", OpenStrEnum, OpenIntEnum)
Decoder = Callable[[Any], T]
Encoder = Callable[[Any], Any]

DIGITS = 1000
"""The digits that a decimal number may have on either side of its point: nobody counts with more, and `1e999999999`
would fill the memory when it is written."""
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(?:(60)|(\d\d))(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
EXACT = 2**53  # from here on a binary float stands for other whole numbers too
KINDS: Mapping[type, str] = {
    str: "a string", int: "a number", float: "a number", bool: "a boolean", list: "an array", dict: "an object",
    type(None): "null",
}  # fmt: skip


class _ValueError(ValueError):
    """A value that is not as documented. `pointer` leads to it (RFC 6901), `reason` says what is wrong."""

    def __init__(self, reason: str, pointer: str = "", argument: str = "") -> None:
        super().__init__(reason, pointer, argument)
        self.reason = reason
        self.pointer = pointer
        self.argument = argument

    def __str__(self) -> str:
        return f"{f'{self.argument}{self.pointer}' or 'the value'}: {self.reason}"

    def below(self, token: str | int) -> Self:
        """The same error, seen from the object or array that holds the value."""
        escaped = str(token).replace("~", "~0").replace("/", "~1")
        return type(self)(self.reason, f"/{escaped}{self.pointer}")


class DecodeError(_ValueError):
    """A JSON value that is not as documented. `pointer` leads to it (RFC 6901), `reason` says what is wrong."""


class EncodeError(_ValueError):
    """A value that cannot be sent as documented.

    `pointer` leads to it in the body or in the parameter that `argument` names; `reason` says what is wrong.
    """


class ExactNumber(float):
    """A number of JSON that remembers its digits, which a binary float would round."""

    def __new__(cls, digits: str) -> Self:
        found = super().__new__(cls, digits)
        found.digits = digits
        return found

    digits: str


def kind_of(value: object) -> str:
    """What a value is in the words of JSON, or else its class."""
    return KINDS.get(type(value)) or ("a number" if isinstance(value, float) else type(value).__name__)


def wrong(wanted: str, value: object) -> DecodeError:
    """The error for a value that is not of the wanted kind; no text of it, which may be secret."""
    return DecodeError(f"{wanted} is needed, not {kind_of(value)}")


def anything(value: Any) -> Any:
    return value


def string(value: Any) -> str:
    if type(value) is str:
        return value
    raise wrong("a string", value)


def integer(value: Any) -> int:
    """A whole number, also when it is written as 3.0, as long as binary floats are exact."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    raise wrong("a whole number", value)


def number(value: Any) -> float:
    if type(value) is float and -inf < value < inf:
        return value
    if type(value) is int or isinstance(value, float):
        try:
            found = float(value)
        except OverflowError:
            found = inf
        if -inf < found < inf:
            return found
        raise DecodeError("the number is too large")
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
    if text.isdigit() and text.isascii() and len(text) <= DIGITS:  # the common case, without the pattern's cost
        return Decimal(text)
    return _decimal(text)


def decimal_of_number(value: Any) -> Decimal:
    """A number from a JSON number: with all its digits where they are known, else the shortest that mean that float."""
    if isinstance(value, ExactNumber):
        return _decimal(value.digits)
    if type(value) is float:
        return _decimal(repr(number(value)))
    found = Decimal(integer(value))
    if found.adjusted() >= DIGITS:
        raise DecodeError(f"a decimal number has at most {DIGITS} digits")
    return found


def _decimal(text: str) -> Decimal:
    if not DECIMAL.fullmatch(text):
        raise DecodeError("a decimal number is needed")
    try:
        found = Decimal(text)
    except InvalidOperation:  # its exponent is beyond all that Python computes with
        found = Decimal("inf")
    _, digits, exponent = found.as_tuple()
    if not isinstance(exponent, int) or max(len(digits), len(digits) + exponent, -exponent) > DIGITS:
        raise DecodeError(f"a decimal number has at most {DIGITS} digits")
    return found


def date(value: Any) -> dt.date:
    """A day as RFC 3339 writes it, though Python reads other forms of ISO 8601 too."""
    text = string(value)
    try:
        if len(text) == 10 and text[4] == text[7] == "-":
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise DecodeError("a date is needed, as in 2026-10-31")


def date_time(value: Any) -> dt.datetime:
    """An instant with its offset from UTC, as RFC 3339 writes it; digits beyond microseconds are dropped.

    Python has no leap second: 23:59:60 is the last microsecond before it.
    """
    text = value if type(value) is str else string(value)
    try:
        if text[4:20:3] == "--T::Z" and len(text) == 20 and text[17] != "6":  # the common case, without the pattern
            return dt.datetime.fromisoformat(text)
        if found := DATE_TIME.fullmatch(text):
            day, minute, leap, second, fraction, offset = found.groups()
            rest = "59.999999" if leap else second + (fraction or "")
            return dt.datetime.fromisoformat(f"{day}T{minute}:{rest}{offset.upper()}")
    except ValueError:
        pass
    raise DecodeError("a date and time with its offset is needed, as in 2026-10-31T23:59:59Z")


def uuid(value: Any) -> UUID:
    """In its canonical form, though Python reads braces and prefixes too."""
    text = string(value)
    if UUID_TEXT.fullmatch(text):
        return UUID(text)
    raise DecodeError("a UUID is needed")


def base64_bytes(value: Any) -> bytes:
    try:
        return b64decode(string(value), validate=True)
    except (Base64Error, ValueError) as error:
        if isinstance(error, DecodeError):
            raise
        raise DecodeError("Base64 is needed") from None


def file(value: Any) -> File:
    """A file that stands in a JSON document, as text."""
    try:
        return File(string(value).encode())
    except UnicodeEncodeError:
        raise DecodeError("text is needed, not half of a surrogate pair") from None


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


def nullable(convert: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """The same decoder, for a value that may be null."""

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
