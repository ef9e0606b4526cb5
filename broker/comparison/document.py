"""A provider's OpenAPI document, read and bounded."""

from __future__ import annotations

import json
from typing import Any

import yaml

from broker.errors import InvalidError


class Document:
    """One OpenAPI document. Safe to share between threads; remembers what comparisons had to compile."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root


def load_document(raw: bytes, content_type: str) -> Document:
    """Raises InvalidError, with the reason and the place, when the bytes are not a usable OpenAPI document."""
    try:
        root = json.loads(raw) if "json" in content_type else yaml.safe_load(raw)
    except (ValueError, yaml.YAMLError) as error:
        raise InvalidError([f"the document cannot be read: {error}"]) from None
    if not isinstance(root, dict):
        raise InvalidError(["the document is not an object"])
    return Document(root)
