"""One version of a pacticipant: where it is, its pacts, and its verification results."""

from __future__ import annotations

from broker import registry
from broker.call import Call, Reply, Route
from broker.pages.render import page
from broker.pages.standing import standings
from broker.pages.surroundings import Surroundings, surroundings
from broker.store import contracts, environments, overview, provider_contracts, verifications

_MOST_RESULTS = 200


def version(call: Call) -> Reply:
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        found = registry.version(tx, owner, call.params["version"])
        verified = overview.contents_verified_by(tx, found.id, limit=_MOST_RESULTS)
        results = verifications.latest(tx, verified.keys(), [found.id])
        values = {
            "around": surroundings(tx, [found.id], [owner.id]).get(found.id, Surroundings()),
            "presences": environments.presences(tx, [found.id]),
            "needs": standings(tx, contracts.pacts_of_versions(tx, [found.id])),
            "contract": provider_contracts.find(tx, found.id),
            "places": environments.every(tx),
        }
    rows = [(verified[result.content_id], result) for result in reversed(results) if result.content_id in verified]
    return page(call, "version.html", owner=owner, version=found, results=rows, **values)


ROUTES: tuple[Route, ...] = (("GET", "/pacticipants/{pacticipant}/versions/{version}", version),)
