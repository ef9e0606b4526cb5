"""The pacts of one consumer with one provider: all of them, or those of a branch or a tag; and removing them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker import paging, registry
from broker.call import NO_CONTENT, Call, Reply, Route
from broker.hal import pacts as hal
from broker.model import Pact, Pacticipant
from broker.store import branching, contracts, removal

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"

_Find = Callable[[Connection, Pacticipant, Pacticipant, Call], list[Pact]]


def _all(tx: Connection, consumer: Pacticipant, provider: Pacticipant, _: Call) -> list[Pact]:
    return contracts.pacts_between(tx, consumer.id, provider.id)


def _tagged(tx: Connection, consumer: Pacticipant, provider: Pacticipant, call: Call) -> list[Pact]:
    found = branching.versions_with_tag(tx, [consumer.id], call.params["tag"])
    return contracts.pacts_of_versions(tx, found.get(consumer.id, []), [provider.id])[::-1]


def _on_branch(tx: Connection, consumer: Pacticipant, provider: Pacticipant, call: Call) -> list[Pact]:
    """Without a branch in the path, the main branch."""
    found = branching.versions_on_branch(tx, [consumer.id], call.params.get("branch"))
    return contracts.pacts_of_versions(tx, found.get(consumer.id, []), [provider.id])[::-1]


def _latest_on_branch(tx: Connection, consumer: Pacticipant, provider: Pacticipant, call: Call) -> list[Pact]:
    return _on_branch(tx, consumer, provider, call)[:1]


def _list(find: _Find) -> Callable[[Call], Reply]:
    def answer(call: Call) -> Reply:
        """Latest version first; in pages when pages are asked for."""
        page = paging.asked(call.query)
        with call.database.read() as tx:
            found = find(tx, *_parties(tx, call), call)
        own = call.urls.at(call.path)
        body = hal.pact_versions(page.cut(found) if page else found, own, call.urls)
        return Reply(paging.paged(body, page, len(found), own, call.query))

    return answer


def _remove(find: _Find) -> Callable[[Call], Reply]:
    def answer(call: Call) -> Reply:
        """Contents that no version has any more go too, with their results; versions, branches and tags stay."""
        with call.database.write() as tx:
            removal.remove_pacts(tx, find(tx, *_parties(tx, call), call))
        return NO_CONTENT

    return answer


def _parties(tx: Connection, call: Call) -> tuple[Pacticipant, Pacticipant]:
    return registry.pacticipant(tx, call.params["consumer"]), registry.provider(tx, call.params["provider"])


ROUTES: tuple[Route, ...] = (
    ("GET", f"{_PAIR}/versions", _list(_all)),
    ("DELETE", f"{_PAIR}/versions", _remove(_all)),
    ("GET", f"{_PAIR}/tag/{{tag}}", _list(_tagged)),
    ("DELETE", f"{_PAIR}/tag/{{tag}}", _remove(_tagged)),
    ("GET", f"{_PAIR}/branch/versions", _list(_on_branch)),
    ("GET", f"{_PAIR}/branch/latest/versions", _list(_latest_on_branch)),
    ("GET", f"{_PAIR}/branch/{{branch}}", _list(_on_branch)),
    ("GET", f"{_PAIR}/branch/{{branch}}/versions", _list(_on_branch)),
    ("GET", f"{_PAIR}/branch/{{branch}}/latest/versions", _list(_latest_on_branch)),
    ("DELETE", f"{_PAIR}/branch/{{branch}}", _remove(_on_branch)),
)
