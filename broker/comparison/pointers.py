"""JSON pointers (RFC 6901), as text and as the steps that they take."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

Steps = tuple[str | int, ...]


def pointer(steps: Steps) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def from_fragment(reference: str) -> Steps | None:
    """The steps of `#/components/schemas/Item`; None when the reference is not a pointer into its own document."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    return steps_of(unquote(reference[1:]))


def steps_of(text: str) -> Steps:
    """The steps of a pointer; the opposite of `pointer`."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def find(root: Any, steps: Steps) -> Any:
    """What the steps lead to; raises LookupError when they lead nowhere."""
    for step in steps:
        root = root[_within(root, step)]
    return root


def nearest(root: Any, steps: Steps) -> Steps:
    """The longest beginning of the steps that leads somewhere."""
    for taken, step in enumerate(steps):
        try:
            root = root[_within(root, step)]
        except LookupError:
            return steps[:taken]
    return steps


def _within(place: Any, step: str | int) -> str | int:
    """The step as a key or an index of this place; raises LookupError when it is neither."""
    if isinstance(place, dict):
        return str(step)
    if isinstance(place, list):
        text = str(step)
        if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") and len(text) < 10:
            return int(text)
    raise LookupError(step)
