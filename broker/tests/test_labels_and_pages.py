"""Labels of pacticipants, and lists in pages."""

from __future__ import annotations

import pytest

from broker.tests.served import Broker, Json


def _names(body: Json, kind: str, key: str = "name") -> list[str]:
    return [item[key] for item in body["_embedded"][kind]]


def test_a_label_is_put_shown_and_taken_away(broker: Broker) -> None:
    broker.publish("Foo", "1")
    path = "/pacticipants/Foo/labels/team%2Fred"
    made = broker.ask("PUT", path, status=201)
    assert made["name"] == "team/red"
    assert broker.ask("PUT", path, {}, status=200)["createdAt"] == made["createdAt"]
    assert _names(broker.get("/pacticipants/Foo"), "labels") == ["team/red"]
    assert _names(broker.get("/pacticipants/Foo/labels"), "labels") == ["team/red"]
    assert broker.get(path)["_links"]["pacticipant"]["href"].endswith("/pacticipants/Foo")
    broker.ask("DELETE", path, status=204)
    broker.get(path, 404)
    broker.ask("DELETE", path, status=404)


def test_a_label_finds_its_pacticipants(broker: Broker) -> None:
    broker.publish("Foo", "1")
    for name in ("Foo", "Bar"):
        broker.ask("PUT", f"/pacticipants/{name}/labels/red", status=201)
    broker.ask("PUT", "/pacticipants/Foo/labels/blue", status=201)
    assert _names(broker.get("/pacticipants/label/red"), "pacticipants") == ["Bar", "Foo"]
    assert _names(broker.get("/pacticipants/label/green"), "pacticipants") == []
    assert _names(broker.get("/labels"), "labels") == ["blue", "red"]
    assert _names(broker.get("/labels?page=2&size=1"), "labels") == ["red"]


def test_a_label_needs_its_pacticipant(broker: Broker) -> None:
    broker.ask("PUT", "/pacticipants/Nobody/labels/red", status=404)


@pytest.mark.parametrize("style", ["pageNumber={}&pageSize=2", "page={}&size=2"])
@pytest.mark.parametrize(
    ("path", "kind", "key"),
    [
        ("/pacticipants", "pacticipants", "name"),
        ("/pacticipants/Foo/versions", "versions", "number"),
        ("/pacticipants/Foo/branches", "branches", "name"),
        ("/pacticipants/Foo/branches/main/versions", "versions", "number"),
        ("/integrations", "integrations", "consumer"),
    ],
)
def test_a_list_in_pages_leads_through_all_of_it_once(
    broker: Broker, path: str, kind: str, key: str, style: str
) -> None:
    for number in "12345":
        broker.publish("Foo", number, provider=f"Bar {number}", branch="main")
        broker.put_on_branch("Foo", number, f"feat/{number}")
    whole = [item[key] for item in broker.get(f"{path}?pageSize=1000")["_embedded"][kind]]
    paged, href = [], f"{broker.url}{path}?{style.format(1)}"
    for _ in range(10):
        body = broker.get(href)
        paged += [item[key] for item in body["_embedded"][kind]]
        if "next" not in body["_links"]:
            break
        href = body["_links"]["next"]["href"]
    assert paged == whole
    assert body["page"] == {"number": 3, "size": 2, "totalElements": len(whole), "totalPages": 3}
    assert broker.get(body["_links"]["previous"]["href"])["page"]["number"] == 2


@pytest.mark.parametrize(
    "path",
    [
        "/pacts/latest",
        "/pacts/provider/Bar",
        "/pacts/provider/Bar/latest",
        "/pacts/provider/Bar/tag/prod",
        "/pacts/provider/Bar/branch/main",
        "/pacts/provider/Bar/consumer/Foo 1/versions",
    ],
)
def test_a_list_of_pacts_is_whole_unless_a_page_of_it_is_asked_for(broker: Broker, path: str) -> None:
    def pacts(body: Json) -> list[str]:
        links = body["_links"].get("pb:pacts") or body["_links"]["pb:pact-versions"]
        return [one["href"] for one in links]

    for number in "123":
        broker.publish(f"Foo {number}", "1", branch="main", tags=["prod"])
    for number in "23":
        broker.publish("Foo 1", number, branch="main", tags=["prod"])
    whole = broker.get(path)
    assert "page" not in whole
    first = broker.get(f"{path}?pageSize=2")
    second = broker.get(first["_links"]["next"]["href"])
    assert pacts(first) + pacts(second) == pacts(whole)[:4]
    assert second["page"] == {
        "number": 2,
        "size": 2,
        "totalElements": len(pacts(whole)),
        "totalPages": len(pacts(whole)) // 2 + 1,
    }


@pytest.mark.parametrize(
    "query", ["pageSize=0", "pageNumber=x", "size=-1", "pageSize=1001", "page=1.5", "pageSize=", "page=%20&size=5"]
)
def test_a_page_that_cannot_be_is_refused(broker: Broker, query: str) -> None:
    [(name, messages)] = broker.get(f"/pacticipants?{query}", 400)["errors"].items()
    assert name == query.partition("=")[0]
    assert messages[0].startswith("must be a number from 1 to")


def test_a_page_may_be_asked_for_by_both_names_at_once(broker: Broker) -> None:
    asked = broker.get("/pacticipants?pageNumber=1&pageSize=5&page=1&size=5")
    assert (asked["page"]["number"], asked["page"]["size"]) == (1, 5)


@pytest.mark.parametrize("query", ["pageSize=x&pageSize=5", "pageSize=5&pageSize=5", "pageSize=5&size=6"])
def test_a_page_that_is_asked_for_in_two_ways_is_refused(broker: Broker, query: str) -> None:
    errors = broker.get(f"/pacticipants?{query}", 400)["errors"]
    assert errors == {"pageSize": ["is given more than once"]}


def test_branches_can_be_searched_and_removed_but_for_the_main_one(broker: Broker) -> None:
    for branch in ("main", "feat/x", "feat/y", "old"):
        broker.put_on_branch("Foo", "1", branch)
    path = "/pacticipants/Foo/branches"
    assert _names(broker.get(f"{path}?q=EAT"), "branches") == ["feat/x", "feat/y"]
    broker.ask("DELETE", f"{path}?exclude[]=old", status=204)
    assert _names(broker.get(path), "branches") == ["main", "old"]
    broker.get("/pacticipants/Foo/versions/1")
