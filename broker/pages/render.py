"""Templates filled in. Every value is escaped where it is inserted, and no page may run a script written into it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from attrs import evolve
from jinja2 import Environment, PackageLoader, StrictUndefined

from broker.call import HTML, Call, Reply
from broker.hal.urls import Urls, segment
from broker.hal.values import instant
from broker.pages import pieces
from broker.pages.pieces import ago

# What a page may load, when a hostile name should ever get past the escaping: nothing but this broker's own files.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_SECTIONS = {
    "": "Integrations",
    "pacts": "Integrations",
    "matrix": "Matrix",
    "pacticipants": "Pacticipants",
    "environments": "Environments",
    "network": "Network",
    "webhooks": "Webhooks",
    "triggered-webhooks": "Webhooks",
    "hal-browser": "API",
    "doc": "API",
}

_TEMPLATES = Environment(
    loader=PackageLoader("broker.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(call: Call, template: str, /, **values: Any) -> Reply:
    """The template with `values`, and with `now` (the instant of the call, in microseconds) and two addresses:
    `urls` for links from page to page, `public_urls` for what is copied elsewhere, such as a badge."""
    return filled(template, call.urls, call.path, administers=call.administers, now=call.now, **values)


def filled(template: str, urls: Urls, path: str, /, *, administers: bool, status: int = 200, **values: Any) -> Reply:
    text = _TEMPLATES.get_template(template).render(
        values,
        urls=local(urls),
        public_urls=urls,
        here=path,
        administers=administers,
        section=_SECTIONS.get(path.split("/")[1] if path.startswith("/") else ""),
    )
    return Reply(text.encode("utf-8"), status, media_type=HTML)


def with_status(reply: Reply, status: int) -> Reply:
    """The same page, told to be an answer of another kind: a form with its faults is a 400."""
    return evolve(reply, status=status)


def local(urls: Urls) -> Urls:
    """The same addresses without the host: they hold under whatever name the reader came by."""
    return Urls(urlsplit(urls.base).path.rstrip("/"))


def is_web(url: str | None) -> bool:
    """Whether a browser may follow it: a `javascript:` address must never become a link."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


_TEMPLATES.globals.update(statuses=pieces.STATUSES, pieces=pieces)
_TEMPLATES.filters.update(instant=instant, ago=ago, segment=segment, is_web=is_web)
