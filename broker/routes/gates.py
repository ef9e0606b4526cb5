"""Whether a version may go where somebody wants it: can-i-deploy and can-i-merge at addresses of their own.

Each is a question to the matrix; asked with a number they suit a pipeline, asked with a branch or a tag a badge.
"""

from __future__ import annotations

from sqlalchemy import Connection

from broker import registry
from broker.call import Call, Reply, Route
from broker.errors import InvalidError, NotFoundError
from broker.matrix_query import Asked, Criteria, MatrixQuery
from broker.query import value
from broker.routes.matrix import answer
from broker.store import branching, environments

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
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        number = registry.version(tx, owner, call.params["version"]).number
        place = _environment(tx, call)
    return answer(call, MatrixQuery((Asked(owner.name, Criteria(version=number)),), place, latest_by="cvpv"))


def branch_to_environment(call: Call) -> Reply:
    """The latest version of a branch, to an environment given by its name."""
    branch = call.params["branch"]
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        if owner.id not in branching.branch_heads(tx, [owner.id], branch):
            raise NotFoundError(f"{owner.name} has no version on branch {branch}")
        place = _environment(tx, call)
    return answer(call, MatrixQuery((Asked(owner.name, Criteria(branch=branch)),), place, latest_by="cvpv"))


def tag_to_tag(call: Call) -> Reply:
    """The latest version with a tag, against the latest versions of the others that have the other tag."""
    tag = call.params["tag"]
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        if owner.id not in branching.versions_with_tag(tx, [owner.id], tag):
            raise NotFoundError(f"No version of {owner.name} has the tag {tag}")
    asked = Asked(owner.name, Criteria(tag=tag, latest=True))
    return answer(call, MatrixQuery((asked,), Criteria(tag=call.params["other"], latest=True), latest_by="cvpv"))


def main_branch_can_i_merge(call: Call) -> Reply:
    """The latest version of the main branch, against the latest versions of the others' main branches."""
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        if owner.id not in branching.branch_heads(tx, [owner.id], None):
            raise NotFoundError(f"{owner.name} has no version on a main branch")
    asked = Asked(owner.name, Criteria(main_branch=True))
    return answer(call, MatrixQuery((asked,), Criteria(main_branch=True), latest_by="cvpv"))


def _environment(tx: Connection, call: Call) -> Criteria:
    name = call.params["environment"]
    if environments.named(tx, name) is None:
        raise NotFoundError(f"No environment with name '{name}' found")
    return Criteria(environment=name)


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
