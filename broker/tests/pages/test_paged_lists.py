"""Lists on pages that are too long for one."""

from __future__ import annotations

import re

from broker.tests.served import Broker


def test_the_first_and_the_last_page_of_the_overview_lead_to_each_other(broker: Broker) -> None:
    for consumer in ("Foo", "Baz"):
        broker.publish(consumer, "1")
    page = {"Accept": "text/html"}
    first = broker.client.get("/?pageSize=1", headers=page)
    last = broker.client.get("/?pageSize=1&pageNumber=2", headers=page)
    found = [re.findall(r'rel="(prev|next)"', reply.text) for reply in (first, last)]
    assert ([first.status_code, last.status_code], found) == ([200, 200], [["next"], ["prev"]])
