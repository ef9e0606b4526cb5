"""Can I deploy: what counts, and which answer it gives."""

from __future__ import annotations

import pytest

from broker.tests.served import Broker, Json


def _said(answer: Json, *types: str) -> list[str]:
    return [notice["text"] for notice in answer["notices"] if notice["type"] in types]


def _reasons(answer: Json) -> list[str]:
    return _said(answer, "success", "error", "warning")


def test_yes_when_what_runs_there_has_verified_the_pact(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.verify("Foo", broker.publish("Foo", "1"), "10")
    broker.deploy("Bar", "10", uat)
    answer = broker.matrix("Foo:1", environment="uat")
    assert answer["summary"] | {"reason": ""} == {
        "deployable": True,
        "reason": "",
        "success": 1,
        "failed": 0,
        "unknown": 0,
    }
    assert [notice["type"] for notice in answer["notices"]] == ["success"]


def test_unknown_when_the_provider_is_not_there(broker: Broker) -> None:
    broker.environment("uat")
    broker.publish("Foo", "1")
    answer = broker.matrix("Foo:1", environment="uat")
    assert answer["summary"]["deployable"] is None
    assert _reasons(answer) == ["Foo 1 needs Bar, but no version of Bar is recorded as deployed or released in uat"]


def test_a_no_says_what_to_do_next(broker: Broker) -> None:
    uat = broker.environment("uat")
    sha = broker.publish("Foo", "1")
    (step,) = _said(broker.matrix("Foo:1", environment="uat"), "prompt")
    assert "pact broker record-deployment --pacticipant 'Bar' --version VERSION --environment 'uat'" in step
    broker.put_on_branch("Bar", "10", "main")
    broker.deploy("Bar", "10", uat)
    (step,) = _said(broker.matrix("Foo:1", environment="uat"), "prompt")
    assert step.startswith(f"Next: verify the pact of Foo 1 with Bar 10 ({broker.url}/")
    failed = broker.verify("Foo", sha, "10", success=False)["_links"]["self"]["href"]
    answer = broker.matrix("Foo:1", environment="uat")
    assert _said(answer, "prompt") == [f"Next: see what failed at {failed}"]
    assert "Next" not in answer["summary"]["reason"]


def test_a_provider_without_a_version_on_its_main_branch_is_told_how_to_get_one(broker: Broker) -> None:
    broker.publish("Foo", "1")
    (step,) = _said(broker.matrix("Foo:1", mainBranch="true"), "prompt")
    assert step.endswith("pact broker create-or-update-pacticipant --name 'Bar' --main-branch BRANCH")
    broker.ask("PATCH", "/pacticipants/Bar", {"mainBranch": "trunk"}, status=200)
    (step,) = _said(broker.matrix("Foo:1", mainBranch="true"), "prompt")
    assert step == "Next: run Bar's verification with publishing on, in a build of branch trunk"


def test_unknown_when_what_runs_there_has_not_verified_the_pact(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.verify("Foo", broker.publish("Foo", "1", says="old"), "10")
    broker.deploy("Bar", "10", uat)
    broker.publish("Foo", "2", says="new")
    answer = broker.matrix("Foo:2", environment="uat")
    assert answer["summary"]["deployable"] is None
    assert _reasons(answer) == ["Bar 10 (in uat) has not verified its pact with Foo 2 yet"]


def test_no_when_the_verification_failed(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.verify("Foo", broker.publish("Foo", "1"), "10", success=False)
    broker.deploy("Bar", "10", uat)
    answer = broker.matrix("Foo:1", environment="uat")
    assert answer["summary"]["deployable"] is False
    assert _reasons(answer) == ["Bar 10 (in uat) failed the verification of its pact with Foo 1"]


def test_no_when_one_verification_failed_and_another_is_missing(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.publish("Foo", "1", provider="Unverified")
    broker.verify("Foo", broker.publish("Foo", "1"), "10", success=False)
    broker.deploy("Bar", "10", uat)
    answer = broker.matrix("Foo:1", environment="uat")
    assert answer["summary"]["deployable"] is False
    assert _reasons(answer) == [
        "Bar 10 (in uat) failed the verification of its pact with Foo 1",
        "Foo 1 needs Unverified, but no version of Unverified is recorded as deployed or released in uat",
    ]


def test_no_when_the_version_does_not_exist(broker: Broker) -> None:
    broker.environment("uat")
    broker.publish("Foo", "1")
    answer = broker.matrix("Foo:2", environment="uat")
    assert (answer["summary"]["deployable"], answer["matrix"]) == (False, [])


def test_yes_for_a_provider_whose_consumers_are_not_there(broker: Broker) -> None:
    broker.environment("uat")
    broker.verify("Foo", broker.publish("Foo", "1"), "10", success=False)
    assert broker.deployable("Bar:10", environment="uat") is True


def test_a_provider_must_have_verified_what_its_consumers_there_need(broker: Broker) -> None:
    uat = broker.environment("uat")
    sha = broker.publish("Foo", "1")
    broker.deploy("Foo", "1", uat)
    broker.put_on_branch("Bar", "10", "main")
    assert broker.deployable("Bar:10", environment="uat") is None
    broker.verify("Foo", sha, "10", success=False)
    assert broker.deployable("Bar:10", environment="uat") is False
    broker.verify("Foo", sha, "10")
    assert broker.deployable("Bar:10", environment="uat") is True


def test_every_version_that_runs_there_has_to_answer(broker: Broker) -> None:
    uat = broker.environment("uat")
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10")
    broker.put_on_branch("Bar", "11", "main")
    broker.deploy("Bar", "10", uat, "eu")
    broker.deploy("Bar", "11", uat, "us")
    assert broker.deployable("Foo:1", environment="uat") is None
    broker.verify("Foo", sha, "11", success=False)
    assert broker.deployable("Foo:1", environment="uat") is False
    broker.verify("Foo", sha, "11")
    assert broker.deployable("Foo:1", environment="uat") is True


def test_the_latest_result_of_a_version_counts(broker: Broker) -> None:
    uat = broker.environment("uat")
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10")
    broker.deploy("Bar", "10", uat)
    broker.verify("Foo", sha, "10", success=False)
    assert broker.deployable("Foo:1", environment="uat") is False


def test_a_redeployment_replaces_the_version_before_it(broker: Broker) -> None:
    uat = broker.environment("uat")
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10", success=False)
    broker.verify("Foo", sha, "11")
    broker.deploy("Bar", "10", uat)
    assert broker.deployable("Foo:1", environment="uat") is False
    broker.deploy("Bar", "11", uat)
    assert broker.deployable("Foo:1", environment="uat") is True
    broker.deploy("Bar", "10", uat)
    assert broker.deployable("Foo:1", environment="uat") is False


def test_a_released_version_counts_until_its_support_ends(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.verify("Foo", broker.publish("Foo", "1"), "10", success=False)
    released = broker.release("Bar", "10", uat)
    assert broker.deployable("Foo:1", environment="uat") is False
    broker.ask("PATCH", released["_links"]["self"]["href"], {"currentlySupported": False}, status=200)
    assert broker.deployable("Foo:1", environment="uat") is None


def test_an_ignored_pacticipant_is_shown_but_does_not_count(broker: Broker) -> None:
    broker.environment("uat")
    broker.publish("Foo", "1")
    answer = broker.matrix("Foo:1", environment="uat", **{"ignore[][pacticipant]": "Bar"})
    assert (answer["summary"]["deployable"], answer["summary"]["ignored"]) == (True, 1)
    assert [row["ignored"] for row in answer["matrix"]] == [True]


def test_two_selectors_ask_about_these_two_alone(broker: Broker) -> None:
    broker.publish("Foo", "1", provider="Other")
    broker.verify("Foo", broker.publish("Foo", "1"), "10")
    assert broker.deployable("Foo:1", "Bar:10") is True
    assert broker.deployable("Foo:1") is None


@pytest.mark.parametrize(
    "target",
    [
        {"latest": "true"},
        {"latest": "true", "tag": "dev"},
        {"latest": "true", "mainBranch": "true"},
        {"branch": "main"},
    ],
)
def test_a_target_compares_with_the_head_that_it_names(broker: Broker, target: dict[str, str]) -> None:
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10", branch="main", success=False)
    broker.verify("Foo", sha, "11", branch="main")
    broker.ask("PUT", "/pacticipants/Bar/versions/11/tags/dev", {}, status=201)
    assert broker.deployable("Foo:1", **target) is True


def test_the_head_of_a_branch_is_meant_not_its_history(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10", branch="feat/y", success=False)
    broker.verify("Foo", sha, "11", branch="feat/y")
    query = "q[][pacticipant]=Foo&q[][version]=1&q[][pacticipant]=Bar&q[][branch]=feat%2Fy&latestby=cvpv"
    answer = broker.get(f"/matrix?{query}")
    assert [row["provider"]["version"]["number"] for row in answer["matrix"]] == ["11"]


def test_without_latestby_the_whole_history_is_listed_newest_first(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    for success in (True, False, True):
        broker.verify("Foo", sha, "10", success=success)
    rows = broker.get("/matrix?q[][pacticipant]=Foo&q[][pacticipant]=Bar")["matrix"]
    assert [row["verificationResult"]["success"] for row in rows] == [True, False, True]


def test_a_limit_bounds_what_is_shown_and_not_the_answer(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.verify("Foo", broker.publish("Foo", "1"), "10", success=False)
    broker.verify("Foo", broker.publish("Foo", "1", provider="Other"), "10", provider="Other")
    broker.verify("Foo", broker.publish("Foo", "1", provider="Ace"), "10", provider="Ace")
    for provider in ("Ace", "Bar", "Other"):
        broker.deploy(provider, "10", uat)
    answer = broker.matrix("Foo:1", environment="uat", limit="1")
    assert [row["provider"]["name"] for row in answer["matrix"]] == ["Ace"]
    assert answer["summary"]["deployable"] is False


def test_many_results_of_one_pact_do_not_hide_that_another_is_verified(broker: Broker) -> None:
    old = broker.publish("Foo", "1", says="old")
    broker.verify("Foo", old, "10")
    new = broker.publish("Foo", "2", says="new")
    for version in range(11, 15):
        broker.verify("Foo", new, str(version))
    rows = broker.matrix("Foo", "Bar", latestby="cvp", limit="2")["matrix"]
    assert [(row["consumer"]["version"]["number"], row["provider"]["version"]["number"]) for row in rows] == [
        ("2", "14"),
        ("1", "10"),
    ]


def test_a_history_of_two_sides_is_told_from_its_newest_end(broker: Broker) -> None:
    for number in range(13):
        sha = broker.publish("Foo", str(number), says=f"content {number // 5}")
        broker.verify("Foo", sha, f"{number}-a")
        broker.verify("Foo", sha, f"{number}-b")
    rows = broker.matrix("Foo", "Bar", limit="110")["matrix"]
    found = [(row["consumer"]["version"]["number"], row["provider"]["version"]["number"]) for row in rows]
    pairs = [
        (str(mine), f"{theirs}-{letter}")
        for mine in range(12, -1, -1)
        for theirs in range(min(12, mine // 5 * 5 + 4), mine // 5 * 5 - 1, -1)
        for letter in "ba"
    ]
    assert found == pairs[:110]


def test_cvp_keeps_the_newest_result_of_a_consumer_version(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10", success=False)
    broker.verify("Foo", sha, "11")
    rows = broker.matrix("Foo:1", "Bar", latestby="cvp")["matrix"]
    assert [row["provider"]["version"]["number"] for row in rows] == ["11"]


def test_can_i_deploy_has_an_address_of_its_own(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.verify("Foo", broker.publish("Foo", "1"), "10")
    broker.deploy("Bar", "10", uat)
    answer = broker.get("/can-i-deploy?pacticipant=Foo&version=1&environment=uat")
    assert answer["summary"]["deployable"] is True
    broker.get("/can-i-deploy?pacticipant=Foo&version=1", 400)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "Say which pacticipants are meant"),
        ("q[][pacticipant]=Nobody", "No pacticipant with name 'Nobody' found"),
        ("q[][pacticipant]=Foo&environment=nope", "Environment with name 'nope' does not exist"),
        ("q[][version]=1", "Each selector needs a pacticipant"),
        ("q[][pacticipant]=Foo&latestby=x", "latestby must be one of"),
        ("q[][pacticipant]=Foo&limit=x", "limit must be a number"),
        ("q[][pacticipant]=Foo&q[][version]=1&q[][latest]=true", "use one of them"),
        ("q[][pacticipant]=Foo&environment=uat&tag=dev", "cannot be combined"),
        ("q[][pacticipant]=%ff", "not valid UTF-8"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_with_the_reason(broker: Broker, query: str, says: str) -> None:
    broker.publish("Foo", "1")
    errors = broker.get(f"/matrix?{query}", 400)["errors"]
    assert any(says in message for message in errors), errors


@pytest.mark.parametrize("pair", ["provider/Bar/consumer/Nobody", "provider/Nobody/consumer/Foo"])
def test_the_matrix_of_a_pair_that_does_not_exist_is_not_found(broker: Broker, pair: str) -> None:
    broker.publish("Foo", "1")
    assert "Nobody" in broker.get(f"/matrix/{pair}", 404)["error"]
    assert broker.client.get(f"/matrix/{pair}", headers={"accept": "text/html"}).status_code == 404
