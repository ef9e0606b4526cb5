"""The page of a comparison: where a pact does not fit the OpenAPI document of its provider."""

from __future__ import annotations

from broker import comparing
from broker.call import Call, Reply, Route
from broker.content import load
from broker.errors import InvalidError, NotFoundError
from broker.pages.comparison_view import groups
from broker.pages.render import page
from broker.pages.surroundings import surroundings
from broker.routes.provider_contracts import COMPARISON, find_comparison
from broker.store import contracts, provider_contracts


def show(call: Call) -> Reply:
    found = find_comparison(call)
    with call.database.read() as tx:
        body = contracts.body_of(tx, found.pact.content_id, found.pact.sha)
        stored = provider_contracts.document_of(tx, found.contract.document_id, found.contract.sha)
        ids = [found.pact.version_id, found.contract.version_id]
        around = surroundings(tx, ids, [found.pact.consumer_id, found.pact.provider_id])
    if body is None or stored is None:
        raise NotFoundError("The pact or the contract has been removed")
    pact = load(body)
    try:
        document: object = comparing.document(*stored).root
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
