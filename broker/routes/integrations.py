"""Integrations: which consumer has a pact with which provider."""

from __future__ import annotations

from broker import paging, registry
from broker.call import NO_CONTENT, Call, Reply, Route
from broker.errors import NotFoundError
from broker.hal.urls import Urls
from broker.hal.values import Json, curies, link
from broker.query import value
from broker.store import contracts, pacticipants, removal

_ONE = "/integrations/provider/{provider}/consumer/{consumer}"


def listed(call: Call) -> Reply:
    """By consumer and provider; in pages when pages are asked for; `?q=` keeps those whose names hold a text."""
    page, wanted = paging.asked(call.query), (value(call.query, "q") or "").casefold()
    with call.database.read() as tx:
        ids = contracts.integrations_of(tx)
        known = pacticipants.by_ids(tx, {id_ for pair in ids for id_ in pair})
    pairs = sorted((known[consumer].name, known[provider].name) for consumer, provider in ids)
    kept = [pair for pair in pairs if any(wanted in name.casefold() for name in pair)]
    own = call.urls.at("/integrations")
    body: Json = {
        "_embedded": {"integrations": [_integration(*pair, call.urls) for pair in (page.cut(kept) if page else kept)]},
        "_links": {
            "self": link(own, title="Integrations"),
            "pb:dashboard": link(call.urls.at("/dashboard"), title="How every integration stands"),
            "curies": curies(call.urls.base, "integrations"),
        },
    }
    return Reply(paging.paged(body, page, len(kept), own, call.query))


def show(call: Call) -> Reply:
    with call.database.read() as tx:
        consumer = registry.pacticipant(tx, call.params["consumer"])
        provider = registry.provider(tx, call.params["provider"])
        if (consumer.id, provider.id) not in contracts.integrations_of(tx, [consumer.id]):
            raise NotFoundError(f"{consumer.name} has no pact with {provider.name}")
    return Reply(_integration(consumer.name, provider.name, call.urls))


def _integration(consumer: str, provider: str, urls: Urls) -> Json:
    pair = urls.pair(consumer, provider)
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "_embedded": {
            "consumer": {"name": consumer, "_links": {"self": link(urls.pacticipant(consumer))}},
            "provider": {"name": provider, "_links": {"self": link(urls.pacticipant(provider))}},
        },
        "_links": {
            "self": link(urls.integration(consumer, provider), title="Integration"),
            "pb:matrix": link(urls.matrix_of_pair(consumer, provider), title="Matrix"),
            "pb:dashboard": link(urls.dashboard(consumer, provider), title="How this integration stands"),
            "pb:latest-pact-version": link(f"{pair}/latest", title="Latest pact"),
            "pb:all-pact-versions": link(f"{pair}/versions", title="All pacts"),
        },
    }


def remove(call: Call) -> Reply:
    """Its pacts, results and webhooks go too; the pacticipants and their versions stay."""
    with call.database.write() as tx:
        consumer = registry.pacticipant(tx, call.params["consumer"])
        provider = registry.provider(tx, call.params["provider"])
        removal.remove_integration(tx, consumer.id, provider.id)
    return NO_CONTENT


def remove_all(call: Call) -> Reply:
    with call.database.write() as tx:
        for consumer_id, provider_id in contracts.integrations_of(tx):
            removal.remove_integration(tx, consumer_id, provider_id)
    return NO_CONTENT


ROUTES: tuple[Route, ...] = (
    ("GET", "/integrations", listed),
    ("DELETE", "/integrations", remove_all),
    ("GET", _ONE, show),
    ("DELETE", _ONE, remove),
)
