"""A body against the schema of its content type."""

from __future__ import annotations

from typing import Any

from broker.comparison.document import Document, Node
from broker.comparison.effort import NotComparedError
from broker.comparison.findings import Subject
from broker.comparison.interactions import Body
from broker.comparison.media import form_fields, is_form, is_json, json_value
from broker.comparison.parameters import is_text, members_of, typed
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
    unproven = f"{side}.body.unvalidatable"
    if value is _UNREADABLE:
        message = f"{about} is {content_type}, which is compared only with the schema of a string"
        subject.findings.unproven(unproven, message, body.steps, schema.steps)
        return
    try:
        check = Check(subject.document, subject.budget.effort(value), promised=side == "response")
        problems = check.problems(schema, value)
    except NotComparedError as reason:
        subject.findings.unproven(unproven, f"{about} {reason}", body.steps, schema.steps)
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
        # What XML, or a text that stands for a number, says by its schema is not known here.
        return _text(body.raw) if not body.parsed and is_text(document, schema) else _UNREADABLE
    if body.parsed:
        return body.value
    try:
        return json_value(body.raw)
    except ValueError:
        if isinstance(body.value, str):
            return body.value  # a pact may write a JSON string as the string itself
        raise


def _text(raw: bytes) -> str:
    """Bytes that are not text as one character each: their number is what a schema may say of them."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _typed_fields(document: Document, schema: Node, fields: dict[str, list[str]]) -> dict[str, Any]:
    members = members_of(document, schema)
    return {
        name: typed(document, members[name], texts) if name in members else texts[0] for name, texts in fields.items()
    }


_UNREADABLE = object()
