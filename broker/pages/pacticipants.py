"""Pacticipants: the list of all, and all that is known of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attrs import frozen
from sqlalchemy import Connection

from broker import paging, registry
from broker.call import Call, Reply, Route
from broker.hal.urls import Urls, segment
from broker.model import Pacticipant, Presence
from broker.pages.network import picture
from broker.pages.render import page
from broker.pages.standing import Standing, standings
from broker.pages.surroundings import surroundings
from broker.paging import Page
from broker.query import value
from broker.store import contracts, environments, labels, overview, pacticipants

_VERSIONS_A_PAGE = 25
_MOST_BRANCHES = 50
_NOT_IN_ALT = str.maketrans("[]\n", "() ")


@frozen
class _Badge:
    """`image` and `target` are whole addresses, for a README elsewhere."""

    title: str
    image: str
    target: str

    @property
    def markdown(self) -> str:
        title = self.title.translate(_NOT_IN_ALT)
        return f"[![{title}]({self.image})]({self.target})"


def listed(call: Call) -> Reply:
    asked = paging.asked_or_first(call.query)
    search = (value(call.query, "search") or "").strip()
    with call.database.read() as tx:
        every = pacticipants.every(tx, containing=search or None)
        shown = asked.cut(every)
        ids = {one.id for one in shown}
        pairs = contracts.integrations_of(tx, ids)
        values = {
            "latest": pacticipants.latest_versions(tx, ids),
            "labels": labels.of(tx, ids),
            "places": overview.present(tx, ids),
            "provides": Counter(provider for _, provider in pairs),
            "consumes": Counter(consumer for consumer, _ in pairs),
        }
    pages = paging.links(asked, len(every), "", call.query)
    return page(call, "pacticipants.html", shown=shown, search=search, total=len(every), pages=pages, **values)


def one(call: Call) -> Reply:
    asked = paging.asked(call.query) or Page(1, _VERSIONS_A_PAGE)
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        own = [pact for pact in contracts.latest_pacts(tx) if owner.id in (pact.consumer_id, pact.provider_id)]
        found = standings(tx, own)
        versions = pacticipants.versions_of(tx, owner.id, limit=asked.size, offset=asked.offset)
        ids = {version.id for version in versions}
        pacts: dict[int, list[str]] = {}
        for pact in contracts.pacts_of_versions(tx, ids):
            pacts.setdefault(pact.version_id, []).append(pact.provider)
        total = pacticipants.count_versions(tx, owner.id)
        places = [place.name for place in environments.every(tx)]
        values = {
            "around": surroundings(tx, ids, [owner.id]),
            "verified": overview.verified_by(tx, ids),
            "heads": overview.branch_heads(tx, owner.id, limit=_MOST_BRANCHES),
            "labels": labels.of(tx, [owner.id]).get(owner.id, []),
            "presences": _presences(tx, owner),
        }
    return page(
        call,
        "pacticipant.html",
        owner=owner,
        consumes=[of for of in found if of.pact.consumer_id == owner.id],
        provides=[of for of in found if of.pact.provider_id == owner.id],
        drawing=picture(found),
        versions=versions,
        total=total,
        pacts=pacts,
        pages=paging.links(asked, total, "", call.query),
        badges=_badges(owner, found, places, call.urls),
        **values,
    )


def _presences(tx: Connection, owner: Pacticipant) -> Sequence[Presence]:
    ids = {version_id for _, version_id, _, _ in environments.versions_in(tx, [owner.id], environment_id=None)}
    found = environments.presences(tx, ids, current=True)
    return sorted(found, key=lambda of: (of.environment.production, of.environment.name, of.version_id))


def _badges(owner: Pacticipant, found: Sequence[Standing], places: Sequence[str], urls: Urls) -> list[_Badge]:
    own = urls.pacticipant(owner.name)
    badges = [
        _Badge(
            f"Pact of {of.pact.consumer} with {of.pact.provider}",
            f"{urls.latest_pact(of.pact)}/badge.svg",
            urls.latest_pact(of.pact),
        )
        for of in found
    ]
    if owner.main_branch is None:
        return badges
    head = f"{urls.branch(owner.name, owner.main_branch)}/latest-version"
    badges += [
        _Badge(f"Can be deployed to {place}", f"{head}/can-i-deploy/to-environment/{segment(place)}/badge.svg", own)
        for place in places
    ]
    return [*badges, _Badge("Can be merged", f"{own}/main-branch/can-i-merge/badge.svg", own)]


ROUTES: tuple[Route, ...] = (
    ("GET", "/pacticipants", listed),
    ("GET", "/pacticipants/{pacticipant}", one),
    ("GET", "/pacticipants/{pacticipant}/versions", one),
)
