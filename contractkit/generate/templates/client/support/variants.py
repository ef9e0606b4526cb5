"""Decoders of alternatives: told apart by a tag, or by which of them fits."""

from collections.abc import Mapping
from typing import Any

from attrs import fields, has

from .codec import DecodeError, Decoder, wrong
from .types import UNSET, OpenIntEnum, OpenStrEnum, UnknownVariant

PERFECT = (0, 0, 0)


def tagged(tag: str, variants: Mapping[str, Decoder[Any]], otherwise: Decoder[Any] | None = None) -> Decoder[Any]:
    """The alternative that the member `tag` names; an object with another tag is read by `otherwise`.

    Without that it is kept as an UnknownVariant.
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
        if variant is None:
            return otherwise(value) if otherwise else UnknownVariant(name, value)
        return variant(value)

    return decode


def one_of(*variants: Decoder[Any]) -> Decoder[Any]:
    """The alternative that fits: one that can be read and loses nothing, names most members, and knows most values."""

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
            if fit == PERFECT:
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


def _fit(found: Any, value: Any) -> tuple[int, int, int]:
    """How well it fits, by what is missing: members that are lost, members without a name, enum values unknown."""
    kind = type(found)
    if not has(kind) or type(value) is not dict:
        return (0, 0, -_is_unknown(found))
    read = [getattr(found, each.name) for each in fields(kind) if each.name != "additional_properties"]
    unnamed = sum(each is not None for each in value.values())
    unnamed -= sum(each is not None and each is not UNSET for each in read)
    kept = sum(each is not None for each in getattr(found, "additional_properties", {}).values())
    return (min(kept - unnamed, 0), min(-unnamed, 0), -sum(map(_is_unknown, read)))


def _is_unknown(value: Any) -> bool:
    return isinstance(value, (OpenStrEnum, OpenIntEnum)) and not value.is_known
