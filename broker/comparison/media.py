"""Content types: which of those that a document names is meant, and what a body of it says."""

from __future__ import annotations

import json
from collections.abc import Iterable
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

from attrs import frozen

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


@frozen
class Type:
    kind: str
    subtype: str

    @property
    def suffix(self) -> str:
        """`json` of application/json and of application/problem+json."""
        return self.subtype.rsplit("+", 1)[-1]


def parsed(text: str) -> Type:
    """The type without its parameters, in lower case."""
    kind, _, subtype = text.split(";", 1)[0].strip().lower().partition("/")
    return Type(kind, subtype)


def choose(wanted: str, documented: Iterable[str]) -> str | None:
    """The documented type that is meant: the same text, the same type, the same suffix, or a range that covers it.

    `wanted` may be an Accept header, with ranges of its own, the first of which that is met decides.
    """
    available = list(documented)
    for one in _by_quality(wanted):
        found = _choose(one, available)
        if found is not None:
            return found
    return None


def is_json(content_type: str) -> bool:
    return parsed(content_type).suffix == "json"


def is_form(content_type: str) -> bool:
    return parsed(content_type) in (parsed(_FORM), parsed(_MULTIPART))


def is_structured(content_type: str) -> bool:
    """Whether a body is made of parts that a consumer takes it apart into; text and files are taken whole."""
    one = parsed(content_type)
    return one.suffix in ("json", "xml", "*") or is_form(content_type)


def form_fields(content_type: str, body: bytes) -> dict[str, list[str]] | None:
    """The fields of a form; None when the body cannot be read as one."""
    if parsed(content_type) == parsed(_FORM):
        fields: dict[str, list[str]] = {}
        for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
            fields.setdefault(name, []).append(value)
        return fields
    return _parts(content_type, body)


def json_value(body: bytes) -> Any:
    """Raises ValueError when the body is not JSON."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _parts(content_type: str, body: bytes) -> dict[str, list[str]] | None:
    try:
        header = f"Content-Type: {content_type}\r\n\r\n".encode("ascii")
    except UnicodeEncodeError:
        return None
    message = message_from_bytes(header + body)
    if not message.is_multipart():
        return None
    fields: dict[str, list[str]] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            fields.setdefault(name, []).append(text)
    return fields


def _by_quality(accept: str) -> list[str]:
    def quality(one: str) -> float:
        for parameter in one.split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    return float(value)
                except ValueError:
                    return 1.0
        return 1.0

    return sorted((one.strip() for one in accept.split(",") if one.strip()), key=quality, reverse=True)


def _choose(wanted: str, available: list[str]) -> str | None:
    plain = "".join(wanted.lower().split())
    for documented in available:
        if "".join(documented.lower().split()) == plain:
            return documented
    one = parsed(wanted)
    for test in (_same, _same_suffix, _covers, _covered):
        for documented in available:
            if test(parsed(documented), one):
                return documented
    return None


def _same(documented: Type, wanted: Type) -> bool:
    return documented == wanted


def _same_suffix(documented: Type, wanted: Type) -> bool:
    """One of them is the plain type: `vnd.acme.v2+json` is JSON, but it is not `vnd.acme.v1+json`."""
    same = documented.kind == wanted.kind and documented.suffix == wanted.suffix
    return same and documented.suffix in (documented.subtype, wanted.subtype)


def _covers(documented: Type, wanted: Type) -> bool:
    return documented.subtype == "*" and documented.kind in (wanted.kind, "*")


def _covered(documented: Type, wanted: Type) -> bool:
    return _covers(wanted, documented)
