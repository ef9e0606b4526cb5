"""How parameters and bodies stand in a request: the styles of OpenAPI, forms, and JSON.

A parameter has a name, a value, and an encoder, which makes JSON of the value. What cannot be sent raises EncodeError,
which names the parameter.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any
from urllib.parse import quote, urlencode

from .codec import EncodeError, Encoder
from .encoders import plain, wrong
from .types import File

Pairs = list[tuple[str, str]]
Part = tuple[str | None, Any, str | None]
Parts = list[tuple[str, Part]]
SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|", "joined": ","}
MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(\s*;|$)", re.ASCII)
HALF = "half of a surrogate pair is no text"


class Joined(str):
    """The value of a query parameter that is quoted already: what separates its parts must stay as it is."""

    __slots__ = ()


def query_string(pairs: Iterable[tuple[str, str]]) -> str:
    """The query of a URL, in percent-encoding."""
    return "&".join(
        f"{_quoted(name, name)}={value if isinstance(value, Joined) else _quoted(name, value)}" for name, value in pairs
    )


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
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_in_json)


def json_bytes(value: Any, encode: Encoder = plain) -> bytes:
    """A value as the JSON of a body, in UTF-8."""
    return _utf8(json_text(_body(value, encode)))


def check_media_type(chosen: str | None, value: Any, *fitting: str) -> None:
    """Raises EncodeError where a body is to be sent as what does not fit it; None chooses nothing."""
    if chosen is not None and chosen not in fitting:
        reason = f"{chosen!r} does not fit a body of the type {type(value).__name__}: {' or '.join(fitting)}"
        raise EncodeError(reason, argument="content_type")


def text_bytes(value: Any) -> bytes:
    """A text as a body, in UTF-8."""
    if isinstance(value, str):
        return _utf8(value)
    raise _named("body", wrong("a string", value))


def raw_bytes(value: Any) -> bytes:
    """Bytes as a body."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise _named("body", wrong("bytes", value))


def json_parameter(name: str, value: Any, encode: Encoder = plain) -> str:
    """A parameter that is a JSON document."""
    return json_text(_argument(name, value, encode))


def text_parameter(name: str, value: Any, encode: Encoder = plain) -> str:
    """A parameter that is a document of another kind: a text."""
    return text(_argument(name, value, encode))


def segment(name: str, value: Any, encode: Encoder = plain, *, explode: bool = False) -> str:
    """A variable of a path, style `simple`; no empty text and no dots alone, for that were another operation's path."""
    found = _joined(name, _argument(name, value, encode), ",", explode=explode)
    if found in ("", ".", ".."):
        raise EncodeError(f"a variable of the path must not be {found!r}", argument=name)
    return found


def label(name: str, value: Any, encode: Encoder = plain, *, explode: bool = False) -> str:
    """A variable of a path, style `label`: `.red.green`."""
    return "." + _joined(name, _argument(name, value, encode), "." if explode else ",", explode=explode)


def matrix(name: str, value: Any, encode: Encoder = plain, *, explode: bool = False) -> str:
    """A variable of a path, style `matrix`: `;color=red,green`."""
    found, written = _argument(name, value, encode), _quoted(name, name)
    if explode and isinstance(found, list):
        return "".join(f";{written}={_quoted(name, each)}" for each in found)
    if explode and isinstance(found, dict):
        return "".join(f";{_quoted(name, key)}={_quoted(name, each)}" for key, each in found.items())
    return f";{written}={_joined(name, found, ',')}"


def simple(name: str, value: Any, encode: Encoder = plain, *, explode: bool = False) -> str:
    """A header: `red,green`, and `R=100,G=200` for an exploded object.

    Plain ASCII alone: servers disagree about the rest, and a line break ends a header.
    """
    found = _bare(name, _argument(name, value, encode), ",", explode=explode)
    if not found.isascii() or not found.replace("\t", " ").isprintable():
        raise EncodeError("it cannot be sent in a header: it is not plain ASCII", argument=name)
    return found


def cookie(name: str, value: Any, encode: Encoder = plain) -> str:
    """A cookie: `red,green`, plain ASCII without a semicolon."""
    found = simple(name, value, encode)
    if ";" in found:
        raise EncodeError("it cannot be sent in a cookie: it has a semicolon", argument=name)
    return found


def form(name: str, value: Any, encode: Encoder = plain, *, explode: bool = True) -> Pairs:
    """A query parameter, style `form`: `color=red&color=green`, or `color=red,green`."""
    found = _argument(name, value, encode)
    return _form(name, found) if explode or not isinstance(found, (dict, list)) else _delimited(name, found, ",")


def delimited(name: str, value: Any, encode: Encoder = plain, *, separator: str) -> Pairs:
    """A query parameter, styles `spaceDelimited` and `pipeDelimited`: `color=red%20green`."""
    return _delimited(name, _argument(name, value, encode), separator)


