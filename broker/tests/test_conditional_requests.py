"""What has not changed is not sent again."""

from __future__ import annotations

import pytest

from broker.tests.served import Broker

_PACT = "/pacts/provider/Bar/consumer/Foo/latest"


@pytest.mark.parametrize("path", ["/", "/pacticipants", _PACT, "/matrix?q[][pacticipant]=Foo"])
def test_an_answer_that_the_client_has_is_not_sent_again(broker: Broker, path: str) -> None:
    broker.publish("Foo", "1")
    first = broker.client.get(path)
    again = broker.client.get(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_an_answer_that_changed_is_sent_whole(broker: Broker) -> None:
    broker.publish("Foo", "1", says="one")
    tag = broker.client.get(_PACT).headers["etag"]
    broker.publish("Foo", "2", says="two")
    again = broker.client.get(_PACT, headers={"If-None-Match": tag})
    assert (again.status_code, again.json()["interactions"][0]["description"]) == (200, "two")


def test_a_refusal_has_no_entity_tag(broker: Broker) -> None:
    assert "etag" not in broker.client.get("/pacticipants/Nobody").headers
