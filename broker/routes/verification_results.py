"""Publishing and reading verification results."""

from __future__ import annotations

import orjson
from sqlalchemy import Connection

from broker import publishing, registry
from broker.call import Call, Fields, Reply, Route, created
from broker.errors import NotFoundError
from broker.hal import pacts as hal
from broker.model import Pact, Verification
from broker.publishing import Result
from broker.query import Metadata, decode_metadata
from broker.routes.pacts import find_by_content
from broker.store import contracts, verifications

_CONTENT = "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}"
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
    number = call.params.get("number")
    if number is not None and not (number.isdecimal() and len(number) <= 18):
        raise NotFoundError(f"No verification result has the number {number}")
    with call.database.read() as tx:
        pact = find_by_content(tx, call, _metadata(call))
        result = verifications.find(tx, pact.content_id, int(number) if number else None)
        if result is None:
            raise NotFoundError("There is no such verification result")
        details = verifications.body(tx, result.id)
    return Reply(hal.verification(result, pact, details, call.urls))


def _metadata(call: Call) -> Metadata | None:
    return decode_metadata(call.params["metadata"]) if "metadata" in call.params else None


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
    ("GET", f"{_RESULTS}/latest", show),
    ("GET", f"{_RESULTS}/{{number}}", show),
    ("GET", f"{_RESULTS_WITH_METADATA}/{{number}}", show),
    ("GET", "/verification-results/consumer/{consumer}/version/{version}/latest", latest_of_version),
)
