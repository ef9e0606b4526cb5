"""Pacticipants and their branches."""

from __future__ import annotations

from sqlalchemy import Connection

from broker import paging, registry
from broker.call import NO_CONTENT, Call, Fields, Reply, Route, checked_name, created
from broker.errors import InvalidError, NotFoundError
from broker.hal import participants as hal
from broker.hal.values import Json, curies, link
from broker.model import Branch, OnBranch, Pacticipant, Version
from broker.query import value
from broker.store import branching, environments, labels, pacticipants

_ONE = "/pacticipants/{pacticipant}"
_BRANCH = f"{_ONE}/branches/{{branch}}"


def listed(call: Call) -> Reply:
    """All of them, or one page of them when pages are asked for; `?q=` keeps the names that hold a text."""
    page = paging.asked(call.query)
    with call.database.read() as tx:
        every = pacticipants.every(tx, containing=value(call.query, "q"))
        shown = page.cut(every) if page else every
        ids = [of.id for of in shown]
        latest, labelled = pacticipants.latest_versions(tx, ids), labels.of(tx, ids)
    body = hal.pacticipants([(of, latest.get(of.id), labelled.get(of.id, [])) for of in shown], call.urls)
    return Reply(paging.paged(body, page, len(every), call.urls.at("/pacticipants"), call.query))


def show(call: Call) -> Reply:
    with call.database.read() as tx:
        of = registry.pacticipant(tx, call.params["pacticipant"])
        return Reply(_shown(tx, of, call))


def create(call: Call) -> Reply:
    """An explicit creation may be called almost like another: that is how one says that both are meant."""
    fields = Fields(call.json())
    name = fields.name("name")
    values = _values(fields)
    with call.database.write() as tx:
        if pacticipants.find(tx, name) is not None:
            raise InvalidError({"name": [f"'{name}' is already used by an existing pacticipant"]})
        of = _create(tx, name, values, call.now)
        return created(_shown(tx, of, call), call.urls.pacticipant(name))


def change(call: Call) -> Reply:
    """PATCH changes what it names. PUT does the same, and creates what is not there."""
    name = checked_name(call.params["pacticipant"], "name")
    values = _values(Fields(call.json()))
    with call.database.write() as tx:
        of = pacticipants.find(tx, name)
        if of is None:
            of = _create(tx, name, values, call.now)
            return created(_shown(tx, of, call), call.urls.pacticipant(name))
        if values:
            pacticipants.change(tx, of.id, call.now, values)
        return Reply(_shown(tx, registry.pacticipant(tx, name), call))


def remove(call: Call) -> Reply:
    with call.database.write() as tx:
        pacticipants.remove(tx, registry.pacticipant(tx, call.params["pacticipant"]).id)
    return NO_CONTENT


def _values(fields: Fields) -> dict[str, str | None]:
    """Only what the request names; an explicit null clears what may be empty."""
    columns = {"displayName": "display_name", "mainBranch": "main_branch", "repositoryUrl": "repository_url"}
    values = {column: fields.text(key) for key, column in columns.items() if key in fields.source}
    fields.check()
    if values.get("display_name", "") is None:
        del values["display_name"]
    return values


def _create(tx: Connection, name: str, values: dict[str, str | None], now: int) -> Pacticipant:
    return pacticipants.create(
        tx,
        name,
        registry.name_key(name),
        now,
        display_name=values.get("display_name") or registry.display_name(name),
        main_branch=values.get("main_branch"),
        repository_url=values.get("repository_url"),
    )


def _shown(tx: Connection, of: Pacticipant, call: Call) -> Json:
    latest = pacticipants.latest_version(tx, of.id)
    labelled = labels.of(tx, [of.id]).get(of.id, [])
    deployed = environments.DEPLOYMENTS.now(tx, pacticipant_id=of.id)
    return hal.pacticipant(of, latest, call.urls, labels=labelled, deployments=deployed)


def branches(call: Call) -> Reply:
    """In pages of a hundred; `?q=` keeps the names that hold a text."""
    page = paging.asked_or_first(call.query)
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        every = branching.branches_of(tx, owner.id, containing=value(call.query, "q"))
        bodies = [
            hal.branch(branch, owner.name, _head(tx, owner, branch.name), call.urls) for branch in page.cut(every)
        ]
    own = f"{call.urls.pacticipant(owner.name)}/branches"
    links: Json = {
        "self": link(own, title=f"Branches of {owner.name}"),
        "pb:branches": [body["_links"]["self"] for body in bodies],
        "curies": curies(call.urls.base, "branches"),
    } | paging.links(page, len(every), own, call.query)
    return Reply({"_embedded": {"branches": bodies}, "page": paging.body(page, len(every)), "_links": links})


