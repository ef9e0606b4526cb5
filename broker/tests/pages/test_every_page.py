"""What holds for each page, whatever it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from broker.config import Config
from broker.tests.pages import scene
from broker.tests.pages.looking import look
from broker.tests.postgres import Postgres
from broker.tests.served import Broker, served

_HTML = {"Accept": "text/html"}
_TO_PRODUCTION = "/matrix?q[][pacticipant]=web-shop&q[][version]=4.2.0-rc1&environment=test&latestby=cvpv"
_SCRIPT = quote(scene.SCRIPT, safe="")
PAGES = {
    "overview": "/",
    "overview-heads": "/?tags=true&sort=status",
    "matrix": "/matrix",
    "matrix-pair": "/matrix/provider/catalogue-api/consumer/web-shop",
    "matrix-answer": _TO_PRODUCTION,
    "matrix-fault": "/matrix?q[][pacticipant]=nobody",
    "pacticipants": "/pacticipants",
    "pacticipant": "/pacticipants/orders-api",
    "pacticipant-hostile": f"/pacticipants/{_SCRIPT}",
    "version": "/pacticipants/catalogue-api/versions/2.8.0",
    "environments": "/environments",
    "network": "/network",
    "api": "/hal-browser/browser.html",
    "relations": "/doc",
    "relation": "/doc/publish-contracts",
    "missing": "/pacticipants/nobody",
}


@pytest.fixture(scope="module")
def behind_a_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that the world knows as https://pacts.example.test/contracts."""
    url = f"sqlite:///{tmp_path_factory.mktemp('proxy')}/broker.db"
    with served(Config(database_url=url, base_url="https://pacts.example.test/contracts")) as broker:
        scene.fill(broker)
        yield broker


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_in_the_light_in_the_dark_and_on_a_phone(page: Page, shots: Path, name: str) -> None:
    faults = look(page, PAGES[name], name, shots)
    assert faults == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_may_load_nothing_but_files_of_this_broker(filled: Broker, name: str) -> None:
    policy = filled.client.get(PAGES[name], headers=_HTML).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"


def test_every_page_is_there_on_postgresql_too(postgres: Postgres) -> None:
    expected = {"matrix-fault": 400, "missing": 404}
    with served(Config(database_url=postgres.database())) as broker:
        scene.fill(broker)
        found = {name: broker.client.get(path, headers=_HTML).status_code for name, path in PAGES.items()}
    assert found == {name: expected.get(name, 200) for name in PAGES}


def test_names_that_are_scripts_are_shown_as_they_are_written(page: Page) -> None:
    page.goto(PAGES["pacticipant-hostile"])
    expect(page.get_by_role("heading", name=scene.SCRIPT, exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=scene.IMAGE, exact=True)).not_to_have_count(0)
    page.goto("/")
    expect(page.get_by_text(scene.HOSTILE_BRANCH, exact=True)).to_be_visible()


def test_only_web_addresses_become_links(page: Page) -> None:
    page.goto("/pacticipants/mobile-app")
    expect(page.get_by_text("javascript:alert(4)")).to_be_visible()
    page.goto("/pacticipants/web-shop")
    expect(page.get_by_role("link", name="https://git.example.test/shop/web")).to_be_visible()
    assert page.locator("a[href^='javascript:']").count() == 0


def test_the_keyboard_reaches_the_content_first_then_each_part(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Name contains")).to_be_focused()
    page.keyboard.type("catalogue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("table")).to_contain_text("web-shop")
    assert "ledger" not in page.get_by_role("table").inner_text()


def test_the_menu_says_where_the_reader_is(page: Page) -> None:
    for name, part in (("overview", "Integrations"), ("pacticipant", "Pacticipants"), ("network", "Network")):
        page.goto(PAGES[name])
        current = page.get_by_role("navigation", name="Main").locator("[aria-current]")
        expect(current).to_have_text(part)


def test_pages_work_without_scripts(filled: Broker, page: Page) -> None:
    assert page.context.browser is not None
    context = page.context.browser.new_context(base_url=filled.url, java_script_enabled=False)
    bare = context.new_page()
    bare.goto("/matrix")
    bare.get_by_label("Pacticipant").first.fill("web-shop")
    bare.get_by_role("button", name="Ask").click()
    expect(bare.get_by_role("table")).to_contain_text("catalogue-api")
    context.close()


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/no/such/thing", 404, "There is nothing at this address"),
        ("/pacticipants/nobody", 404, "There is nothing at this address"),
        ("/?pageNumber=0", 400, "This question cannot be answered"),
        ("/contracts/publish", 405, "That is not possible here"),
    ],
)
def test_an_error_is_a_page_for_people_and_json_for_programs(
    filled: Broker, path: str, status: int, heading: str
) -> None:
    shown = filled.client.get(path, headers=_HTML)
    assert (status, True) == (shown.status_code, f"<h1>{heading}</h1>" in shown.text)
    told = filled.client.get(path, headers={"Accept": "application/hal+json"})
    if "pageNumber" not in path:
        assert status == told.status_code
        assert "json" in told.headers["content-type"]


def test_style_sheets_and_scripts_are_not_sent_twice(filled: Broker) -> None:
    first = filled.client.get("/assets/style.css", headers={"Accept": "text/css,*/*;q=0.1"})
    assert first.headers["content-type"].startswith("text/css")
    again = filled.client.get("/assets/style.css", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == httpx.codes.NOT_MODIFIED


@pytest.mark.parametrize("name", PAGES)
def test_behind_a_proxy_every_link_stays_under_its_prefix(behind_a_proxy: Broker, name: str) -> None:
    shown = behind_a_proxy.client.get(PAGES[name], headers=_HTML).text
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', shown)
    own = [address for address in addresses if not address.startswith(("#", "?", "http"))]
    assert len(own) > 8
    assert [address for address in own if not address.startswith("/contracts/")] == []


def test_who_may_not_enter_gets_a_page_that_says_so(tmp_path: Path) -> None:
    with served(Config(database_url=f"sqlite:///{tmp_path}/broker.db", token="secret")) as broker:
        shown = broker.client.get("/", headers=_HTML)
        assert (shown.status_code, "You need to sign in" in shown.text) == (401, True)
        assert "basic" in shown.headers["www-authenticate"].lower()
        assert broker.client.get("/assets/style.css").status_code == httpx.codes.OK
