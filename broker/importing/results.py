"""Verification results, in the order of their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote

from attrs import define, frozen
from sqlalchemy import Connection

from broker.hal.values import Json
from broker.importing import moments, reading
from broker.importing.pacts import Content
from broker.importing.records import ResultDetails, SourceResult
from broker.importing.source import MissingError, UnreadableError, path
from broker.importing.work import Work, portions
from broker.store import contracts, pacticipants, verifications

_LIMITS = (1_000, 10_000, 100_000)  # rows of a matrix; the most that this broker gives, too
_EVERY = 1_000_000


@frozen
class _Missing:
    """`nth` tells apart results of one provider version that agree in everything that lists show."""

    content: Content
    result: SourceResult
    nth: int


@define
class _Reader:
    """`lists` until the source shows that it cannot list the results of a content: the Ruby broker cannot."""

    work: Work
    lists: bool = True

    def results(self, of: Content) -> list[SourceResult]:
        if self.lists:
            try:
                return self._listed(of)
            except MissingError:
                self.lists = False
        return self._of_matrix(of)

    def _listed(self, of: Content) -> list[SourceResult]:
        found = self.work.source.listed(
            _address(of), lambda body: _numbered(reading.embedded(body, "verificationResults")), "_number"
        )
        return [reading.result(one) for one in found]

    def _of_matrix(self, of: Content) -> list[SourceResult]:
        """A row for each result of any provider version with the pact of one version that has the content."""
        sides = (("pacticipant", of.pair.consumer), ("version", of.number), ("pacticipant", of.pair.provider))
        query = "&".join(f"q%5B%5D%5B{key}%5D={quote(value, safe='')}" for key, value in sides)
        rows: list[Json] = []
        for limit in _LIMITS:
            rows = _rows(self.work.source.get("/matrix", f"{query}&limit={limit}"))
            if len(rows) < limit:
                break
        else:
            self.work.tally.notice(f"{of.pair} has more results than a matrix can list: the older ones are left out")
        found = [_of_row(row) for row in rows]
        return list({one.number: one for one in found if one is not None}.values())


def run(work: Work, contents: Sequence[Content]) -> None:
    reader = _Reader(work)
    missing: list[_Missing] = []
    for done, (content, answer) in enumerate(work.source.each(contents, reader.results)):
        if isinstance(answer, UnreadableError):
            work.tally.fail("verification results", f"the results of {content.pair}, {content.number}", answer)
        else:
            missing += _missing(work, content, answer)
        work.tally.step("contents asked for their results", done + 1, len(contents))
    # Numbers of old brokers count within one content, so the date comes first.
    missing.sort(key=lambda one: (one.result.at, one.result.number))
    order = moments.Results()
    for done, portion in portions(missing):
        answers = list(work.source.each(portion, lambda one: _details(work, one)))
        with work.database.write() as tx:
            for one, details in answers:
                _keep(tx, work, one, details, order)
        work.tally.step("verification results", done, len(missing))


def _address(of: Content) -> str:
    return path("pacts", "provider", of.pair.provider, "consumer", of.pair.consumer, "pact-version", of.sha) + path(
        "verification-results"
    )


def _numbered(found: list[Json]) -> list[Json]:
    return [{**one, "_number": reading.result_number(one)} for one in found]


def _rows(body: Json) -> list[Json]:
    rows = body.get("matrix")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableError("the answer to /matrix has no rows")
    return rows


def _of_row(row: Json) -> SourceResult | None:
    """None for a row without a result."""
    result, provider = row.get("verificationResult"), row.get("provider")
    version = provider.get("version") if isinstance(provider, dict) else None
    if not isinstance(result, dict) or not isinstance(version, dict) or reading.result_number(result) is None:
        return None
    return reading.result({**result, "number": version.get("number")}, "number", "verifiedAt")


def _missing(work: Work, content: Content, found: Sequence[SourceResult]) -> list[_Missing]:
    with work.database.read() as tx:
        here = _here(tx, content)
    seen: Counter[tuple[str, bool, int]] = Counter()
    missing = []
    for one in sorted(found, key=lambda result: result.number):
        key = _key(one.provider_number, one.at, success=one.success)
        seen[key] += 1
        if seen[key] > here[key]:
            missing.append(_Missing(content, one, seen[key]))
    work.tally.present["verification results"] += len(found) - len(missing)
    return missing


def _here(tx: Connection, content: Content, version_id: int | None = None) -> Counter[tuple[str, bool, int]]:
    content_id = _content_id(tx, content)
    if content_id is None:
        return Counter()
    versions = None if version_id is None else [version_id]
    found = verifications.recent(tx, [content_id], versions, _EVERY)
    return Counter(_key(one.provider_number, one.created_at, success=one.success) for one in found)


def _key(number: str, at: int, *, success: bool) -> tuple[str, bool, int]:
    """Sources tell whole seconds."""
    return number, success, at // 1_000_000


def _content_id(tx: Connection, of: Content) -> int | None:
    named = pacticipants.named(tx, [of.pair.consumer, of.pair.provider])
    return contracts.content_id(tx, named[of.pair.consumer].id, named[of.pair.provider].id, of.sha)


def _details(work: Work, one: _Missing) -> ResultDetails:
    return reading.result_details(work.source.get(_address(one.content) + path(str(one.result.number))))


def _keep(
    tx: Connection, work: Work, one: _Missing, details: ResultDetails | UnreadableError, order: moments.Results
) -> None:
    what, kind = f"result {one.result.number} of {one.content.pair}", "verification results"
    if isinstance(details, UnreadableError):
        work.tally.fail(kind, what, details)
        return
    provider = pacticipants.find(tx, one.content.pair.provider)
    version = pacticipants.version(tx, provider.id, details.provider_number) if provider is not None else None
    content_id = _content_id(tx, one.content)
    if version is None or content_id is None:
        work.tally.fail(kind, what, "its version or its content is newer than this import: run it again")
        return
    # Another import may have been faster.
    key = _key(one.result.provider_number, one.result.at, success=one.result.success)
    if _here(tx, one.content, version.id)[key] >= one.nth:
        work.tally.present[kind] += 1
        return
    verifications.add(
        tx,
        content_id,
        version.id,
        order.at(one.result.at, version.id),
        success=one.result.success,
        wip=details.wip or False,
        build_url=details.build_url,
        details=details.details,
    )
    work.tally.imported[kind] += 1
    if details.wip is None and details.success:
        work.tally.notice(
            "the source does not tell which results are of work in progress: all count as ordinary ones, so a pact "
            "that was verified as work in progress alone is not pending any more"
        )
