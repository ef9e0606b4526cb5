from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from broker.tests.served import Broker


def _hrefs(value: Any) -> Iterator[str]:
    """Every address in a document that can be followed as it is."""
    if isinstance(value, dict):
        if isinstance(value.get("href"), str) and not value.get("templated"):
            yield value["href"]
        for child in value.values():
            yield from _hrefs(child)
    elif isinstance(value, list):
        for child in value:
            yield from _hrefs(child)


def test_every_link_leads_somewhere(broker: Broker) -> None:
    uat = broker.environment("uat")
    sha = broker.publish("Foo", "1/a", branch="feat/x", tags=["a b"])
    broker.verify("Foo", sha, "10", branch="main")
    broker.deploy("Bar", "10", uat)
    broker.release("Foo", "1/a", uat)
    seen: set[str] = set()
    waiting = [f"{broker.url}/", f"{broker.url}/pacts/provider/Bar/for-verification"]
    while waiting:
        href = waiting.pop()
        if href in seen:
            continue
        seen.add(href)
        reply = broker.client.get(href)
        # Some addresses are only written to; they still have to exist.
        assert reply.is_success or reply.status_code == 405, f"{href}: {reply.status_code}"
        if reply.is_success:
            waiting += _hrefs(reply.json())
    assert len(seen) > 30
