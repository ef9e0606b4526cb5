"""The first page: every integration and how it stands."""

from __future__ import annotations

from broker.call import Call, Reply, Route
from broker.pages.render import page
from broker.store import contracts, verifications


def overview(call: Call) -> Reply:
    with call.database.read() as tx:
        found = contracts.latest_pacts(tx)
        results = verifications.newest(tx, {pact.content_id for pact in found})
    return page(call, "overview.html", rows=[(pact, results.get(pact.content_id)) for pact in found])


ROUTES: tuple[Route, ...] = (("GET", "/", overview),)
