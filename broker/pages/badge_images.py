"""Badges for READMEs: whether the latest pact is verified, whether a head can be deployed or merged.

A badge always comes with status 200: what is not known is a grey badge that says so, because a page that embeds
an image shows nothing of an error. `?label=` replaces the text on the left, `?initials=true` shortens the names.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker import registry
from broker.call import Call, Reply, Route
from broker.errors import InvalidError, NotFoundError
from broker.matrix import answer
from broker.matrix_query import Asked, Criteria, MatrixQuery
from broker.model import Pact
from broker.pages.badges import Badge, initials
from broker.pages.standing import standings
from broker.query import value
from broker.store import branching, contracts, pacticipants

_SVG = "image/svg+xml;charset=utf-8"
_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_PACTICIPANT = "/pacticipants/{pacticipant}"

_VERIFIED = ("verified", "good")
_FAILED = ("failed", "bad")
_UNKNOWN = ("unknown", "unknown")
# By how a pact stands, see pages.standing. Pending: an earlier content was verified, so that this one will be.
_STATUSES = {
    "verified": _VERIFIED,
    "compared": _VERIFIED,
    "failed": _FAILED,
    "compared-failed": _FAILED,
    "changed": ("pending", "warn"),
}
_ANSWERS = {True: ("yes", "good"), False: ("no", "bad"), None: _UNKNOWN}

Status = tuple[str, str]


def latest(call: Call) -> Reply:
    return _of_pact(call, "", lambda tx, consumer, provider: contracts.pacts_between(tx, consumer, provider, limit=1))


def latest_tagged(call: Call) -> Reply:
    tag = call.params["tag"]

    def find(tx: Connection, consumer: int, provider: int) -> list[Pact]:
        return [pact for pact in contracts.latest_with_tag(tx, provider, tag) if pact.consumer_id == consumer]

    return _of_pact(call, tag, find)


def latest_on_branch(call: Call) -> Reply:
    def find(tx: Connection, consumer: int, provider: int) -> list[Pact]:
        found = branching.versions_on_branch(tx, [consumer], call.params["branch"])
        return contracts.pacts_of_versions(tx, found.get(consumer, []), [provider])[-1:]

    return _of_pact(call, call.params["branch"], find)


def _of_pact(call: Call, suffix: str, find: Callable[[Connection, int, int], list[Pact]]) -> Reply:
    def status() -> Status:
        with call.database.read() as tx:
            consumer = registry.pacticipant(tx, call.params["consumer"])
            provider = registry.provider(tx, call.params["provider"])
            found = find(tx, consumer.id, provider.id)
            return _STATUSES.get(standings(tx, found[:1])[0].kind, _UNKNOWN) if found else _UNKNOWN

    names = (_name(call, call.params["consumer"]), _name(call, call.params["provider"]))
    return _badge(call, " ".join(filter(None, ("/".join(names), suffix, "pact"))), status)


def branch_to_environment(call: Call) -> Reply:
    branch, environment = call.params["branch"], call.params["environment"]
    label = f"{_name(call, call.params['pacticipant'])} {branch} to {environment}"
    return _deployable(call, label, Criteria(branch=branch), Criteria(environment=environment))


def tag_to_tag(call: Call) -> Reply:
    tag, target = call.params["tag"], call.params["to"]
    label = f"{_name(call, call.params['pacticipant'])} {tag} to {target}"
    return _deployable(call, label, Criteria(tag=tag, latest=True), Criteria(tag=target, latest=True))


def can_i_merge(call: Call) -> Reply:
    label = f"{_name(call, call.params['pacticipant'])} can merge"
    return _deployable(call, label, Criteria(main_branch=True), Criteria(main_branch=True))


def _deployable(call: Call, label: str, which: Criteria, target: Criteria) -> Reply:
    def status() -> Status:
        with call.database.read() as tx:
            owner = registry.pacticipant(tx, call.params["pacticipant"])
            heads = _heads(tx, owner.id, which)
        if not heads:
            return _UNKNOWN
        query = MatrixQuery((Asked(owner.name, Criteria(version=heads[0])),), target, latest_by="cvpv")
        found, _ = answer(call.database, query, call.now, lambda _tx, _found: None)
        return _ANSWERS[found.deployable]

    return _badge(call, label, status)


def _heads(tx: Connection, owner_id: int, which: Criteria) -> list[str]:
    """The number of the head that is meant, if there is one."""
    if which.tag is not None:
        ids = branching.versions_with_tag(tx, [owner_id], which.tag).get(owner_id, [])[:1]
    else:
        ids = list(branching.branch_heads(tx, [owner_id], which.branch).values())
    return [version.number for version in pacticipants.versions_by_ids(tx, ids).values()]


def _name(call: Call, name: str) -> str:
    return initials(name) if value(call.query, "initials") == "true" else name


def _badge(call: Call, label: str, find: Callable[[], Status]) -> Reply:
    try:
        status, kind = find()
    except (NotFoundError, InvalidError):
        status, kind = _UNKNOWN
    return Reply(Badge(value(call.query, "label") or label, status, kind).svg(), media_type=_SVG)


def _both(path: str, handler: Callable[[Call], Reply]) -> tuple[Route, ...]:
    return (("GET", f"{path}/badge", handler), ("GET", f"{path}/badge.svg", handler))


ROUTES: tuple[Route, ...] = (
    *_both(f"{_PAIR}/latest", latest),
    *_both(f"{_PAIR}/latest/{{tag}}", latest_tagged),
    *_both(f"{_PAIR}/branch/{{branch}}/latest", latest_on_branch),
    *_both(
        f"{_PACTICIPANT}/branches/{{branch}}/latest-version/can-i-deploy/to-environment/{{environment}}",
        branch_to_environment,
    ),
    *_both(f"{_PACTICIPANT}/latest-version/{{tag}}/can-i-deploy/to/{{to}}", tag_to_tag),
    *_both(f"{_PACTICIPANT}/main-branch/can-i-merge", can_i_merge),
)
