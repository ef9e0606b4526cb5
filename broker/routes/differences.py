"""What changed from one pact to another: as text, or as JSON for those who ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from broker import difference, registry
from broker.call import Call, Reply, Route
from broker.errors import NotFoundError
from broker.hal.participants import pact_name
from broker.hal.urls import Urls
from broker.hal.values import Json, curies, link
from broker.model import Pact
from broker.routes.pacts import pact_body
from broker.store import contracts

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_VERSION = f"{_PAIR}/version/{{version}}"
_TEXT = "text/plain;charset=utf-8"
_NOTHING = b'{"interactions":[]}'


def previous_distinct(call: Call) -> Reply:
    """The latest earlier pact of this consumer with this provider that says something else."""
    with call.database.read() as tx:
        found = contracts.previous_distinct(tx, registry.pact(tx, call.params, call.params["version"]))
        if found is None:
            raise NotFoundError("No earlier version has a pact with another content")
        return Reply(pact_body(tx, found, call.urls))


def with_previous(call: Call) -> Reply:
    """For the first content, everything is new."""
    with call.database.read() as tx:
        after = registry.pact(tx, call.params, call.params["version"])
        before = contracts.previous_distinct(tx, after)
        bodies = (contracts.body(tx, before.content_id) if before else _NOTHING, contracts.body(tx, after.content_id))
    return _reply(call, before, after, *bodies)


def with_version(call: Call) -> Reply:
    return _between(call, registry.pact, "version")


def with_content(call: Call) -> Reply:
    """Two contents, each named by its sha."""
    return _between(call, registry.pact_with_content, "sha")


def _between(call: Call, find: Callable[[Connection, Mapping[str, str], str], Pact], key: str) -> Reply:
    with call.database.read() as tx:
        after = find(tx, call.params, call.params[key])
        before = find(tx, call.params, call.params["other"])
        bodies = (contracts.body(tx, before.content_id), contracts.body(tx, after.content_id))
    return _reply(call, before, after, *bodies)


def _reply(call: Call, before: Pact | None, after: Pact, old: bytes, new: bytes) -> Reply:
    found = difference.between(old, new)
    if "json" not in call.accept:
        return Reply(found.text().encode() + b"\n", media_type=_TEXT)
    body: Json = {"before": _side(before, call.urls) if before else None, "after": _side(after, call.urls)}
    body["changes"] = [
        {
            "interaction": change.interaction,
            "kind": change.kind,
            "lines": list(change.lines),
            "leftOut": change.left_out,
        }
        for change in found.changes
    ]
    body["leftOut"] = found.left_out
    body["_links"] = {
        "self": link(call.urls.at(call.path), title="Difference"),
        "curies": curies(call.urls.base, "diff"),
    }
    return Reply(body)


def _side(of: Pact, urls: Urls) -> Json:
    return {
        "consumerVersionNumber": of.number,
        "sha": of.sha,
        "_links": {"pb:pact": link(urls.pact(of), name=pact_name(of))},
    }


ROUTES: tuple[Route, ...] = (
    ("GET", f"{_VERSION}/previous-distinct", previous_distinct),
    ("GET", f"{_VERSION}/diff/previous-distinct", with_previous),
    ("GET", f"{_VERSION}/diff/version/{{other}}", with_version),
    ("GET", f"{_PAIR}/pact-version/{{sha}}/diff/pact-version/{{other}}", with_content),
)
