from __future__ import annotations

from playwright.sync_api import Page, expect

from broker.tests.pages.scene import path_of_pact

_PACT = path_of_pact("web-shop", "catalogue-api", "4.1.0")


def test_a_reader_finds_an_interaction_and_what_else_would_be_accepted(page: Page) -> None:
    page.goto(_PACT)
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="a request for one article").click()
    shown = page.get_by_role("article", name="a request for one article")
    expect(shown).to_be_in_viewport()
    expect(shown).to_contain_text("Given article 7 exists")
    expect(shown).to_contain_text("GET /articles/7")
    expect(shown.locator("code", has_text='"tags"')).to_contain_text('"tags": [ accepted: each like this, at least 1')
    expect(shown).to_contain_text("The shop window needs the price.")
