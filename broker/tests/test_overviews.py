"""The dashboard, the network as CSV, results by version, and can-i-deploy at addresses of its own."""

from __future__ import annotations

import pytest

from broker.tests.served import Broker, Json


def _items(broker: Broker, path: str) -> list[tuple[str, str, str]]:
    items: list[Json] = broker.get(path)["items"]
    return [(one["consumer"]["version"]["number"], one["provider"]["name"], one["verificationStatus"]) for one in items]


def test_the_dashboard_shows_how_each_integration_stands(broker: Broker) -> None:
    broker.publish("Foo", "1", says="old")
    broker.verify("Foo", broker.publish("Foo", "2", tags=["dev"]), "10", success=False)
    broker.publish("Foo", "2", provider="Other")
    assert _items(broker, "/dashboard") == [("2", "Bar", "failed"), ("2", "Other", "never")]
    assert _items(broker, "/dashboard/provider/Other") == [("2", "Other", "never")]
    assert _items(broker, "/dashboard/consumer/Foo") == [("2", "Bar", "failed"), ("2", "Other", "never")]
    assert _items(broker, "/dashboard/provider/Bar/consumer/Foo") == [("2", "Bar", "failed"), ("1", "Bar", "never")]
    item = broker.get("/dashboard")["items"][0]
    assert item["provider"]["version"]["number"] == "10"
    assert [tag["name"] for tag in item["pactTags"]] == ["dev"]
    broker.get("/dashboard/provider/Foo/consumer/Bar", 404)


def test_the_network_can_be_read_as_csv(broker: Broker) -> None:
    broker.publish("A", "1", provider="B")
    broker.publish("B", "1", provider='C, "x"')
    broker.publish("Far", "1", provider="=away()")
    assert broker.client.get("/relationships").text == 'source,target\nA,B\nB,"C, ""x"""\nFar,\'=away()\n'
    assert broker.client.get("/groups/A").text == 'source,target\nA,B\nB,"C, ""x"""\n'
    broker.get("/groups/Nobody", 404)


def test_results_are_found_by_content_by_latest_pact_and_by_provider_version(broker: Broker) -> None:
    sha = broker.publish("Foo", "1", tags=["dev"])
    for success in (False, True):
        broker.verify("Foo", sha, "10", success=success)
    pair = "/pacts/provider/Bar/consumer/Foo"
    listed = broker.get(f"{pair}/pact-version/{sha}/verification-results")["_embedded"]["verificationResults"]
    assert [one["success"] for one in listed] == [True, False]
    assert broker.get(f"{pair}/latest/verification-results/latest")["success"] is True
    assert broker.get(f"{pair}/latest/dev/verification-results/latest")["success"] is True
    broker.get(f"{pair}/latest/prod/verification-results/latest", 404)
    by_version = broker.get("/verification-results/provider/Bar/version/10/latest")
    assert (by_version["success"], len(by_version["_embedded"]["verificationResults"])) == (True, 1)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/can-i-deploy?pacticipant=Foo&version=1&environment=uat", True),
        ("/can-i-deploy?pacticipant=Foo&version=1&to=prod", None),
        ("/pacticipants/Foo/versions/1/can-i-deploy/to-environment/uat", True),
        ("/pacticipants/Foo/branches/feat%2Fx/latest-version/can-i-deploy/to-environment/uat", False),
        ("/pacticipants/Foo/latest-version/dev/can-i-deploy/to/prod", None),
        ("/pacticipants/Foo/main-branch/can-i-merge", True),
    ],
)
def test_whether_a_version_may_go_somewhere_can_be_asked_by_branch_and_by_tag(
    broker: Broker, path: str, expected: bool | None
) -> None:
    broker.verify("Foo", broker.publish("Foo", "1", branch="main", tags=["dev"], says="one"), "10", branch="main")
    broker.verify("Foo", broker.publish("Foo", "2", branch="feat/x", says="two"), "10", success=False)
    broker.deploy("Bar", "10", broker.environment("uat"))
    assert broker.get(path)["summary"]["deployable"] is expected


@pytest.mark.parametrize(
    "path",
    [
        "/pacticipants/Nobody/main-branch/can-i-merge",
        "/pacticipants/Bar/main-branch/can-i-merge",
        "/pacticipants/Foo/versions/2/can-i-deploy/to-environment/uat",
        "/pacticipants/Foo/versions/1/can-i-deploy/to-environment/nowhere",
        "/pacticipants/Foo/branches/none/latest-version/can-i-deploy/to-environment/uat",
        "/pacticipants/Foo/latest-version/none/can-i-deploy/to/prod",
    ],
)
def test_what_is_not_there_cannot_go_anywhere(broker: Broker, path: str) -> None:
    broker.publish("Foo", "1", branch="main")
    broker.environment("uat")
    broker.get(path, 404)


def test_what_ever_was_in_an_environment_is_told_latest_first(broker: Broker) -> None:
    uat = broker.environment("uat")
    for number in "123":
        broker.publish("Foo", number)
        broker.deploy("Foo", number, uat)
        broker.release("Foo", number, uat)
    found = broker.get(f"/environments/{uat}/deployed-versions?pageSize=2")
    assert [
        (one["_embedded"]["version"]["number"], one["currentlyDeployed"])
        for one in found["_embedded"]["deployedVersions"]
    ] == [("3", True), ("2", False)]
    assert found["page"]["totalElements"] == 3
    assert len(broker.get(f"/environments/{uat}/released-versions")["_embedded"]["releasedVersions"]) == 3
    assert len(broker.get("/pacticipants/Foo/versions/1/deployed-versions")["_embedded"]["deployedVersions"]) == 1
    assert len(broker.get("/pacticipants/Foo/versions/1/released-versions")["_embedded"]["releasedVersions"]) == 1
