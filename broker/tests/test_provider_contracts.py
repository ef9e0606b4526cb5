"""Providers publish OpenAPI documents, over HTTP and with the stock command line client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from broker.tests.provider_documents import offer, openapi, publication
from broker.tests.served import Broker, Json, encoded_contract, pact

_PUBLISH = "/provider-contracts/provider/Bar/publish"
_BAR = "/provider-contracts/provider/Bar"


def _pactflow(broker: Broker, path: Path, version: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "pact"), "pactflow", "publish-provider-contract", str(path)]
    command += ["--provider", "Bar", "--provider-app-version", version, *arguments]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PACT_")}
    environment = clean | {"PACT_BROKER_BASE_URL": broker.url, "PACT_DO_NOT_TRACK": "true"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_stock_client_publishes_a_contract_with_its_branch_tags_and_results(broker: Broker, tmp_path: Path) -> None:
    document, results = tmp_path / "openapi.yaml", tmp_path / "results.txt"
    document.write_text("openapi: 3.0.3\ninfo: {title: Bar, version: '1'}\npaths: {}\n")
    results.write_text("all is well")
    arguments = ["--branch", "main", "--tag", "dev", "--build-url", "http://ci/1", "--content-type", "application/yaml"]
    arguments += ["--verification-success", "--verifier", "schemathesis", "--verification-results", str(results)]
    done = _pactflow(broker, document, "10", *arguments, "--verification-results-content-type", "text/plain")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Provider contract published for Bar version 10" in done.stdout
    assert "Warning" not in done.stdout
    contract = broker.get(f"{_BAR}/branch/main/latest")
    assert contract["selfVerificationResults"] | {"content": ""} == {
        "success": True,
        "content": "",
        "contentType": "text/plain",
        "verifier": "schemathesis",
    }
    version = broker.get("/pacticipants/Bar/versions/10")
    assert [version["buildUrl"], [tag["name"] for tag in version["_embedded"]["tags"]]] == ["http://ci/1", ["dev"]]
    raw = broker.client.get(contract["_links"]["pb:content"]["href"])
    assert (raw.content, raw.headers["content-type"]) == (document.read_bytes(), "application/yaml")


def test_the_stock_client_says_why_a_contract_is_refused(broker: Broker, tmp_path: Path) -> None:
    offer(broker, "10", "/a")
    document = tmp_path / "openapi.json"
    document.write_bytes(openapi("/b"))
    changed = _pactflow(broker, document, "10", "--content-type", "application/json")
    assert (changed.returncode, "different contract" in changed.stdout) == (1, True)
    document.write_text("paths: [")
    broken = _pactflow(broker, document, "11", "--content-type", "application/yaml")
    assert (broken.returncode, "(line 2" in broken.stdout) == (1, True), broken.stdout
    broker.get(f"{_BAR}/version/11", 404)


def test_the_same_document_may_be_published_again_and_another_may_not(broker: Broker) -> None:
    offer(broker, "10", "/a", verified=None)
    offer(broker, "10", "/a", verified=True)
    assert broker.get(f"{_BAR}/version/10")["selfVerified"] is True
    offer(broker, "10", "/a", verified=None)
    assert broker.get(f"{_BAR}/version/10")["selfVerified"] is True
    refused = broker.ask("POST", _PUBLISH, publication(openapi("/b"), "10"), status=409)
    assert "different contract" in refused["errors"]["contract"][0]


def test_a_refused_publication_records_nothing(broker: Broker) -> None:
    offer(broker, "10", "/a")
    changed = publication(openapi("/b"), "10", branch="feat/x", tags=["dev"])
    broker.ask("POST", _PUBLISH, changed, status=409)
    version = broker.get("/pacticipants/Bar/versions/10")
    assert (version["_embedded"]["tags"], version["_embedded"]["branchVersions"]) == ([], [])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"contract": None}, "is missing"),
        ({"contract": {}}, "specification must be 'oas'"),
        ({"content": "!"}, "not valid base64"),
        ({"content": "W10="}, "content cannot be used"),
        ({"content": "e30="}, "content cannot be used"),
        ({"contentType": "application/x-"}, "contentType must be that of JSON or YAML"),
        ({"contentType": "text/html"}, "contentType must be that of JSON or YAML"),
        ({"contentType": "application/json\r\nX-Y: z"}, "contentType must be that of JSON or YAML"),
        ({"specification": "wsdl"}, "specification must be 'oas'"),
        ({"selfVerificationResults": []}, "must be an object"),
        ({"selfVerificationResults": {}}, "selfVerificationResults.success is missing"),
        ({"selfVerificationResults": {"success": True, "verifier": 1}}, "verifier must be a text"),
    ],
)
def test_a_faulty_publication_is_refused_with_the_reason(broker: Broker, change: Json, says: str) -> None:
    body = publication(openapi("/a"), "10")
    body = body | change if "contract" in change else body | {"contract": body["contract"] | change}
    errors = broker.ask("POST", _PUBLISH, body, status=400)["errors"]
    assert any(says in text for text in errors["contract"]), errors


def test_a_document_that_refers_to_another_place_is_refused(broker: Broker) -> None:
    raw = openapi("/a").replace(b'{"description": "as promised"}', b'{"$ref": "https://elsewhere/x.json"}')
    errors = broker.ask("POST", _PUBLISH, publication(raw, "10"), status=400)["errors"]
    assert "https://elsewhere/x.json" in errors["contract"][0]


def test_a_contract_is_found_by_version_by_branch_and_as_the_latest(broker: Broker) -> None:
    offer(broker, "10", "/a", branch="main")
    offer(broker, "11", "/b", branch="feat/x")
    found = [broker.get(f"{_BAR}/{path}") for path in ("version/10", "branch/main/latest", "branch/feat%2Fx/latest")]
    found.append(broker.get(f"{_BAR}/latest"))
    assert [one["providerVersionNumber"] for one in found] == ["10", "10", "11", "11"]
    listed = broker.get(_BAR)["_embedded"]["providerContracts"]
    assert [one["providerVersionNumber"] for one in listed] == ["11", "10"]
    for path in ("version/12", "branch/nope/latest", "version/10/nope"):
        broker.get(f"{_BAR}/{path}", 404)


def test_a_deleted_contract_answers_for_nothing_any_more(broker: Broker) -> None:
    broker.publish("Foo", "1")
    offer(broker, "10", "/something")
    assert broker.deployable("Foo:1", "Bar:10") is True
    broker.ask("DELETE", f"{_BAR}/version/10", status=204)
    broker.get(f"{_BAR}/version/10", 404)
    assert broker.deployable("Foo:1", "Bar:10") is None


def test_publishing_tells_which_pacts_fit(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main")
    broker.publish("Baz", "1", says="else", branch="main")
    said = [notice["text"] for notice in offer(broker, "10", "/something")["notices"]]
    assert "  It fits the pact with Foo 1." in said
    assert any("does not fit the pact with Baz 1: " in text and "/else" in text for text in said), said
    comparisons = broker.get(f"{_BAR}/version/10")["_embedded"]["comparisons"]
    assert {one["consumer"]["name"]: one["success"] for one in comparisons} == {"Foo": True, "Baz": False}


def test_a_contract_whose_own_verification_failed_is_not_said_to_fit_any_pact(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main")
    body = publication(openapi("/something"), "10", branch="main")
    body["contract"]["selfVerificationResults"] = {"success": False}
    told = broker.ask("POST", _PUBLISH, body, status=200)["notices"]
    contract = encoded_contract(pact("Foo", "Bar", "something"))
    body = {"pacticipantName": "Foo", "pacticipantVersionNumber": "2", "contracts": [contract]}
    told += broker.ask("POST", "/contracts/publish", body, status=200)["notices"]
    assert [(one["type"], one["text"]) for one in told if " fit " in one["text"]] == [
        ("debug", "  It would fit the pact with Foo 1."),
        ("warning", "  It would fit the contract of Bar 10, but the provider's own verification of that failed."),
    ]
    assert not any("  It fits" in one["text"] for one in told)


def test_a_comparison_shows_its_findings_with_places_in_both_documents(broker: Broker) -> None:
    sha = broker.publish("Foo", "1", says="else")
    offer(broker, "10", "/something")
    path = f"/pacts/provider/Bar/consumer/Foo/pact-version/{sha}/provider-contract/10/comparison"
    found = broker.get(path)
    assert (found["success"], found["errors"], found["checked"]) == (False, 1, 1)
    (finding,) = found["findings"]
    assert (finding["severity"], finding["pactPointer"][:15]) == ("error", "/interactions/0")
    assert broker.get(path) == found
    broker.get(path.replace("/10/", "/11/"), 404)


def test_a_document_of_twenty_thousand_lines_is_published_and_served_unchanged(broker: Broker) -> None:
    raw = json.dumps(json.loads(openapi(*(f"/things/{n}" for n in range(1500)))), indent=1).encode()
    broker.ask("POST", _PUBLISH, publication(raw, "10"), status=200)
    assert broker.client.get(f"{_BAR}/version/10/content").content == raw


def test_the_publisher_of_a_pact_is_told_whether_it_fits_what_the_provider_published(broker: Broker) -> None:
    offer(broker, "9", "/else")
    offer(broker, "10", "/something", branch="main")
    offer(broker, "11", "/else")
    contract = encoded_contract(pact("Foo", "Bar", "something"))
    body = {"pacticipantName": "Foo", "pacticipantVersionNumber": "1", "contracts": [contract]}
    answer = broker.ask("POST", "/contracts/publish", body, status=200)
    said = [notice["text"] for notice in answer["notices"] if "fit" in notice["text"]]
    assert [text.split(":")[0] for text in said] == [
        "  It does not fit the contract of Bar 11",
        "  It fits the contract of Bar 10.",
    ]
