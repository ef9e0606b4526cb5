"""Whether both brokers say the same of each integration."""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote

from attrs import frozen

from broker import matrix, matrix_query, query
from broker.errors import InvalidError
from broker.hal.values import Json
from broker.importing.source import UnreadableError
from broker.importing.work import Pair, Scope, Work

_LIMIT = 1000
_VERDICTS = {True: "success", False: "failed", None: "unknown"}
_MOST_TOLD = 3


@frozen
class _Answer:
    """`rows`: consumer version, provider version and whether they fit, as often as they are there."""

    deployable: bool | None
    rows: Counter[tuple[str, str | None, bool | None]]


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
    if there.rows.total() >= _LIMIT:
        # What is cut off depends on the order of the rows, which is each broker's own.
        there = _there(work, asked := _query(pair, latest=True))
    here = _here(work, asked, now)
    return [f"{pair}: {fault}" for fault in _differences(there, here)]


def _query(pair: Pair, *, latest: bool = False) -> str:
    sides = [("pacticipant", pair.consumer), *([("latest", "true")] if latest else []), ("pacticipant", pair.provider)]
    selectors = "&".join(f"q%5B%5D%5B{key}%5D={quote(value, safe='')}" for key, value in sides)
    return f"{selectors}&latestby=cvpv&limit={_LIMIT}"


def _there(work: Work, asked: str) -> _Answer:
    body = work.source.get("/matrix", asked)
    summary, rows = body.get("summary"), body.get("matrix")
    if not isinstance(summary, dict) or not isinstance(rows, list):
        raise UnreadableError("the answer to /matrix has no summary")
    return _Answer(_verdict(summary, "deployable"), Counter(_row(row) for row in rows))


def _row(row: object) -> tuple[str, str | None, bool | None]:
    of = row if isinstance(row, dict) else {}
    numbers = [
        version.get("number") if isinstance(side, dict) and isinstance(version := side.get("version"), dict) else None
        for side in (of.get("consumer"), of.get("provider"))
    ]
    if not isinstance(numbers[0], str) or not isinstance(numbers[1], str | None):
        raise UnreadableError("a row of /matrix has no consumer version")
    result = of.get("verificationResult")
    return numbers[0], numbers[1], _verdict(result, "success") if isinstance(result, dict) else None


def _verdict(body: Json, key: str) -> bool | None:
    found = body.get(key)
    return found if isinstance(found, bool) else None


def _here(work: Work, asked: str, now: int) -> _Answer:
    try:
        found, _ = matrix.answer(work.database, matrix_query.parse(query.pairs(asked)), now, lambda _tx, _found: None)
    except InvalidError as error:
        raise UnreadableError(str(error)) from None
    rows = [
        (row.pact.number, row.provider_version.number if row.provider_version else None, row.success)
        for row in found.shown
    ]
    return _Answer(found.deployable, Counter(rows))


def _differences(there: _Answer, here: _Answer) -> list[str]:
    found = []
    for missing, where in ((there.rows - here.rows, "the source"), (here.rows - there.rows, "the target")):
        named = [f"{one} with {other}: {_VERDICTS[verdict]}" for one, other, verdict in missing]
        if named:
            found.append(f"only at {where}, {missing.total()} rows such as {'; '.join(named[:_MOST_TOLD])}")
    # The Ruby broker leaves it open when one result failed and another is missing; here that is a no.
    open_there = there.deployable is None and here.deployable is False and None in {row[2] for row in here.rows}
    if there.deployable != here.deployable and not open_there:
        found.append(f"deployable is {there.deployable} at the source and {here.deployable} at the target")
    return found
