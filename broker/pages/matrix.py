"""The matrix as a table with a form, and the answer to "can I deploy?" above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from attrs import frozen
from sqlalchemy import Connection

from broker import matrix_query, registry
from broker.call import Call, Reply, Route
from broker.errors import InvalidError
from broker.matrix import Matrix, Row, answer
from broker.matrix_query import MatrixQuery
from broker.matrix_reasons import Notice, notices
from broker.pages.render import page, with_status
from broker.pages.standing import kind_of
from broker.pages.surroundings import Surroundings, surroundings
from broker.query import Pairs, nested, value
from broker.store import environments, pacticipants

_MOST_SHOWN = 100
_TARGETS = ("environment", "tag", "branch", "mainBranch", "latest")
_KEYS = ("pacticipant", "version", "branch", "tag", "environment", "latest", "mainBranch")


@frozen
class _Line:
    """One row of the table; `kind` is a key of `pieces.STATUSES`."""

    row: Row
    kind: str


@frozen
class _Answer:
    """`style` and `heading` sum up what the notices say; None of it when the question was only for a history."""

    style: str
    heading: str
    notices: tuple[Notice, ...]


def matrix(call: Call) -> Reply:
    asked = [selector for selector in nested(call.query, "q") if selector.get("pacticipant", "").strip()]
    return _shown(call, asked, call.query)


def matrix_of_pair(call: Call) -> Reply:
    with call.database.read() as tx:
        pair = [{"pacticipant": one.name} for one in registry.pair(tx, call.params)]
    chosen = [(key, text) for key, text in call.query if key == "latestby"] or [("latestby", "cvpv")]
    return _shown(call, pair, [*chosen, *_only(call.query, ("limit",))])


def _shown(call: Call, asked: Sequence[Mapping[str, str]], query: Pairs) -> Reply:
    faults: list[str] = []
    found: Matrix | None = None
    parsed: MatrixQuery | None = None
    around: Mapping[int, Surroundings] = {}
    with call.database.read() as tx:
        names = [one.name for one in pacticipants.every(tx)]
        places = [one.name for one in environments.every(tx)]
    limit = _limit(query)
    try:
        if asked:
            matrix_query.check_names(query)
            parsed = matrix_query.parse(_rebuilt(asked, query))
            found, around = answer(call.database, parsed, call.now, lambda tx, of: _around(tx, of.shown[:limit]))
    except InvalidError as error:
        faults = error.errors if isinstance(error.errors, list) else [str(error)]
    reply = page(
        call,
        "matrix.html",
        asked=[{key: one.get(key, "") for key in _KEYS} for one in (*asked, {}, {})][: max(2, len(asked))],
        target={key: value(query, key) or "" for key in _TARGETS},
        latest_by=value(query, "latestby") or ("" if asked else "cvpv"),
        ignored=[one.pacticipant for one in parsed.ignored] if parsed else [],
        names=names,
        places=places,
        faults=faults,
        answer=_answer(call, parsed, found),
        lines=[_line(row) for row in (found.shown[:limit] if found else ())],
        total=len(found.rows) if found else 0,
        cut=bool(found and found.cut),
        limit=limit,
        around=around,
        api_query=urlencode(_rebuilt(asked, query), quote_via=quote),
        named=bool(asked),
    )
    return with_status(reply, 400) if faults else reply


def _rebuilt(asked: Sequence[Mapping[str, str]], query: Pairs) -> list[tuple[str, str]]:
    """The query without what was left blank or is as by default."""
    pairs = [
        (f"q[][{key}]", selector[key].strip()) for selector in asked for key in _KEYS if selector.get(key, "").strip()
    ]
    pairs += [(key, text) for key, text in query if key in (*_TARGETS, "latestby") and text.strip()]
    if (limit := _limit(query)) != _MOST_SHOWN:
        pairs.append(("limit", str(limit)))
    return [*pairs, *((key, text) for key, text in query if key.startswith("ignore[]") and text.strip())]


def _only(query: Pairs, keys: Sequence[str]) -> list[tuple[str, str]]:
    return [(key, text) for key, text in query if key in keys]


def _limit(query: Pairs) -> int:
    text = value(query, "limit") or ""
    return int(text) if text.isdecimal() and 0 < int(text[:9]) <= 1000 else _MOST_SHOWN


def _line(row: Row) -> _Line:
    return _Line(row, kind_of(row.verification, row.contract, row.comparison) or "unverified")


def _around(tx: Connection, rows: Sequence[Row]) -> Mapping[int, Surroundings]:
    version_ids = {row.pact.version_id for row in rows}
    version_ids |= {row.provider_version.id for row in rows if row.provider_version}
    owner_ids = {id_ for row in rows for id_ in (row.pact.consumer_id, row.pact.provider_id)}
    return surroundings(tx, version_ids, owner_ids)


def _answer(call: Call, query: MatrixQuery | None, found: Matrix | None) -> _Answer | None:
    """Only where particular versions are meant: "all versions with all versions" cannot be deployed."""
    if query is None or found is None:
        return None
    if query.target is None and all(asked.criteria.everything for asked in query.asked):
        return None
    what = " and ".join(" ".join(filter(None, (one.pacticipant, one.criteria.version))) for one in query.asked)
    place = f" to {query.target.environment}" if query.target and query.target.environment else ""
    said = tuple(notices(query, found, call.urls))
    if found.deployable:
        return _Answer("good", f"Yes: {what} can be deployed{place}", said)
    if found.deployable is False:
        return _Answer("bad", f"No: {what} cannot be deployed{place}", said)
    return _Answer("warn", f"Not yet: for {what} something is not verified", said)


ROUTES: tuple[Route, ...] = (
    ("GET", "/matrix", matrix),
    ("GET", "/matrix/provider/{provider}/consumer/{consumer}", matrix_of_pair),
    ("GET", "/dashboard/provider/{provider}/consumer/{consumer}", matrix_of_pair),
)