def deep_object(name: str, value: Any, encode: Encoder = plain) -> Pairs:
    """A query parameter, style `deepObject`: `color[R]=100&color[G]=200`."""
    return _deep(name, _argument(name, value, encode))


def url_encoded(value: Any, encode: Encoder, styles: Mapping[str, str]) -> bytes:
    """A form as `application/x-www-form-urlencoded`; `styles` are those that the contract gives to fields."""
    pairs: Pairs = []
    for name, each in _body(value, encode).items():
        match styles.get(name, "json" if isinstance(each, dict) else "form"):
            case "deepObject":
                pairs += _deep(name, each)
            case "spaceDelimited" | "pipeDelimited" | "joined" as style:
                pairs += [(name, _bare(name, each, SEPARATORS[style]))] if each or each == 0 else []
            case "json":
                pairs.append((name, json_text(each)))
            case _:
                pairs += _form(name, each)
    try:
        return urlencode(pairs).encode()
    except UnicodeEncodeError:
        raise EncodeError(HALF, argument="body") from None


def multipart(value: Any, encode: Encoder, media_types: Mapping[str, str]) -> Parts:
    """A form as the parts of `multipart/form-data`; `media_types` are those that the contract gives to fields."""
    return [
        (name, _part(name, each, media_types.get(name)))
        for name, found in _body(value, encode).items()
        for each in (found if isinstance(found, list) else [found])
    ]


def _argument(name: str, value: Any, encode: Encoder) -> Any:
    """A parameter as JSON."""
    try:
        return encode(value)
    except EncodeError as error:
        raise _named(name, error) from None


def _body(value: Any, encode: Encoder) -> Any:
    """A body as JSON; an error of a member names that alone, as servers do."""
    try:
        return encode(value)
    except EncodeError as error:
        raise error if error.pointer else _named("body", error) from None


def _named(name: str, error: EncodeError) -> EncodeError:
    return EncodeError(error.reason, error.pointer, name)


def _in_json(value: object) -> str:
    """A file in JSON is its text."""
    if isinstance(value, File) and isinstance(value.payload, bytes):
        return value.payload.decode(errors="surrogateescape")
    raise wrong("what JSON can say", value)


def _utf8(found: str) -> bytes:
    try:
        return found.encode()
    except UnicodeEncodeError:
        raise EncodeError(HALF, argument="body") from None


def _part(name: str, value: Any, media_type: str | None) -> Part:
    if isinstance(value, File):
        given = media_type if value.mime_type is None else value.mime_type
        return value.file_name or name, value.payload, _media_type(name, given)
    if isinstance(value, bytes):
        return name, value, media_type or "application/octet-stream"
    if isinstance(value, dict):
        return None, json_bytes(value), media_type or "application/json"
    return None, _utf8(text(value)), media_type


def _media_type(name: str, given: str | None) -> str:
    """What stands in a part's header, which a line break would end."""
    if given is None:
        return "application/octet-stream"
    if MEDIA_TYPE.match(given) and given.isascii() and given.isprintable():
        return given
    raise EncodeError(f"{given!r} is no media type", argument=name)


def _form(name: str, value: Any) -> Pairs:
    if isinstance(value, list):
        return [(name, text(each)) for each in value]
    if isinstance(value, dict):
        return [pair for key, each in value.items() for pair in _form(str(key), each)]
    return [(name, text(value))]


def _delimited(name: str, value: Any, separator: str) -> Pairs:
    """One pair; none for an empty list or object, which has no text."""
    _bare(name, value, separator)  # many servers take the value apart after decoding it, and %2C is a comma then
    return [(name, Joined(_joined(name, value, quote(separator, safe=","))))] if value or value == 0 else []


def _deep(name: str, value: Any) -> Pairs:
    if isinstance(value, dict):
        return [pair for key, each in value.items() for pair in _deep(f"{name}[{key}]", each)]
    return _form(name, value)


def _joined(name: str, value: Any, separator: str, *, explode: bool = False) -> str:
    """The parts, each quoted, with the separator as it is."""
    return _flat(value, lambda part: _quoted(name, part), separator, explode)


def _bare(name: str, value: Any, separator: str, *, explode: bool = False) -> str:
    """The parts as they are, none of which may have the separator in it."""

    def write(part: Any) -> str:
        found = text(part)
        if separator in found:
            raise EncodeError(f"its {separator!r} would begin another value", argument=name)
        return found

    return _flat(value, write, separator, explode) if isinstance(value, (dict, list)) else text(value)


def _flat(value: Any, write: Callable[[Any], str], separator: str, explode: bool) -> str:
    if isinstance(value, list):
        return separator.join(map(write, value))
    if isinstance(value, dict):
        pairs = [(write(key), write(each)) for key, each in value.items()]
        return separator.join(map("=".join, pairs) if explode else chain.from_iterable(pairs))
    return write(value)


def _quoted(name: str, value: Any) -> str:
    try:
        return quote(text(value), safe="")
    except UnicodeEncodeError:
        raise EncodeError(HALF, argument=name) from None
