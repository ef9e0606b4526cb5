"""What has to hold before rules can be asked: the fields that they read are of the kind that OpenAPI gives them.

The exact form of every field is the validator's business when the document is bundled; this is what a rule must be
able to rely on.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

MAP, LIST, TEXT, FLAG, NUMBER = "a mapping", "a list", "a string", "true or false", "a number"
MAPS, TEXTS = "a list of mappings", "a list of strings"
_EXAMPLES = {"examples": MAP, "schema": MAP, "description": TEXT}
_FIELDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "document": {
            "info": MAP, "paths": MAP, "components": MAP, "servers": MAPS, "tags": MAPS, "security": MAPS,
        },
        "components": dict.fromkeys(
            ("schemas", "responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes", "links",
             "callbacks"),
            MAP,
        ),
        "pathItem": {"parameters": MAPS, "servers": MAPS, "summary": TEXT, "description": TEXT},
        "operation": {
            "operationId": TEXT, "summary": TEXT, "description": TEXT, "tags": TEXTS, "parameters": MAPS,
            "requestBody": MAP, "responses": MAP, "security": MAPS, "servers": MAPS, "callbacks": MAP,
        },
        "parameter": {**_EXAMPLES, "name": TEXT, "in": TEXT, "content": MAP, "style": TEXT, "explode": FLAG},
        "header": {**_EXAMPLES, "content": MAP},
        "requestBody": {"description": TEXT, "content": MAP},
        "response": {"description": TEXT, "headers": MAP, "content": MAP, "links": MAP},
        "mediaType": {"examples": MAP, "schema": MAP, "encoding": MAP},
        "link": {"operationId": TEXT, "operationRef": TEXT, "parameters": MAP},
        "securityScheme": {"type": TEXT, "scheme": TEXT, "flows": MAP},
        "schema": {
            "type": TEXT, "format": TEXT, "pattern": TEXT, "description": TEXT, "enum": LIST, "required": TEXTS,
            "properties": MAP, "items": MAP, "allOf": MAPS, "oneOf": MAPS, "anyOf": MAPS, "not": MAP,
            "discriminator": MAP, "nullable": FLAG, "readOnly": FLAG, "writeOnly": FLAG,
            **dict.fromkeys(
                ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties",
                 "maxProperties"),
                NUMBER,
            ),
        },
    }
)  # fmt: skip


def misshapen(kind: str, node: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields that are not what they have to be, and what they have to be."""
    return [(name, form) for name, form in _FIELDS.get(kind, {}).items() if name in node and not _is(form, node[name])]


def _is(form: str, value: Any) -> bool:
    if form in (MAPS, TEXTS):
        wanted = Mapping if form == MAPS else str
        return isinstance(value, list) and all(isinstance(each, wanted) for each in value)
    if form == NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, {MAP: Mapping, LIST: list, TEXT: str, FLAG: bool}[form])
