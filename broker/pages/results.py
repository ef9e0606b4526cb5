"""The page of one verification result."""

from __future__ import annotations

import orjson

from broker import registry
from broker.call import Call, Reply, Route
from broker.content import load
from broker.pages.render import page
from broker.pages.result_view import view
from broker.pages.surroundings import surroundings
from broker.store import contracts, verifications

_CONTENT = "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}"
_MOST_PUBLICATIONS = 12


def show(call: Call) -> Reply:
    with call.database.read() as tx:
        pact = registry.pact_with_content(tx, call.params, call.params["sha"])
        result = registry.result(tx, pact, call.params.get("number"))
        details = orjson.loads(verifications.body(tx, result.id))
        shown = view(load(contracts.body(tx, pact.content_id)), details)
        ids = [pact.version_id, result.provider_version_id]
        around = surroundings(tx, ids, [pact.consumer_id, pact.provider_id])
        same = contracts.pacts_with_content(tx, pact.content_id, limit=_MOST_PUBLICATIONS)[1:]
        newest = verifications.latest(tx, [pact.content_id], [result.provider_version_id])[-1]
    return page(call, "result.html", pact=pact, result=result, view=shown, around=around, newest=newest, same=same)


ROUTES: tuple[Route, ...] = (
    ("GET", f"{_CONTENT}/verification-results/latest", show),
    ("GET", f"{_CONTENT}/verification-results/{{number}}", show),
    ("GET", f"{_CONTENT}/metadata/{{metadata}}/verification-results/{{number}}", show),
)
