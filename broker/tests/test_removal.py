"""What is removed takes along what hangs on it, and nothing else."""

from __future__ import annotations

import pytest

from broker.tests.served import Broker

_PAIR = "/pacts/provider/Bar/consumer/Foo"


def _versions(broker: Broker, path: str) -> list[str]:
    found = broker.get(path)["_embedded"]["pacts"]
    return [one["_embedded"]["consumerVersion"]["number"] for one in found]


def _three(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main", tags=["prod"], says="one")
    broker.publish("Foo", "2", branch="main", says="two")
    broker.publish("Foo", "3", branch="feat/x", tags=["dev"], says="one")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("versions", ["3", "2", "1"]),
        ("branch/main", ["2", "1"]),
        ("branch/main/versions", ["2", "1"]),
        ("branch/main/latest/versions", ["2"]),
        ("branch/versions", ["2", "1"]),
        ("branch/latest/versions", ["2"]),
        ("branch/feat%2Fx", ["3"]),
        ("tag/prod", ["1"]),
        ("tag/none", []),
        ("versions?pageSize=1&pageNumber=2", ["2"]),
    ],
)
def test_the_pacts_of_an_integration_are_listed_latest_first(broker: Broker, path: str, expected: list[str]) -> None:
    _three(broker)
    assert _versions(broker, f"{_PAIR}/{path}") == expected


def test_the_latest_untagged_pact_is_that_of_the_latest_version_without_tags(broker: Broker) -> None:
    _three(broker)
    assert broker.get(f"{_PAIR}/latest-untagged")["_links"]["self"]["href"].endswith("/version/2")


@pytest.mark.parametrize(
    ("path", "left"),
    [("versions", None), ("branch/main", ["3"]), ("branch/feat%2Fx", ["2", "1"]), ("tag/prod", ["3", "2"])],
)
def test_removing_pacts_leaves_the_others(broker: Broker, path: str, left: list[str] | None) -> None:
    _three(broker)
    broker.ask("DELETE", f"{_PAIR}/{path}", status=204)
    assert _versions(broker, f"{_PAIR}/versions") == (left or [])
    assert len(broker.get("/integrations")["_embedded"]["integrations"]) == (1 if left else 0)
    broker.get("/pacticipants/Foo/versions/1")


def test_a_content_goes_with_its_last_publication_and_takes_its_results_along(broker: Broker) -> None:
    sha = broker.publish("Foo", "1", says="one")
    broker.publish("Foo", "2", says="one")
    broker.publish("Foo", "3", says="other")
    broker.verify("Foo", sha, "10")
    results = f"{_PAIR}/pact-version/{sha}/verification-results"
    broker.ask("DELETE", f"{_PAIR}/version/1", status=204)
    assert len(broker.get(results)["_embedded"]["verificationResults"]) == 1
    broker.ask("DELETE", f"{_PAIR}/version/2", status=204)
    broker.get(results, 404)
    # The same content, published again, begins anew.
    broker.publish("Foo", "4", says="one")
    assert broker.get(results)["_embedded"]["verificationResults"] == []


def test_a_version_takes_its_pacts_and_deployments_along(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.publish("Foo", "1", branch="main")
    broker.deploy("Foo", "1", uat)
    broker.ask("DELETE", "/pacticipants/Foo/versions/1", status=204)
    assert broker.get(f"/environments/{uat}/deployed-versions")["_embedded"]["deployedVersions"] == []
    broker.get(f"{_PAIR}/latest", 404)


def test_an_integration_takes_its_pacts_and_results_along_but_not_its_pacticipants(broker: Broker) -> None:
    broker.verify("Foo", broker.publish("Foo", "1"), "10")
    broker.publish("Foo", "1", provider="Other")
    broker.ask("DELETE", "/integrations/provider/Bar/consumer/Foo", status=204)
    left = broker.get("/integrations")["_embedded"]["integrations"]
    assert [one["provider"]["name"] for one in left] == ["Other"]
    broker.get(f"{_PAIR}/latest", 404)
    for path in ("/pacticipants/Bar/versions/10", "/pacticipants/Foo/versions/1"):
        broker.get(path)
    broker.ask("DELETE", "/integrations", status=204)
    assert broker.get("/integrations")["_embedded"]["integrations"] == []
    broker.ask("DELETE", "/integrations/provider/Nobody/consumer/Foo", status=404)


def test_a_pacticipant_takes_its_side_of_everything_along(broker: Broker) -> None:
    broker.verify("Foo", broker.publish("Foo", "1"), "10")
    broker.ask("DELETE", "/pacticipants/Bar", status=204)
    assert broker.get("/integrations")["_embedded"]["integrations"] == []
    assert broker.matrix("Foo:1")["matrix"] == []


def test_an_environment_takes_its_deployments_along(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.publish("Foo", "1")
    deployed = broker.deploy("Foo", "1", uat)
    broker.ask("DELETE", f"/environments/{uat}", status=204)
    broker.get(f"/deployed-versions/{deployed['uuid']}", 404)
    broker.get("/pacticipants/Foo/versions/1")
