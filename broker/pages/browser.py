"""The browser for the HAL API: one page, and a script that asks as any other client would."""

from __future__ import annotations

from broker.call import Call, Reply, Route
from broker.pages.relations import writing_relations
from broker.pages.render import page


def browser(call: Call) -> Reply:
    return page(call, "browser.html", writing=writing_relations())


ROUTES: tuple[Route, ...] = (
    ("GET", "/hal-browser/browser.html", browser),
    ("GET", "/hal-browser", browser),
)
