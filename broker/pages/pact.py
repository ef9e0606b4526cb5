"""A pact for people: when and by whom it was published, how it was verified, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen
from sqlalchemy import Connection

from broker import registry
from broker.call import JSON, Call, Reply, Route
from broker.content import load
from broker.errors import NotFoundError
from broker.model import Comparison, Pact, ProviderContract, Verification, Version
from broker.pages.pact_view import view
from broker.pages.render import page
from broker.pages.standing import Standing, standings
from broker.pages.surroundings import Surroundings, surroundings
from broker.query import value
from broker.store import branching, contracts, pacticipants, provider_contracts, verifications

PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_MOST_RESULTS = 25
_MOST_CONTRACTS = 10  # of the provider, latest first
_MOST_PUBLICATIONS = 12
_MOST_OFFERED = 60  # versions to compare with

Find = Callable[[Connection, int, int], list[Pact]]  # (consumer id, provider id) -> the pact that is meant, first


@frozen
class Published:
    """All that the head of the page tells. `older` is the last pact before this one that says something else,
    `offered` are the versions to compare with."""

    pact: Pact
    version: Version
    body: bytes
    publications: tuple[Pact, ...]
    results: tuple[Verification, ...]
    contracts: tuple[tuple[ProviderContract, Comparison | None], ...]
    standing: Standing
    around: Mapping[int, Surroundings]
    older: Pact | None
    offered: tuple[Pact, ...]


def of_version(call: Call) -> Reply:
    return _shown(call, lambda tx: registry.pact(tx, call.params, call.params["version"]))


def by_content(call: Call) -> Reply:
    return _shown(call, lambda tx: registry.pact_with_content(tx, call.params, call.params["sha"]))


def latest(call: Call) -> Reply:
    return _shown(call, _found(call, lambda tx, *pair: contracts.pacts_between(tx, *pair, limit=1)))


def latest_tagged(call: Call) -> Reply:
    def find(tx: Connection, consumer: int, provider: int) -> list[Pact]:
        found = contracts.latest_with_tag(tx, provider, call.params["tag"])
        return [pact for pact in found if pact.consumer_id == consumer]

    return _shown(call, _found(call, find))


def latest_on_branch(call: Call) -> Reply:
    def find(tx: Connection, consumer: int, provider: int) -> list[Pact]:
        found = branching.versions_on_branch(tx, [consumer], call.params.get("branch"))
        return contracts.pacts_of_versions(tx, found.get(consumer, []), [provider])[-1:]

    return _shown(call, _found(call, find))


def _found(call: Call, find: Find) -> Callable[[Connection], Pact]:
    def found(tx: Connection) -> Pact:
        consumer = registry.pacticipant(tx, call.params["consumer"])
        provider = registry.provider(tx, call.params["provider"])
        pacts = find(tx, consumer.id, provider.id)
        if not pacts:
            raise NotFoundError(f"No such pact between {consumer.name} and {provider.name}")
        return pacts[0]

    return found


def _shown(call: Call, find: Callable[[Connection], Pact]) -> Reply:
    with call.database.read() as tx:
        pact = find(tx)
        if value(call.query, "raw"):
            return Reply(contracts.body(tx, pact.content_id), media_type=JSON)
        published = _published(tx, pact)
    first = value(call.query, "from") or "1"
    shown = view(load(published.body), int(first) if first.isdecimal() and len(first) < 10 else 1)
    return page(call, "pact.html", of=published, pact=pact, view=shown, most=_MOST_RESULTS)


def _published(tx: Connection, pact: Pact) -> Published:
    publications = contracts.pacts_with_content(tx, pact.content_id, limit=_MOST_PUBLICATIONS)
    results = verifications.latest(tx, [pact.content_id], limit=_MOST_RESULTS)[::-1]
    offers = provider_contracts.of_provider(tx, pact.provider_id, limit=_MOST_CONTRACTS)
    compared = provider_contracts.compared(tx, [pact.content_id], {one.document_id for one in offers})
    ids = {
        pact.version_id,
        *(one.version_id for one in offers),
        *(one.version_id for one in publications),
        *(one.provider_version_id for one in results),
    }
    return Published(
        pact,
        pacticipants.versions_by_ids(tx, [pact.version_id])[pact.version_id],
        contracts.body(tx, pact.content_id),
        tuple(one for one in publications if one.id != pact.id),
        tuple(results),
        tuple((one, compared.get((pact.content_id, one.document_id))) for one in offers),
        standings(tx, [pact])[0],
        surroundings(tx, ids, [pact.consumer_id, pact.provider_id]),
        contracts.previous_distinct(tx, pact),
        tuple(contracts.pacts_between(tx, pact.consumer_id, pact.provider_id, limit=_MOST_OFFERED)),
    )


ROUTES: tuple[Route, ...] = (
    ("GET", f"{PAIR}/version/{{version}}", of_version),
    ("GET", f"{PAIR}/latest", latest),
    ("GET", f"{PAIR}/latest/{{tag}}", latest_tagged),
    ("GET", f"{PAIR}/branch/latest", latest_on_branch),
    ("GET", f"{PAIR}/branch/{{branch}}/latest", latest_on_branch),
    ("GET", f"{PAIR}/pact-version/{{sha}}", by_content),
    ("GET", f"{PAIR}/pact-version/{{sha}}/metadata/{{metadata}}", by_content),
)
