"""What a person can find out and do on the pages."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from broker.tests.served import Broker


def test_the_overview_tells_how_an_integration_stands_and_where_it_runs(page: Page) -> None:
    page.goto("/")
    row = page.get_by_role("row").filter(has_text="payments-api").filter(has_text="ledger")
    expect(row).to_contain_text("Failed")
    shop = page.get_by_role("row").filter(has_text="web-shop").filter(has_text="catalogue-api")
    expect(shop).to_contain_text("production: 4.1.0 → 2.8.0")
    expect(shop).to_contain_text("by 2.8.0")
    mobile = page.get_by_role("row").filter(has_text="mobile-app").filter(has_text="catalogue-api")
    expect(mobile).to_contain_text("Changed since verified")


def test_the_overview_can_be_searched_filtered_and_sorted(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Name contains").fill("LEDGER")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(3)
    page.get_by_label("Status").select_option("failed")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="Show all").click()
    page.get_by_role("link", name="Status", exact=True).click()
    expect(page.get_by_role("columnheader", name="Status")).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("table").get_by_role("row").nth(1)).to_contain_text("Failed")


def test_the_overview_shows_the_heads_of_branches_and_tags_when_asked(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("link", name="Pact of web-shop 4.1.0 with catalogue-api")).to_have_count(0)
    page.get_by_label("Latest of every branch and tag").check()
    page.get_by_role("button", name="Show").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Pact of web-shop 4.1.0 with catalogue-api"))
    expect(row).to_contain_text("branch main")
    expect(row).to_contain_text("tag prod")


def test_the_matrix_answers_whether_a_version_can_be_deployed_and_why(page: Page) -> None:
    page.goto("/matrix")
    page.get_by_label("Pacticipant").first.fill("web-shop")
    page.get_by_label("Version").first.fill("4.2.0-rc1")
    page.get_by_label(re.compile("^Environment")).select_option("test")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("heading", name="No: web-shop 4.2.0-rc1 cannot be deployed to test")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("orders-api 9b1d2c4 (in test) failed")
    expect(page.get_by_role("listitem").get_by_role("link", name="verification-results")).to_be_visible()
    page.get_by_text("Ask something else").click()
    page.get_by_label(re.compile("^Environment")).select_option("production")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("heading", name="Yes: web-shop 4.2.0-rc1 can be deployed to production")).to_be_visible()


def test_the_answer_does_not_depend_on_how_many_rows_are_shown(page: Page) -> None:
    page.goto("/matrix?q[][pacticipant]=web-shop&q[][version]=4.2.0-rc1&environment=test&limit=1")
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("heading", name=re.compile("^No: web-shop"))).to_be_visible()


def test_a_question_that_makes_no_sense_is_told_above_the_form(page: Page) -> None:
    page.goto("/matrix?q[][pacticipant]=nobody")
    expect(page.get_by_role("alert")).to_contain_text("nobody")
    expect(page.get_by_label("Pacticipant").first).to_have_value("nobody")


def test_a_pacticipant_shows_its_branches_versions_and_what_it_works_with(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="orders-api", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("orders-api")
    branches = page.get_by_role("table", name="Branches and their latest versions")
    expect(branches.get_by_role("row").filter(has_text="feat/bulk")).to_contain_text("9b1d2c4")
    expect(page.get_by_role("table", name="As a consumer")).to_contain_text("payments-api")
    expect(page.get_by_role("table", name="As a provider")).to_contain_text("web-shop")
    page.get_by_role("table", name=re.compile("versions, the latest first")).get_by_role("link", name="9b1d2c4").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("orders-api 9b1d2c4")
    page.get_by_role("link", name="to production").click()
    expect(page.get_by_role("main")).to_contain_text("deployed")


def test_an_environment_shows_what_is_there(page: Page) -> None:
    page.goto("/environments")
    page.get_by_role("link", name="production", exact=True).click()
    expect(page.get_by_role("table").get_by_role("row").filter(has_text="orders-api")).to_contain_text("blue")
    expect(page.get_by_role("table").get_by_role("row").filter(has_text="12.0")).to_contain_text("released")


def test_the_network_leads_to_each_pacticipant_and_says_the_same_in_a_table(page: Page) -> None:
    page.goto("/network")
    drawing = page.get_by_role("group", name=re.compile("Network of"))
    expect(drawing.locator("path.edge.failed")).not_to_have_count(0)
    expect(page.get_by_role("table").get_by_role("row").filter(has_text="payments-api").last).to_contain_text("Failed")
    drawing.get_by_role("link", name="stock-api").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("stock-api")


def test_the_api_can_be_walked_by_hand(page: Page) -> None:
    page.goto("/hal-browser/browser.html")
    page.get_by_role("link", name="A version", exact=True).click()
    page.get_by_role("textbox", name="pacticipant").fill("web-shop")
    page.get_by_role("textbox", name="version").fill("4.1.0")
    page.get_by_role("button", name="Follow").click()
    expect(page.get_by_role("status")).to_contain_text("200")
    expect(page.get_by_role("textbox", name="Path")).to_have_value("/pacticipants/web-shop/versions/4.1.0")
    expect(page.locator("#answer")).to_contain_text('"number": "4.1.0"')
    page.go_back()
    expect(page.get_by_role("textbox", name="Path")).to_have_value("/")


def test_a_link_that_cannot_be_read_becomes_a_request_with_its_method(page: Page) -> None:
    page.goto("/hal-browser/browser.html")
    expect(page.locator("#answer")).to_have_text("(links alone)")
    page.get_by_role("link", name="Publish contracts", exact=True).click()
    expect(page.get_by_label("Method")).to_have_value("POST")
    expect(page.get_by_role("textbox", name="Path")).to_have_value("/contracts/publish")
    page.get_by_role("link", name="Publish a pact", exact=True).click()
    for name in ("provider", "consumer", "consumerApplicationVersion"):
        page.get_by_role("textbox", name=name, exact=True).fill("a/b")
    page.get_by_label("Values of the link").get_by_role("button", name="Use").click()
    expect(page.get_by_label("Method")).to_have_value("PUT")
    expect(page.get_by_role("textbox", name="Path")).to_have_value("/pacts/provider/a%2Fb/consumer/a%2Fb/version/a%2Fb")


def test_the_api_can_be_written_to_by_hand(page: Page, filled: Broker) -> None:
    page.goto("/hal-browser/browser.html#/pacticipants")
    page.get_by_label("Method").select_option("POST")
    page.get_by_label("Body").fill('{"name": "by-hand"}')
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("201")
    page.get_by_role("textbox", name="Path").fill("/pacticipants/by-hand")
    page.get_by_label("Method").select_option("DELETE")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("204")
    filled.get("/pacticipants/by-hand", status=404)
