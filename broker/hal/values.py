"""The small pieces that every representation is made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def instant(microseconds: int) -> str:
    """Such as 2026-11-21T07:10:13+00:00: whole seconds, UTC."""
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).isoformat()


def link(href: str, *, title: str | None = None, name: str | None = None) -> Json:
    found: Json = {}
    if title is not None:
        found["title"] = title
    if name is not None:
        found["name"] = name
    return found | {"href": href}


def template(href: str, title: str) -> Json:
    return {"title": title, "href": href, "templated": True}


def curies(base: str, context: str) -> list[Json]:
    """Where each `pb:` link relation of a kind of resource is explained."""
    return [{"name": "pb", "href": f"{base}/doc/{{rel}}?context={context}", "templated": True}]
