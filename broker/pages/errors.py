"""What went wrong, for a person who followed a link."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from broker.call import Reply
from broker.hal.urls import Urls
from broker.pages.render import filled

_HEADINGS = {
    400: "This question cannot be answered",
    401: "You need to sign in",
    403: "You may not see this",
    404: "There is nothing at this address",
    405: "That is not possible here",
}


def error_page(reply: Reply, urls: Urls, path: str, *, administers: bool) -> Reply:
    """The page that says what `reply`, the answer for programs, says."""
    heading = _HEADINGS.get(reply.status) or HTTPStatus(reply.status).phrase
    messages = list(dict.fromkeys(_messages(reply.body)))
    return filled(
        "error.html",
        urls,
        path,
        administers=administers,
        status=reply.status,
        heading=heading,
        messages=messages,
        code=reply.status,
    )


def _messages(body: object) -> Iterator[str]:
    if not isinstance(body, dict):
        return
    for found in (body.get("error"), body.get("errors")):
        if isinstance(found, str):
            yield found
        elif isinstance(found, list):
            yield from map(str, found)
        elif isinstance(found, dict):
            yield from (f"{field}: {message}" for field, messages in found.items() for message in messages)
