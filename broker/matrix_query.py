"""What a matrix query asks about: its selectors read, checked, and resolved to versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from attrs import frozen
from sqlalchemy import Connection

from broker.errors import InvalidError
from broker.model import Environment, Pacticipant
from broker.query import Pairs, nested, value
from broker.store import contracts, environments, pacticipants

_LATEST_BY = ("cvpv", "cvp", "cp")
_FLAGS = ("latest", "mainBranch")


@frozen
class Criteria:
    """Which versions of a pacticipant: all of them when nothing is set."""

    version: str | None = None
    latest: bool = False
    tag: str | None = None
    branch: str | None = None
    main_branch: bool = False
    environment: str | None = None

    @property
    def everything(self) -> bool:
        return self == Criteria()


@frozen
class Asked:
    pacticipant: str
    criteria: Criteria


@frozen
class Ignored:
    pacticipant: str
    version: str | None


@frozen
class MatrixQuery:
    """`target` says which versions of all the other pacticipants count; None means only those asked about."""

    asked: tuple[Asked, ...]
    target: Criteria | None
    ignored: tuple[Ignored, ...] = ()
    latest_by: str | None = None
    limit: int | None = None


@frozen
class Selected:
    """The versions of one pacticipant that count; `version_ids` None means any version.

    With `each`, every one of them has to have a result; without, any result of any of them is a row.
    `criteria` is what chose them, `asked` whether the query named the pacticipant.
    """

    pacticipant: Pacticipant
    version_ids: tuple[int, ...] | None
    each: bool
    criteria: Criteria
    asked: bool


def parse(of: Pairs) -> MatrixQuery:
    """A query such as `q[][pacticipant]=Foo&q[][version]=1&latestby=cvpv&environment=uat`.

    Raises InvalidError with every fault that can be seen without the database.
    """
    faults: list[str] = []
    asked = tuple(_asked(selector, faults) for selector in nested(of, "q"))
    if not asked:
        faults.append("Say which pacticipants are meant: q[][pacticipant]=NAME")
    latest_by = value(of, "latestby")
    if latest_by is not None and latest_by not in _LATEST_BY:
        faults.append(f"latestby must be one of {', '.join(_LATEST_BY)}, not '{latest_by}'")
    limit = value(of, "limit")
    if limit is not None and not (limit.isdecimal() and 0 < int(limit[:9]) <= 100_000):
        faults.append("limit must be a number from 1 to 100000")
    target = _target(of, faults)
    faults += _unclear_flags((*nested(of, "q"), dict(of)))
    if faults:
        raise InvalidError(faults)
    ignored = tuple(
        Ignored(selector["pacticipant"], selector.get("version") or None)
        for selector in nested(of, "ignore")
        if selector.get("pacticipant")
    )
    return MatrixQuery(asked, target, ignored, latest_by, int(limit) if limit else None)


def _unclear_flags(of: Iterable[Mapping[str, str]]) -> list[str]:
    return [
        f"{name} must be true or false"
        for name in _FLAGS
        if any(given.get(name, "") not in ("", "true", "false") for given in of)
    ]


def _asked(selector: Mapping[str, str], faults: list[str]) -> Asked:
    name = selector.get("pacticipant") or ""
    if not name:
        faults.append("Each selector needs a pacticipant: q[][pacticipant]=NAME")
    criteria = Criteria(
        version=selector.get("version") or None,
        latest=selector.get("latest") == "true",
        tag=selector.get("tag") or None,
        branch=selector.get("branch") or None,
        main_branch=selector.get("mainBranch") == "true",
        environment=selector.get("environment") or None,
    )
    if criteria.version is not None and criteria != Criteria(version=criteria.version):
        faults.append(f"The version of {name} is given by its number and by other criteria: use one of them")
    return Asked(name, criteria)


def _target(of: Pairs, faults: list[str]) -> Criteria | None:
    criteria = Criteria(
        latest=value(of, "latest") == "true",
        tag=value(of, "tag"),
        branch=value(of, "branch"),
        main_branch=value(of, "mainBranch") == "true",
        environment=value(of, "environment"),
    )
    if criteria.environment is not None and criteria != Criteria(environment=criteria.environment):
        faults.append("An environment cannot be combined with latest, tag, branch or mainBranch")
    return None if criteria.everything else criteria


def select_versions(tx: Connection, query: MatrixQuery) -> tuple[dict[int, Selected], tuple[Asked, ...]]:
    """The sides by pacticipant id, and what was asked about that does not exist.

    With one selector, or with a target, everything that the asked pacticipants have pacts with takes part;
    otherwise only the asked pacticipants do. Raises InvalidError for an unknown pacticipant or environment.
    """
    names = {asked.pacticipant for asked in query.asked}
    known = pacticipants.named(tx, names)
    unknown = sorted(names - known.keys())
    if unknown:
        raise InvalidError([f"No pacticipant with name '{name}' found" for name in unknown])
    sides: dict[int, Selected] = {}
    missing = []
    for asked in query.asked:
        owner = known[asked.pacticipant]
        side = _select(tx, [owner], asked.criteria, asked=True)[0]
        if side.version_ids == ():
            missing.append(asked)
        sides[owner.id] = _merged(sides.get(owner.id), side)
    if query.target is not None or len(query.asked) == 1:
        others = _others(tx, sides.keys())
        for side in _select(tx, others, query.target or Criteria(), asked=False):
            sides[side.pacticipant.id] = side
    return sides, tuple(missing)


def _merged(first: Selected | None, second: Selected) -> Selected:
    """Two selectors for one pacticipant mean the versions of both."""
    if first is None or first.version_ids is None or second.version_ids is None:
        return second if first is None or second.version_ids is None else first
    ids = tuple(dict.fromkeys((*first.version_ids, *second.version_ids)))
    return Selected(second.pacticipant, ids, first.each and second.each, second.criteria, asked=True)


def _others(tx: Connection, asked: Collection[int]) -> list[Pacticipant]:
    involved = {id_ for pair in contracts.integrations_of(tx, asked) for id_ in pair}
    return list(pacticipants.by_ids(tx, involved - set(asked)).values())


def _select(tx: Connection, owners: Sequence[Pacticipant], criteria: Criteria, *, asked: bool) -> list[Selected]:
    if criteria.everything:
        return [Selected(owner, None, False, criteria, asked) for owner in owners]
    found = _versions(tx, owners, criteria)
    # "All versions with this tag" is a history, of which any answer counts; all else names versions that matter.
    each = not (criteria.tag is not None and not criteria.latest)
    return [Selected(owner, tuple(found.get(owner.id, ())), each, criteria, asked) for owner in owners]


def _versions(tx: Connection, owners: Sequence[Pacticipant], criteria: Criteria) -> Mapping[int, Sequence[int]]:
    ids = [owner.id for owner in owners]
    if criteria.version is not None:
        version = pacticipants.version(tx, ids[0], criteria.version)
        return {ids[0]: [version.id]} if version else {}
    if criteria.environment is not None:
        return _in_environment(tx, ids, criteria.environment)
    if criteria.tag is not None:
        tagged = pacticipants.versions_with_tag(tx, ids, criteria.tag)
        return {id_: found[:1] if criteria.latest else found for id_, found in tagged.items()}
    if criteria.branch is not None or criteria.main_branch:
        heads = pacticipants.branch_heads(tx, ids, criteria.branch)
        return {id_: [head] for id_, head in heads.items()}
    return {id_: [version.id] for id_, version in pacticipants.latest_versions(tx, ids).items()}


def _in_environment(tx: Connection, ids: Sequence[int], name: str) -> dict[int, list[int]]:
    place = environment(tx, name)
    found: dict[int, list[int]] = {}
    for owner, version_id, _, _ in environments.versions_in(tx, ids, environment_id=place.id):
        if version_id not in found.setdefault(owner, []):
            found[owner].append(version_id)
    return found


def environment(tx: Connection, name: str) -> Environment:
    """Raises InvalidError when there is none of this name."""
    place = environments.named(tx, name)
    if place is None:
        raise InvalidError([f"Environment with name '{name}' does not exist"])
    return place
