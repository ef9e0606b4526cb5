"""How parameters and bodies stand in a request: the styles of OpenAPI, forms, and JSON.

Every function takes JSON values: strings, numbers, booleans, None, lists and dicts of them.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from .types import File

Pairs = list[tuple[str, str]]
Part = tuple[str | None, Any, str | None]
Parts = list[tuple[str, Part]]


def text(value: Any) -> str:
    """One value as text; an object or a list inside another is JSON."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return ""
    return json_text(value) if isinstance(value, (dict, list)) else str(value)


def json_text(value: Any) -> str:
    """A value as JSON. Raises ValueError for NaN and infinities, which JSON does not have."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def json_bytes(value: Any) -> bytes:
    """A value as the JSON of a body, in UTF-8."""
    return json_text(value).encode()


def segment(value: Any, *, explode: bool = False) -> str:
    """A variable of a path, style `simple`.

    Raises ValueError for an empty text and for dots alone: the path would be that of another operation.
    """
    found = _joined(value, ",", explode=explode, escape=True)
    if found in ("", ".", ".."):
        raise ValueError(f"a variable of the path must not be {found!r}")
    return found


def label(value: Any, *, explode: bool = False) -> str:
    """A variable of a path, style `label`: `.red.green`."""
    return "." + _joined(value, "." if explode else ",", explode=explode, escape=True)


def matrix(name: str, value: Any, *, explode: bool = False) -> str:
    """A variable of a path, style `matrix`: `;color=red,green`."""
    name = quote(name, safe="")
    if explode and isinstance(value, list):
        return "".join(f";{name}={_escaped(each)}" for each in value)
    if explode and isinstance(value, dict):
        return "".join(f";{_escaped(key)}={_escaped(each)}" for key, each in value.items())
    return f";{name}={_joined(value, ',', explode=False, escape=True)}"


def simple(value: Any, *, explode: bool = False) -> str:
    """A header: `red,green`, and `R=100,G=200` for an exploded object.

    Raises ValueError for what is not plain ASCII: servers disagree about the rest, and a line break ends a header.
    """
    found = _joined(value, ",", explode=explode, escape=False)
    if not found.isascii() or not found.replace("\t", " ").isprintable():
        raise ValueError(f"{found!r} cannot be sent in a header: it is not plain ASCII")
    return found


def cookie(value: Any) -> str:
    """A cookie: `red,green`. Raises ValueError for what is not plain ASCII, or has a semicolon."""
    found = simple(value)
    if ";" in found:
        raise ValueError(f"{found!r} cannot be sent in a cookie: it has a semicolon")
    return found


def form(name: str, value: Any, *, explode: bool = True) -> Pairs:
    """A query parameter or a form's field, style `form`: `color=red&color=green`, or `color=red,green`."""
    if isinstance(value, list):
        return [(name, text(each)) for each in value] if explode else delimited(name, value, ",")
    if isinstance(value, dict):
        if explode:
            return [pair for key, each in value.items() for pair in form(str(key), each)]
        return delimited(name, value, ",")
    return [(name, text(value))]


def delimited(name: str, value: Any, separator: str) -> Pairs:
    """A query parameter, styles `spaceDelimited` and `pipeDelimited`, or `form` that is not exploded."""
    return [(name, _joined(value, separator, explode=False, escape=False))] if value or value == 0 else []


def deep_object(name: str, value: Any) -> Pairs:
    """A query parameter, style `deepObject`: `color[R]=100&color[G]=200`."""
    if isinstance(value, dict):
        return [pair for key, each in value.items() for pair in deep_object(f"{name}[{key}]", each)]
    return form(name, value)


def url_encoded(fields: Mapping[str, Any], styles: Mapping[str, str]) -> bytes:
    """A form as `application/x-www-form-urlencoded`; `styles` are those that the contract gives to fields."""
    pairs: Pairs = []
    for name, value in fields.items():
        match styles.get(name, "json" if isinstance(value, dict) else "form"):
            case "deepObject":
                pairs += deep_object(name, value)
            case "spaceDelimited":
                pairs += delimited(name, value, " ")
            case "pipeDelimited":
                pairs += delimited(name, value, "|")
            case "joined":
                pairs += form(name, value, explode=False)
            case "json":
                pairs.append((name, json_text(value)))
            case _:
                pairs += form(name, value)
    return urlencode(pairs).encode()


def multipart(fields: Mapping[str, Any], media_types: Mapping[str, str]) -> Parts:
    """A form as the parts of `multipart/form-data`; `media_types` are those that the contract gives to fields."""
    return [
        (name, _part(name, each, media_types.get(name)))
        for name, value in fields.items()
        for each in (value if isinstance(value, list) else [value])
    ]


def _part(name: str, value: Any, media_type: str | None) -> Part:
    if isinstance(value, File):
        return value.file_name or name, value.payload, value.mime_type or media_type or "application/octet-stream"
    if isinstance(value, bytes):
        return name, value, media_type or "application/octet-stream"
    if isinstance(value, dict):
        return None, json_bytes(value), media_type or "application/json"
    return None, text(value).encode(), media_type


def _joined(value: Any, separator: str, *, explode: bool, escape: bool) -> str:
    def write(each: Any) -> str:
        if escape:
            return _escaped(each)
        found = text(each)
        if separator in found:
            raise ValueError(f"{found!r} cannot be sent: its {separator!r} would begin another value")
        return found

    if isinstance(value, list):
        return separator.join(write(each) for each in value)
    if isinstance(value, dict):
        if explode:
            return separator.join(f"{write(key)}={write(each)}" for key, each in value.items())
        return separator.join(write(each) for pair in value.items() for each in pair)
    return _escaped(value) if escape else text(value)


def _escaped(value: Any) -> str:
    return quote(text(value), safe="")
