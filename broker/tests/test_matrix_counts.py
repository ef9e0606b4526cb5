"""What counts for the matrix's verdict, however much of it is shown."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from broker.tests.provider_documents import offer
from broker.tests.served import Broker

_BAR_AND_FOO = "q[][pacticipant]=Bar&q[][version]=10&q[][pacticipant]=Foo"


def _with_a_failed_first(broker: Broker, versions: int, *, tags: Sequence[str] = ()) -> None:
    """Versions of Foo, all but the first of one content; Bar 10 failed that of the first, and verified the other."""
    broker.verify("Foo", broker.publish("Foo", "v0", says="old", tags=tags), "10", success=False)
    broker.verify("Foo", broker.publish("Foo", "v1", says="new", tags=tags), "10")
    for number in range(2, versions):
        broker.publish("Foo", f"v{number}", says="new", tags=tags)


def test_every_version_with_a_tag_counts_however_many_there_are(broker: Broker) -> None:
    _with_a_failed_first(broker, 102, tags=["prod"])
    for query in (f"{_BAR_AND_FOO}&q[][tag]=prod", "q[][pacticipant]=Bar&q[][version]=10&tag=prod"):
        summary = broker.get(f"/matrix?{query}&latestby=cvpv")["summary"]
        assert (summary["deployable"], summary["success"], summary["failed"]) == (False, 101, 1)


@pytest.mark.parametrize("limit", ["", "&limit=1", "&limit=2"])
def test_a_limit_never_makes_a_no_a_yes(broker: Broker, limit: str) -> None:
    _with_a_failed_first(broker, 3)
    for query in (_BAR_AND_FOO, "q[][pacticipant]=Bar&q[][version]=10", "q[][pacticipant]=Bar&q[][pacticipant]=Foo"):
        answer = broker.get(f"/matrix?{query}&latestby=cvpv{limit}")
        assert answer["summary"]["deployable"] is False
        assert len(answer["matrix"]) == int(limit.removeprefix("&limit=") or 3)


def test_all_pacts_count_where_the_version_of_the_other_side_is_named(broker: Broker) -> None:
    _with_a_failed_first(broker, 102)
    answer = broker.get(f"/matrix?{_BAR_AND_FOO}&latestby=cvpv")
    assert (answer["summary"]["deployable"], answer["summary"]["success"]) == (False, 101)
    assert len(answer["matrix"]) == 100


def test_a_part_of_a_history_is_no_yes_for_the_whole(broker: Broker) -> None:
    _with_a_failed_first(broker, 102)
    answer = broker.get("/matrix?q[][pacticipant]=Bar&q[][pacticipant]=Foo&latestby=cvpv")
    assert answer["summary"]["deployable"] is None
    (warning,) = [notice["text"] for notice in answer["notices"] if notice["type"] == "warning"]
    assert "The history of Foo and Bar is longer than what was looked at" in warning
    assert broker.deployable("Bar", "Foo", limit="102") is False


@pytest.mark.parametrize("other", ["q[][tag]=x", ""])
def test_a_version_that_is_named_has_to_answer_beside_any_other_choice(broker: Broker, other: str) -> None:
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10")
    broker.ask("PUT", "/pacticipants/Bar/versions/10/tags/x", {}, status=201)
    broker.put_on_branch("Bar", "11", "main")
    for chosen in (f"&q[][pacticipant]=Bar&q[][version]=11&q[][pacticipant]=Bar&{other}",):
        answer = broker.get(f"/matrix?q[][pacticipant]=Foo&q[][version]=1{chosen}&latestby=cvpv")
        assert answer["summary"]["deployable"] is None
        assert {row["provider"]["version"]["number"] for row in answer["matrix"]} == {"10", "11"}


@pytest.mark.parametrize("latest_by", ["cvpv", "cvp", "cp"])
def test_no_answer_of_another_version_makes_up_for_one_that_runs_there(broker: Broker, latest_by: str) -> None:
    prod = broker.environment("prod")
    broker.put_on_branch("Bar", "9", "main")
    broker.deploy("Bar", "9", prod, "blue")
    broker.verify("Foo", broker.publish("Foo", "1"), "10")
    broker.deploy("Bar", "10", prod)
    assert broker.deployable("Foo:1", environment="prod", latestby=latest_by) is None
    broker.publish("Foo", "2", says="else")
    broker.deploy("Foo", "2", prod, "blue")
    broker.deploy("Foo", "1", prod)
    assert broker.deployable("Bar:10", environment="prod", latestby=latest_by) is None


def test_a_contract_of_a_version_that_is_named_counts_beside_any_other_choice(broker: Broker) -> None:
    broker.verify("Foo", broker.publish("Foo", "1"), "10")
    offer(broker, "11", "/else")
    query = "q[][pacticipant]=Foo&q[][version]=1&q[][pacticipant]=Bar&q[][version]=11&q[][pacticipant]=Bar"
    assert broker.get(f"/matrix?{query}&latestby=cvp")["summary"]["deployable"] is False


def test_of_an_ignored_pacticipant_only_the_version_that_is_named_does_not_count(broker: Broker) -> None:
    uat = broker.environment("uat")
    broker.verify("Foo", broker.publish("Foo", "1"), "10", success=False)
    broker.deploy("Bar", "10", uat)
    for ignored, deployable in (("10", True), ("11", False)):
        options = {"ignore[][pacticipant]": "Bar", "ignore[][version]": ignored}
        assert broker.deployable("Foo:1", environment="uat", **options) is deployable


@pytest.mark.parametrize("foos", [("Foo:1", "Foo:2"), ("Foo:2", "Foo:1")])
def test_two_selectors_of_one_pacticipant_ask_about_both_versions(broker: Broker, foos: tuple[str, str]) -> None:
    broker.verify("Foo", broker.publish("Foo", "1", says="old"), "10", success=False)
    broker.verify("Foo", broker.publish("Foo", "2", says="new"), "10")
    answer = broker.matrix(*foos, "Bar:10")
    assert answer["summary"]["deployable"] is False
    assert sorted(row["consumer"]["version"]["number"] for row in answer["matrix"]) == ["1", "2"]
