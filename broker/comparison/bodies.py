"""A body against the schema of its content type."""

from __future__ import annotations

from typing import Any

from broker.comparison.document import Document, Node
from broker.comparison.effort import TooMuchError
from broker.comparison.findings import Subject
from broker.comparison.interactions import Body
from broker.comparison.media import form_fields, is_form, is_json, json_value
from broker.comparison.parameters import members_of, typed
from broker.comparison.schemas import Check


def compare_body(subject: Subject, side: str, body: Body, content_type: str, schema: Node) -> None:
    """Findings for a body of this content type. `side` is "request" or "response"."""
    about = f"{subject.operation}: the {side} body"
    try:
        value = _value(subject.document, body, content_type, schema)
    except ValueError as error:
        message = f"{about} is not {content_type}: {error}"
        subject.findings.error(f"{side}.body.incompatible", message, body.steps, schema.steps)
        return
    if value is _UNREADABLE:
        message = f"{about} is {content_type}, which is not compared"
        subject.findings.warning(f"{side}.body.unvalidatable", message, body.steps, schema.steps)
        return
    try:
        problems = Check(subject.document, promised=side == "response").problems(schema, value)
    except TooMuchError:
        message = f"{about} is too deep, or its schema too intertwined, to be compared"
        subject.findings.warning(f"{side}.body.unvalidatable", message, body.steps, schema.steps)
        return
    subject.findings.problems(f"{side}.body.incompatible", about, problems, body.steps)


def _value(document: Document, body: Body, content_type: str, schema: Node) -> Any:
    """The JSON that the schema is about. Raises ValueError when the body is not what its content type says."""
    if is_form(content_type):
        if body.parsed:
            return body.value
        fields = form_fields(content_type, body.raw)
        return _UNREADABLE if fields is None else _typed_fields(document, schema, fields)
    if not is_json(content_type):
        return _UNREADABLE
    if body.parsed:
        return body.value
    try:
        return json_value(body.raw)
    except ValueError:
        if isinstance(body.value, str):
            return body.value  # a pact may write a JSON string as the string itself
        raise


def _typed_fields(document: Document, schema: Node, fields: dict[str, list[str]]) -> dict[str, Any]:
    members = members_of(document, schema)
    return {
        name: typed(document, members[name], texts) if name in members else texts[0] for name, texts in fields.items()
    }


_UNREADABLE = object()
