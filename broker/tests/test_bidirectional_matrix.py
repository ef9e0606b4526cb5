"""Can I deploy, where a provider's contract answers beside executed verifications, or in their place."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.tests.provider_documents import offer
from broker.tests.served import Broker, Json, encoded_contract, pact

FITS, MISFIT = "/something", "/else"


def _reasons(answer: Json) -> list[str]:
    return [notice["text"] for notice in answer["notices"] if notice["type"] not in ("warning", "prompt")]


def test_a_contract_that_the_pact_fits_answers_for_a_provider_that_verified_nothing(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.publish("Foo", "1")
    offer(broker, "10", FITS)
    broker.deploy("Bar", "10", uat)
    answer = broker.matrix("Foo:1", environment="uat")
    assert answer["summary"]["deployable"] is True
    (row,) = answer["matrix"]
    comparison = row["comparison"]
    assert (comparison["success"], comparison["errors"], comparison["warnings"]) == (True, 0, 0)
    assert row["verificationResult"]["success"] is True
    assert row["verificationResult"]["_links"]["self"] == {"href": comparison["_links"]["self"]["href"]}
    assert broker.deployable("Bar:10", environment="uat") is True


def test_the_stock_client_can_deploy_by_a_contract_alone(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.publish("Foo", "1")
    broker.publish("Foo", "2", says="else")
    offer(broker, "10", FITS)
    broker.deploy("Bar", "10", uat)
    yes = broker.pact("can-i-deploy", "-a", "Foo", "-e", "1", "--to-environment", "uat")
    assert yes.returncode == 0, yes.stdout + yes.stderr
    no = broker.pact("can-i-deploy", "-a", "Foo", "-e", "2", "--to-environment", "uat")
    assert (no.returncode, "does not fit its pact with Foo 2" in no.stdout + no.stderr) == (1, True)


def test_a_pact_that_does_not_fit_is_a_no_that_says_where(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.publish("Foo", "1")
    offer(broker, "10", MISFIT)
    broker.deploy("Bar", "10", uat)
    answer = broker.matrix("Foo:1", environment="uat")
    assert answer["summary"] | {"reason": ""} == {
        "deployable": False,
        "reason": "",
        "success": 0,
        "failed": 1,
        "unknown": 0,
    }
    (reason,) = _reasons(answer)
    assert reason.startswith("Bar 10 (in uat) does not fit its pact with Foo 1: ")
    assert "/something" in reason


@pytest.mark.parametrize(
    ("executed", "path", "reasons"),
    [
        (True, FITS, []),
        (True, MISFIT, ["does not fit its pact"]),
        (False, FITS, ["failed the verification"]),
        (False, MISFIT, ["failed the verification", "does not fit its pact"]),
    ],
)
def test_neither_a_result_nor_a_comparison_makes_up_for_the_failure_of_the_other(
    broker: Broker, executed: bool, path: str, reasons: list[str]
) -> None:
    broker.verify("Foo", broker.publish("Foo", "1"), "10", success=executed)
    offer(broker, "10", path)
    answer = broker.matrix("Foo:1", "Bar:10")
    assert answer["summary"]["deployable"] is not bool(reasons)
    (row,) = answer["matrix"]
    assert row["verificationResult"]["success"] is not bool(reasons)
    said = _reasons(answer)
    assert len(said) == max(1, len(reasons))
    assert all(expected in text for expected, text in zip(reasons, said, strict=False))


def test_a_contract_that_the_provider_does_not_keep_to_stands_for_nothing(broker: Broker) -> None:
    broker.publish("Foo", "1")
    offer(broker, "10", FITS, verified=False)
    answer = broker.matrix("Foo:1", "Bar:10")
    assert answer["summary"]["deployable"] is False
    (reason,) = _reasons(answer)
    assert reason.startswith("Bar 10 failed its own verification of the contract that it published")


def test_a_contract_without_a_word_about_its_verification_counts_with_a_warning(broker: Broker) -> None:
    broker.publish("Foo", "1")
    offer(broker, "10", FITS, verified=None)
    answer = broker.matrix("Foo:1", "Bar:10")
    assert answer["summary"]["deployable"] is True
    assert [notice["type"] for notice in answer["notices"]] == ["warning", "success"]
    assert "Bar 10 did not say whether it keeps to the contract" in answer["notices"][0]["text"]


def test_messages_need_an_executed_verification(broker: Broker) -> None:
    document = {
        "consumer": {"name": "Foo"},
        "provider": {"name": "Bar"},
        "messages": [{"description": "an event", "contents": {"id": 1}}],
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }
    body = {"pacticipantName": "Foo", "pacticipantVersionNumber": "1", "contracts": [encoded_contract(document)]}
    broker.ask("POST", "/contracts/publish", body, status=200)
    offer(broker, "10", FITS)
    answer = broker.matrix("Foo:1", "Bar:10")
    assert answer["summary"]["deployable"] is None
    assert _reasons(answer) == [
        (
            "Bar 10 has not verified its pact with Foo 1 yet, and its contract does not answer for all of it: "
            "an OpenAPI document does not describe message"
        )
    ]
    assert broker.matrix("Foo:1", "Bar")["matrix"][0]["provider"]["version"] is None


def test_a_provider_version_with_nothing_but_a_contract_is_among_any_version(broker: Broker) -> None:
    broker.verify("Foo", broker.publish("Foo", "1"), "10")
    offer(broker, "11", FITS)
    rows = broker.matrix("Foo:1", "Bar")["matrix"]
    assert [(row["provider"]["version"]["number"], "comparison" in row) for row in rows] == [
        ("11", True),
        ("10", False),
    ]
    newest = broker.matrix("Foo:1", "Bar", latestby="cvp")["matrix"]
    assert [row["provider"]["version"]["number"] for row in newest] == ["11"]


def test_a_contract_published_last_does_not_hide_an_earlier_result_of_its_version(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10", success=False)
    broker.verify("Foo", sha, "11")
    offer(broker, "10", FITS)
    (row,) = broker.matrix("Foo:1", "Bar", latestby="cvp")["matrix"]
    assert (row["provider"]["version"]["number"], row["verificationResult"]["success"]) == ("10", False)


def test_every_version_of_a_provider_that_runs_there_has_to_fit(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.publish("Foo", "1")
    offer(broker, "10", FITS)
    offer(broker, "11", MISFIT)
    broker.deploy("Bar", "10", uat, "eu")
    assert broker.deployable("Foo:1", environment="uat") is True
    broker.deploy("Bar", "11", uat, "us")
    assert broker.deployable("Foo:1", environment="uat") is False


def test_a_provider_must_offer_what_its_consumers_there_need(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.publish("Foo", "1")
    broker.deploy("Foo", "1", uat)
    offer(broker, "10", FITS)
    offer(broker, "11", MISFIT)
    assert broker.deployable("Bar:10", environment="uat") is True
    assert broker.deployable("Bar:11", environment="uat") is False


def test_pending_is_about_executed_verification_alone(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main")
    offer(broker, "10", FITS, branch="main")
    (pact,) = broker.to_verify(includePendingStatus=True, providerVersionBranch="main")
    assert pact["verificationProperties"]["pending"] is True


def test_a_comparison_is_made_for_a_version_that_nobody_expected_to_be_asked_about(broker: Broker) -> None:
    offer(broker, "10", MISFIT)
    offer(broker, "11", FITS, branch="main")
    broker.publish("Foo", "1")
    for _ in range(2):
        assert (broker.deployable("Foo:1", "Bar:10"), broker.deployable("Foo:1", "Bar:11")) == (False, True)


_STEPS = ("pact", "contract", "misfit", "result", "other pact")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(_STEPS), number=st.uuids())
def test_the_order_of_publishing_never_changes_the_verdict(broker: Broker, order: list[str], number: object) -> None:
    """The names are new for every example, because the broker is emptied only between tests."""
    consumer, provider = f"c-{number}", f"p-{number}"
    took: list[str] = []

    def publish_result() -> None:
        # A result needs its pact, as in life.
        if "pact" not in took:
            take("pact")
        sha = str(broker.publish(consumer, "1", provider))
        broker.verify(consumer, sha, "12", provider)

    steps = {
        "pact": lambda: broker.publish(consumer, "1", provider),
        "other pact": lambda: broker.publish(consumer, "2", provider, says="else"),
        "contract": lambda: offer(broker, "10", FITS, provider=provider),
        "misfit": lambda: offer(broker, "11", MISFIT, provider=provider),
        "result": publish_result,
    }

    def take(step: str) -> None:
        if step not in took:
            took.append(step)
            steps[step]()

    for step in order:
        take(step)
    verdicts = {
        (mine, theirs): broker.deployable(f"{consumer}:{mine}", f"{provider}:{theirs}")
        for mine in ("1", "2")
        for theirs in ("10", "11", "12")
    }
    assert verdicts == {
        ("1", "10"): True,
        ("1", "11"): False,
        ("1", "12"): True,
        ("2", "10"): False,
        ("2", "11"): True,
        ("2", "12"): None,
    }
    assert (broker.deployable(f"{consumer}:1", provider), broker.deployable(f"{consumer}:2", provider)) == (
        False,
        False,
    )


def _mixed(broker: Broker, version: str, path: str) -> Json:
    """Publishes a pact of an HTTP interaction and a message; answers what the publisher is told."""
    document = pact("Foo", "Bar", path)
    message = {"type": "Asynchronous/Messages", "description": "an event", "contents": {"content": {"id": 1}}}
    document["interactions"].append(message)
    contracts = [encoded_contract(document)]
    body = {"pacticipantName": "Foo", "pacticipantVersionNumber": version, "contracts": contracts}
    return broker.ask("POST", "/contracts/publish", body, status=200)


def test_what_a_comparison_leaves_open_has_to_be_verified(broker: Broker) -> None:
    offer(broker, "10", FITS)
    told = [one["text"] for one in _mixed(broker, "1", "something")["notices"] if one["type"] == "warning"]
    (row,) = broker.matrix("Foo:1", "Bar:10")["matrix"]
    assert broker.deployable("Foo:1", "Bar:10") is None
    assert (row["comparison"]["success"], row["comparison"]["unproven"]) == (None, 1)
    assert told == [
        (
            "  The contract of Bar 10 does not answer for all of it: an OpenAPI document does not describe "
            "Asynchronous/Messages. A verification has to show the rest."
        )
    ]
    found = broker.get(row["comparison"]["_links"]["self"]["href"])
    assert [one["severity"] for one in found["findings"]] == ["unproven"]
    page = broker.client.get(row["comparison"]["_links"]["self"]["href"], headers={"accept": "text/html"}).text
    assert ("Not proven" in page, "is not answered for as a whole by" in page) == (True, True)
    sha = broker.get("/pacts/provider/Bar/consumer/Foo/version/1")["_links"]["pb:pact-version"]["name"]
    broker.verify("Foo", str(sha), "10")
    assert broker.deployable("Foo:1", "Bar:10") is True


def test_a_comparison_that_leaves_something_open_can_still_say_no(broker: Broker) -> None:
    offer(broker, "10", MISFIT)
    _mixed(broker, "1", "something")
    assert broker.deployable("Foo:1", "Bar:10") is False
