"""Provider contracts: OpenAPI documents that providers publish, and how the pacts of their consumers fit them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from typing import Any

import orjson
from attrs import frozen
from sqlalchemy import Connection

from broker import bidirectional, comparing, registry
from broker.bidirectional import ContractSubmission
from broker.call import NO_CONTENT, Call, Fields, Reply, Route, checked_name
from broker.comparison import Report
from broker.errors import InvalidError, NotFoundError
from broker.hal import provider_contracts as hal
from broker.model import Comparison, Pact, Pacticipant, ProviderContract
from broker.routes.pacts import find_by_content
from broker.store import provider_contracts

# The document is served again under this type, so it must be one that no browser runs.
_CONTENT_TYPE = re.compile(r"(?:application|text)/(?:[a-z0-9.-]+\+)?(?:vnd\.oai\.openapi|x-)?(?:json|ya?ml)?\Z")
_SELF_VERIFICATION = ("content", "contentType", "format", "verifier", "verifierVersion")
_MOST_LISTED = 500


def publish(call: Call) -> Reply:
    submission = _submission(call)
    with call.database.write() as tx:
        done = bidirectional.publish(tx, submission, call.now)
    compared = bidirectional.compare_contract(call.database, done.contract, call.now)
    return Reply(hal.published(submission, done, compared, call.urls))


def _submission(call: Call) -> ContractSubmission:
    body = call.json()
    fields = Fields(body)
    provider = checked_name(call.params["provider"], "provider")
    number = fields.name("pacticipantVersionNumber")
    branch, build_url, tags = fields.text("branch"), fields.text("buildUrl"), fields.names("tags")
    item = body.get("contract")
    if not isinstance(item, dict):
        fields.faults["contract"] = ["is missing" if item is None else "must be an object"]
        item = {}
    inner = Fields(item)
    content_type = _content_type(inner)
    raw = _raw(inner)
    verified, verification = _self_verification(item.get("selfVerificationResults"), inner)
    if not inner.faults:
        _read(raw, content_type, inner)
    if "contract" not in fields.faults and inner.faults:
        fields.faults["contract"] = inner.sentences()
    fields.check()
    if branch is not None:
        checked_name(branch, "branch")
    sha = hashlib.sha256(raw).hexdigest()
    return ContractSubmission(provider, number, branch, tags, build_url, sha, content_type, raw, verified, verification)


def _content_type(fields: Fields) -> str:
    if fields.source.get("specification") != "oas":
        fields.faults["specification"] = ["must be 'oas', an OpenAPI document"]
    given = fields.text("contentType", required=True) or ""
    bare = given.partition(";")[0].strip().lower()
    if given and not (_CONTENT_TYPE.match(bare) and bare.endswith(("json", "yaml", "yml", "openapi"))):
        fields.faults["contentType"] = ["must be that of JSON or YAML, such as application/yaml"]
    return bare


def _raw(fields: Fields) -> bytes:
    try:
        return base64.b64decode(fields.text("content", required=True) or "", validate=True)
    except (binascii.Error, ValueError):
        fields.faults["content"] = ["is not valid base64"]
        return b""


def _read(raw: bytes, content_type: str, fields: Fields) -> None:
    try:
        comparing.document(raw, content_type)
    except InvalidError as error:
        fields.faults["content"] = [f"cannot be used: {error}"]


def _self_verification(raw: object, outer: Fields) -> tuple[bool | None, bytes | None]:
    if raw is None:
        return None, None
    if not isinstance(raw, dict):
        outer.faults["selfVerificationResults"] = ["must be an object"]
        return None, None
    fields = Fields(raw)
    success = fields.flag("success", required=True)
    kept: dict[str, Any] = {"success": success}
    kept |= {key: text for key in _SELF_VERIFICATION if (text := fields.text(key)) is not None}
    for key, texts in fields.faults.items():
        outer.faults[f"selfVerificationResults.{key}"] = texts
    return success, orjson.dumps(kept)


def _compared(tx: Connection, contract: ProviderContract) -> list[tuple[Pact, Comparison]]:
    """The kept comparisons of a contract with the pacts that count somewhere."""
    pacts = bidirectional.pacts_that_count(tx, contract.provider_id)
    kept = provider_contracts.compared(tx, {pact.content_id for pact in pacts}, {contract.document_id})
    return bidirectional.by_consumer(pacts, contract, kept)


def show(call: Call) -> Reply:
    def find(tx: Connection, provider: Pacticipant) -> ProviderContract | None:
        return provider_contracts.find(tx, registry.version(tx, provider, call.params["version"]).id)

    return _one(call, find)


def latest(call: Call) -> Reply:
    def find(tx: Connection, provider: Pacticipant) -> ProviderContract | None:
        return next(iter(provider_contracts.of_provider(tx, provider.id, limit=1)), None)

    return _one(call, find)


def latest_on_branch(call: Call) -> Reply:
    def find(tx: Connection, provider: Pacticipant) -> ProviderContract | None:
        return provider_contracts.latest_on_branch(tx, provider.id, call.params["branch"])

    return _one(call, find)


def _one(call: Call, find: Callable[[Connection, Pacticipant], ProviderContract | None]) -> Reply:
    with call.database.read() as tx:
        provider = registry.provider(tx, call.params["provider"])
        contract = find(tx, provider)
        if contract is None:
            raise NotFoundError(f"{provider.name} has published no such contract")
        verification = provider_contracts.self_verification(tx, contract.id)
        compared = _compared(tx, contract)
    return Reply(hal.contract(contract, verification, compared, call.urls))


def every(call: Call) -> Reply:
    """Latest version first."""
    with call.database.read() as tx:
        provider = registry.provider(tx, call.params["provider"])
        found = provider_contracts.of_provider(tx, provider.id, limit=_MOST_LISTED)
    return Reply(hal.contracts(provider.name, found, call.urls))


def document(call: Call) -> Reply:
    """The bytes as they were published."""
    with call.database.read() as tx:
        raw, content_type = provider_contracts.document(tx, _of_version(tx, call).document_id)
    return Reply(raw, media_type=content_type)


def remove(call: Call) -> Reply:
    with call.database.write() as tx:
        provider_contracts.remove(tx, _of_version(tx, call))
    return NO_CONTENT


def _of_version(tx: Connection, call: Call) -> ProviderContract:
    provider = registry.provider(tx, call.params["provider"])
    version = registry.version(tx, provider, call.params["version"])
    contract = provider_contracts.find(tx, version.id)
    if contract is None:
        raise NotFoundError(f"{provider.name} {version.number} has published no contract")
    return contract


@frozen
class Shown:
    """A comparison with both its sides."""

    pact: Pact
    contract: ProviderContract
    comparison: Comparison
    report: Report


def find_comparison(call: Call) -> Shown:
    """The comparison that the path's provider, consumer, sha and provider version mean; raises NotFoundError."""
    with call.database.read() as tx:
        pact = find_by_content(tx, call, None)
        contract = _of_version(tx, call)
    report = comparing.report(call.database, (pact.content_id, contract.document_id), call.now)
    return Shown(pact, contract, comparing.summary(pact.content_id, contract.document_id, report), report)


def comparison(call: Call) -> Reply:
    found = find_comparison(call)
    return Reply(hal.comparison(found.comparison, found.report, found.pact, found.contract, call.urls))


_PROVIDER = "/provider-contracts/provider/{provider}"
_VERSION = f"{_PROVIDER}/version/{{version}}"
COMPARISON = "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/provider-contract/{version}/comparison"
ROUTES: tuple[Route, ...] = (
    ("POST", f"{_PROVIDER}/publish", publish),
    ("GET", _PROVIDER, every),
    ("GET", f"{_PROVIDER}/latest", latest),
    ("GET", f"{_PROVIDER}/branch/{{branch}}/latest", latest_on_branch),
    ("GET", _VERSION, show),
    ("DELETE", _VERSION, remove),
    ("GET", f"{_VERSION}/content", document),
    ("GET", COMPARISON, comparison),
)
