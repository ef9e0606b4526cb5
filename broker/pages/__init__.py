"""The pages for people, at the addresses of what they show. They need no build step and no other host."""

from __future__ import annotations

from broker.call import Route
from broker.pages import (
    assets,
    badge_images,
    browser,
    comparisons,
    differences,
    environments,
    matrix,
    network,
    overview,
    pact,
    pacticipants,
    provider_contracts,
    relations,
    results,
    versions,
    webhooks,
)

# For whoever accepts HTML; others get the resource of the same address.
PAGES: tuple[Route, ...] = (
    *badge_images.ROUTES,  # else a browser would take the badge for a tag of that name
    *provider_contracts.ROUTES,
    *comparisons.ROUTES,
    *webhooks.ROUTES,
    *results.ROUTES,
    *differences.ROUTES,
    *pact.ROUTES,
    *overview.ROUTES,
    *matrix.ROUTES,
    *network.ROUTES,
    *pacticipants.ROUTES,
    *versions.ROUTES,
    *environments.ROUTES,
)

# For everybody: a browser does not accept HTML when it asks for a style sheet.
ALWAYS: tuple[Route, ...] = (*assets.ROUTES, *badge_images.ROUTES, *browser.ROUTES, *relations.ROUTES)
