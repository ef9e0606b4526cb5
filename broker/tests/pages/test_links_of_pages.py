"""Where the links of pages lead."""

from __future__ import annotations

import re
from collections import defaultdict
from html import unescape

from broker.tests.served import Broker

_ADDRESS = re.compile(r'<(?:a|link|script|img)\b[^>]*? (?:href|src)="([^"#]*)')


def test_whoever_follows_the_links_of_pages_never_meets_an_error(filled: Broker) -> None:
    statuses: dict[str, int] = {}
    found_on: dict[str, str] = defaultdict(str)
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in statuses:
            continue
        answer = filled.client.get(path, headers={"Accept": "text/html"})
        statuses[path] = answer.status_code
        if "html" not in answer.headers.get("content-type", ""):
            continue
        for address in map(unescape, _ADDRESS.findall(answer.text)):
            own = address.removeprefix(filled.url)
            if own.startswith("/"):
                found_on.setdefault(own, path)
                waiting.append(own)
    assert len(statuses) > 100
    assert {(status, path): found_on[path] for path, status in statuses.items() if status != 200} == {}
