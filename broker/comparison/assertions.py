"""What one schema says about one value by itself: type, enum, bounds, patterns, formats.

How schemas combine and what they say of the values inside is `broker.comparison.schemas`.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import jsonschema_rs

from broker.comparison.document import Document, Node
from broker.comparison.effort import NotComparedError

_ANY = ("enum", "const")
_FOR_TEXT = frozenset({*_ANY, "pattern", "format", "minLength", "maxLength"})
_FOR_NUMBERS = frozenset({*_ANY, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"})
_FOR_LISTS = frozenset({*_ANY, "minItems", "maxItems", "uniqueItems"})
_FOR_THE_REST = frozenset(_ANY)
_MAX_TEXT = 120
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)
_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


def faults(document: Document, schema: Node, value: Any) -> list[tuple[str, str]]:
    """Keyword and sentence of each assertion that the value does not meet.

    Raises NotComparedError where it cannot be told: for a broken pattern, say.
    """
    keywords = schema.mapping
    wanted = types(document, keywords)
    if "type" in keywords and not wanted:
        raise NotComparedError(f"is of type {brief(keywords['type'])}, which is none that JSON Schema has")
    if wanted and not any(_is(kind, value) for kind in wanted):
        return [("type", f"{brief(value)} is not of type {' or '.join(wanted)}")]
    if value is None and "null" in wanted:
        return []  # `nullable` beside an enum that forgot null
    asserted = _for(value).intersection(keywords)
    if not asserted:
        return []
    return _violations(document, schema, asserted, value) + _format_faults(keywords, value)


def types(document: Document, keywords: dict[str, Any]) -> list[str]:
    """The types that a schema allows; empty when it does not say."""
    kind = keywords.get("type")
    kinds = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
    known = [kind for kind in kinds if isinstance(kind, str) and kind in _CHECKS]
    if known and document.is_3_0 and keywords.get("nullable") is True:
        known.append("null")
    return known


def matches(document: Document, pattern: str, text: str) -> bool:
    key = ("pattern", pattern)
    if key not in document.known:
        document.known[key] = _compiled({"pattern": pattern})
    return _valid(document.known[key], text, {"pattern": pattern})


def brief(value: Any, most: int = _MAX_TEXT) -> str:
    """The value as JSON, cut where it is long; a large value is not written out first."""
    text = ""
    for piece in _ENCODER.iterencode(value):
        text += piece
        if len(text) > most:
            return text[:most] + "..."
    return text


def _violations(document: Document, schema: Node, asserted: frozenset[str], value: Any) -> list[tuple[str, str]]:
    together = _validator(document, schema, asserted)
    if together is not None and _valid(together, value, schema.mapping):
        return []
    found = []
    for keyword in sorted(asserted):
        validator = _validator(document, schema, frozenset({keyword}))
        if not _valid(validator, value, {keyword: schema.mapping[keyword]}):
            found.append((keyword, _sentence(validator, value)))
    return found


def _validator(document: Document, schema: Node, asserted: frozenset[str]) -> Any:
    """A validator, or None where the document asserts what cannot be asserted, such as a broken pattern."""
    key = (asserted, schema.steps)
    if key not in document.known:
        assertions = [_assertion(keyword, schema.mapping) for keyword in asserted]
        document.known[key] = _compiled({key: stated for one in assertions for key, stated in one.items()})
    return document.known[key]


def _assertion(keyword: str, keywords: dict[str, Any]) -> dict[str, Any]:
    """The keyword as JSON Schema has it today; in OpenAPI 3.0 a bound is exclusive by a flag beside it."""
    stated = keywords[keyword]
    flag = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}.get(keyword)
    if flag and keywords.get(flag) is True:
        return {flag: stated}
    return {} if isinstance(stated, bool) and keyword.startswith("exclusive") else {keyword: stated}


def _compiled(schema: dict[str, Any]) -> Any:
    try:
        return jsonschema_rs.Draft202012Validator(
            schema, validate_formats=True, pattern_options=_PATTERNS, offline=True
        )
    except ValueError:
        return None


def _valid(validator: Any, value: Any, stated: dict[str, Any]) -> bool:
    if validator is None:
        raise NotComparedError(f"is subject to {brief(stated)}, which cannot be checked")
    try:
        return bool(validator.is_valid(value))
    except ValueError:
        raise NotComparedError("holds text that is not Unicode, which no assertion is about") from None


def _sentence(validator: Any, value: Any) -> str:
    for error in validator.iter_errors(value):
        message = str(error.message)
        return message if len(message) <= 3 * _MAX_TEXT else message[: 3 * _MAX_TEXT] + "..."
    return f"{brief(value)} is not accepted"


def _format_faults(keywords: dict[str, Any], value: Any) -> list[tuple[str, str]]:
    name = keywords.get("format")
    if isinstance(value, str) and name == "byte" and not _is_base64(value):
        return [("format", f"{brief(value)} is not base64")]
    if name in ("int32", "int64") and isinstance(value, int | float):
        low, high = _RANGES[name]
        if not low <= value <= high:
            return [("format", f"{brief(value)} does not fit {name}")]
    return []


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _for(value: Any) -> frozenset[str]:
    if isinstance(value, str):
        return _FOR_TEXT
    if isinstance(value, bool) or value is None or isinstance(value, dict):
        return _FOR_THE_REST
    return _FOR_LISTS if isinstance(value, list) else _FOR_NUMBERS


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _CHECKS[kind]) or (kind == "integer" and isinstance(value, float) and value.is_integer())


_CHECKS: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "object": dict,
    "array": list,
}
