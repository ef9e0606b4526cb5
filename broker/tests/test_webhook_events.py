"""Which webhooks are called for what, and what they are told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from broker.tests.receiver import Receiver, receiver, until
from broker.tests.served import Broker, Json, encoded_contract, pact

_CONTRACT = ("contract_published", "contract_content_changed", "contract_requiring_verification_published")
_RESULT = ("provider_verification_published", "provider_verification_succeeded", "provider_verification_failed")
_TOLD = "${pactbroker.eventName} ${pactbroker.consumerVersionNumber} ${pactbroker.providerVersionNumber}"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as told:
        yield told


def _listen(
    broker: Broker, hook: Receiver, *, events: Sequence[str] = (*_CONTRACT, *_RESULT), body: Any = _TOLD, **sides: Json
) -> str:
    """Defines a webhook; answers its address."""
    definition = {
        "events": [{"name": name} for name in events],
        "request": {"method": "POST", "url": hook.url, "body": body},
    } | sides
    return str(broker.ask("POST", "/webhooks", definition, status=201)["_links"]["self"]["href"])


def _happened(broker: Broker, hook: Receiver, count: int) -> list[str]:
    """What was told since the last look, in alphabetical order, once all calls are over; it has to be this many."""
    until(lambda: not any(one["status"] == "waiting" for one in _deliveries(broker)))
    said = sorted(one.body for one in hook.received)
    hook.received.clear()
    assert len(said) == count, said
    return said


def _deliveries(broker: Broker) -> list[Json]:
    hooks = broker.get("/webhooks")["_links"]["pb:webhooks"]
    return [one for hook in hooks for one in broker.get(f"{hook['href']}/deliveries")["_embedded"]["deliveries"]]


def _detected(broker: Broker, version: str, says: str = "something", **more: Any) -> list[str]:
    """The names of the events that a publication of Foo's pact with Bar reports."""
    body = {
        "pacticipantName": "Foo",
        "pacticipantVersionNumber": version,
        "contracts": [encoded_contract(pact("Foo", "Bar", says))],
    } | more
    notices = broker.ask("POST", "/contracts/publish", body, status=200)["notices"]
    told = next(one["text"] for one in notices if "Events detected" in one["text"])
    return sorted(name for name in _CONTRACT if name in told)


def test_a_publication_calls_the_webhooks_of_its_events_and_says_so(broker: Broker, hook: Receiver) -> None:
    own = _listen(broker, hook)
    body = {
        "pacticipantName": "Foo",
        "pacticipantVersionNumber": "1",
        "contracts": [encoded_contract(pact("Foo", "Bar", "x"))],
    }
    notices = broker.ask("POST", "/contracts/publish", body, status=200)["notices"]
    assert sum(own in one["text"] for one in notices) == 2
    assert _happened(broker, hook, 2) == ["contract_content_changed 1 ", "contract_published 1 "]
    broker.ask("POST", "/contracts/publish", body, status=200)
    assert _happened(broker, hook, 1) == ["contract_published 1 "]


def test_a_pact_that_is_put_calls_them_too(broker: Broker, hook: Receiver) -> None:
    _listen(broker, hook)
    broker.ask("PUT", "/pacts/provider/Bar/consumer/Foo/version/1", pact("Foo", "Bar", "x"), status=201)
    assert _happened(broker, hook, 2) == ["contract_content_changed 1 ", "contract_published 1 "]


def test_a_refused_publication_calls_nobody(broker: Broker, hook: Receiver) -> None:
    broker.publish("Foo", "1")
    _listen(broker, hook)
    broker.publish("Foo", "1", says="other", status=409)
    broker.publish("Foo", "2")
    assert [text.split()[1] for text in _happened(broker, hook, 1)] == ["2"]


