"""Reading pacts: one at a time, in lists, and those that a provider should verify."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import Connection

from broker import for_verification, paging, registry
from broker.call import Call, Reply, Route
from broker.errors import NotFoundError
from broker.hal import pacts as hal
from broker.hal.urls import Urls
from broker.model import Pact, Pacticipant
from broker.query import Metadata, decode_metadata
from broker.store import branching, contracts, pacticipants, verifications

_CONSUMER = "/pacts/provider/{provider}/consumer/{consumer}"
_PROVIDER = "/pacts/provider/{provider}"


def pact_of_version(call: Call) -> Reply:
    def find(tx: Connection, consumer: Pacticipant, provider: Pacticipant) -> Pact | None:
        version = pacticipants.version(tx, consumer.id, call.params["version"])
        return contracts.pact(tx, version.id, provider.id) if version else None

    return _one(call, find)


def latest_pact(call: Call) -> Reply:
    def find(tx: Connection, consumer: Pacticipant, provider: Pacticipant) -> Pact | None:
        return next(iter(contracts.pacts_between(tx, consumer.id, provider.id, limit=1)), None)

    return _one(call, find)


def latest_tagged_pact(call: Call) -> Reply:
    def find(tx: Connection, consumer: Pacticipant, provider: Pacticipant) -> Pact | None:
        found = contracts.latest_with_tag(tx, provider.id, call.params["tag"])
        return next((pact for pact in found if pact.consumer_id == consumer.id), None)

    return _one(call, find)


def latest_untagged_pact(call: Call) -> Reply:
    return _one(call, lambda tx, consumer, provider: contracts.latest_untagged(tx, consumer.id, provider.id))


def latest_pact_on_branch(call: Call) -> Reply:
    """The pact of the branch's latest version that has one with this provider."""

    def find(tx: Connection, consumer: Pacticipant, provider: Pacticipant) -> Pact | None:
        found = branching.versions_on_branch(tx, [consumer.id], call.params.get("branch"))
        pacts = contracts.pacts_of_versions(tx, found.get(consumer.id, []), [provider.id])
        return pacts[-1] if pacts else None

    return _one(call, find)


def pact_by_content(call: Call) -> Reply:
    """The latest publication of a content, or the one that the metadata names."""
    metadata = decode_metadata(call.params["metadata"]) if "metadata" in call.params else None
    with call.database.read() as tx:
        pact = find_by_content(tx, call, metadata)
        return Reply(pact_body(tx, pact, call.urls, call.params.get("metadata")))


def pact_body(tx: Connection, of: Pact, urls: Urls, metadata: str | None = None) -> bytes:
    """A pact as it is served, with the links that lead somewhere."""
    return hal.pact(
        of,
        contracts.body(tx, of.content_id),
        urls,
        metadata,
        changed_before=contracts.previous_distinct(tx, of) is not None,
        verified=verifications.find(tx, of.content_id) is not None,
    )


def find_by_content(tx: Connection, call: Call, metadata: Metadata | None) -> Pact:
    """The pact that the path's provider, consumer, sha and metadata mean; raises NotFoundError."""
    consumer = registry.pacticipant(tx, call.params["consumer"])
    provider = registry.provider(tx, call.params["provider"])
    content_id = contracts.content_id(tx, consumer.id, provider.id, call.params["sha"])
    if content_id is not None:
        named = _named_version(tx, consumer, metadata)
        pact = contracts.pact(tx, named, provider.id) if named is not None else None
        if pact is not None and pact.content_id == content_id:
            return pact
        for latest in contracts.pacts_with_content(tx, content_id, limit=1):
            return latest
    raise NotFoundError(f"No pact between {consumer.name} and {provider.name} has the content {call.params['sha']}")


def _named_version(tx: Connection, consumer: Pacticipant, metadata: Metadata | None) -> int | None:
    if metadata is None:
        return None
    if metadata.consumer_version is not None:
        version = pacticipants.version(tx, consumer.id, metadata.consumer_version)
        return version.id if version else None
    return max(metadata.consumer_version_ids, default=None)


def _one(call: Call, find: Callable[[Connection, Pacticipant, Pacticipant], Pact | None]) -> Reply:
    with call.database.read() as tx:
        consumer = registry.pacticipant(tx, call.params["consumer"])
        provider = registry.provider(tx, call.params["provider"])
        pact = find(tx, consumer, provider)
        if pact is None:
            raise NotFoundError(f"No such pact between {consumer.name} and {provider.name}")
        return Reply(pact_body(tx, pact, call.urls))


def all_latest(call: Call) -> Reply:
    page = paging.asked(call.query)
    with call.database.read() as tx:
        found = contracts.latest_pacts(tx)
    own = call.urls.at("/pacts/latest")
    body = hal.latest_pacts(page.cut(found) if page else found, own, call.urls)
    return Reply(paging.paged(body, page, len(found), own, call.query))


def provider_pacts(call: Call) -> Reply:
    def find(tx: Connection, provider: Pacticipant, consumers: Iterable[int]) -> list[Pact]:
        return [pact for id_ in consumers for pact in contracts.pacts_between(tx, id_, provider.id)]

    return _listed(call, find, "All pacts of {}")


