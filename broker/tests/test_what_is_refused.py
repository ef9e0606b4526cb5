"""Values that are not of the kind that the document names, and places that do not exist."""

from __future__ import annotations

import pytest

from broker.tests.served import Broker, pact

_PACT = "/pacts/provider/Bar/consumer/Foo/version/1"


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "/pacticipants/Foo/versions/1", {"tags": [{"name": 5}]}, "name"),
        ("POST", "/pacts/provider/Bar/for-verification", {"providerVersionTags": False}, "providerVersionTags"),
        ("POST", "/pacts/provider/Bar/for-verification", {"includeWipPactsSince": 20260101}, "includeWipPactsSince"),
        ("PUT", _PACT, pact("Foo", "Bar", "x") | {"consumer": "Foo"}, "consumer"),
        ("PUT", _PACT, pact("Foo", "Bar", "x") | {"provider": {"name": 5}}, "provider"),
        ("GET", "/matrix?q[][pacticipant]=Foo&mainBranch=perhaps", None, "mainBranch"),
        ("GET", "/matrix?q[][pacticipant]=Foo&q[][latest]=perhaps", None, "latest"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_its_name(
    broker: Broker, method: str, path: str, body: object, field: str
) -> None:
    broker.publish("Foo", "1")
    assert field in str(broker.ask(method, path, body, status=400)["errors"])


def test_a_former_field_is_looked_at_also_where_the_new_one_is_given(broker: Broker) -> None:
    broker.publish("Foo", "1")
    path = f"/pacticipants/Foo/versions/1/deployed-versions/environment/{broker.environment('uat')}"
    broker.ask("POST", path, {"applicationInstance": "blue", "target": " "}, status=400)


def test_calls_that_a_result_set_off_are_not_found_where_there_is_no_such_result(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    path = "/pacts/provider/Bar/consumer/Foo/pact-version"
    broker.get(f"{path}/{sha}/verification-results/1/triggered-webhooks", 404)
    result = broker.verify("Foo", sha, "7")["_links"]["self"]["href"]
    assert broker.get(f"{result}/triggered-webhooks")["_embedded"]["triggeredWebhooks"] == []
    broker.get(f"{path}/{'0' * 40}/verification-results/1/triggered-webhooks", 404)