@pytest.mark.parametrize(
    ("before", "version", "changed"),
    [
        ([], {"branch": "main"}, True),
        ([{"branch": "main"}], {"branch": "main"}, False),
        ([{"branch": "main", "says": "old"}], {"branch": "main"}, True),
        ([{"branch": "main"}, {"branch": "x", "says": "other"}], {"branch": "main"}, False),
        ([{"branch": "main"}], {"branch": "new"}, False),
        ([{"branch": "main", "says": "old"}], {"branch": "new"}, True),
        ([{"tags": ["dev"]}], {"tags": ["dev"]}, False),
        ([{"tags": ["dev"], "says": "old"}, {"tags": ["prod"]}], {"tags": ["dev"]}, True),
        ([{"tags": ["prod"]}], {"tags": ["dev"]}, True),
        ([{"tags": ["prod"]}], {}, True),
        ([{}, {"tags": ["prod"], "says": "other"}], {}, False),
        ([{"says": "old"}], {}, True),
    ],
)
def test_content_changes_in_comparison_with_the_same_branch_tag_or_none(
    broker: Broker, before: list[Json], version: Json, changed: bool
) -> None:
    for number, earlier in enumerate(before):
        _detected(broker, str(number), **earlier)
    assert ("contract_content_changed" in _detected(broker, "new", **version)) is changed


def test_verification_is_required_of_each_version_that_matters_and_has_no_result(
    broker: Broker, hook: Receiver
) -> None:
    sha = broker.publish("Foo", "1")
    uat, prod = broker.environment("uat"), broker.environment("prod")
    for version in ("main-1", "deployed", "released", "verified", "gone"):
        broker.put_on_branch("Bar", version, "main" if version == "main-1" else "other")
    broker.deploy("Bar", "gone", uat)
    broker.deploy("Bar", "deployed", uat)
    broker.deploy("Bar", "verified", uat, "second")
    broker.release("Bar", "released", prod)
    broker.release("Bar", "deployed", prod)
    broker.verify("Foo", sha, "verified")
    body = "${pactbroker.providerVersionNumber}|${pactbroker.providerVersionBranch}|"
    body += "${pactbroker.currentlyDeployedProviderVersionNumber}|${pactbroker.providerVersionDescriptions}"
    _listen(broker, hook, events=["contract_requiring_verification_published"], body=body)
    broker.publish("Foo", "2")
    assert _happened(broker, hook, 3) == [
        "deployed|other|deployed|deployed in uat, released in prod",
        "main-1|main||latest of the main branch",
        "released|other||released in prod",
    ]


def test_no_verification_is_required_of_a_provider_that_has_no_version_that_matters(broker: Broker) -> None:
    assert "contract_requiring_verification_published" not in _detected(broker, "1")


def test_a_result_calls_for_publication_and_outcome(broker: Broker, hook: Receiver) -> None:
    sha = broker.publish("Foo", "1")
    _listen(broker, hook)
    broker.verify("Foo", sha, "10")
    assert _happened(broker, hook, 2) == [
        "provider_verification_published 1 10",
        "provider_verification_succeeded 1 10",
    ]
    broker.verify("Foo", sha, "11", success=False)
    assert _happened(broker, hook, 2) == ["provider_verification_failed 1 11", "provider_verification_published 1 11"]


def test_a_result_is_told_for_each_consumer_version_that_was_selected(broker: Broker, hook: Receiver) -> None:
    broker.publish("Foo", "1", branch="main")
    sha = broker.publish("Foo", "2", branch="feat/x")
    _listen(broker, hook, events=["provider_verification_succeeded"])
    chosen = broker.to_verify(consumerVersionSelectors=[{"branch": "main"}, {"branch": "feat/x"}])
    metadata = chosen[0]["_links"]["self"]["href"].rpartition("/")[2]
    broker.verify("Foo", sha, "10", metadata=metadata)
    assert _happened(broker, hook, 2) == [
        "provider_verification_succeeded 1 10",
        "provider_verification_succeeded 2 10",
    ]


