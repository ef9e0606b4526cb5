"""Pages about pacts: what they say, how they differ, how they were verified and compared."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from broker.tests.pages import scene, story
from broker.tests.pages.looking import look
from broker.tests.pages.scene import path_of_pact
from broker.tests.served import Broker

_PACT = path_of_pact("web-shop", "catalogue-api", "4.1.0")
_GIFTS = path_of_pact(*story.PAIR, "1.0")
_HTML = {"Accept": "text/html"}
_PAGES = {
    "pact": _PACT,
    "pact-rules": _GIFTS,
    "pact-v2": path_of_pact("gift-shop", "print-service"),
    "pact-messages": path_of_pact("gift-shop", "stock-events"),
    "pact-hostile": path_of_pact(scene.SCRIPT, scene.IMAGE),
    "diff": f"{_PACT}/diff/previous-distinct",
    "diff-first": f"{path_of_pact('ledger', 'ledger', '77')}/diff/previous-distinct",
    "result": "{content}/verification-results/latest",
    "result-failed": "{content}/verification-results/2",
    "contracts": "/provider-contracts/provider/search-api",
    "contract": "/provider-contracts/provider/search-api/latest",
    "comparison": "{gifts}/provider-contract/6.0/comparison",
}


def _address(broker: Broker, path: str) -> str:
    of = {"{content}": _PACT, "{gifts}": _GIFTS}
    for mark, pact in of.items():
        if mark in path:
            return path.replace(mark, broker.get(pact)["_links"]["pb:pact-version"]["href"])
    return path


@pytest.mark.parametrize("name", _PAGES)
def test_a_page_can_be_read_in_the_light_in_the_dark_and_on_a_phone(
    page: Page, filled: Broker, shots: Path, name: str
) -> None:
    assert look(page, _address(filled, _PAGES[name]), name, shots) == []


def test_a_reader_finds_an_interaction_and_what_else_would_be_accepted(page: Page) -> None:
    page.goto(_PACT)
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="a request for one article").click()
    shown = page.get_by_role("article", name="a request for one article")
    expect(shown).to_be_in_viewport()
    expect(shown).to_contain_text("Given article 7 exists")
    expect(shown).to_contain_text("GET /articles/7")
    expect(shown.locator("code", has_text='"tags"')).to_contain_text('"tags": [ accepted: each like this, at least 1')
    expect(shown).to_contain_text("The shop window needs the price.")


def test_a_pact_tells_who_verified_it_and_how_it_fits_the_document(page: Page) -> None:
    page.goto(_PACT)
    results = page.get_by_role("table", name="Latest result of each version of catalogue-api")
    expect(results.get_by_role("row", name="2.8.0")).to_contain_text("Verified")
    results.get_by_role("row", name="2.7.0").get_by_role("link", name="Failed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("catalogue-api 2.7.0 does not satisfy web-shop 4.2.0-rc1")
    expect(page.get_by_role("listitem").filter(has_text="body $.price").last).to_contain_text("Expected an integer")
    page.goto(_GIFTS)
    page.get_by_role("row", name="6.0").get_by_role("link", name="Differs by comparison").click()
    finding = page.get_by_role("article").filter(has_text="0.93 is not of type string")
    expect(finding).to_contain_text("/interactions/0/response/body/content/hits/0/score")
    expect(finding).to_contain_text("/components/schemas/Hit/properties/score/type")


def test_a_document_tells_its_operations_and_which_pacts_fit(page: Page) -> None:
    page.goto(_PAGES["contracts"])
    page.get_by_role("main").get_by_role("link", name="6.0").click()
    expect(page.get_by_role("row", name="GET /search 200")).to_contain_text("200")
    expect(page.get_by_role("row").filter(has_text="gift-shop")).to_contain_text("Differs by comparison")
    expect(page.get_by_role("region", name="Facts")).to_contain_text("Succeeded by schemathesis")


def test_two_versions_are_compared_from_the_form_by_keyboard(page: Page) -> None:
    page.goto(path_of_pact("web-shop", "orders-api", "4.2.0-rc1"))
    page.get_by_label("From version").fill("4.1.0")
    page.get_by_label("To version").press("Enter")
    expect(page.get_by_role("list", name="Summary")).to_contain_text("1 added")
    expect(page.get_by_role("article", name="all orders")).to_be_visible()
    page.goto(_PAGES["diff"])
    difference = page.get_by_role("article", name="a request for one article").get_by_role("group", name="Difference")
    expect(difference).to_contain_text("response.body.content")
    expect(difference).to_contain_text('+added: "price": {')


@pytest.mark.parametrize(
    "path", ["latest", "latest/prod", "branch/main/latest", "branch/latest", "version/4.1.0"], ids=lambda path: path
)
def test_every_address_of_a_pact_is_a_page_for_people(filled: Broker, path: str) -> None:
    pair = "/pacts/provider/catalogue-api/consumer/web-shop"
    shown = filled.client.get(f"{pair}/{path}", headers=_HTML)
    assert (shown.status_code, "text/html" in shown.headers["content-type"]) == (200, True)
    assert "Pact of web-shop 4." in shown.text
    assert filled.client.get(f"{pair}/latest/gone", headers=_HTML).status_code == 404


def test_a_browser_gets_the_raw_pact(filled: Broker) -> None:
    raw = filled.client.get(f"{_GIFTS}?raw=true", headers=_HTML)
    assert raw.headers["content-type"].startswith("application/json")
    assert [one["description"] for one in raw.json()["interactions"]] == [
        one["description"] for one in story.gifts("$")["interactions"]
    ]


def test_a_pact_of_a_thousand_interactions_is_read_in_parts(broker: Broker) -> None:
    pact = {
        "consumer": {"name": "Foo"},
        "provider": {"name": "Bar"},
        "interactions": [
            {"description": f"number {index}", "response": {"status": 200, "body": ["x" * 200] * 30}}
            for index in range(1, 1501)
        ],
    }
    content = base64.b64encode(json.dumps(pact).encode()).decode()
    contract = {"consumerName": "Foo", "providerName": "Bar", "specification": "pact", "content": content}
    body = {
        "pacticipantName": "Foo",
        "pacticipantVersionNumber": "1",
        "contracts": [contract | {"contentType": "application/json"}],
    }
    broker.ask("POST", "/contracts/publish", body, status=200)
    own = "/pacts/provider/Bar/consumer/Foo/version/1"
    first = broker.client.get(own, headers=_HTML)
    assert len(first.content) < 2_000_000
    assert "1 to 60 of 1,500" in first.text
    assert "and 500 more in the" in first.text
    assert f'href="{own}?from=61"' in first.text
    later = broker.client.get(f"{own}?from=1490", headers=_HTML).text
    assert ("1490 to 1500 of 1,500" in later, 'id="i1500"' in later) == (True, True)


def test_what_a_hostile_pact_says_is_only_text(page: Page) -> None:
    page.goto(_PAGES["pact-hostile"])
    expect(page.get_by_role("heading", name="tries </pre><script>alert(6)</script>")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name=scene.SCRIPT).first).to_be_visible()
