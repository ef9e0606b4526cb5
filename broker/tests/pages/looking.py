"""Looking at a page as different people do: in the light, in the dark, on a phone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

_CHECKS = (Path(__file__).parent / "checks.js").read_text()
_NARROW = 380


def look(page: Page, path: str, name: str, shots: Path) -> list[str]:
    """Opens the page, keeps a picture of it each way, and answers with its faults."""
    # Colours that fade are not there yet when they are measured.
    page.emulate_media(reduced_motion="reduce")
    page.goto(path)
    faults: list[str] = page.evaluate(_CHECKS)
    page.screenshot(path=shots / f"{name}-light.png", full_page=True)
    page.emulate_media(color_scheme="dark")
    faults += [f"in the dark: {fault}" for fault in page.evaluate(_CHECKS) if "contrast" in fault]
    page.screenshot(path=shots / f"{name}-dark.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": _NARROW, "height": 800})
    if (width := overflow(page)) > _NARROW:
        faults.append(f"on a phone the page is {width} pixels wide")
    page.screenshot(path=shots / f"{name}-narrow.png", full_page=True)
    return faults


def overflow(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width