def latest_provider_pacts(call: Call) -> Reply:
    def find(tx: Connection, provider: Pacticipant, _: Iterable[int]) -> list[Pact]:
        return contracts.latest_pacts(tx, provider_id=provider.id)

    return _listed(call, find, "Latest pacts of {}")


def latest_tagged_provider_pacts(call: Call) -> Reply:
    def find(tx: Connection, provider: Pacticipant, _: Iterable[int]) -> list[Pact]:
        return contracts.latest_with_tag(tx, provider.id, call.params["tag"])

    return _listed(call, find, "Latest pacts of {} with tag " + call.params["tag"])


def tagged_provider_pacts(call: Call) -> Reply:
    def find(tx: Connection, provider: Pacticipant, consumers: Iterable[int]) -> list[Pact]:
        found = branching.versions_with_tag(tx, list(consumers), call.params["tag"])
        return contracts.pacts_of_versions(tx, _flat(found.values()), [provider.id])

    return _listed(call, find, "All pacts of {} with tag " + call.params["tag"])


def branch_provider_pacts(call: Call) -> Reply:
    def find(tx: Connection, provider: Pacticipant, consumers: Iterable[int]) -> list[Pact]:
        found = branching.versions_on_branch(tx, list(consumers), call.params.get("branch"))
        return contracts.pacts_of_versions(tx, _flat(found.values()), [provider.id])

    return _listed(call, find, "All pacts of {} from " + _branch(call))


def latest_branch_provider_pacts(call: Call) -> Reply:
    def find(tx: Connection, provider: Pacticipant, consumers: Iterable[int]) -> list[Pact]:
        heads = branching.branch_heads(tx, list(consumers), call.params.get("branch"))
        return contracts.pacts_of_versions(tx, list(heads.values()), [provider.id])

    return _listed(call, find, "Latest pacts of {} from " + _branch(call))


def _branch(call: Call) -> str:
    branch = call.params.get("branch")
    return f"branch {branch}" if branch else "its consumers' main branches"


def _listed(call: Call, find: Callable[[Connection, Pacticipant, Iterable[int]], list[Pact]], title: str) -> Reply:
    page = paging.asked(call.query)
    with call.database.read() as tx:
        provider = registry.provider(tx, call.params["provider"])
        found = find(tx, provider, contracts.consumers_of(tx, provider.id))
    found.sort(key=lambda pact: (pact.consumer, pact.version_id))
    own, shown = call.urls.at(call.path), page.cut(found) if page else found
    body = hal.provider_pacts(provider.name, shown, own, title.replace("{}", provider.name), call.urls)
    return Reply(paging.paged(body, page, len(found), own, call.query))


def _flat(lists: Iterable[list[int]]) -> list[int]:
    return [item for items in lists for item in items]


def pacts_for_verification(call: Call) -> Reply:
    """GET answers as if nothing was asked for: verifiers read only its link to themselves."""
    wanted = for_verification.demand(call.json())
    with call.database.read() as tx:
        provider = registry.provider(tx, call.params["provider"])
        chosen = for_verification.choose(tx, provider, wanted)
    return Reply(hal.for_verification(provider.name, chosen, wanted, call.urls))


ROUTES: tuple[Route, ...] = (
    ("GET", "/pacts/latest", all_latest),
    ("GET", _PROVIDER, provider_pacts),
    ("GET", f"{_PROVIDER}/latest", latest_provider_pacts),
    ("GET", f"{_PROVIDER}/latest/{{tag}}", latest_tagged_provider_pacts),
    ("GET", f"{_PROVIDER}/tag/{{tag}}", tagged_provider_pacts),
    ("GET", f"{_PROVIDER}/branch", branch_provider_pacts),
    ("GET", f"{_PROVIDER}/branch/latest", latest_branch_provider_pacts),
    ("GET", f"{_PROVIDER}/branch/{{branch}}", branch_provider_pacts),
    ("GET", f"{_PROVIDER}/branch/{{branch}}/latest", latest_branch_provider_pacts),
    ("GET", f"{_PROVIDER}/for-verification", pacts_for_verification),
    ("POST", f"{_PROVIDER}/for-verification", pacts_for_verification),
    ("GET", f"{_CONSUMER}/version/{{version}}", pact_of_version),
    ("GET", f"{_CONSUMER}/latest", latest_pact),
    ("GET", f"{_CONSUMER}/latest/{{tag}}", latest_tagged_pact),
    ("GET", f"{_CONSUMER}/latest-untagged", latest_untagged_pact),
    ("GET", f"{_CONSUMER}/branch/latest", latest_pact_on_branch),
    ("GET", f"{_CONSUMER}/branch/{{branch}}/latest", latest_pact_on_branch),
    ("GET", f"{_CONSUMER}/pact-version/{{sha}}", pact_by_content),
    ("GET", f"{_CONSUMER}/pact-version/{{sha}}/metadata/{{metadata}}", pact_by_content),
)
