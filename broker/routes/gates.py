"""Whether a version may go where somebody wants it: can-i-deploy and can-i-merge at addresses of their own.

Each is a question to the matrix; asked with a number they suit a pipeline, asked with a branch or a tag a badge.
"""

from __future__ import annotations

from sqlalchemy import Connection

from broker import registry
from broker.call import Call, Reply, Route
from broker.errors import InvalidError
from broker.matrix_query import Asked, Criteria, MatrixQuery
from broker.model import Pacticipant
from broker.query import value
from broker.routes.matrix import answer
from broker.store import environments

_ASKED = ("pacticipant", "version", "environment", "to")
_OWNER = "/pacticipants/{pacticipant}"


def can_i_deploy(call: Call) -> Reply:
    """`?pacticipant=&version=` with `&environment=` or `&to=` (a tag)."""
    name, number = value(call.query, "pacticipant"), value(call.query, "version")
    place, tag = value(call.query, "environment"), value(call.query, "to")
    blank = [key for key, text in call.query if key in _ASKED and not text.strip()]
    if name is None or number is None or (place is None) == (tag is None) or blank:
        raise InvalidError(["Give pacticipant, version, and either environment or to (a tag)"])
    target = Criteria(environment=place) if place else Criteria(tag=tag, latest=True)
    return answer(call, MatrixQuery((Asked(name, Criteria(version=number)),), target, latest_by="cvpv"))


def version_to_environment(call: Call) -> Reply:
    with call.database.read() as tx:
        owner, version = registry.owned_version(tx, call.params)
        place = _environment(tx, call)
    return _answer(call, owner, Criteria(version=version.number), place)


def branch_to_environment(call: Call) -> Reply:
    """The latest version of a branch, to an environment given by its name."""
    branch = call.params["branch"]
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        registry.branch_head(tx, owner, branch)
        place = _environment(tx, call)
    return _answer(call, owner, Criteria(branch=branch), place)


def tag_to_tag(call: Call) -> Reply:
    """The latest version with a tag, against the latest versions of the others that have the other tag."""
    tag = call.params["tag"]
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        registry.latest_tagged(tx, owner, tag)
    return _answer(call, owner, Criteria(tag=tag, latest=True), Criteria(tag=call.params["other"], latest=True))


def main_branch_can_i_merge(call: Call) -> Reply:
    """The latest version of the main branch, against the latest versions of the others' main branches."""
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        registry.branch_head(tx, owner, None)
    return _answer(call, owner, Criteria(main_branch=True), Criteria(main_branch=True))


def _answer(call: Call, owner: Pacticipant, asked: Criteria, target: Criteria) -> Reply:
    return answer(call, MatrixQuery((Asked(owner.name, asked),), target, latest_by="cvpv"))


def _environment(tx: Connection, call: Call) -> Criteria:
    name = call.params["environment"]
    place = registry.found(environments.named(tx, name), f"No environment with name '{name}' found")
    return Criteria(environment=place.name)


ROUTES: tuple[Route, ...] = (
    ("GET", "/can-i-deploy", can_i_deploy),
    ("GET", f"{_OWNER}/versions/{{version}}/can-i-deploy/to-environment/{{environment}}", version_to_environment),
    (
        "GET",
        f"{_OWNER}/branches/{{branch}}/latest-version/can-i-deploy/to-environment/{{environment}}",
        branch_to_environment,
    ),
    ("GET", f"{_OWNER}/latest-version/{{tag}}/can-i-deploy/to/{{other}}", tag_to_tag),
    ("GET", f"{_OWNER}/main-branch/can-i-merge", main_branch_can_i_merge),
)
