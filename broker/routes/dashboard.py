"""How every integration stands: its latest pact, and the latest result of that."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker import paging, registry
from broker.call import Call, Reply, Route
from broker.errors import NotFoundError
from broker.hal import dashboard as hal
from broker.model import Pact
from broker.store import branching, contracts, verifications


def everything(call: Call) -> Reply:
    return _answer(call, contracts.latest_pacts)


def of_provider(call: Call) -> Reply:
    return _answer(
        call, lambda tx: contracts.latest_pacts(tx, provider_id=registry.provider(tx, call.params["provider"]).id)
    )


def of_consumer(call: Call) -> Reply:
    def find(tx: Connection) -> list[Pact]:
        consumer = registry.pacticipant(tx, call.params["consumer"])
        return [pact for pact in contracts.latest_pacts(tx) if pact.consumer_id == consumer.id]

    return _answer(call, find)


def of_pair(call: Call) -> Reply:
    """The history of one integration: each of its pacts, latest first."""

    def find(tx: Connection) -> list[Pact]:
        consumer = registry.pacticipant(tx, call.params["consumer"])
        provider = registry.provider(tx, call.params["provider"])
        found = contracts.pacts_between(tx, consumer.id, provider.id)
        if not found:
            raise NotFoundError(f"{consumer.name} has no pact with {provider.name}")
        return found

    return _answer(call, find)


def _answer(call: Call, find: Callable[[Connection], list[Pact]]) -> Reply:
    page = paging.asked_or_first(call.query)
    with call.database.read() as tx:
        found = find(tx)
        shown = list(page.cut(found))
        results = verifications.newest(tx, {pact.content_id for pact in shown})
        ids = {pact.version_id for pact in shown} | {one.provider_version_id for one in results.values()}
        branches, tagged = branching.on_branches(tx, ids), branching.tagged(tx, ids)
    own = call.urls.at(call.path)
    body = hal.dashboard(shown, results, branches, tagged, own, call.urls)
    body["page"] = paging.body(page, len(found))
    body["_links"] |= paging.links(page, len(found), own, call.query)
    return Reply(body)


ROUTES: tuple[Route, ...] = (
    ("GET", "/dashboard", everything),
    ("GET", "/dashboard/provider/{provider}", of_provider),
    ("GET", "/dashboard/consumer/{consumer}", of_consumer),
    ("GET", "/dashboard/provider/{provider}/consumer/{consumer}", of_pair),
)
