"""Pacts, each content once and as the source serves it: with its sha and the ids of its interactions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import Connection

from broker import content
from broker.errors import InvalidError
from broker.hal.values import Json
from broker.importing import reading
from broker.importing.records import SourcePact
from broker.importing.source import UnreadableError, path
from broker.importing.work import Pair, Scope, Work, portions
from broker.model import Pacticipant
from broker.store import contracts, pacticipants

_AT_ONCE = 10  # contents may be large, and these are in memory together
_ADDED_BY_BROKERS = ("_links", "createdAt")


@frozen
class Content:
    """One content of a pair, with the consumer version that had it last."""

    pair: Pair
    sha: str
    number: str


@frozen
class _Ids:
    consumer: Pacticipant
    provider: Pacticipant


@frozen
class _Fetched:
    """`sha` is the source's, and so are the ids of the interactions in `body`."""

    sha: str
    body: bytes
    created_at: int | None
    alike: bool


def run(work: Work, scope: Scope) -> list[Content]:
    """The contents that both brokers have then."""
    found: list[Content] = []
    for index, pair in enumerate(scope.pairs):
        found += _of_pair(work, pair)
        work.tally.step("integrations", index + 1, len(scope.pairs))
    return found


def _of_pair(work: Work, pair: Pair) -> list[Content]:
    with work.database.read() as tx:
        named = pacticipants.named(tx, [pair.consumer, pair.provider])
        ids = _Ids(named[pair.consumer], named[pair.provider])
    try:
        items = work.source.listed(
            path("pacts", "provider", pair.provider, "consumer", pair.consumer, "versions"), _numbered, "_number"
        )
    except UnreadableError as error:
        work.tally.fail("pacts", f"the pacts of {pair}", error)
        return []
    listed = work.tally.readable("pacts", items, reading.pact)
    for _, portion in portions(list(_missing(work, pair, ids, listed)), _AT_ONCE):
        _portion(work, pair, ids, portion)
    with work.database.read() as tx:
        here = contracts.pacts_between(tx, ids.consumer.id, ids.provider.id)
    there = {one.number: one.sha for one in listed}
    both = [pact for pact in here if pact.number in there and there[pact.number] in (None, pact.sha)]
    latest = {pact.sha: pact for pact in reversed(both)}
    return [Content(pair, sha, pact.number) for sha, pact in latest.items()]


def _numbered(body: Json) -> list[Json]:
    """By the number of the consumer version, which stands further down."""
    found = []
    for one in reading.embedded(body, "pacts"):
        inside = one.get("_embedded")
        version = inside.get("consumerVersion") if isinstance(inside, dict) else None
        found.append({**one, "_number": version.get("number") if isinstance(version, dict) else None})
    return found


def _missing(work: Work, pair: Pair, ids: _Ids, listed: Sequence[SourcePact]) -> Iterator[SourcePact]:
    """In the order of the versions."""
    with work.database.read() as tx:
        here = {pact.number: pact for pact in contracts.pacts_between(tx, ids.consumer.id, ids.provider.id)}
        known = {one.number: pacticipants.version(tx, ids.consumer.id, one.number) for one in listed}
    placed: list[tuple[int, SourcePact]] = []
    for one in listed:
        there, version = here.get(one.number), known[one.number]
        if there is not None and one.sha not in (None, there.sha):
            work.tally.fail("pacts", f"{pair}, version {one.number}", "the target has another content for it")
        elif there is not None:
            work.tally.present["pacts"] += 1
        elif version is None:
            work.tally.fail("pacts", f"{pair}, version {one.number}", "it is newer than this import: run it again")
        else:
            placed.append((version.id, one))
    return (one for _, one in sorted(placed, key=lambda pair: pair[0]))


def _portion(work: Work, pair: Pair, ids: _Ids, portion: Sequence[SourcePact]) -> None:
    with work.database.read() as tx:
        shas = {one.sha for one in portion if one.sha is not None}
        here = {sha for sha in shas if contracts.content_id(tx, ids.consumer.id, ids.provider.id, sha) is not None}
    first = {one.sha: one for one in reversed(portion) if one.sha is not None and one.sha not in here}
    wanted = [one for one in portion if one.sha is None or first.get(one.sha) is one]
    fetched: dict[str, _Fetched | UnreadableError] = {}
    for one, answer in work.source.each(wanted, lambda one: _fetched(work, pair, one)):
        fetched[one.number] = answer
    with work.database.write() as tx:
        for one in portion:
            source = one if one.sha is None or one.sha in here else first[one.sha]
            _keep(tx, work, pair, ids, one, fetched.get(source.number))


def _fetched(work: Work, pair: Pair, one: SourcePact) -> _Fetched:
    where = path("pacts", "provider", pair.provider, "consumer", pair.consumer, "version", one.number)
    raw = work.source.content(where)
    try:
        found, own = content.load(raw), content.from_bytes(raw)
    except InvalidError as error:
        raise UnreadableError(str(error)) from None
    sha = reading.pact({"_embedded": {"consumerVersion": {"number": one.number}}, **_links(found)}).sha or own.sha
    created_at = reading.instant(found, "createdAt") or one.created_at
    if sha == own.sha:
        return _Fetched(sha, own.body, created_at, alike=True)
    kept = {key: value for key, value in found.items() if key not in _ADDED_BY_BROKERS}
    body = json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode() if _has_ids(found) else own.body
    return _Fetched(sha, body, created_at, alike=False)


def _links(found: Mapping[str, Any]) -> Json:
    return {"_links": found.get("_links")}


def _has_ids(pact: Mapping[str, Any]) -> bool:
    return all(isinstance(one.get("_id"), str) for key in ("interactions", "messages") for one in pact.get(key) or ())


def _keep(
    tx: Connection, work: Work, pair: Pair, ids: _Ids, one: SourcePact, fetched: _Fetched | UnreadableError | None
) -> None:
    consumer, provider = ids.consumer.id, ids.provider.id
    version = pacticipants.version(tx, consumer, one.number)
    if isinstance(fetched, UnreadableError) or version is None:
        work.tally.fail("pacts", f"{pair}, version {one.number}", fetched or "its version is gone")
        return
    if contracts.pact(tx, version.id, provider) is not None:
        work.tally.present["pacts"] += 1
        return
    # A content that several versions share is older than the versions after the first.
    at = one.created_at or (fetched.created_at if fetched is not None else None) or version.created_at
    sha = one.sha or (fetched.sha if fetched is not None else "")
    known = contracts.content_id(tx, consumer, provider, sha)
    if known is None and fetched is not None:
        known = contracts.add_content(tx, consumer, provider, sha, at, fetched.body)
        if not fetched.alike:
            work.tally.notice(
                f"contents of {pair} keep the sha of the source, which is not the one that this broker makes of "
                f"them: published again they count as changed"
            )
    if known is None:
        work.tally.fail("pacts", f"{pair}, version {one.number}", "its content is gone")
        return
    contracts.ensure_integration(tx, consumer, provider, at)
    contracts.add_pact(tx, consumer, provider, version.id, known, at)
    work.tally.imported["pacts"] += 1
