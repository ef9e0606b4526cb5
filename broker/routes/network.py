"""Who talks to whom, as CSV: what spreadsheets and graph tools read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from sqlalchemy import Connection

from broker import registry
from broker.call import Call, Reply, Route
from broker.store import contracts, pacticipants

_CSV = "text/csv;charset=utf-8"
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def relationships(call: Call) -> Reply:
    """One line for each integration: consumer, provider."""
    with call.database.read() as tx:
        return _csv(_named(tx, contracts.integrations_of(tx)))


def group(call: Call) -> Reply:
    """The integrations that connect a pacticipant, over however many others, with everything it hangs together with."""
    with call.database.read() as tx:
        start = registry.pacticipant(tx, call.params["pacticipant"]).id
        every = contracts.integrations_of(tx)
        together = connected(start, every)
        return _csv(_named(tx, [pair for pair in every if pair[0] in together]))


def connected(start: int, pairs: Iterable[tuple[int, int]]) -> set[int]:
    """Everything that can be reached from `start` along the pairs, in either direction."""
    neighbours: dict[int, set[int]] = {}
    for one, other in pairs:
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    found, waiting = {start}, [start]
    while waiting:
        new = neighbours.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _named(tx: Connection, pairs: Iterable[tuple[int, int]]) -> list[tuple[str, str]]:
    listed = list(pairs)
    known = pacticipants.by_ids(tx, {id_ for pair in listed for id_ in pair})
    return sorted((known[consumer].name, known[provider].name) for consumer, provider in listed)


def _csv(rows: Iterable[tuple[str, str]]) -> Reply:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [_inert(name) for name in row] for row in [("source", "target"), *rows]
    )
    return Reply(text.getvalue().encode(), media_type=_CSV)


def _inert(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name


ROUTES: tuple[Route, ...] = (
    ("GET", "/relationships", relationships),
    ("GET", "/groups/{pacticipant}", group),
)
