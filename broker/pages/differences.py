"""The page of what changed from one pact to another."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker import registry
from broker.call import Call, Reply, Route
from broker.content import load
from broker.errors import InvalidError
from broker.hal.urls import segment
from broker.model import Pact
from broker.pages.pact_diff import diff
from broker.pages.render import local, page
from broker.query import value
from broker.store import contracts

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_VERSION = f"{_PAIR}/version/{{version}}"
_MOST_OFFERED = 60

Side = Callable[[Connection, Pact], Pact | None]


def with_previous(call: Call) -> Reply:
    """For the first content, everything is new."""
    return _shown(call, contracts.previous_distinct)


def with_version(call: Call) -> Reply:
    return _shown(call, lambda tx, _: registry.pact(tx, call.params, call.params["other"]))


def with_content(call: Call) -> Reply:
    with call.database.read() as tx:
        after = registry.pact_with_content(tx, call.params, call.params["sha"])
        before = registry.pact_with_content(tx, call.params, call.params["other"])
        return _page(call, tx, before, after)


def choose(call: Call) -> Reply:
    """Where the form leads: `?from=` and `?to=` are version numbers."""
    before, after = value(call.query, "from"), value(call.query, "to")
    if before is None or after is None:
        raise InvalidError(["Choose two versions: from and to"])
    pair = local(call.urls).pair(call.params["consumer"], call.params["provider"])
    return Reply(status=303, location=f"{pair}/version/{segment(after)}/diff/version/{segment(before)}")


def _shown(call: Call, other: Side) -> Reply:
    with call.database.read() as tx:
        after = registry.pact(tx, call.params, call.params["version"])
        return _page(call, tx, other(tx, after), after)


def _page(call: Call, tx: Connection, before: Pact | None, after: Pact) -> Reply:
    old = load(contracts.body(tx, before.content_id)) if before else {}
    new = load(contracts.body(tx, after.content_id))
    offered = contracts.pacts_between(tx, after.consumer_id, after.provider_id, limit=_MOST_OFFERED)
    return page(call, "diff.html", before=before, after=after, diff=diff(old, new), offered=offered)


ROUTES: tuple[Route, ...] = (
    ("GET", f"{_PAIR}/diff", choose),
    ("GET", f"{_VERSION}/diff/previous-distinct", with_previous),
    ("GET", f"{_VERSION}/diff/version/{{other}}", with_version),
    ("GET", f"{_PAIR}/pact-version/{{sha}}/diff/pact-version/{{other}}", with_content),
)
