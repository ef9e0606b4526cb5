"""Whoever meets a link relation can read what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, expect

from broker.tests.served import Broker

_MOST_VISITED = 150


def _links(value: Any) -> Iterator[tuple[str, str]]:
    """(relation, address) of every link in a resource, also of what is embedded in it."""
    if isinstance(value, list):
        for item in value:
            yield from _links(item)
    elif isinstance(value, dict):
        for rel, found in (value.get("_links") or {}).items():
            for one in found if isinstance(found, list) else [found]:
                yield rel, str(one.get("href", ""))
        for key, item in value.items():
            if key != "_links":
                yield from _links(item)


def _relations(broker: Broker) -> set[str]:
    """Every relation that is met on a walk along the links of the index; one address of each shape is visited."""
    found: set[str] = set()
    shapes: set[tuple[str, str]] = set()
    waiting = ["/"]
    while waiting and len(shapes) < _MOST_VISITED:
        reply = broker.client.get(waiting.pop(), headers={"Accept": "application/hal+json"})
        if not reply.is_success or "json" not in reply.headers.get("content-type", ""):
            continue
        for rel, address in _links(reply.json()):
            found.add(rel)
            shape = (rel, re.sub(r"[^/?&=]*\d[^/?&=]*", "N", address.partition("?")[0]))
            if address.startswith(broker.url) and "{" not in address and shape not in shapes:
                shapes.add(shape)
                waiting.append(address)
    return {rel for rel in found if rel.startswith(("pb:", "pf:"))}


def test_every_relation_that_a_resource_links_with_has_a_page(filled: Broker) -> None:
    met = _relations(filled)
    assert len(met) > 60
    unexplained = {
        rel
        for rel in met
        if filled.client.get(f"/doc/{rel.partition(':')[2]}", headers={"Accept": "text/html"}).status_code != 200
    }
    assert unexplained == set()


def test_a_relation_is_explained_with_its_methods_and_an_example(page: Page) -> None:
    page.goto("/hal-browser/browser.html")
    page.get_by_role("link", name="pb:publish-contracts", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("publish-contracts")
    expect(page.get_by_role("main")).to_contain_text("POST")
    expect(page.get_by_role("main")).to_contain_text("pacticipantVersionNumber")
