"""The pages for people, at the addresses of what they show. They need no build step and no other host."""

from __future__ import annotations

from broker.call import Route
from broker.pages import assets, overview

PAGES: tuple[Route, ...] = (
    *assets.ROUTES,
    *overview.ROUTES,
)
