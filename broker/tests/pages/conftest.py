"""One browser and one filled broker for all tests of pages. Nothing here changes the broker after it is filled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, sync_playwright

from broker.config import Config, WebhookConfig
from broker.store.database import Database
from broker.tests.pages import scene, story
from broker.tests.served import Broker, served

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_TIMEOUT_MS = 5000


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium: skipped where there is none, except in CI, where that is a failure."""
    found = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium found: install it, or the pages are not tested")
        pytest.skip("no Chromium found")
    # Chromium refuses to run its sandbox as root, which is what containers run as.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A served broker with the scene in it; tests only look."""
    url = f"sqlite:///{tmp_path_factory.mktemp('pages')}/broker.db"
    hooks = WebhookConfig(schemes=("http",), allow=("127.0.0.1",), retry=(3600,))
    with story.receiver() as receiver, served(Config(database_url=url, webhooks=hooks)) as broker:
        scene.fill(broker)
        story.fill(broker, receiver)
        database = Database(url)
        scene.spread_over_time(database)
        database.close()
        yield broker


@pytest.fixture
def page(chromium: Browser, filled: Broker) -> Iterator[Page]:
    """A fresh tab at the filled broker; whatever the browser complains about fails the test at its end."""
    context = chromium.new_context(base_url=filled.url, viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(_TIMEOUT_MS)
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A page with status 404 is reported as a failed resource, which is what the test asked for.
        if message.type in ("error", "warning") and "the server responded with a status of 4" not in message.text:
            complaints.append(message.text)

    def refuse(dialog: Dialog) -> None:
        complaints.append(f"a script ran: {dialog.message}")
        dialog.dismiss()

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", refuse)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where screenshots go: a folder that is not in version control, and that CI keeps."""
    folder = Path(__file__).parents[3] / "reports" / "broker-pages"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
