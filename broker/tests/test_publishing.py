from __future__ import annotations

import base64
import json
import re

import pytest

from broker.tests.served import Broker, Json, encoded_contract, pact


def _publication(content: Json, **changes: object) -> Json:
    return {
        "pacticipantName": content["consumer"]["name"],
        "pacticipantVersionNumber": "1",
        "contracts": [encoded_contract(content)],
        **changes,
    }


def test_the_same_content_may_be_published_again_for_a_version(broker: Broker) -> None:
    first = broker.publish("Foo", "1")
    assert broker.publish("Foo", "1") == first


@pytest.mark.parametrize("on_conflict", ["overwrite", "merge"])
def test_another_content_for_a_version_is_a_conflict_that_shows_the_difference(
    broker: Broker, on_conflict: str
) -> None:
    broker.publish("Foo", "1", says="old")
    contract = encoded_contract(pact("Foo", "Bar", "new"), onConflict=on_conflict)
    body = _publication(pact("Foo", "Bar", "new"), contracts=[contract], tags=["t"])
    answer = broker.ask("POST", "/contracts/publish", body, status=409)
    assert [notice["type"] for notice in answer["notices"]] == ["error", "info"]
    assert answer["notices"][1]["text"].splitlines() == ["+ new", "- old"]
    assert "Foo version 1" in answer["errors"]["contracts"][0]


def test_nothing_of_a_conflicting_publication_is_recorded(broker: Broker) -> None:
    broker.publish("Foo", "1", says="old")
    contracts = [encoded_contract(pact("Foo", "New", "x")), encoded_contract(pact("Foo", "Bar", "new"))]
    body = _publication(pact("Foo", "Bar", "new"), contracts=contracts, tags=["t"])
    broker.ask("POST", "/contracts/publish", body, status=409)
    assert broker.get("/pacticipants/Foo/versions/1/tags")["_embedded"]["tags"] == []
    broker.get("/pacticipants/New", 404)


def test_a_content_that_was_verified_before_is_verified_for_a_new_version_too(broker: Broker) -> None:
    uat = broker.environment("uat")
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10")
    broker.deploy("Bar", "10", uat)
    broker.publish("Foo", "2")
    assert broker.deployable("Foo:2", environment="uat") is True


def test_a_publication_tells_about_an_earlier_failure_of_its_content(broker: Broker) -> None:
    broker.verify("Foo", broker.publish("Foo", "1"), "10", success=False)
    body = _publication(pact("Foo", "Bar", "something"), pacticipantVersionNumber="2")
    notices = broker.ask("POST", "/contracts/publish", body, status=200)["notices"]
    assert notices[-1] == {
        "type": "warning",
        "text": "  Bar 10 has failed to verify this content before; the result holds.",
    }


@pytest.mark.parametrize("name", ["main", "master", "develop"])
def test_the_first_branch_with_a_usual_name_becomes_the_main_branch(broker: Broker, name: str) -> None:
    broker.publish("Foo", "1", branch="feat/x")
    broker.publish("Foo", "2", branch=name)
    broker.publish("Foo", "3", branch="main")
    assert broker.get("/pacticipants/Foo")["mainBranch"] == name


def test_another_main_branch_has_to_be_named(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="trunk")
    assert "mainBranch" not in broker.get("/pacticipants/Foo")
    broker.ask("PATCH", "/pacticipants/Foo", {"mainBranch": "trunk"}, status=200)
    assert broker.get("/pacticipants/Foo")["mainBranch"] == "trunk"


def test_a_name_almost_like_another_is_refused_until_it_is_created_on_purpose(broker: Broker) -> None:
    broker.publish("Web App", "1")
    broker.publish("web-app", "1", status=409)
    broker.ask("POST", "/pacticipants", {"name": "web-app"}, status=201)
    broker.publish("web-app", "1")


