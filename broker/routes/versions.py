"""Versions of pacticipants, and their tags."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker import paging, registry
from broker.call import NO_CONTENT, Call, Fields, Reply, Route, checked_name, created
from broker.errors import NotFoundError
from broker.hal import participants as hal
from broker.hal.values import Json, curies, link
from broker.model import Pacticipant, Tag, Version
from broker.store import branching, contracts, environments, pacticipants, removal

_OWNER = "/pacticipants/{pacticipant}"
_ONE = f"{_OWNER}/versions/{{version}}"


def listed(call: Call) -> Reply:
    """Latest first, a hundred at a time."""
    return _page(call, None)


def on_branch(call: Call) -> Reply:
    """The versions on a branch, latest first, a hundred at a time."""
    return _page(call, call.params["branch"])


def _page(call: Call, branch: str | None) -> Reply:
    page = paging.asked_or_first(call.query)
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        if branch is not None:
            registry.branch(tx, owner, branch)
        found = pacticipants.versions_of(tx, owner.id, branch=branch, limit=page.size, offset=page.offset)
        total = pacticipants.count_versions(tx, owner.id, branch=branch)
        ids = [version.id for version in found]
        on_branches, tagged = branching.on_branches(tx, ids), branching.tagged(tx, ids)
    bodies = [
        hal.listed_version(of, owner.name, call.urls, on_branches.get(of.id, []), tagged.get(of.id, [])) for of in found
    ]
    own = f"{call.urls.pacticipant(owner.name) if branch is None else call.urls.branch(owner.name, branch)}/versions"
    links = {
        "self": link(own, title=f"Versions of {owner.name}"),
        "pb:versions": [
            link(call.urls.version(owner.name, of.number), title="Version", name=of.number) for of in found
        ],
        "curies": curies(call.urls.base, "versions"),
    } | paging.links(page, total, own, call.query)
    return Reply({"_embedded": {"versions": bodies}, "page": paging.body(page, total), "_links": links})


def show(call: Call) -> Reply:
    return _reply(call, lambda tx, owner: registry.version(tx, owner, call.params["version"]))


def latest(call: Call) -> Reply:
    def find(tx: Connection, owner: Pacticipant) -> Version:
        return registry.found(pacticipants.latest_version(tx, owner.id), f"{owner.name} has no version yet")

    return _reply(call, find)


def latest_tagged(call: Call) -> Reply:
    return _reply(call, lambda tx, owner: registry.latest_tagged(tx, owner, call.params["tag"]))


def latest_on_branch(call: Call) -> Reply:
    return _reply(call, lambda tx, owner: registry.branch_head(tx, owner, call.params["branch"]))


def _reply(call: Call, find: Callable[[Connection, Pacticipant], Version]) -> Reply:
    with call.database.read() as tx:
        owner = registry.pacticipant(tx, call.params["pacticipant"])
        return Reply(_shown(tx, owner, find(tx, owner), call))


def _shown(tx: Connection, owner: Pacticipant, of: Version, call: Call) -> Json:
    return hal.version(
        of,
        owner,
        call.urls,
        on_branches=branching.on_branches(tx, [of.id]).get(of.id, []),
        tags=branching.tagged(tx, [of.id]).get(of.id, []),
        pacts=contracts.pacts_of_versions(tx, [of.id]),
        deployments=environments.DEPLOYMENTS.of_versions(tx, [of.id]),
        releases=environments.RELEASES.of_versions(tx, [of.id]),
        environments=environments.every(tx),
    )


def change(call: Call) -> Reply:
    """PUT and PATCH: creates the version if it is new, and puts it on `branch` and under `tags` ([{"name": ...}])."""
    params = {key: checked_name(text, key) for key, text in call.params.items()}
    body = call.json()
    fields = Fields(body)
    build_url, branch = fields.text("buildUrl"), fields.text("branch")
    tagged = fields.objects("tags") if body.get("tags") is not None else []
    names = [Fields(tag, fields.faults).name("name") for tag in tagged]
    fields.check()
    with call.database.write() as tx:
        owner = registry.ensure_pacticipant(tx, params["pacticipant"], call.now)
        ensured = registry.ensure_version(tx, owner, params["version"], call.now, build_url)
        if branch is not None:
            registry.ensure_on_branch(tx, owner, ensured.version, checked_name(branch, "branch"), call.now)
        registry.ensure_tags(tx, owner, ensured.version, names, call.now)
        shown = _shown(tx, owner, registry.version(tx, owner, params["version"]), call)
    if ensured.created:
        return created(shown, call.urls.version(owner.name, ensured.version.number))
    return Reply(shown)


def remove(call: Call) -> Reply:
    """Its pacts, results and deployments go too."""
    with call.database.write() as tx:
        _, version = registry.owned_version(tx, call.params)
        removal.remove_versions(tx, [version.id], contracts.pacts_of_versions(tx, [version.id]))
    return NO_CONTENT


def put_tag(call: Call) -> Reply:
    params = {key: checked_name(text, key) for key, text in call.params.items()}
    call.json()
    with call.database.write() as tx:
        owner = registry.ensure_pacticipant(tx, params["pacticipant"], call.now)
        version = registry.ensure_version(tx, owner, params["version"], call.now).version
        is_new = bool(registry.ensure_tags(tx, owner, version, [params["tag"]], call.now))
        tag = _tag(tx, owner, version, params["tag"])
    body = hal.tag(tag, owner.name, version.number, call.urls)
    return created(body, call.urls.tag(owner.name, version.number, tag.name)) if is_new else Reply(body)


def show_tag(call: Call) -> Reply:
    with call.database.read() as tx:
        owner, version = registry.owned_version(tx, call.params)
        tag = _tag(tx, owner, version, call.params["tag"])
    return Reply(hal.tag(tag, owner.name, version.number, call.urls))


def tags(call: Call) -> Reply:
    with call.database.read() as tx:
        owner, version = registry.owned_version(tx, call.params)
        found = branching.tagged(tx, [version.id]).get(version.id, [])
    bodies = [hal.tag(tag, owner.name, version.number, call.urls) for tag in found]
    own = f"{call.urls.version(owner.name, version.number)}/tags"
    return Reply({"_embedded": {"tags": bodies}, "_links": {"self": link(own, title="Tags")}})


def remove_tag(call: Call) -> Reply:
    with call.database.write() as tx:
        owner, version = registry.owned_version(tx, call.params)
        if not branching.remove_tag(tx, version.id, call.params["tag"]):
            raise NotFoundError(f"{owner.name} {version.number} has no tag {call.params['tag']}")
    return NO_CONTENT


def _tag(tx: Connection, owner: Pacticipant, version: Version, name: str) -> Tag:
    for tag in branching.tagged(tx, [version.id]).get(version.id, []):
        if tag.name == name:
            return tag
    raise NotFoundError(f"{owner.name} {version.number} has no tag {name}")


ROUTES: tuple[Route, ...] = (
    ("GET", f"{_OWNER}/versions", listed),
    ("GET", f"{_OWNER}/latest-version", latest),
    ("GET", f"{_OWNER}/latest-version/{{tag}}", latest_tagged),
    ("GET", f"{_OWNER}/branches/{{branch}}/latest-version", latest_on_branch),
    ("GET", f"{_OWNER}/branches/{{branch}}/versions", on_branch),
    ("GET", _ONE, show),
    ("PUT", _ONE, change),
    ("PATCH", _ONE, change),
    ("DELETE", _ONE, remove),
    ("GET", f"{_ONE}/tags", tags),
    ("GET", f"{_ONE}/tags/{{tag}}", show_tag),
    ("PUT", f"{_ONE}/tags/{{tag}}", put_tag),
    ("DELETE", f"{_ONE}/tags/{{tag}}", remove_tag),
)
