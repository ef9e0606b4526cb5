"""The OpenAPI document of a provider version for people: its operations, and which pacts fit it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from attrs import frozen
from sqlalchemy import Connection

from broker import bidirectional, comparing, registry
from broker.call import Call, Reply, Route
from broker.errors import InvalidError, NotFoundError
from broker.model import Pacticipant, ProviderContract
from broker.pages.reading import as_object, as_text
from broker.pages.render import page
from broker.pages.surroundings import surroundings
from broker.store import provider_contracts

_PROVIDER = "/provider-contracts/provider/{provider}"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MOST_OPERATIONS = 500
_MOST_LISTED = 100


@frozen
class Operation:
    method: str
    path: str
    summary: str
    answers: tuple[str, ...]


def every(call: Call) -> Reply:
    with call.database.read() as tx:
        provider = registry.provider(tx, call.params["provider"])
        found = provider_contracts.of_provider(tx, provider.id, limit=_MOST_LISTED)
        around = surroundings(tx, [one.version_id for one in found], [provider.id])
    return page(call, "provider_contracts.html", provider=provider, contracts=found, around=around)


def of_version(call: Call) -> Reply:
    with call.database.read() as tx:
        provider = registry.provider(tx, call.params["provider"])
        version = registry.version(tx, provider, call.params["version"])
        return _shown(call, tx, provider, provider_contracts.find(tx, version.id))


def latest(call: Call) -> Reply:
    with call.database.read() as tx:
        provider = registry.provider(tx, call.params["provider"])
        found = provider_contracts.of_provider(tx, provider.id, limit=1)
        return _shown(call, tx, provider, found[0] if found else None)


def latest_on_branch(call: Call) -> Reply:
    with call.database.read() as tx:
        provider = registry.provider(tx, call.params["provider"])
        return _shown(call, tx, provider, provider_contracts.latest_on_branch(tx, provider.id, call.params["branch"]))


def _shown(call: Call, tx: Connection, provider: Pacticipant, contract: ProviderContract | None) -> Reply:
    if contract is None:
        raise NotFoundError(f"{provider.name} has published no such contract")
    pacts = bidirectional.pacts_that_count(tx, provider.id)
    known = provider_contracts.compared(tx, {pact.content_id for pact in pacts}, {contract.document_id})
    ids = [contract.version_id, *(pact.version_id for pact in pacts)]
    around = surroundings(tx, ids, [provider.id, *(pact.consumer_id for pact in pacts)])
    verification = as_object(orjson.loads(provider_contracts.self_verification(tx, contract.id) or b"null"))
    try:
        root = comparing.document(*provider_contracts.document(tx, contract.document_id)).root
    except InvalidError:
        root = {}  # it was readable once: what there is to say is in its comparisons
    listed = operations(root)
    return page(
        call,
        "provider_contract.html",
        contract=contract,
        title=as_text(as_object(root.get("info")).get("title", "")),
        verifier=" ".join(
            as_text(verification[key]) for key in ("verifier", "verifierVersion") if verification.get(key)
        ),
        operations=listed[:_MOST_OPERATIONS],
        left_out=max(0, len(listed) - _MOST_OPERATIONS),
        compared=[(pact, known.get((pact.content_id, contract.document_id))) for pact in pacts],
        around=around,
    )


def operations(root: Mapping[str, Any]) -> list[Operation]:
    """Every operation of an OpenAPI document, in its order."""
    return [
        Operation(
            method.upper(),
            as_text(path),
            as_text(operation.get("summary") or operation.get("operationId") or ""),
            tuple(as_text(status) for status in as_object(operation.get("responses"))),
        )
        for path, item in as_object(root.get("paths")).items()
        for method in _METHODS
        if isinstance(operation := as_object(item).get(method), dict)
    ]


ROUTES: tuple[Route, ...] = (
    ("GET", _PROVIDER, every),
    ("GET", f"{_PROVIDER}/latest", latest),
    ("GET", f"{_PROVIDER}/branch/{{branch}}/latest", latest_on_branch),
    ("GET", f"{_PROVIDER}/version/{{version}}", of_version),
)
