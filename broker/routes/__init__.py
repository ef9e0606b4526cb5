"""The handlers, one module per kind of resource, and the table of all routes."""

from __future__ import annotations

from broker.call import Route
from broker.routes import (
    contracts,
    dashboard,
    differences,
    environments,
    gates,
    index,
    integrations,
    labels,
    matrix,
    network,
    openapi,
    operations,
    pact_versions,
    pacticipants,
    pacts,
    presences,
    provider_contracts,
    provider_states,
    verification_results,
    versions,
    webhooks,
)

ROUTES: tuple[Route, ...] = (
    *index.ROUTES,
    *openapi.ROUTES,
    *operations.ROUTES,
    *contracts.ROUTES,
    *pacts.ROUTES,
    *verification_results.ROUTES,
    *pacticipants.ROUTES,
    *versions.ROUTES,
    *environments.ROUTES,
    *presences.ROUTES,
    *matrix.ROUTES,
    *provider_contracts.ROUTES,
    *labels.ROUTES,
    *gates.ROUTES,
    *dashboard.ROUTES,
    *network.ROUTES,
    *differences.ROUTES,
    *pact_versions.ROUTES,
    *provider_states.ROUTES,
    *integrations.ROUTES,
    *webhooks.ROUTES,
)
