from __future__ import annotations

import pytest

from broker.tests.served import Broker, Json


def _versions(broker: Broker, environment: str, query: str = "") -> list[str]:
    path = f"/environments/{environment}/deployed-versions/currently-deployed{query}"
    found = broker.get(path)["_embedded"]["deployedVersions"]
    return [one["_embedded"]["version"]["number"] for one in found]


def test_instances_are_deployed_apart(broker: Broker) -> None:
    uat = broker.environment("uat")
    for version in ("1", "2"):
        broker.put_on_branch("Foo", version, "main")
    broker.deploy("Foo", "1", uat)
    broker.deploy("Foo", "1", uat, "eu")
    broker.deploy("Foo", "2", uat, "eu")
    assert _versions(broker, uat) == ["1", "2"]
    assert _versions(broker, uat, "?applicationInstance=eu") == ["2"]
    assert _versions(broker, uat, "?pacticipant=Foo&version=1") == ["1"]


def test_recording_a_deployment_twice_gives_the_same_record(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.put_on_branch("Foo", "1", "main")
    assert broker.deploy("Foo", "1", uat) == broker.deploy("Foo", "1", uat)


def test_an_undeployed_version_cannot_be_set_back_but_deployed_again(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.put_on_branch("Foo", "1", "main")
    first = broker.deploy("Foo", "1", uat)
    own = first["_links"]["self"]["href"]
    ended = broker.ask("PATCH", own, {"currentlyDeployed": False}, status=200)
    assert (ended["currentlyDeployed"], "undeployedAt" in ended) == (False, True)
    broker.ask("PATCH", own, {"currentlyDeployed": True}, status=400)
    assert broker.deploy("Foo", "1", uat)["uuid"] != first["uuid"]


def test_releases_stand_side_by_side_and_support_can_be_restored(broker: Broker) -> None:
    uat = broker.environment("uat")
    for version in ("1", "2"):
        broker.put_on_branch("Foo", version, "main")
    first, _ = broker.release("Foo", "1", uat), broker.release("Foo", "2", uat)
    path = f"/environments/{uat}/released-versions/currently-supported?pacticipant=Foo"
    assert len(broker.get(path)["_embedded"]["releasedVersions"]) == 2
    broker.ask("PATCH", first["_links"]["self"]["href"], {"currentlySupported": False}, status=200)
    assert len(broker.get(path)["_embedded"]["releasedVersions"]) == 1
    assert broker.release("Foo", "1", uat)["uuid"] == first["uuid"]
    assert len(broker.get(path)["_embedded"]["releasedVersions"]) == 2


def test_an_environment_with_a_history_can_be_deleted(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.put_on_branch("Foo", "1", "main")
    broker.deploy("Foo", "1", uat)
    broker.ask("DELETE", f"/environments/{uat}", status=204)
    broker.get(f"/environments/{uat}", 404)
    assert broker.get("/pacticipants/Foo/versions/1")["_links"]["pb:deployed-environments"] == []
    broker.environment("uat")


def test_an_environment_keeps_its_contacts(broker: Broker) -> None:
    contacts = [{"name": "Team", "details": {"emailAddress": "t@x.y"}}]
    body = {"name": "uat", "displayName": "UAT", "production": True, "contacts": contacts}
    made = broker.ask("POST", "/environments", body, status=201)
    found = broker.get(f"/environments/{made['uuid']}")
    assert {key: found[key] for key in body} == body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"production": True}, "name"),
        ({"name": "uat"}, "production"),
        ({"name": "uat", "production": "yes"}, "production"),
        ({"name": "uat", "production": True, "contacts": "me"}, "contacts"),
        ({"name": "taken", "production": True}, "name"),
    ],
)
def test_a_faulty_environment_is_refused_at_the_field(broker: Broker, body: Json, field: str) -> None:
    broker.environment("taken")
    assert field in broker.ask("POST", "/environments", body, status=400)["errors"]


@pytest.mark.parametrize(
    "path",
    [
        "/pacticipants/Foo/versions/9/deployed-versions/environment/{uat}",
        "/pacticipants/No/versions/1/deployed-versions/environment/{uat}",
        "/pacticipants/Foo/versions/1/deployed-versions/environment/none",
        "/pacticipants/Foo/versions/1/released-versions/environment/none",
    ],
)
def test_what_does_not_exist_cannot_be_recorded(broker: Broker, path: str) -> None:
    uat = broker.environment("uat")
    broker.put_on_branch("Foo", "1", "main")
    broker.ask("POST", path.format(uat=uat), {}, status=404)


def test_an_undeployed_version_stays_undeployed(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.publish("Foo", "1")
    path = f"/deployed-versions/{broker.deploy('Foo', '1', uat)['uuid']}"
    assert broker.ask("PATCH", path, {"currentlyDeployed": True}, status=200)["currentlyDeployed"] is True
    broker.ask("PATCH", path, {"currentlyDeployed": "no"}, status=400)
    assert broker.ask("PATCH", path, {"currentlyDeployed": False}, status=200)["currentlyDeployed"] is False
    assert broker.ask("PATCH", path, {"currentlyDeployed": False}, status=200)["currentlyDeployed"] is False
    broker.ask("PATCH", path, {"currentlyDeployed": True}, status=400)
    # A version that follows is another deployment, with a history of its own.
    assert broker.deploy("Foo", "1", uat)["uuid"] not in path
