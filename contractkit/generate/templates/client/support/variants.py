"""Decoders of alternatives: told apart by a tag, or by which of them fits."""

from collections.abc import Mapping
from typing import Any

from attrs import fields, has

from .codec import DecodeError, Decoder, wrong
from .types import UNSET, OpenIntEnum, OpenStrEnum, UnknownVariant


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
