"""The first page: every integration and how it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from attrs import frozen
from sqlalchemy import Connection

from broker import paging
from broker.call import Call, Reply, Route
from broker.model import Pact
from broker.pages.pieces import STATUSES
from broker.pages.render import page
from broker.pages.standing import Standing, standings
from broker.pages.surroundings import surroundings
from broker.query import Pairs, value
from broker.store import contracts
from broker.store import overview as store

# What somebody has to act on comes first when the table is sorted by status.
_URGENCY = ("failed", "compared-failed", "changed", "unverified", "compared", "verified")
_SORTS: dict[str, tuple[str, Callable[[Standing], Any]]] = {
    "consumer": ("Consumer", lambda of: (of.pact.consumer.lower(), of.pact.provider.lower())),
    "provider": ("Provider", lambda of: (of.pact.provider.lower(), of.pact.consumer.lower())),
    "published": ("Latest pact", lambda of: -of.pact.created_at),
    "status": ("Status", lambda of: (_URGENCY.index(of.kind), of.pact.consumer.lower())),
    "verified": ("Last verification", lambda of: -(of.result.created_at if of.result else 0)),
}


@frozen
class _Wish:
    """What the reader asked to see; `reverse` turns the order round."""

    search: str
    status: str | None
    heads: bool
    sort: str
    reverse: bool

    @staticmethod
    def of(query: Pairs) -> _Wish:
        status, sort = value(query, "status"), value(query, "sort")
        return _Wish(
            search=(value(query, "search") or "").strip(),
            status=status if status in STATUSES else None,
            heads=value(query, "tags") == "true",
            sort=sort if sort in _SORTS else "consumer",
            reverse=value(query, "order") == "desc",
        )

    def address(self, **changes: str) -> str:
        """The query string of this wish with changes; what is as by default is left out."""
        asked = {
            "search": self.search,
            "status": self.status or "",
            "tags": "true" if self.heads else "",
            "sort": "" if self.sort == "consumer" else self.sort,
            "order": "desc" if self.reverse else "",
        } | changes
        found = urlencode([(key, text) for key, text in asked.items() if text], quote_via=quote)
        return f"?{found}" if found else "?"


def overview(call: Call) -> Reply:
    wish, asked = _Wish.of(call.query), paging.asked_or_first(call.query)
    with call.database.read() as tx:
        found, labels = _pacts(tx, wish)
        every = standings(tx, found)
        kinds = Counter(of.kind for of in every)
        kept = [of for of in every if wish.status in (None, of.kind)]
        kept.sort(key=_SORTS[wish.sort][1], reverse=wish.reverse)
        rows = asked.cut(kept)
        owners = {id_ for of in rows for id_ in (of.pact.consumer_id, of.pact.provider_id)}
        around = surroundings(tx, {of.pact.version_id for of in rows})
        present = store.present(tx, owners)
        deliveries = store.last_deliveries(tx)
    return page(
        call,
        "overview.html",
        rows=rows,
        wish=wish,
        total=len(kept),
        kinds=[(kind, kinds[kind]) for kind in _URGENCY if kinds[kind]],
        everything=len(every),
        sorts=[(key, title) for key, (title, _) in _SORTS.items()],
        labels=labels,
        around=around,
        places={of.pact.id: _places(of.pact, present) for of in rows},
        deliveries=deliveries,
        pages=paging.links(asked, len(kept), "", call.query),
        first=asked.offset + 1,
    )


def _pacts(tx: Connection, wish: _Wish) -> tuple[list[Pact], dict[int, list[tuple[str, str]]]]:
    """The pacts to show, and, when asked for, of which branches and tags each is the latest."""
    found = contracts.latest_pacts(tx)
    labels: dict[int, list[tuple[str, str]]] = {}
    if wish.heads:
        by_id = {pact.id: pact for pact in found}
        for pact, kind, name in store.head_pacts(tx):
            by_id[pact.id] = pact
            labels.setdefault(pact.id, []).append((kind, name))
        found = list(by_id.values())
    needle = wish.search.casefold()
    return [pact for pact in found if needle in pact.consumer.casefold() or needle in pact.provider.casefold()], labels


def _places(pact: Pact, present: dict[int, dict[str, list[str]]]) -> Sequence[tuple[str, list[str], list[str]]]:
    """(environment, consumer versions, provider versions) wherever one of the two is."""
    consumer, provider = present.get(pact.consumer_id, {}), present.get(pact.provider_id, {})
    return [(name, consumer.get(name, []), provider.get(name, [])) for name in sorted({*consumer, *provider})]


ROUTES: tuple[Route, ...] = (("GET", "/", overview),)
