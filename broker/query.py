"""Query strings in the nested form of the Pact Broker's API, and the metadata that rides in pact URLs.

`q[][pacticipant]=Foo&q[][version]=1&q[][pacticipant]=Bar` is an ordered list of selectors: a key that the
current selector already has starts the next one. A parser that returns a dict loses the pairs.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote_plus

from attrs import frozen

from broker.errors import InvalidError

Pairs = Sequence[tuple[str, str]]
_NESTED = re.compile(r"(?P<list>\w+)\[\]\[(?P<key>\w+)\]\Z")


def pairs(raw: str) -> list[tuple[str, str]]:
    """Decoded (key, value) pairs in their order; raises InvalidError when they are not UTF-8 or hold U+0000."""
    try:
        found = [_pair(part) for part in raw.split("&") if part]
    except UnicodeDecodeError:
        raise InvalidError(["The query string is not valid UTF-8"]) from None
    # PostgreSQL keeps and compares no text that holds one, SQLite cuts some off there.
    if any("\x00" in key or "\x00" in value for key, value in found):
        raise InvalidError(["The query string holds a null character"])
    return found


def _pair(part: str) -> tuple[str, str]:
    key, _, value = part.partition("=")
    return unquote_plus(key, errors="strict"), unquote_plus(value, errors="strict")


def value(of: Pairs, key: str) -> str | None:
    """The last value of a key, as a browser form would have it; None when absent or blank."""
    found = [text for name, text in of if name == key]
    return found[-1] or None if found else None


def nested(of: Pairs, name: str) -> list[dict[str, str]]:
    """The list of selectors called `name`, in order."""
    selectors: list[dict[str, str]] = []
    for key, text in of:
        matched = _NESTED.match(key)
        if matched is None or matched["list"] != name:
            continue
        if not selectors or matched["key"] in selectors[-1]:
            selectors.append({})
        selectors[-1][matched["key"]] = text
    return selectors


@frozen
class Metadata:
    """Why a pact was selected for verification, as carried by the URL that the verifier fetches and posts to."""

    wip: bool = False
    pending: bool | None = None
    selectors: tuple[tuple[tuple[str, str], ...], ...] = ()
    consumer_version: str | None = None
    consumer_version_ids: tuple[int, ...] = ()


def encode_metadata(metadata: Metadata) -> str:
    """URL-safe base64 without padding, of the same short keys that the Ruby broker uses."""
    parts: list[tuple[str, str]] = [(f"s[][{key}]", text) for selector in metadata.selectors for key, text in selector]
    if metadata.consumer_version is not None:
        parts.append(("cvn", metadata.consumer_version))
    if metadata.wip:
        parts.append(("w", "true"))
    elif metadata.pending is not None:
        parts.append(("p", "true" if metadata.pending else "false"))
    text = "&".join(f"{quote(key, safe='')}={quote(text, safe='')}" for key, text in parts)
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")


def decode_metadata(text: str) -> Metadata:
    """Raises InvalidError when the text is not base64 of a query string; unknown keys are ignored."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        found = pairs(base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8"))
    except (binascii.Error, UnicodeError, ValueError):
        raise InvalidError(["The metadata in the path is not readable"]) from None
    return Metadata(
        wip=value(found, "w") == "true" or value(found, "wip") == "true",
        pending={"true": True, "false": False}.get(value(found, "p") or ""),
        consumer_version=value(found, "cvn"),
        consumer_version_ids=tuple(_numbers(selector.get("cv") for selector in nested(found, "s"))),
    )


def _numbers(texts: Iterable[str | None]) -> list[int]:
    # Longer ids cannot be ours, and would not fit the database's integers.
    return [int(text) for text in texts if text is not None and text.isdecimal() and len(text) <= 18]