def test_a_version_may_be_on_several_branches(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main")
    broker.publish("Foo", "1", branch="release/1")
    found = broker.get("/pacticipants/Foo/versions/1")["_embedded"]["branchVersions"]
    assert [(one["name"], one["latest"]) for one in found] == [("main", True), ("release/1", True)]


def test_the_latest_version_is_the_one_that_came_last_whatever_its_number(broker: Broker) -> None:
    for number in ("9", "10", "2"):
        broker.publish("Foo", number)
    assert broker.get("/pacticipants/Foo/latest-version")["number"] == "2"


def test_a_single_pact_can_be_put_as_older_clients_do(broker: Broker) -> None:
    path = "/pacts/provider/Bar/consumer/Foo/version/1"
    assert broker.ask("PUT", path, pact("Foo", "Bar", "a"), status=201)["consumer"] == {"name": "Foo"}
    broker.ask("PUT", path, pact("Foo", "Bar", "a"), status=200)
    broker.ask("PUT", path, pact("Foo", "Bar", "b"), status=409)
    broker.ask("PUT", path, pact("Other", "Bar", "a"), status=400)


def test_a_deleted_pact_is_gone_with_its_integration(broker: Broker) -> None:
    broker.publish("Foo", "1")
    broker.ask("DELETE", "/pacts/provider/Bar/consumer/Foo/version/1", status=204)
    broker.get("/pacts/provider/Bar/consumer/Foo/version/1", 404)
    assert broker.get("/integrations")["_embedded"]["integrations"] == []


def test_a_deleted_pacticipant_is_gone_with_all_that_is_its_own(broker: Broker) -> None:
    broker.verify("Foo", broker.publish("Foo", "1", branch="main"), "10")
    broker.deploy("Bar", "10", broker.environment("uat"))
    broker.ask("DELETE", "/pacticipants/Bar", status=204)
    assert broker.get("/pacts/latest")["pacts"] == []
    assert [one["name"] for one in broker.get("/pacticipants")["pacticipants"]] == ["Foo"]


def test_versions_are_listed_latest_first_and_by_pages(broker: Broker) -> None:
    for number in range(103):
        broker.put_on_branch("Foo", str(number), "main")
    first = broker.get("/pacticipants/Foo/versions")
    rest = broker.client.get(first["_links"]["next"]["href"]).json()
    numbers = [one["number"] for page in (first, rest) for one in page["_embedded"]["versions"]]
    assert numbers == [str(number) for number in reversed(range(103))]
    assert "pb:next" not in rest["_links"]


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"pacticipantName": None}, "pacticipantName", "is missing"),
        ({"pacticipantName": " "}, "pacticipantName", "must not be blank"),
        ({"pacticipantName": 3}, "pacticipantName", "must be a text"),
        ({"pacticipantVersionNumber": ".."}, "pacticipantVersionNumber", "only dots"),
        ({"pacticipantVersionNumber": "1\n2"}, "pacticipantVersionNumber", "control characters"),
        ({"contracts": None}, "contracts", "is missing"),
        ({"contracts": [3]}, "contracts", "must be a list of objects"),
        ({"tags": [3]}, "tags", "must be a list of texts"),
        ({"branch": "."}, "branch", "only dots"),
    ],
)
def test_a_faulty_publication_is_refused_at_the_field(broker: Broker, change: Json, field: str, says: str) -> None:
    body = _publication(pact("Foo", "Bar", "x")) | change
    errors = broker.ask("POST", "/contracts/publish", body, status=400)["errors"]
    assert says in errors[field][0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"content": "%%%"}, "content is not valid base64 (at index 0)"),
        ({"content": base64.b64encode(b"{").decode()}, "content is not valid JSON"),
        ({"content": base64.b64encode(b"\xff").decode()}, "content is not valid UTF-8 (at index 0)"),
        ({"consumerName": "Other"}, "consumerName must be the pacticipantName 'Foo', not 'Other'"),
        ({"providerName": "Other"}, "the provider in the content is 'Bar', but it is published for 'Other'"),
        ({"specification": "oas"}, "specification must be 'pact'"),
        ({"contentType": "text/yaml"}, "contentType must be application/json"),
        ({"onConflict": "ignore"}, "onConflict must be"),
    ],
)
def test_a_faulty_contract_is_refused_with_its_index(broker: Broker, change: Json, says: str) -> None:
    body = _publication(pact("Foo", "Bar", "x"), contracts=[encoded_contract(pact("Foo", "Bar", "x"), **change)])
    errors = broker.ask("POST", "/contracts/publish", body, status=400)["errors"]
    assert any(says in message for message in errors["contracts"]), errors


def test_a_large_pact_is_published_and_served_unchanged(broker: Broker) -> None:
    content = pact("Foo", "Bar", *(f"{number}" for number in range(2000)))
    content["interactions"][0]["response"]["body"] = "x" * 5_000_000
    broker.ask("POST", "/contracts/publish", _publication(content), status=200)
    found = broker.get("/pacts/provider/Bar/consumer/Foo/version/1")
    for interaction in found["interactions"]:
        del interaction["_id"]
    assert json.dumps(found["interactions"]) == json.dumps(content["interactions"])


def test_a_version_can_be_created_with_its_branch_tags_and_build_at_once(broker: Broker) -> None:
    path = "/pacticipants/Foo/versions/1"
    body = {"branch": "main", "tags": [{"name": "dev"}, {"name": "prod"}], "buildUrl": "https://ci/1"}
    broker.ask("PUT", path, body, status=201)
    found = broker.get(path)
    assert [one["name"] for one in found["_embedded"]["branchVersions"]] == ["main"]
    assert [one["name"] for one in found["_embedded"]["tags"]] == ["dev", "prod"]
    assert found["buildUrl"] == "https://ci/1"
    assert broker.get("/pacticipants/Foo")["mainBranch"] == "main"
    broker.ask("PUT", path, {"tags": ["dev"]}, status=400)
    broker.ask("PUT", path, {"tags": [{}]}, status=400)
    broker.ask("PATCH", path, {"branch": "feat/x"}, status=200)
    assert [one["name"] for one in broker.get(path)["_embedded"]["branchVersions"]] == ["feat/x", "main"]


def test_what_is_said_of_a_change_agrees_with_its_event_and_names_the_branch_of_what_it_was_compared_with(
    broker: Broker,
) -> None:
    broker.publish("Foo", "1", branch="main", says="a")
    broker.put_on_branch("Foo", "2", "main")
    assert _said_of_change(broker, "3", "feat", "b") == [
        "  Its content differs from that of version 1, the last before branch feat began.",
        "contract_content_changed (differs from 1, the last before branch feat began)",
    ]
    assert _said_of_change(broker, "4", "main", "a") == [
        "  Its content is the same as that of version 1, the last on branch main."
    ]
    assert _said_of_change(broker, "5", "main", "c") == [
        "  Its content differs from that of version 4, the last on branch main.",
        "contract_content_changed (differs from 4, the last on branch main)",
    ]


def _said_of_change(broker: Broker, version: str, branch: str, says: str) -> list[str]:
    body = _publication(pact("Foo", "Bar", says), pacticipantVersionNumber=version, branch=branch)
    said = [one["text"] for one in broker.ask("POST", "/contracts/publish", body, status=200)["notices"]]
    events = re.findall(r"contract_content_changed(?: \(.*?\))?", "\n".join(said))
    return [*(one for one in said if one.startswith("  Its content")), *events]
