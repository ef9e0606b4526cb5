"""Recording which versions are deployed or released where, and reading it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import uuid4

from attrs import frozen
from sqlalchemy import Connection

from broker import paging, registry
from broker.call import Call, Fields, Reply, Route, checked_name, created
from broker.errors import InvalidError
from broker.hal import places as hal
from broker.hal.urls import Urls
from broker.hal.values import Json
from broker.model import Environment, Pacticipant, Presence, Version
from broker.query import value
from broker.store import environments
from broker.store.environments import DEPLOYMENTS, RELEASES, Presences

_VERSION = "/pacticipants/{pacticipant}/versions/{version}"
_DEPLOYED = f"{_VERSION}/deployed-versions/environment/{{environment}}"
_RELEASED = f"{_VERSION}/released-versions/environment/{{environment}}"
_IN_ENVIRONMENT = "/environments/{environment}"


@frozen
class _Kind:
    """`noun` is what one of them is called, `title` what they are together."""

    stored: Presences
    shown: Callable[[Sequence[Presence], str, str, Urls], Json]
    noun: str
    title: str

    def find(self, tx: Connection, uuid: str) -> Presence:
        """Raises NotFoundError."""
        return registry.found(self.stored.find(tx, uuid), f"No {self.noun} with UUID '{uuid}' found")


_DEPLOYMENTS = _Kind(DEPLOYMENTS, hal.deployed_versions, "deployed version", "Deployments")
_RELEASES = _Kind(RELEASES, hal.released_versions, "released version", "Releases")


def record_deployment(call: Call) -> Reply:
    """What was deployed there before, under the same application instance, is undeployed.

    Recording the same deployment again changes nothing and answers with the record that exists.
    """
    instance = _instance(call)
    with call.database.write() as tx:
        owner, version, place = _where(tx, call)
        present = DEPLOYMENTS.now(tx, environment_id=place.id, pacticipant_id=owner.id, instance=instance)
        same = next((one for one in present if one.version_id == version.id), None)
        uuid = same.uuid if same else str(uuid4())
        if same is None:
            for one in present:
                environments.end_deployment(tx, one.uuid, call.now)
            environments.add_deployment(
                tx,
                uuid,
                call.now,
                pacticipant_id=owner.id,
                version_id=version.id,
                environment_id=place.id,
                instance=instance,
            )
        body = hal.deployed_version(_DEPLOYMENTS.find(tx, uuid), call.urls)
    return created(body, call.urls.deployed_version(uuid))


def _instance(call: Call) -> str:
    """Empty for the unnamed application instance; `target` is the former name of the field."""
    fields = Fields(call.json())
    name, former = fields.text("applicationInstance"), fields.text("target")
    fields.check()
    instances = [checked_name(one, "applicationInstance") for one in (name, former) if one]
    return instances[0] if instances else ""


def record_release(call: Call) -> Reply:
    """Releases stand side by side. Releasing again restores the support of a version whose support ended."""
    call.json()
    with call.database.write() as tx:
        owner, version, place = _where(tx, call)
        known = RELEASES.of_versions(tx, [version.id], environment_id=place.id)
        if known:
            environments.set_support(tx, known[0].uuid, None)
            return Reply(hal.released_version(_RELEASES.find(tx, known[0].uuid), call.urls))
        uuid = str(uuid4())
        environments.add_release(
            tx,
            uuid,
            call.now,
            pacticipant_id=owner.id,
            version_id=version.id,
            environment_id=place.id,
        )
        body = hal.released_version(_RELEASES.find(tx, uuid), call.urls)
    return created(body, call.urls.released_version(uuid))


def _where(tx: Connection, call: Call) -> tuple[Pacticipant, Version, Environment]:
    owner, version = registry.owned_version(tx, call.params)
    return owner, version, registry.environment(tx, call.params["environment"])


def deployments_of_version(call: Call) -> Reply:
    return _of_version_in_environment(call, _DEPLOYMENTS)


def releases_of_version(call: Call) -> Reply:
    return _of_version_in_environment(call, _RELEASES)


def _of_version_in_environment(call: Call, kind: _Kind) -> Reply:
    with call.database.read() as tx:
        _, version, place = _where(tx, call)
        found = kind.stored.of_versions(tx, [version.id], environment_id=place.id)
    return Reply(kind.shown(found, call.urls.at(call.path), f"{kind.title} to {place.display_name}", call.urls))


def all_deployments_of_version(call: Call) -> Reply:
    """To whichever environment."""
    return _of_version(call, _DEPLOYMENTS)


def all_releases_of_version(call: Call) -> Reply:
    """To whichever environment."""
    return _of_version(call, _RELEASES)


def _of_version(call: Call, kind: _Kind) -> Reply:
    with call.database.read() as tx:
        owner, version = registry.owned_version(tx, call.params)
        found = kind.stored.of_versions(tx, [version.id])
    title = f"{kind.title} of {owner.name} {version.number}"
    return Reply(kind.shown(found, call.urls.at(call.path), title, call.urls))


def deployments_to_environment(call: Call) -> Reply:
    """The history, latest first, a hundred at a time; `?pacticipant=` narrows it."""
    return _history(call, _DEPLOYMENTS)


def releases_to_environment(call: Call) -> Reply:
    """The history, latest first, a hundred at a time; `?pacticipant=` narrows it."""
    return _history(call, _RELEASES)


def _history(call: Call, kind: _Kind) -> Reply:
    page, named = paging.asked_or_first(call.query), value(call.query, "pacticipant")
    with call.database.read() as tx:
        place = registry.environment(tx, call.params["environment"])
        found = [one for one in kind.stored.ever(tx, place.id) if named in (None, one.pacticipant)]
    own = call.urls.at(call.path)
    body = kind.shown(page.cut(found), own, f"Ever in {place.display_name}", call.urls)
    body["page"] = paging.body(page, len(found))
    body["_links"] |= paging.links(page, len(found), own, call.query)
    return Reply(body)


def currently_deployed(call: Call) -> Reply:
    """`?pacticipant=` and `?applicationInstance=` narrow the list."""
    instance = value(call.query, "applicationInstance") or value(call.query, "target")
    return _present(call, _DEPLOYMENTS, instance)


def currently_supported(call: Call) -> Reply:
    """`?pacticipant=` narrows the list."""
    return _present(call, _RELEASES)


def _present(call: Call, kind: _Kind, instance: str | None = None) -> Reply:
    named = value(call.query, "pacticipant")
    with call.database.read() as tx:
        place = registry.environment(tx, call.params["environment"])
        owner = registry.pacticipant(tx, named).id if named is not None else None
        found = kind.stored.now(tx, environment_id=place.id, pacticipant_id=owner, instance=instance)
    number = value(call.query, "version")
    kept = [one for one in found if number in (None, one.number)]
    return Reply(kind.shown(kept, call.urls.at(call.path), f"Now in {place.display_name}", call.urls))


def show_deployment(call: Call) -> Reply:
    with call.database.read() as tx:
        return Reply(hal.deployed_version(_DEPLOYMENTS.find(tx, call.params["uuid"]), call.urls))


def show_release(call: Call) -> Reply:
    with call.database.read() as tx:
        return Reply(hal.released_version(_RELEASES.find(tx, call.params["uuid"]), call.urls))


def end_deployment(call: Call) -> Reply:
    """An undeployed version cannot be set back: record a new deployment, which has its own history."""
    fields = Fields(call.json())
    deployed = fields.flag("currentlyDeployed")
    fields.check()
    with call.database.write() as tx:
        found = _DEPLOYMENTS.find(tx, call.params["uuid"])
        if deployed and found.ended_at is not None:
            raise InvalidError({"currentlyDeployed": ["cannot be set back to true"]})
        if deployed is False:
            environments.end_deployment(tx, found.uuid, call.now)
        return Reply(hal.deployed_version(_DEPLOYMENTS.find(tx, found.uuid), call.urls))


def end_release(call: Call) -> Reply:
    fields = Fields(call.json())
    supported = fields.flag("currentlySupported")
    fields.check()
    with call.database.write() as tx:
        found = _RELEASES.find(tx, call.params["uuid"])
        if supported is False and found.ended_at is None:
            environments.set_support(tx, found.uuid, call.now)
        elif supported and found.ended_at is not None:
            environments.set_support(tx, found.uuid, None)
        return Reply(hal.released_version(_RELEASES.find(tx, found.uuid), call.urls))


ROUTES: tuple[Route, ...] = (
    ("GET", f"{_VERSION}/deployed-versions", all_deployments_of_version),
    ("GET", f"{_VERSION}/released-versions", all_releases_of_version),
    ("GET", f"{_IN_ENVIRONMENT}/deployed-versions", deployments_to_environment),
    ("GET", f"{_IN_ENVIRONMENT}/released-versions", releases_to_environment),
    ("POST", _DEPLOYED, record_deployment),
    ("GET", _DEPLOYED, deployments_of_version),
    ("POST", _RELEASED, record_release),
    ("GET", _RELEASED, releases_of_version),
    ("GET", f"{_IN_ENVIRONMENT}/deployed-versions/currently-deployed", currently_deployed),
    ("GET", f"{_IN_ENVIRONMENT}/released-versions/currently-supported", currently_supported),
    ("GET", "/deployed-versions/{uuid}", show_deployment),
    ("PATCH", "/deployed-versions/{uuid}", end_deployment),
    ("GET", "/released-versions/{uuid}", show_release),
    ("PATCH", "/released-versions/{uuid}", end_release),
)
