"""Versions in the order of their creation, with their branches and tags."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

from attrs import define, field, frozen
from sqlalchemy import Connection

from broker.hal.values import Json
from broker.importing import moments, reading
from broker.importing.records import SourceVersion, VersionDetails
from broker.importing.source import MissingError, UnreadableError, path
from broker.importing.work import Scope, Work, portions
from broker.model import Pacticipant
from broker.store import branching, pacticipants


@define
class Presences:
    """UUIDs of the deployments and releases that the versions tell of, in their order as far as it is known."""

    deployments: list[str] = field(factory=list)
    releases: list[str] = field(factory=list)


@frozen
class _Found:
    """A version with the dates of those of its branches and tags that the target does not have yet."""

    details: VersionDetails
    branch_dates: Mapping[str, int]
    tag_dates: Mapping[str, int]


@frozen
class _Known:
    id: int | None
    branches: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


def run(work: Work, scope: Scope) -> Presences:
    """What comes later has the greater id, across all pacticipants, so each portion continues the one before."""
    with work.database.read() as tx:
        owners = pacticipants.named(tx, scope.pacticipants)
    histories = [_history(work, owners[name]) for name in scope.pacticipants]
    _branches(work, list(owners.values()))
    presences = Presences()
    merged = list(_in_order(histories))
    for done, portion in portions(merged):
        _portion(work, portion, owners, presences)
        work.tally.step("versions", done, len(merged))
    return presences


def _history(work: Work, owner: Pacticipant) -> list[SourceVersion]:
    """Oldest first; brokers list the latest first."""
    try:
        found = work.source.listed(
            path("pacticipants", owner.name, "versions"),
            lambda body: reading.embedded(body, "versions"),
            "number",
        )
    except MissingError:
        return []
    except UnreadableError as error:
        work.tally.fail("versions", f"the versions of {owner.name}", error)
        return []
    read = work.tally.readable("versions", reversed(found), lambda body: reading.version(owner.name, body))
    _tell_order(work, owner, read)
    return read


def _tell_order(work: Work, owner: Pacticipant, history: Sequence[SourceVersion]) -> None:
    with work.database.read() as tx:
        here = {one.number for one in pacticipants.versions_of(tx, owner.id, limit=1_000_000)}
    there = [one.number for one in history]
    last = max((index for index, number in enumerate(there) if number in here), default=0)
    behind = any(number not in here for number in there[:last])
    if behind or (here - set(there) and not here.issuperset(there)):
        work.tally.notice(
            f"{owner.name} has versions in the target that are not older than those imported now, and the order "
            f"of what was there stays: the versions imported now count as later"
        )


def _in_order(histories: Sequence[Sequence[SourceVersion]]) -> Iterator[SourceVersion]:
    """By creation, and those of one pacticipant always as the source has them."""

    def dated(history: Sequence[SourceVersion]) -> Iterator[tuple[int, str, int, SourceVersion]]:
        latest = 0
        for index, one in enumerate(history):
            latest = max(latest, one.created_at)
            yield latest, one.owner, index, one

    return (one for _, _, _, one in heapq.merge(*map(dated, histories)))


def _branches(work: Work, owners: Sequence[Pacticipant]) -> None:
    for owner, answer in work.source.each(owners, lambda one: _branches_of(work, one)):
        if isinstance(answer, MissingError):
            work.tally.notice("the source is older than branches, or has none: those of its versions are taken")
        elif isinstance(answer, UnreadableError):
            work.tally.fail("branches", f"the branches of {owner.name}", answer)
        else:
            read = work.tally.readable("branches", answer, reading.branch)
            with work.database.write() as tx:
                for one in sorted(read, key=lambda branch: (branch.created_at, branch.name)):
                    known = branching.branch(tx, owner.id, one.name)
                    work.tally.count("branches", new=known is None)
                    if known is None:
                        branching.create_branch(tx, owner.id, one.name, one.created_at)


def _branches_of(work: Work, owner: Pacticipant) -> list[Json]:
    return work.source.listed(
        path("pacticipants", owner.name, "branches"),
        lambda body: reading.embedded(body, "branches"),
        "name",
    )


def _portion(
    work: Work, portion: Sequence[SourceVersion], owners: Mapping[str, Pacticipant], presences: Presences
) -> None:
    with work.database.read() as tx:
        known = {one: _known(tx, owners[one.owner], one.number) for one in portion}
    answers = list(work.source.each(portion, lambda one: _found(work, one, known[one])))
    with work.database.write() as tx:
        for one, answer in answers:
            found = answer if isinstance(answer, _Found) else _without_details(one)
            if isinstance(answer, UnreadableError):
                work.tally.fail("versions", f"details of {one.owner} {one.number}", answer)
            _keep(tx, work, owners[one.owner], one, found)
            presences.deployments.extend(found.details.deployments)
            presences.releases.extend(found.details.releases)


def _without_details(one: SourceVersion) -> _Found:
    """Left out, the version would come after its successors with the next import: so its place is kept."""
    return _Found(VersionDetails(None, one.created_at, one.created_at, (), (), (), ()), {}, {})


def _known(tx: Connection, owner: Pacticipant, number: str) -> _Known:
    version = pacticipants.version(tx, owner.id, number)
    if version is None:
        return _Known(None)
    on = branching.on_branches(tx, [version.id]).get(version.id, [])
    tagged = branching.tagged(tx, [version.id]).get(version.id, [])
    return _Known(version.id, frozenset(one.branch for one in on), frozenset(one.name for one in tagged))


def _found(work: Work, one: SourceVersion, known: _Known) -> _Found:
    details = reading.details(work.source.get(path("pacticipants", one.owner, "versions", one.number)))
    return _Found(
        details,
        {
            name: _date(work, path("pacticipants", one.owner, "branches", name, "versions", one.number), details)
            for name in details.branches
            if name not in known.branches
        },
        {
            name: _date(work, path("pacticipants", one.owner, "versions", one.number, "tags", name), details)
            for name in details.tags
            if name not in known.tags
        },
    )


def _date(work: Work, where: str, details: VersionDetails) -> int:
    """Of a tag, or of a version on a branch; old brokers tell it of neither."""
    try:
        return reading.required_instant(work.source.get(where), "createdAt")
    except UnreadableError:
        return details.created_at


def _keep(tx: Connection, work: Work, owner: Pacticipant, one: SourceVersion, found: _Found) -> None:
    version = pacticipants.version(tx, owner.id, one.number)
    work.tally.count("versions", new=version is None)
    if version is None:
        details = found.details
        version = pacticipants.create_version(tx, owner.id, one.number, details.created_at, details.build_url)
        pacticipants.set_build_url(tx, version.id, details.build_url, details.updated_at)
    elif version.build_url is None and found.details.build_url is not None:
        pacticipants.set_build_url(tx, version.id, found.details.build_url, found.details.updated_at)
    for name, created_at in found.branch_dates.items():
        branch = branching.branch(tx, owner.id, name)
        if branch is None:
            branch = branching.create_branch(tx, owner.id, name, created_at)
            work.tally.imported["branches"] += 1
        if not branching.is_on_branch(tx, branch.id, version.id):
            branching.put_on_branch(tx, branch.id, version.id, created_at)
            if branch.created_at == created_at:
                branching.set_beginning(tx, branch.id, moments.of_branch(created_at, version.id))
            work.tally.imported["branch versions"] += 1
    tagged = {tag.name for tag in branching.tagged(tx, [version.id]).get(version.id, [])}
    for name in found.tag_dates.keys() - tagged:
        branching.put_tag(tx, version.id, owner.id, name, found.tag_dates[name])
        work.tally.imported["tags"] += 1
    work.tally.present["branch versions"] += len(found.details.branches) - len(found.branch_dates)
    work.tally.present["tags"] += len(found.details.tags) - len(found.tag_dates)
