"""The members of a class as JSON has them, and how an object of them is read and written."""

from collections.abc import Callable
from typing import Any, TypeVar

from attrs import frozen

from . import encoders
from .codec import DecodeError, Decoder, EncodeError, Encoder, anything, boolean, integer, number, string, wrong
from .types import UNSET

T = TypeVar("T")

_NEVER = object()  # stands for what no member is
# Values of these types are what their decoders return: to look at the type takes half the time of calling one.
_PLAIN: dict[Decoder[Any], type] = {string: str, integer: int, boolean: bool}
_ENCODERS: dict[Decoder[Any], Encoder] = {
    string: encoders.text, integer: encoders.integer, number: encoders.number, boolean: encoders.boolean
}  # fmt: skip


@frozen
class Member:
    """One member: `name` is its attribute, `key` its name in JSON.

    What is not `required` may be left out: its attribute is None then; or UNSET if it is `nullable`, because None means
    null there. `encode` may be left out for strings, numbers and booleans.
    """

    name: str
    key: str
    decode: Decoder[Any]
    encode: Encoder | None = None
    required: bool = True
    nullable: bool = False
    sent: bool = True


class Members:
    """The members of one class.

    `beside` reads, as one object, the members that the class does not name; None leaves them out.
    """

    def __init__(
        self, *members: Member, beside: Decoder[Any] | None = anything, beside_encode: Encoder | None = None
    ) -> None:
        self._required = [_read_as(each) for each in members if each.required]
        self._optional = [_read_as(each) for each in members if not each.required and not each.nullable]
        self._unset = [(each.name, each.key, each.decode) for each in members if not each.required and each.nullable]
        absent: dict[bool, object] = {True: UNSET, False: None}
        self._sent = [
            (*_sent_as(each), _NEVER if each.required else absent[each.nullable]) for each in members if each.sent
        ]
        self._keys = frozenset(each.key for each in members)
        self._beside = beside
        self._beside_encode = beside_encode or encoders.plain

    def read(self, make: Callable[..., T], value: Any) -> T:
        """What `make` makes of an object's members. Raises DecodeError.

        Null for a member that may be left out, but not be null, means that it is left out.
        """
        if type(value) is not dict:
            raise wrong("an object", value)
        found: dict[str, Any] = {}
        key: str | None = None
        try:
            for name, key, plain, decode in self._required:
                each = value[key]
                found[name] = each if type(each) is plain else decode(each)
            for name, key, plain, decode in self._optional:
                each = value.get(key)
                if each is not None:
                    found[name] = each if type(each) is plain else decode(each)
            for name, key, decode in self._unset:
                if key in value:
                    found[name] = decode(value[key])
            key = None
            if len(found) != len(value) and self._beside is not None:
                found |= self._read_others(value, self._beside)
        except DecodeError as error:
            raise (error if key is None else error.below(key)) from None
        except KeyError:
            raise DecodeError("is missing").below(str(key)) from None
        return make(**found)

    def write(self, kind: type, source: Any) -> dict[str, Any]:
        """An object of the class `kind` as JSON, without what is left out and what only replies have.

        Raises EncodeError.
        """
        if not isinstance(source, kind):
            raise encoders.wrong(f"an object of the class {kind.__name__}", source)
        found: dict[str, Any] = {}
        key: str | None = None
        try:
            for name, key, plain, encode, absent in self._sent:
                value = getattr(source, name)
                if value is not absent:
                    found[key] = value if type(value) is plain else encode(value)
            key = None
            if self._beside is not None:
                found |= self._others(source)
        except EncodeError as error:
            raise (error if key is None else error.below(key)) from None
        return found

    def _read_others(self, value: dict[str, Any], beside: Decoder[Any]) -> dict[str, Any]:
        rest = {key: each for key, each in value.items() if key not in self._keys}
        return {"additional_properties": beside(rest)} if rest else {}

    def _others(self, source: Any) -> dict[str, Any]:
        if source.additional_properties == {}:
            return {}
        found: dict[str, Any] = self._beside_encode(source.additional_properties)
        for key in found:
            if key in self._keys:
                raise EncodeError("it stands in `additional_properties`, though it has an attribute").below(key)
        return found


def _read_as(member: Member) -> tuple[str, str, type, Decoder[Any]]:
    """Attribute, name in JSON, the type that is taken as it is, and what decodes the others; `Member` if all are."""
    return member.name, member.key, _PLAIN.get(member.decode, Member), member.decode


def _sent_as(member: Member) -> tuple[str, str, type, Encoder]:
    """The same for the way back."""
    if member.encode is not None:
        return member.name, member.key, Member, member.encode
    return *_read_as(member)[:3], _ENCODERS.get(member.decode, encoders.plain)
