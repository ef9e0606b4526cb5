"""Whether both brokers say the same of each integration."""

from __future__ import annotations

from urllib.parse import quote

from attrs import frozen

from broker import bidirectional, matrix_query, query
from broker.errors import InvalidError
from broker.hal.values import Json
from broker.importing.source import UnreadableError
from broker.importing.work import Pair, Scope, Work
from broker.matrix import evaluate

_LIMIT = 1000
_COUNTS = ("success", "failed", "unknown")


@frozen
class _Summary:
    deployable: bool | None
    counts: dict[str, int]
    rows: int


def run(work: Work, scope: Scope, now: int) -> None:
    """`now`: an instant."""
    for done, (pair, answer) in enumerate(work.source.each(scope.pairs, lambda one: _compared(work, one, now))):
        if isinstance(answer, UnreadableError):
            work.tally.notice(f"{pair} could not be compared: {answer}")
        else:
            work.tally.checked += 1
            work.tally.differences += answer
        work.tally.step("integrations compared", done + 1, len(scope.pairs))


def _compared(work: Work, pair: Pair, now: int) -> list[str]:
    there = _there(work, asked := _query(pair))
    if there.rows >= _LIMIT:
        # What is cut off depends on the order of the rows, which is each broker's own.
        there = _there(work, asked := _query(pair, latest=True))
    here = _here(work, asked, now)
    return [f"{pair}: {fault}" for fault in _differences(there, here)]


def _query(pair: Pair, *, latest: bool = False) -> str:
    sides = [("pacticipant", pair.consumer), *([("latest", "true")] if latest else []), ("pacticipant", pair.provider)]
    selectors = "&".join(f"q%5B%5D%5B{key}%5D={quote(value, safe='')}" for key, value in sides)
    return f"{selectors}&latestby=cvpv&limit={_LIMIT}"


def _there(work: Work, asked: str) -> _Summary:
    body = work.source.get("/matrix", asked)
    summary, rows = body.get("summary"), body.get("matrix")
    if not isinstance(summary, dict) or not isinstance(rows, list):
        raise UnreadableError("the answer to /matrix has no summary")
    deployable = summary.get("deployable")
    return _Summary(deployable if isinstance(deployable, bool) else None, _counts(summary), len(rows))


def _counts(summary: Json) -> dict[str, int]:
    return {key: summary[key] for key in _COUNTS if isinstance(summary.get(key), int)}


def _here(work: Work, asked: str, now: int) -> _Summary:
    try:
        with work.database.read() as tx:
            found = evaluate(tx, matrix_query.parse(query.pairs(asked)))
    except InvalidError as error:
        raise UnreadableError(str(error)) from None
    bidirectional.keep(work.database, found.fresh, now)
    counts = dict(zip(_COUNTS, (found.count(success=value) for value in (True, False, None)), strict=True))
    return _Summary(found.deployable, counts, len(found.shown))


def _differences(there: _Summary, here: _Summary) -> list[str]:
    found = [
        f"{here.counts[key]} {key} here, {count} at the source"
        for key, count in there.counts.items()
        if count != here.counts[key]
    ]
    # The Ruby broker leaves it open when one result failed and another is missing; here that is a no.
    open_there = there.deployable is None and here.deployable is False and here.counts["unknown"] > 0
    if there.deployable != here.deployable and not open_there:
        found.append(f"deployable is {here.deployable} here, {there.deployable} at the source")
    return found
