"""Reading JSON of which nothing is known: each function takes anything and answers what a page can show."""

from __future__ import annotations

import json
from typing import Any

_LONGEST = 4000  # of one text


def shown(value: object) -> str:
    """A text as it is, anything else as JSON; cut when it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"


def objects(raw: object) -> list[dict[str, Any]]:
    return [one for one in as_list(raw) if isinstance(one, dict)]


def as_list(raw: object) -> list[Any]:
    return raw if isinstance(raw, list) else [] if raw is None else [raw]


def as_object(raw: object) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def as_text(raw: object) -> str:
    return cut(raw if isinstance(raw, str) else shown(raw))


def cut(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"
