"""OpenAPI documents that providers published, where the source offers them."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence

import orjson
from attrs import frozen
from sqlalchemy import Connection

from broker import bidirectional
from broker.hal.values import Json
from broker.importing import reading
from broker.importing.source import MissingError, UnreadableError, path
from broker.importing.work import Scope, Work, portions
from broker.store import pacticipants, provider_contracts

_KIND = "provider contracts"
_CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/([a-z0-9!#$&^_.-]+[+.])?(json|ya?ml|openapi)\Z")
_AT_ONCE = 10  # documents may be large, and these are in memory together


@frozen
class _Contract:
    provider: str
    number: str
    content_type: str
    created_at: int
    self_verified: bool | None
    self_verification: bytes | None
    document: bytes


def run(work: Work, scope: Scope, index: Json) -> None:
    """`index`: what the source answers at its root."""
    if not reading.links(index, "pb:provider-contracts"):
        if reading.links(index, "pf:publish-provider-contract"):
            work.tally.notice("provider contracts are not imported: the source has no list of them that is documented")
        return
    for provider, answer in work.source.each(scope.pacticipants, lambda name: _missing(work, name)):
        if isinstance(answer, UnreadableError):
            if not isinstance(answer, MissingError):
                work.tally.fail(_KIND, f"the contracts of {provider}", answer)
            continue
        for _, portion in portions([(provider, number) for number in answer], _AT_ONCE):
            _portion(work, portion)
        if answer:
            _compare(work, provider)


def _portion(work: Work, portion: Sequence[tuple[str, str]]) -> None:
    found = list(work.source.each(portion, lambda one: _fetched(work, *one)))
    with work.database.write() as tx:
        for (provider, number), one in found:
            if isinstance(one, UnreadableError):
                work.tally.fail(_KIND, f"the contract of {provider} {number}", one)
            else:
                _keep(tx, work, one)


def _missing(work: Work, provider: str) -> list[str]:
    """Version numbers, oldest first."""
    listed = work.source.listed(
        path("provider-contracts", "provider", provider),
        lambda body: reading.embedded(body, "providerContracts"),
        "providerVersionNumber",
    )
    numbers = [reading.name(one, "providerVersionNumber") for one in reversed(listed)]
    with work.database.read() as tx:
        owner = pacticipants.named(tx, [provider])[provider]
        here = {one.number for one in provider_contracts.of_provider(tx, owner.id, limit=1_000_000)}
    work.tally.present[_KIND] += len(here & set(numbers))
    return [number for number in numbers if number not in here]


def _fetched(work: Work, provider: str, number: str) -> _Contract:
    where = path("provider-contracts", "provider", provider, "version", number)
    body = work.source.get(where)
    said, verified = body.get("selfVerificationResults"), body.get("selfVerified")
    return _Contract(
        provider,
        number,
        _content_type(body),
        reading.required_instant(body, "createdAt"),
        verified if isinstance(verified, bool) else None,
        orjson.dumps(said) if isinstance(said, dict) and isinstance(verified, bool) else None,
        work.source.content(where + path("content")),
    )


def _content_type(body: Json) -> str:
    """The document is served under it, so it is nothing that a browser would run."""
    found = (reading.text(body, "contentType") or "").partition(";")[0].strip().lower()
    if not _CONTENT_TYPE.match(found):
        raise UnreadableError(f"{found[:60]!r} is not the content type of an OpenAPI document")
    return found


def _compare(work: Work, provider: str) -> None:
    """As publishing would have: the newest contract with the pacts that count."""
    with work.database.read() as tx:
        owner = pacticipants.named(tx, [provider])[provider]
        newest = provider_contracts.of_provider(tx, owner.id, limit=1)
    for one in newest:
        bidirectional.compare_contract(work.database, one, time.time_ns() // 1000)


def _keep(tx: Connection, work: Work, one: _Contract) -> None:
    owner = pacticipants.named(tx, [one.provider])[one.provider]
    version = pacticipants.version(tx, owner.id, one.number)
    if version is None:
        work.tally.fail(_KIND, f"{one.provider} {one.number}", "its version is newer than this import: run it again")
        return
    if provider_contracts.find(tx, version.id) is not None:
        work.tally.present[_KIND] += 1
        return
    sha = hashlib.sha256(one.document).hexdigest()
    document = provider_contracts.ensure_document(tx, owner.id, sha, one.content_type, one.document, one.created_at)
    provider_contracts.add(
        tx,
        owner.id,
        version.id,
        document,
        one.created_at,
        self_verified=one.self_verified,
        self_verification=one.self_verification,
    )
    work.tally.imported[_KIND] += 1
