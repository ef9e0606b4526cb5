"""Publishing and reading verification results."""

from __future__ import annotations

import orjson
from sqlalchemy import Connection

from broker import paging, publishing, registry
from broker.call import Call, Fields, Reply, Route, created
from broker.errors import NotFoundError
from broker.hal import pacts as hal
from broker.model import Pact, Pacticipant, Verification
from broker.publishing import Result
from broker.query import Metadata, decode_metadata
from broker.routes.pacts import find_by_content
from broker.store import contracts, verifications
from broker.webhooks import events

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_CONTENT = f"{_PAIR}/pact-version/{{sha}}"
_RESULTS = f"{_CONTENT}/verification-results"
_RESULTS_WITH_METADATA = f"{_CONTENT}/metadata/{{metadata}}/verification-results"


def publish(call: Call) -> Reply:
    """Every post is a result of its own: the latest counts, the earlier ones stay as history."""
    result = _result(call)
    metadata = decode_metadata(call.params["metadata"]) if "metadata" in call.params else Metadata()
    with call.database.write() as tx:
        pact = find_by_content(tx, call, metadata)
        provider = registry.provider(tx, pact.provider)
        recorded = publishing.record_result(tx, pact, provider, result, metadata, call.now)
        events.verification_published(tx, pact, recorded, metadata, call.urls_for, call.now)
    body = hal.verification(recorded, pact, result.details, call.urls)
    return created(body, call.urls.verification(pact, recorded.id))


def _result(call: Call) -> Result:
    body = call.json()
    fields = Fields(body)
    number = fields.name("providerApplicationVersion")
    success = fields.flag("success", required=True)
    build_url = fields.text("buildUrl")
    fields.check()
    details = {
        "testResults": body.get("testResults", []),
        "verifiedBy": hal.verified_by(body.get("verifiedBy")),
    }
    return Result(number, bool(success), build_url, orjson.dumps(details))


def show(call: Call) -> Reply:
    """One result by its number, or the latest of the content."""
    with call.database.read() as tx:
        pact, result = find_result(tx, call)
        details = verifications.body(tx, result.id)
    return Reply(hal.verification(result, pact, details, call.urls))


def find_result(tx: Connection, call: Call) -> tuple[Pact, Verification]:
    """The result that the path means, the latest when it names no number; raises NotFoundError."""
    pact = find_by_content(tx, call, _metadata(call))
    return pact, registry.result(tx, pact, call.params.get("number"))


def _metadata(call: Call) -> Metadata | None:
    return decode_metadata(call.params["metadata"]) if "metadata" in call.params else None


def listed(call: Call) -> Reply:
    """Every result of a content, latest first, a hundred at a time."""
    page = paging.asked_or_first(call.query)
    with call.database.read() as tx:
        pact = find_by_content(tx, call, _metadata(call))
        total = verifications.count(tx, pact.content_id)
        results = verifications.recent(tx, [pact.content_id], None, page.size, offset=page.offset)
        found = [(pact, result, verifications.body(tx, result.id)) for result in results]
    own = call.urls.at(call.path)
    body = hal.results(found, own, f"Verification results of {pact.sha}", call.urls)
    body["page"] = paging.body(page, total)
    body["_links"] |= paging.links(page, total, own, call.query)
    return Reply(body)


def latest_of_latest_pact(call: Call) -> Reply:
    """The newest result of the latest pact, or of the latest one with the tag of the path."""
    with call.database.read() as tx:
        consumer = registry.pacticipant(tx, call.params["consumer"])
        provider = registry.provider(tx, call.params["provider"])
        pact = _latest_pact(tx, consumer, provider, call.params.get("tag"))
        result = verifications.find(tx, pact.content_id)
        if result is None:
            raise NotFoundError(f"{provider.name} has not verified this pact yet")
        details = verifications.body(tx, result.id)
    return Reply(hal.verification(result, pact, details, call.urls))


def _latest_pact(tx: Connection, consumer: Pacticipant, provider: Pacticipant, tag: str | None) -> Pact:
    if tag is None:
        found = contracts.pacts_between(tx, consumer.id, provider.id, limit=1)
    else:
        found = [pact for pact in contracts.latest_with_tag(tx, provider.id, tag) if pact.consumer_id == consumer.id]
    if not found:
        raise NotFoundError(f"{consumer.name} has no such pact with {provider.name}")
    return found[0]


def latest_by_provider_version(call: Call) -> Reply:
    """What a provider version has verified: its newest result of each content."""
    with call.database.read() as tx:
        provider = registry.provider(tx, call.params["provider"])
        version = registry.version(tx, provider, call.params["version"])
        found = [
            (pact, result, verifications.body(tx, result.id))
            for result in verifications.latest_by(tx, version.id)
            for pact in contracts.pacts_with_content(tx, result.content_id, limit=1)
        ]
    own = call.urls.latest_results(provider.name, version.number, role="provider")
    return Reply(hal.latest_results(version.number, found, own, call.urls))


def latest_of_version(call: Call) -> Reply:
    """The newest result of each pact of a consumer version."""
    with call.database.read() as tx:
        consumer = registry.pacticipant(tx, call.params["consumer"])
        version = registry.version(tx, consumer, call.params["version"])
        found = _latest(tx, contracts.pacts_of_versions(tx, [version.id]))
    own = call.urls.latest_results(consumer.name, version.number)
    return Reply(hal.latest_results(version.number, found, own, call.urls))


def _latest(tx: Connection, pacts: list[Pact]) -> list[tuple[Pact, Verification, bytes]]:
    newest = verifications.newest(tx, {pact.content_id for pact in pacts})
    return [
        (pact, newest[pact.content_id], verifications.body(tx, newest[pact.content_id].id))
        for pact in pacts
        if pact.content_id in newest
    ]


ROUTES: tuple[Route, ...] = (
    ("POST", _RESULTS, publish),
    ("POST", _RESULTS_WITH_METADATA, publish),
    ("GET", _RESULTS, listed),
    ("GET", _RESULTS_WITH_METADATA, listed),
    ("GET", f"{_PAIR}/latest/verification-results/latest", latest_of_latest_pact),
    ("GET", f"{_PAIR}/latest/{{tag}}/verification-results/latest", latest_of_latest_pact),
    ("GET", "/verification-results/provider/{provider}/version/{version}/latest", latest_by_provider_version),
    ("GET", f"{_RESULTS}/latest", show),
    ("GET", f"{_RESULTS_WITH_METADATA}/latest", show),
    ("GET", f"{_RESULTS}/{{number}}", show),
    ("GET", f"{_RESULTS_WITH_METADATA}/{{number}}", show),
    ("GET", "/verification-results/consumer/{consumer}/version/{version}/latest", latest_of_version),
)
