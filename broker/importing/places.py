"""Environments, and what is or was deployed or released there."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from broker import registry
from broker.hal.values import Json
from broker.importing import reading
from broker.importing.records import SourceEnvironment, SourcePresence
from broker.importing.source import MissingError, UnreadableError, path
from broker.importing.versions import Presences
from broker.importing.work import Scope, Work, portions
from broker.store import environments, pacticipants

_Places = dict[str, int]  # UUID in the source -> id in the target


def run(work: Work, scope: Scope, told: Presences) -> None:
    """`told`: what the versions themselves say, which with newer brokers is the whole history."""
    try:
        listed = work.source.listed("/environments", lambda body: reading.embedded(body, "environments"), "uuid")
    except MissingError:
        work.tally.notice("the source is older than environments: there are no deployments to import")
        return
    except UnreadableError as error:
        work.tally.fail("environments", "all environments", error)
        return
    found = work.tally.readable("environments", listed, _environment)
    places: _Places = {}
    with work.database.write() as tx:
        for place in sorted(found, key=lambda one: one.created_at):
            places[place.uuid] = _keep(tx, work, place)
    for kind, uuids in (("deployments", told.deployments), ("releases", told.releases)):
        now = _now(work, kind, list(places))
        presences = _presences(work, kind, list(dict.fromkeys([*uuids, *now])), now)
        mine = [one for one in presences if one.pacticipant in scope.pacticipants]
        # Lists of what is there now are in the order of its recording, which tells more than a date in seconds.
        order = {uuid: index for index, uuid in enumerate(now)}
        mine.sort(key=lambda one: (one.created_at, not one.ended, order.get(one.uuid, -1)))
        for done, portion in portions(mine):
            with work.database.write() as tx:
                _end(tx, kind, portion)
                for one in portion:
                    _add(tx, work, kind, one, places)
            work.tally.step(kind, done, len(mine))


def _environment(body: Json) -> SourceEnvironment:
    found = reading.environment(body)
    try:
        UUID(found.uuid)
    except ValueError:
        raise UnreadableError(f"{found.name} has no UUID") from None
    return found


def _keep(tx: Connection, work: Work, one: SourceEnvironment) -> int:
    known = environments.find(tx, one.uuid) or environments.named(tx, one.name)
    work.tally.count("environments", new=known is None)
    if known is not None:
        if known.uuid != one.uuid:
            work.tally.notice(f"the environment {one.name} was there already: it keeps its UUID {known.uuid}")
        return known.id
    values = {
        "name": one.name,
        "display_name": one.display_name or registry.display_name(one.name),
        "production": one.production,
        "contacts": one.contacts,
    }
    environments.create(tx, one.uuid, one.created_at, values)
    environments.change(tx, one.uuid, one.updated_at, {})
    created = environments.find(tx, one.uuid)
    if created is None:  # just written in this very transaction
        raise RuntimeError("an environment vanished while it was being imported")
    return created.id


def _now(work: Work, kind: str, places: Sequence[str]) -> dict[str, Json]:
    """By UUID, what each environment lists as being there; the lists leave the environment out."""
    address = {
        "deployments": ("deployed-versions", "currently-deployed", "deployedVersions"),
        "releases": ("released-versions", "currently-supported", "releasedVersions"),
    }[kind]
    found: dict[str, Json] = {}

    def asked(place: str) -> list[Json]:
        where = path("environments", place, *address[:2])
        return work.source.listed(where, lambda body: reading.embedded(body, address[2]), "uuid")

    for place, answer in work.source.each(places, asked):
        if isinstance(answer, MissingError):
            continue
        if isinstance(answer, UnreadableError):
            work.tally.fail(kind, f"the {kind} in an environment", answer)
            continue
        for body in answer:
            inside = body.get("_embedded")
            if isinstance(inside, dict):
                inside.setdefault("environment", {"uuid": place})
            found[str(body.get("uuid"))] = body
    return found


def _presences(work: Work, kind: str, uuids: Sequence[str], now: dict[str, Json]) -> list[SourcePresence]:
    deployed = kind == "deployments"
    with work.database.read() as tx:
        known = {uuid: environments.DEPLOYMENTS.find(tx, uuid) for uuid in uuids} if deployed else {}
    over = {uuid for uuid, one in known.items() if one is not None and one.ended_at is not None}
    # A deployment that is over never changes again; the support of a release may be restored.
    work.tally.present[kind] += len(over)
    address = "deployed-versions" if deployed else "released-versions"
    fields = ("currentlyDeployed", "undeployedAt") if deployed else ("currentlySupported", "supportEndedAt")
    found = []
    wanted = [uuid for uuid in uuids if uuid not in over]
    for uuid, answer in work.source.each(wanted, lambda one: work.source.get(path(address, one))):
        body = now.get(uuid) if isinstance(answer, UnreadableError) else answer
        if body is None:
            work.tally.fail(kind, f"one of the {kind}", answer)
        else:
            found += work.tally.readable(kind, [body], lambda one: reading.presence(one, *fields))
    return found


def _end(tx: Connection, kind: str, portion: Sequence[SourcePresence]) -> None:
    """What was current with an earlier import and is over since: it makes room for what came after it."""
    if kind != "deployments":
        return
    for one in portion:
        known = environments.DEPLOYMENTS.find(tx, one.uuid)
        if known is not None and known.ended_at is None and one.ended:
            environments.end_deployment(tx, one.uuid, one.ended_at or one.created_at)


def _add(tx: Connection, work: Work, kind: str, one: SourcePresence, places: _Places) -> None:
    what = f"{one.pacticipant} {one.number}"
    owner = pacticipants.find(tx, one.pacticipant)
    version = pacticipants.version(tx, owner.id, one.number) if owner is not None else None
    place = places.get(one.environment or "")
    if owner is None or version is None or place is None:
        work.tally.fail(kind, what, "its version or its environment is not here; it may be newer than this import")
        return
    ids = {"pacticipant_id": owner.id, "version_id": version.id, "environment_id": place}
    if kind == "releases":
        _add_release(tx, work, one, ids)
        return
    if environments.DEPLOYMENTS.find(tx, one.uuid) is not None:
        work.tally.present[kind] += 1
        return
    ended_at = (one.ended_at or one.created_at) if one.ended else None
    if ended_at is None and environments.DEPLOYMENTS.now(
        tx, environment_id=place, pacticipant_id=owner.id, instance=one.instance
    ):
        work.tally.fail(kind, what, "another version is recorded as deployed there in the target")
        return
    environments.add_deployment(tx, one.uuid, one.created_at, **ids, instance=one.instance, undeployed_at=ended_at)
    work.tally.imported[kind] += 1


def _add_release(tx: Connection, work: Work, one: SourcePresence, ids: dict[str, int]) -> None:
    here = environments.RELEASES.of_versions(tx, [ids["version_id"]], environment_id=ids["environment_id"])
    known = environments.RELEASES.find(tx, one.uuid) or next(iter(here), None)
    work.tally.count("releases", new=known is None)
    ended_at = (one.ended_at or one.created_at) if one.ended else None
    if known is None:
        environments.add_release(tx, one.uuid, one.created_at, **ids)
        environments.set_support(tx, one.uuid, ended_at)
    elif (known.ended_at is None) != (ended_at is None):
        environments.set_support(tx, known.uuid, ended_at)
