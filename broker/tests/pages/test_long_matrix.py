"""A matrix that is longer than what is shown of it."""

from __future__ import annotations

import re
from html import unescape

from broker.tests.served import Broker

_PAIR = "q[][pacticipant]=Foo&q[][pacticipant]=Bar"


def test_the_table_has_as_many_rows_as_were_asked_for_and_says_when_there_are_more(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    for number in range(105):
        broker.verify("Foo", sha, str(number))
    for query, rows, caption in (
        (_PAIR, 100, "The first 100 of more than 100 rows"),
        (f"{_PAIR}&limit=104", 104, "The first 104 of more than 104 rows"),
        (f"{_PAIR}&limit=1000", 105, "105 rows"),
        ("q[][pacticipant]=Foo&q[][version]=1&q[][pacticipant]=Bar&limit=7", 7, "The first 7 of 105 rows"),
    ):
        shown = broker.client.get(f"/matrix?{query}", headers={"Accept": "text/html"}).text
        assert shown.count("<tr>") - 1 == rows
        found = re.search(r"<caption>(.*?) · <a href=\"(.*?)\"", shown)
        assert found is not None
        assert found[1] == caption
        assert len(broker.get(unescape(found[2]).partition("#")[2])["matrix"]) == rows
