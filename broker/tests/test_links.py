"""Whoever follows the links of the answers gets everywhere, and never to a dead end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx

from broker.tests.provider_documents import offer
from broker.tests.served import Broker

_HAL = {"Accept": "application/hal+json, application/json"}
_VALUES = {
    "pacticipant": "Foo",
    "consumer": "Foo",
    "provider": "Bar",
    "version": "1%2Fa",
    "consumerApplicationVersion": "1%2Fa",
    "tag": "a%20b",
    "environmentTag": "a%20b",
    "branch": "feat%2Fx",
    "label": "red",
    "environment": "uat",
}


def _links(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("href"), str):
            yield value
        for child in value.values():
            yield from _links(child)
    elif isinstance(value, list):
        for child in value:
            yield from _links(child)


def _filled(broker: Broker) -> dict[str, str]:
    """A broker that holds something of everything; what its templates' names stand for."""
    uat = broker.environment("uat")
    broker.publish("Foo", "0", branch="main", says="before")
    sha = broker.publish("Foo", "1/a", branch="feat/x", tags=["a b"])
    broker.verify("Foo", sha, "10", branch="main")
    offer(broker, "10", "/something", branch="main")
    broker.deploy("Bar", "10", uat)
    broker.release("Foo", "1/a", uat)
    broker.publish("Web", "3", provider="Foo", branch="main")
    broker.ask("PUT", "/pacticipants/Foo/labels/red", status=201)
    return {**_VALUES, "uuid": uat, "pactVersion": sha}


def _address(link: dict[str, Any], values: dict[str, str]) -> str | None:
    """Where a link leads, None when a name in its template stands for nothing that there is."""
    names = re.findall(r"{(\w+)}", link["href"]) if link.get("templated") else []
    if any(name not in values for name in names):
        return None
    return str(link["href"]).format_map(values) if names else str(link["href"])


def test_every_link_leads_somewhere(broker: Broker) -> None:
    """What is linked as it is, is there. A template has a route, though its names may not belong together."""
    values = _filled(broker)
    start = [f"{broker.url}/", f"{broker.url}/pacts/provider/Bar/for-verification"]
    waiting: list[tuple[str | None, bool]] = [(href, False) for href in start]
    seen: set[str | None] = {None}
    dead: list[str] = []
    while waiting:
        href, is_template = waiting.pop()
        if href is None or href in seen:
            continue
        seen.add(href)
        reply = broker.client.get(href, headers=_HAL)
        # Some addresses are only written to; they still have to exist.
        if not (reply.is_success or reply.status_code == 405 or (is_template and _has_route(reply))):
            dead.append(f"{reply.status_code} {href}")
        if reply.is_success and "json" in reply.headers["content-type"]:
            waiting += [(_address(link, values), bool(link.get("templated"))) for link in _links(reply.json())]
    assert not dead, "\n".join(dead)
    assert len(seen) > 100


def _has_route(reply: httpx.Response) -> bool:
    return reply.status_code == 404 and "requested document" not in reply.text


def test_every_link_says_where_its_relation_is_explained(broker: Broker) -> None:
    _filled(broker)
    for path in (
        "/",
        "/pacticipants/Foo",
        "/pacticipants/Foo/versions/1%2Fa",
        "/pacts/provider/Bar/consumer/Foo/latest",
    ):
        curie = broker.get(path)["_links"]["curies"][0]
        assert (curie["name"], curie["templated"]) == ("pb", True)
        assert "/doc/{rel}?context=" in curie["href"]
