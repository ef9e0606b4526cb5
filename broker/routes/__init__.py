"""The handlers, one module per kind of resource, and the table of all routes."""

from __future__ import annotations

from broker.call import Route
from broker.routes import (
    contracts,
    differences,
    environments,
    index,
    integrations,
    labels,
    matrix,
    pact_versions,
    pacticipants,
    pacts,
    presences,
    provider_contracts,
    provider_states,
    verification_results,
    versions,
)

ROUTES: tuple[Route, ...] = (
    *index.ROUTES,
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
    *differences.ROUTES,
    *pact_versions.ROUTES,
    *provider_states.ROUTES,
    *integrations.ROUTES,
)
