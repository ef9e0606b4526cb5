"""The page of a comparison: where a pact does not fit the OpenAPI document of its provider."""

from __future__ import annotations

from broker import bidirectional
from broker.call import Call, Reply, Route
from broker.content import load
from broker.errors import InvalidError
from broker.pages.comparison_view import groups
from broker.pages.render import page
from broker.pages.surroundings import surroundings
from broker.routes.provider_contracts import COMPARISON, find_comparison
from broker.store import contracts, provider_contracts


def show(call: Call) -> Reply:
    with call.database.read() as tx:
        found = find_comparison(tx, call)
        pact = load(contracts.body(tx, found.pact.content_id))
        stored = provider_contracts.document(tx, found.contract.document_id)
        ids = [found.pact.version_id, found.contract.version_id]
        around = surroundings(tx, ids, [found.pact.consumer_id, found.pact.provider_id])
    bidirectional.keep(call.database, found.fresh, call.now)
    try:
        document: object = bidirectional.document(*stored).root
    except InvalidError:
        document = None  # the report says that it cannot be read
    shown = groups(found.report, pact, document)
    return page(
        call,
        "comparison.html",
        pact=found.pact,
        contract=found.contract,
        of=found.comparison,
        groups=shown,
        left_out=len(found.report.findings) - sum(len(group.findings) for group in shown),
        around=around,
    )


ROUTES: tuple[Route, ...] = (("GET", COMPARISON, show),)
