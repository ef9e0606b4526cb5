"""The matrix."""

from __future__ import annotations

from sqlalchemy import Connection

from broker import matrix_query, registry
from broker.call import Call, Reply, Route
from broker.hal import matrix as hal
from broker.hal.matrix import Surroundings
from broker.matrix import Matrix
from broker.matrix import answer as matrix_of
from broker.matrix_query import Asked, Criteria, MatrixQuery
from broker.matrix_reasons import notices
from broker.model import Environment
from broker.store import branching, environments


def matrix(call: Call) -> Reply:
    return answer(call, matrix_query.parse(call.query))


def of_pair(call: Call) -> Reply:
    """Everything that is known of one consumer and one provider, latest results only; raises NotFoundError."""
    with call.database.read() as tx:
        asked = tuple(Asked(one.name, Criteria()) for one in registry.pair(tx, call.params))
    return answer(call, MatrixQuery(asked, None, latest_by="cvpv"))


def answer(call: Call, query: MatrixQuery) -> Reply:
    """The matrix of a query, with what it says about deploying; raises InvalidError."""
    found, around = matrix_of(call.database, query, call.now, _surroundings)
    return Reply(hal.matrix(found, notices(query, found, call.urls), around, call.urls))


def _surroundings(tx: Connection, of: Matrix) -> Surroundings:
    ids = {row.pact.version_id for row in of.shown}
    ids |= {row.provider_version.id for row in of.shown if row.provider_version}
    places: dict[int, list[Environment]] = {}
    for one in environments.presences(tx, ids, current=True):
        if one.environment not in places.setdefault(one.version_id, []):
            places[one.version_id].append(one.environment)
    return Surroundings(branching.on_branches(tx, ids), branching.tagged(tx, ids), places)


ROUTES: tuple[Route, ...] = (
    ("GET", "/matrix", matrix),
    ("GET", "/matrix/provider/{provider}/consumer/{consumer}", of_pair),
)
