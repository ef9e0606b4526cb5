from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from broker.tests.pages import scene, story
from broker.tests.pages.looking import look
from broker.tests.served import Broker

_HTML = {"Accept": "text/html"}
_PAGES = {
    "webhooks": "/webhooks",
    "webhooks-pair": "/webhooks/provider/search-api/consumer/gift-shop",
    "webhook": f"/webhooks/{story.BROKEN_HOOK}",
    "delivery": "{delivery}",
}


def _address(broker: Broker, path: str) -> str:
    if path != "{delivery}":
        return path
    found = broker.get(f"/webhooks/{story.BROKEN_HOOK}/deliveries")["_embedded"]["deliveries"][0]
    return f"/triggered-webhooks/{found['uuid']}"


@pytest.mark.parametrize("name", _PAGES)
def test_a_page_can_be_read_in_the_light_in_the_dark_and_on_a_phone(
    page: Page, filled: Broker, shots: Path, name: str
) -> None:
    assert look(page, _address(filled, _PAGES[name]), name, shots) == []


def test_a_reader_follows_a_call_that_failed_to_its_log(page: Page) -> None:
    page.goto("/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Webhooks").click()
    hooks = page.get_by_role("table", name="2 webhooks")
    expect(hooks.get_by_role("row", name="Start the provider's build")).to_contain_text("Delivered")
    hooks.get_by_role("link", name=f"Tell the chat {scene.SCRIPT}").click()
    expect(page.get_by_role("region", name="Request")).to_contain_text("authorization")
    page.get_by_role("row").filter(has_text="search-api").first.get_by_role("link").first.click()
    expect(page.get_by_role("main")).to_contain_text("Retrying after 1 attempt")
    expect(page.get_by_role("region", name="Attempt 1")).to_contain_text("ERROR")


def test_no_page_shows_the_secrets_of_a_webhook(filled: Broker) -> None:
    for path in _PAGES.values():
        shown = filled.client.get(_address(filled, path), headers=_HTML)
        assert shown.status_code == 200
        assert "s3cret" not in shown.text, path


def test_a_webhook_that_is_not_there_is_a_page_that_says_so(filled: Broker) -> None:
    for path in ("/webhooks/none", "/triggered-webhooks/none"):
        assert filled.client.get(path, headers=_HTML).status_code == 404
