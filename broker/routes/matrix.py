"""The matrix, and can-i-deploy, which is a question to it."""

from __future__ import annotations

from sqlalchemy import Connection

from broker import bidirectional, matrix_query
from broker.call import Call, Reply, Route
from broker.errors import InvalidError
from broker.hal import matrix as hal
from broker.hal.matrix import Surroundings
from broker.matrix import Matrix, evaluate
from broker.matrix_query import Asked, Criteria, MatrixQuery
from broker.matrix_reasons import notices
from broker.model import Environment
from broker.query import value
from broker.store import environments, pacticipants


def matrix(call: Call) -> Reply:
    query = matrix_query.parse(call.query)
    with call.database.read() as tx:
        found = evaluate(tx, query)
        around = _surroundings(tx, found)
    bidirectional.keep(call.database, found.fresh, call.now)
    return Reply(hal.matrix(found, notices(query, found, call.urls), around, call.urls))


def can_i_deploy(call: Call) -> Reply:
    """`?pacticipant=&version=` with `&environment=` or `&to=` (a tag)."""
    name, number = value(call.query, "pacticipant"), value(call.query, "version")
    place, tag = value(call.query, "environment"), value(call.query, "to")
    if name is None or number is None or (place is None) == (tag is None):
        raise InvalidError(["Give pacticipant, version, and either environment or to (a tag)"])
    target = Criteria(environment=place) if place else Criteria(tag=tag, latest=True)
    query = MatrixQuery((Asked(name, Criteria(version=number)),), target, latest_by="cvpv")
    with call.database.read() as tx:
        found = evaluate(tx, query)
    bidirectional.keep(call.database, found.fresh, call.now)
    return Reply(hal.can_i_deploy(found, notices(query, found, call.urls)))


def _surroundings(tx: Connection, of: Matrix) -> Surroundings:
    ids = {row.pact.version_id for row in of.rows}
    ids |= {row.provider_version.id for row in of.rows if row.provider_version}
    places: dict[int, list[Environment]] = {}
    for one in (
        *environments.deployments_of(tx, ids, current=True),
        *environments.releases_of(tx, ids, current=True),
    ):
        if one.environment not in places.setdefault(one.version_id, []):
            places[one.version_id].append(one.environment)
    return Surroundings(pacticipants.on_branches(tx, ids), pacticipants.tagged(tx, ids), places)


ROUTES: tuple[Route, ...] = (
    ("GET", "/matrix", matrix),
    ("GET", "/can-i-deploy", can_i_deploy),
)
