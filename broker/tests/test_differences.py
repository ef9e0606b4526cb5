"""What changed between two pacts."""

from __future__ import annotations

import pytest

from broker.tests.served import Broker, encoded_contract, pact

_PAIR = "/pacts/provider/Bar/consumer/Foo"
_JSON = {"Accept": "application/hal+json"}


def _publish(broker: Broker, version: str, *says: str) -> str:
    body = {
        "pacticipantName": "Foo",
        "pacticipantVersionNumber": version,
        "contracts": [encoded_contract(pact("Foo", "Bar", *says))],
    }
    broker.ask("POST", "/contracts/publish", body, status=200)
    return str(broker.get(f"{_PAIR}/version/{version}")["_links"]["pb:pact-version"]["name"])


def test_the_previous_distinct_pact_is_the_last_one_that_said_something_else(broker: Broker) -> None:
    _publish(broker, "1", "a")
    _publish(broker, "2", "b")
    _publish(broker, "3", "b")
    assert broker.get(f"{_PAIR}/version/3/previous-distinct")["_links"]["self"]["href"].endswith("/version/1")
    broker.get(f"{_PAIR}/version/1/previous-distinct", 404)
    links = broker.get(f"{_PAIR}/version/1")["_links"]
    assert "pb:previous-distinct" not in links


@pytest.mark.parametrize(
    "path", ["version/2/diff/previous-distinct", "version/2/diff/version/1", "pact-version/{2}/diff/pact-version/{1}"]
)
def test_a_difference_is_text_or_json_by_what_is_asked_for(broker: Broker, path: str) -> None:
    shas = {"1": _publish(broker, "1", "gone", "stays"), "2": _publish(broker, "2", "stays", "new")}
    address = f"{_PAIR}/{path.replace('{1}', shas['1']).replace('{2}', shas['2'])}"
    assert broker.client.get(address).text == "- gone\n+ new\n"
    found = broker.client.get(address, headers=_JSON).json()
    assert [(one["interaction"], one["kind"]) for one in found["changes"]] == [("gone", "removed"), ("new", "added")]
    assert (found["leftOut"], found["changes"][0]["leftOut"]) == (0, False)
    assert (found["before"]["consumerVersionNumber"], found["after"]["sha"]) == ("1", shas["2"])


def test_the_first_pact_is_all_new(broker: Broker) -> None:
    _publish(broker, "1", "a", "b")
    assert broker.client.get(f"{_PAIR}/version/1/diff/previous-distinct").text == "+ a\n+ b\n"


def test_a_difference_with_what_is_not_there_is_not_found(broker: Broker) -> None:
    sha = _publish(broker, "1", "a")
    broker.get(f"{_PAIR}/version/1/diff/version/2", 404)
    broker.get(f"{_PAIR}/pact-version/{sha}/diff/pact-version/0000", 404)
    broker.get("/pacts/provider/Nobody/consumer/Foo/version/1/diff/previous-distinct", 404)