def test_webhooks_that_are_meant_for_others_or_disabled_are_not_called(broker: Broker, hook: Receiver) -> None:
    broker.publish("Other", "1", provider="Elsewhere")
    broker.publish("Foo", "0")
    broker.ask("PUT", "/pacticipants/Foo/labels/mine", {}, status=201)
    only: Json = {"events": ["contract_published"]}
    _listen(broker, hook, **only, body="any")
    _listen(broker, hook, **only, body="label", consumer={"label": "mine"})
    _listen(broker, hook, **only, body="pair", consumer={"name": "Foo"}, provider={"name": "Bar"})
    _listen(broker, hook, **only, body="other label", provider={"label": "mine"})
    _listen(broker, hook, **only, body="other consumer", consumer={"name": "Other"})
    disabled = broker.get(_listen(broker, hook, **only, body="disabled"))
    broker.ask("PUT", disabled["_links"]["self"]["href"], disabled | {"enabled": False}, status=200)
    broker.publish("Foo", "1")
    assert _happened(broker, hook, 3) == ["any", "label", "pair"]
    assert len(_deliveries(broker)) == 3


def test_templates_tell_the_state_when_it_happened(broker: Broker, hook: Receiver) -> None:
    names = {
        "consumerName": "Foo",
        "consumerVersionNumber": "1/a",
        "consumerVersionBranch": "feat/x",
        "consumerVersionTags": "a, b c",
        "consumerLabels": "mine",
        "providerName": "Bar",
        "providerVersionNumber": "10",
        "providerVersionBranch": "main",
        "eventName": "provider_verification_failed",
        "githubVerificationStatus": "failure",
        "bitbucketVerificationStatus": "FAILED",
        "azureDevOpsVerificationStatus": "failed",
        "gitlabVerificationStatus": "failed",
        "providerMainBranchGithubVerificationStatus": "failure",
    }
    sha = broker.publish("Foo", "1/a", branch="feat/x", tags=["a", "b c"])
    broker.ask("PUT", "/pacticipants/Foo/labels/mine", {}, status=201)
    body = {name: f"${{pactbroker.{name}}}" for name in (*names, "pactUrl", "verificationResultUrl", "buildUrl")}
    _listen(broker, hook, events=["provider_verification_failed"], body=body)
    broker.verify("Foo", sha, "10", success=False, branch="main")
    told = json.loads(hook.bodies(1)[0])
    assert {name: told[name] for name in names} == names
    assert broker.get(told["pactUrl"])["_links"]["pb:consumer-version"]["name"] == "1/a"
    assert broker.get(told["verificationResultUrl"])["success"] is False
    assert told["buildUrl"] == ""


def test_what_is_filled_in_stays_where_it_stands(broker: Broker, hook: Receiver) -> None:
    branch = 'a"b\\c&d=e/f?${pactbroker.consumerName}é'
    definition = {
        "events": [{"name": "contract_published"}],
        "request": {
            "method": "POST",
            "url": f"{hook.url}/x/${{pactbroker.consumerVersionBranch}}?b=${{pactbroker.consumerVersionBranch}}&c=d",
            "headers": {"content-type": "application/json", "x-branch": "${pactbroker.consumerVersionBranch}"},
            "body": '{"branch": "${pactbroker.consumerVersionBranch}"}',
        },
    }
    broker.ask("POST", "/webhooks", definition, status=201)
    broker.publish("Foo", "1", branch=branch)
    told = hook.wait_for(1)[0]
    assert json.loads(told.body) == {"branch": branch}
    quoted = "a%22b%5Cc%26d%3De%2Ff%3F%24%7Bpactbroker.consumerName%7D%C3%A9"
    assert told.path == f"/x/{quoted}?b={quoted}&c=d"
    assert told.headers["x-branch"].encode("latin-1").decode() == branch


def test_a_pact_and_a_result_know_the_calls_that_they_set_in_motion(broker: Broker, hook: Receiver) -> None:
    _listen(broker, hook, events=["contract_published", "provider_verification_succeeded"])
    sha = broker.publish("Foo", "1")
    broker.publish("Foo", "2")
    result = broker.verify("Foo", sha, "10")
    of_pact = broker.get("/pacts/provider/Bar/consumer/Foo/version/1")["_links"]["pb:triggered-webhooks"]["href"]
    assert [one["eventName"] for one in broker.get(of_pact)["_embedded"]["triggeredWebhooks"]] == ["contract_published"]
    of_result = broker.get(result["_links"]["pb:triggered-webhooks"]["href"])["_embedded"]["triggeredWebhooks"]
    assert [one["eventName"] for one in of_result] == ["provider_verification_succeeded"]
