"""Labels of pacticipants, and the pacticipants that have a label."""

from __future__ import annotations

from sqlalchemy import Connection

from broker import paging, registry
from broker.call import NO_CONTENT, Call, Reply, Route, checked_name, created
from broker.errors import NotFoundError
from broker.hal import participants as hal
from broker.hal.values import Json, link
from broker.model import Label, Pacticipant
from broker.store import labels, pacticipants

_ONE = "/pacticipants/{pacticipant}/labels/{label}"


def put(call: Call) -> Reply:
    """201 when the pacticipant did not have it. The pacticipant itself has to exist."""
    name = checked_name(call.params["label"], "label")
    call.json()
    with call.database.write() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        is_new = labels.find(tx, owner.id, name) is None
        if is_new:
            labels.add(tx, owner.id, name, call.now)
        body = hal.label(_label(tx, owner, name), owner.name, call.urls)
    return created(body, call.urls.label(owner.name, name)) if is_new else Reply(body)


def show(call: Call) -> Reply:
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        return Reply(hal.label(_label(tx, owner, call.params["label"]), owner.name, call.urls))


def remove(call: Call) -> Reply:
    with call.database.write() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        if not labels.remove(tx, owner.id, call.params["label"]):
            raise NotFoundError(f"{owner.name} has no label {call.params['label']}")
    return NO_CONTENT


def of_pacticipant(call: Call) -> Reply:
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        found = labels.of(tx, [owner.id]).get(owner.id, [])
    bodies = [hal.label(one, owner.name, call.urls) for one in found]
    own = f"{call.urls.pacticipant(owner.name)}/labels"
    return Reply({"_embedded": {"labels": bodies}, "_links": {"self": link(own, title=f"Labels of {owner.name}")}})


def names(call: Call) -> Reply:
    """Every label in use, once, in pages when pages are asked for."""
    page = paging.asked(call.query)
    with call.database.read() as tx:
        found = labels.names(tx)
    own = call.urls.at("/labels")
    bodies: list[Json] = [
        {"name": name, "_links": {"pb:pacticipants-with-label": link(call.urls.labelled(name), name=name)}}
        for name in (page.cut(found) if page else found)
    ]
    body: Json = {"_embedded": {"labels": bodies}, "_links": {"self": link(own, title="Labels")}}
    return Reply(paging.paged(body, page, len(found), own, call.query))


def labelled(call: Call) -> Reply:
    """The pacticipants that have the label: an empty list when none has it."""
    name = call.params["label"]
    with call.database.read() as tx:
        ids = labels.pacticipants_with(tx, name)
        every = sorted(pacticipants.by_ids(tx, ids).values(), key=lambda of: of.name)
        latest = pacticipants.latest_versions(tx, ids)
        labelled_by = labels.of(tx, ids)
    items = [(of, latest.get(of.id), labelled_by.get(of.id, [])) for of in every]
    return Reply(hal.pacticipants(items, call.urls, own=call.urls.labelled(name)))


def _label(tx: Connection, owner: Pacticipant, name: str) -> Label:
    found = labels.find(tx, owner.id, name)
    if found is None:
        raise NotFoundError(f"{owner.name} has no label {name}")
    return found


ROUTES: tuple[Route, ...] = (
    ("GET", "/labels", names),
    ("GET", "/pacticipants/label/{label}", labelled),
    ("GET", "/pacticipants/{pacticipant}/labels", of_pacticipant),
    ("GET", _ONE, show),
    ("PUT", _ONE, put),
    ("DELETE", _ONE, remove),
)