def remove_branches(call: Call) -> Reply:
    """All branches apart from the main one and those that `?exclude[]=NAME` spares. Their versions stay."""
    spared = {text for key, text in call.query if key in ("exclude[]", "exclude")}
    with call.database.write() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        for branch in branching.branches_of(tx, owner.id):
            if branch.name not in spared | {owner.main_branch}:
                branching.remove_branch(tx, branch.id)
    return NO_CONTENT


def show_branch(call: Call) -> Reply:
    with call.database.read() as tx:
        owner, branch = _owner_and_branch(tx, call)
        return Reply(hal.branch(branch, owner.name, _head(tx, owner, branch.name), call.urls))


def remove_branch(call: Call) -> Reply:
    with call.database.write() as tx:
        _, branch = _owner_and_branch(tx, call)
        branching.remove_branch(tx, branch.id)
    return NO_CONTENT


def _owner_and_branch(tx: Connection, call: Call) -> tuple[Pacticipant, Branch]:
    owner = registry.pacticipant(tx, call.params["pacticipant"])
    return owner, registry.branch(tx, owner, call.params["branch"])


def _head(tx: Connection, owner: Pacticipant, branch: str) -> Version | None:
    head = branching.branch_heads(tx, [owner.id], branch).get(owner.id)
    return pacticipants.versions_by_ids(tx, [head])[head] if head is not None else None


def put_branch_version(call: Call) -> Reply:
    """Creates whatever of pacticipant, version and branch is not there yet: 201 when the place is new."""
    params = {key: checked_name(value, key) for key, value in call.params.items()}
    fields = Fields(call.json())
    build_url = fields.text("buildUrl")
    fields.check()
    with call.database.write() as tx:
        owner = registry.ensure_pacticipant(tx, params["pacticipant"], call.now)
        version = registry.ensure_version(tx, owner, params["version"], call.now, build_url).version
        is_new = registry.ensure_on_branch(tx, owner, version, params["branch"], call.now)
        place = _place(tx, owner, version, params["branch"])
    body = hal.branch_version(place, owner.name, version.number, call.urls)
    url = call.urls.branch_version(owner.name, params["branch"], version.number)
    return created(body, url) if is_new else Reply(body)


def show_branch_version(call: Call) -> Reply:
    with call.database.read() as tx:
        owner, version = registry.owned_version(tx, call.params)
        place = _place(tx, owner, version, call.params["branch"])
    return Reply(hal.branch_version(place, owner.name, version.number, call.urls))


def remove_branch_version(call: Call) -> Reply:
    with call.database.write() as tx:
        owner, branch = _owner_and_branch(tx, call)
        version = registry.version(tx, owner, call.params["version"])
        if not branching.take_off_branch(tx, branch.id, version.id):
            raise NotFoundError(f"{owner.name} {version.number} is not on branch {branch.name}")
    return NO_CONTENT


def _place(tx: Connection, owner: Pacticipant, version: Version, branch: str) -> OnBranch:
    for place in branching.on_branches(tx, [version.id]).get(version.id, []):
        if place.branch == branch:
            return place
    raise NotFoundError(f"{owner.name} {version.number} is not on branch {branch}")


ROUTES: tuple[Route, ...] = (
    ("GET", "/pacticipants", listed),
    ("POST", "/pacticipants", create),
    ("GET", _ONE, show),
    ("PUT", _ONE, change),
    ("PATCH", _ONE, change),
    ("DELETE", _ONE, remove),
    ("GET", f"{_ONE}/branches", branches),
    ("DELETE", f"{_ONE}/branches", remove_branches),
    ("GET", _BRANCH, show_branch),
    ("DELETE", _BRANCH, remove_branch),
    ("GET", f"{_BRANCH}/versions/{{version}}", show_branch_version),
    ("PUT", f"{_BRANCH}/versions/{{version}}", put_branch_version),
    ("DELETE", f"{_BRANCH}/versions/{{version}}", remove_branch_version),
)
