"""What a matrix query asks about: its selectors read, checked, and resolved to versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

from attrs import frozen
from sqlalchemy import Connection

from broker.errors import InvalidError
from broker.model import Environment, Pacticipant
from broker.query import Pairs, nested, value
from broker.store import branching, contracts, environments, pacticipants

MOST_ROWS = 5_000  # of one answer; all that count are counted
_LATEST_BY = ("cvpv", "cvp", "cp")
_FLAGS = ("latest", "mainBranch")
_TOP = ("environment", "latest", "tag", "branch", "mainBranch", "latestby", "limit")
_NESTED = {
    "q": ("pacticipant", "version", "latest", "tag", "branch", "mainBranch", "environment"),
    "ignore": ("pacticipant", "version"),
}
_LIKENESS = 0.8


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

    Each of those that `owe` it has to have a result; of the others any result is a row.
    `criteria` is what chose them, `asked` whether the query named the pacticipant.
    """

    pacticipant: Pacticipant
    version_ids: tuple[int, ...] | None
    owe: tuple[int, ...]
    criteria: Criteria
    asked: bool

    @property
    def each(self) -> bool:
        return self.version_ids is not None and len(self.owe) == len(self.version_ids)


def parse(of: Pairs) -> MatrixQuery:
    """A query such as `q[][pacticipant]=Foo&q[][version]=1&latestby=cvpv&environment=uat`.

    What is blank or misspelt is refused: left out, it would turn a question about one version into one about any.
    Raises InvalidError with every fault that can be seen without the database.
    """
    faults = [*_blank(of), *_misspelt(of)]
    asked = tuple(_asked(selector, faults) for selector in nested(of, "q"))
    if not asked:
        faults.append("Say which pacticipants are meant: q[][pacticipant]=NAME")
    latest_by = value(of, "latestby")
    if latest_by is not None and latest_by not in _LATEST_BY:
        faults.append(f"latestby must be one of {', '.join(_LATEST_BY)}, not '{latest_by}'")
    limit = value(of, "limit")
    if limit is not None and not (limit.isdecimal() and 0 < int(limit[:9]) <= MOST_ROWS):
        faults.append(f"limit must be a number from 1 to {MOST_ROWS}")
    ignored = tuple(_ignored(selector, faults) for selector in nested(of, "ignore"))
    target = _target(of, faults)
    faults += _unclear_flags((*nested(of, "q"), dict(of)))
    if faults:
        raise InvalidError(list(dict.fromkeys(faults)))
    return MatrixQuery(asked, target, ignored, latest_by, int(limit) if limit else None)


def check_names(of: Pairs) -> None:
    """Raises InvalidError for parameters that nobody knows, where they are likely to be meant for something else."""
    faults = _misspelt(of)
    if faults:
        raise InvalidError(faults)


def _blank(of: Pairs) -> list[str]:
    known = {*_TOP, *(f"{name}[][{key}]" for name, keys in _NESTED.items() for key in keys)}
    return [
        f"{key} is blank: give it a value, or leave it out" for key, text in of if key in known and not text.strip()
    ]


def _misspelt(of: Pairs) -> list[str]:
    return [fault for key in dict.fromkeys(key for key, _ in of) if (fault := _misspelling(key)) is not None]


def _misspelling(key: str) -> str | None:
    """Other clients may send what this broker does not know; within a selector, or like a known name, it matters."""
    name, bracket, _ = key.partition("[")
    if bracket and name in _NESTED:
        known = [f"{name}[][{inside}]" for inside in _NESTED[name]]
        return None if key in known else f"{key} is not known: known are {', '.join(known)}"
    lowered = {one.lower(): one for one in _TOP}
    near = get_close_matches(key.lower().replace("_", ""), lowered, n=1, cutoff=_LIKENESS)
    return f"{key} is not known: {lowered[near[0]]} is meant" if near and key not in _TOP else None


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
    _check_together(criteria, faults)
    return Asked(name, criteria)


def _ignored(selector: Mapping[str, str], faults: list[str]) -> Ignored:
    name = selector.get("pacticipant") or ""
    if not name:
        faults.append("What is to be ignored needs a pacticipant: ignore[][pacticipant]=NAME")
    return Ignored(name, selector.get("version"))


def _target(of: Pairs, faults: list[str]) -> Criteria | None:
    criteria = Criteria(
        latest=value(of, "latest") == "true",
        tag=value(of, "tag"),
        branch=value(of, "branch"),
        main_branch=value(of, "mainBranch") == "true",
        environment=value(of, "environment"),
    )
    _check_together(criteria, faults)
    return None if criteria.everything else criteria


def _check_together(criteria: Criteria, faults: list[str]) -> None:
    """Each of these alone says which versions are meant: of two, one would be passed over in silence."""
    if criteria.environment is not None and criteria != Criteria(environment=criteria.environment):
        faults.append("An environment cannot be combined with latest, tag, branch or mainBranch")
    elif sum((criteria.tag is not None, criteria.branch is not None, criteria.main_branch)) > 1:
        faults.append("tag, branch and mainBranch cannot be combined: use one of them")


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
    """Two selectors for one pacticipant mean the versions of both, and what either asks of them."""
    if first is None:
        return second
    owe = tuple(dict.fromkeys((*first.owe, *second.owe)))
    ids = None
    if first.version_ids is not None and second.version_ids is not None:
        ids = tuple(dict.fromkeys((*first.version_ids, *second.version_ids)))
    return Selected(second.pacticipant, ids, owe, second.criteria, asked=True)


def _others(tx: Connection, asked: Collection[int]) -> list[Pacticipant]:
    involved = {id_ for pair in contracts.integrations_of(tx, asked) for id_ in pair}
    return list(pacticipants.by_ids(tx, involved - set(asked)).values())


def _select(tx: Connection, owners: Sequence[Pacticipant], criteria: Criteria, *, asked: bool) -> list[Selected]:
    if criteria.everything:
        return [Selected(owner, None, (), criteria, asked) for owner in owners]
    found = _versions(tx, owners, criteria)
    # "All versions with this tag" is a history, of which any answer counts; all else names versions that matter.
    history = criteria.tag is not None and not criteria.latest
    chosen = [(owner, tuple(found.get(owner.id, ()))) for owner in owners]
    return [Selected(owner, ids, () if history else ids, criteria, asked) for owner, ids in chosen]


def _versions(tx: Connection, owners: Sequence[Pacticipant], criteria: Criteria) -> Mapping[int, Sequence[int]]:
    ids = [owner.id for owner in owners]
    if criteria.version is not None:
        version = pacticipants.version(tx, ids[0], criteria.version)
        return {ids[0]: [version.id]} if version else {}
    if criteria.environment is not None:
        return _in_environment(tx, ids, criteria.environment)
    if criteria.tag is not None:
        tagged = branching.versions_with_tag(tx, ids, criteria.tag)
        return {id_: found[:1] if criteria.latest else found for id_, found in tagged.items()}
    if criteria.branch is not None or criteria.main_branch:
        heads = branching.branch_heads(tx, ids, criteria.branch)
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
