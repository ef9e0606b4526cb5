"""Templates filled in. Every value is escaped where it is inserted, and no page may run a script written into it."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from broker.call import HTML, Call, Reply
from broker.hal.urls import segment
from broker.hal.values import instant

_TEMPLATES = Environment(
    loader=PackageLoader("broker.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(call: Call, template: str, /, **values: Any) -> Reply:
    """The template with `values`, and with `now` (the instant of the call, in microseconds) and `urls`."""
    text = _TEMPLATES.get_template(template).render(values, now=call.now, urls=call.urls)
    return Reply(text.encode("utf-8"), media_type=HTML)


def ago(microseconds: int) -> str:
    """How long ago something was, in words: "3 hours ago"."""
    seconds = max(0, microseconds // 1_000_000)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


_TEMPLATES.filters.update(instant=instant, ago=ago, segment=segment)
