"""Cleaning while others use the broker: what they touch after the plan was made stays."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from broker.cleanup import clean as clean_up
from broker.cleanup import parse_rule, plan
from broker.config import Config
from broker.store.database import Database
from broker.tests.provider_documents import offer
from broker.tests.served import Broker, served

_both = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def own(database_url: str) -> Iterator[tuple[Broker, str]]:
    """A broker with a database that can be reached beside it."""
    with served(Config(database_url=database_url)) as running:
        yield running, database_url


def _numbers(broker: Broker) -> list[str]:
    return [one["number"] for one in broker.get("/pacticipants/Foo/versions")["_embedded"]["versions"]]


@_both
def test_what_somebody_uses_after_the_plan_was_made_stays(own: tuple[Broker, str]) -> None:
    broker, url = own
    for number in "123456":
        broker.publish("Foo", number, says=number)
    uat = broker.environment("uat")
    database = Database(url)
    try:
        now = time.time_ns() // 1000
        planned = plan(database, [parse_rule("latest")], now)
        assert [one.number for one in planned.doomed] == ["5", "4", "3", "2", "1"]
        broker.deploy("Foo", "1", uat)
        broker.put_on_branch("Foo", "2", "main")
        broker.ask("PUT", "/pacticipants/Foo/versions/3/tags/prod", {}, status=201)
        broker.release("Foo", "4", uat)
        assert clean_up(database, planned, now).versions == 1
    finally:
        database.close()
    assert _numbers(broker) == ["6", "4", "3", "2", "1"]


@_both
def test_a_version_with_anything_recorded_after_the_plan_was_made_stays(own: tuple[Broker, str]) -> None:
    broker, url = own
    for number in "123456789":
        broker.put_on_branch("Foo", number, "main")
    uat = broker.environment("uat")
    sha = broker.publish("Web", "1", "Foo")
    database = Database(url)
    try:
        now = time.time_ns() // 1000
        planned = plan(database, [parse_rule("latest")], now)
        offer(broker, "3", "/a", provider="Foo")
        broker.ask("PATCH", "/pacticipants/Foo/versions/4", {"buildUrl": "https://ci/4"}, status=200)
        deployed = broker.deploy("Foo", "5", uat)
        broker.ask("PATCH", deployed["_links"]["self"]["href"], {"currentlyDeployed": False}, status=200)
        released = broker.release("Foo", "6", uat)
        broker.ask("PATCH", released["_links"]["self"]["href"], {"currentlySupported": False}, status=200)
        broker.publish("Foo", "7", "Baz")
        broker.verify("Web", sha, "8", "Foo")
        assert clean_up(database, planned, now).versions == 2
    finally:
        database.close()
    assert _numbers(broker) == ["9", "8", "7", "6", "5", "4", "3"]


@_both
def test_the_version_that_is_the_latest_by_now_stays(own: tuple[Broker, str]) -> None:
    broker, url = own
    for number in "1234":
        broker.publish("Foo", number, says=number)
    database = Database(url)
    try:
        now = time.time_ns() // 1000
        planned = plan(database, [parse_rule("latest")], now)
        broker.ask("DELETE", "/pacticipants/Foo/versions/4", status=204)
        clean_up(database, planned, now)
    finally:
        database.close()
    assert _numbers(broker) == ["3"]


@_both
def test_the_last_pact_that_is_there_by_now_stays(own: tuple[Broker, str]) -> None:
    broker, url = own
    for number in "123":
        broker.publish("Foo", number, says=number)
    broker.put_on_branch("Foo", "4", "main")
    database = Database(url)
    try:
        now = time.time_ns() // 1000
        planned = plan(database, [parse_rule("latest")], now)
        assert [one.number for one in planned.doomed] == ["2", "1"]
        broker.ask("DELETE", "/pacticipants/Foo/versions/3", status=204)
        clean_up(database, planned, now)
    finally:
        database.close()
    assert _numbers(broker) == ["4", "2"]


@_both
@pytest.mark.parametrize("late", ["published", "tagged"])
def test_a_result_that_was_promised_to_a_publisher_after_the_plan_was_made_stays(
    own: tuple[Broker, str], late: str
) -> None:
    broker, url = own
    sha = broker.publish("Foo", "1", says="this")
    broker.verify("Foo", sha, "10")
    broker.publish("Foo", "2", says="that")
    broker.put_on_branch("Bar", "11", "main")
    database = Database(url)
    try:
        now = time.time_ns() // 1000
        planned = plan(database, [parse_rule("latest")], now)
        assert [(one.pacticipant, one.number) for one in planned.doomed] == [("Bar", "10"), ("Foo", "1")]
        if late == "published":
            broker.publish("Foo", "3", says="this")
        else:
            broker.ask("PUT", "/pacticipants/Foo/versions/1/tags/prod", {}, status=201)
        clean_up(database, planned, now)
    finally:
        database.close()
    number = "3" if late == "published" else "1"
    assert broker.deployable(f"Foo:{number}", "Bar:10") is True
