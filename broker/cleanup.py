"""Cleaning: which versions a broker keeps, and removing the others without getting in anybody's way.

A rule says what to keep; a version that no rule keeps goes, with its pacts and results. Some stay whatever the
rules say: what is deployed or released now, because can-i-deploy needs it; the latest version of each pacticipant;
those with the latest pact of an integration or the newest contract of a provider, which would be forgotten
altogether; and the provider versions whose successes decide that a kept pact is not pending, so that no build
becomes more lenient because somebody cleaned up.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from attrs import evolve, field, frozen

from broker.errors import InvalidError
from broker.store import retention
from broker.store.database import Database
from broker.store.retention import Counts, Facts

# Every tagged version: can-i-deploy may be asked about all that have a tag, and would say yes without the old ones.
DEFAULT_RULES = ("branch=*,latest", "tag=*", "max-age=90d")
_BATCH = 100
_PAUSE_SECONDS = 0.02
_UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}
_GRAMMAR = (
    "Rules are made of branch=NAME, main-branch, tag=NAME, pacticipant=NAME, latest[=N], max-age=90d, deployed "
    "and released"
)
_DURATION = re.compile(r"(\d{1,6})([hdw])\Z")


@frozen
class Rule:
    """All that is set has to hold. `latest` counts within each branch or tag, else within the pacticipant."""

    branch: str | None = None
    tag: str | None = None
    main_branch: bool = False
    pacticipant: str | None = None
    latest: int | None = None
    max_age: int | None = None  # microseconds, since its creation or the end of its last deployment or support
    present: bool = False


def parse_rule(text: str) -> Rule:
    """A rule such as `branch=main,latest=10`, `tag=prod`, `main-branch,max-age=90d`; raises InvalidError.

    `*` and `?` in a name stand for any text and any letter.
    """
    rule = Rule()
    for part in text.split(","):
        key, _, said = part.strip().partition("=")
        rule = _with(rule, key, said, text)
    if rule == Rule():
        raise _fault(text, "it says nothing")
    if sum((rule.branch is not None, rule.tag is not None, rule.main_branch)) > 1:
        raise _fault(text, "branch, main-branch and tag exclude one another: give two rules")
    return rule


def _with(rule: Rule, key: str, said: str, text: str) -> Rule:
    if key == "branch" and said:
        return evolve(rule, branch=said)
    if key == "tag" and said:
        return evolve(rule, tag=said)
    if key == "pacticipant" and said:
        return evolve(rule, pacticipant=said)
    if key == "latest":
        if said and not (said.isdecimal() and len(said) < 9 and int(said) > 0):
            raise _fault(text, "latest needs a number from 1")
        return evolve(rule, latest=int(said or 1))
    if key == "max-age":
        matched = _DURATION.match(said)
        if matched is None:
            raise _fault(text, "max-age needs a number of hours, days or weeks, such as 90d")
        return evolve(rule, max_age=int(matched[1]) * _UNITS[matched[2]] * 1_000_000)
    if key == "main-branch" and not said:
        return evolve(rule, main_branch=True)
    if key in ("deployed", "released") and not said:
        return evolve(rule, present=True)
    raise _fault(text, f"'{key}{'=' if said else ''}{said}' is not understood")


def _fault(text: str, why: str) -> InvalidError:
    return InvalidError([f"The rule '{text}' cannot be used: {why}. {_GRAMMAR}"])


@frozen
class Doomed:
    """A version that no rule keeps."""

    id: int
    pacticipant: str
    number: str
    created_at: int


@frozen
class Plan:
    """`kept` and `doomed` by pacticipant name; `results` are superseded results of versions that stay or go."""

    doomed: tuple[Doomed, ...]
    kept: dict[str, int] = field(factory=dict)
    results: tuple[int, ...] = ()


def plan(database: Database, rules: Sequence[Rule], now: int) -> Plan:
    with database.read() as tx:
        known = retention.facts(tx)
        kept = _kept(known, rules, now)
        contents = {content for version, content in retention.published(tx) if version in kept}
        for content, givers in retention.witnesses(tx):
            if content in contents:
                kept |= givers
        results = tuple(retention.superseded(tx))
    doomed = tuple(
        Doomed(id_, known.names[owner], number, created_at)
        for id_, owner, number, created_at in known.versions
        if id_ not in kept
    )
    staying = dict.fromkeys(sorted(known.names.values()), 0)
    for id_, owner, _, _ in known.versions:
        staying[known.names[owner]] += id_ in kept
    return Plan(doomed, staying, results)


def _kept(known: Facts, rules: Iterable[Rule], now: int) -> set[int]:
    # What was replaced a minute ago is what one goes back to, however old it is.
    used = {id_: max(created_at, known.ended.get(id_, 0)) for id_, _, _, created_at in known.versions}
    own: dict[int, list[int]] = {}
    for id_, owner, _, _ in known.versions:
        own.setdefault(owner, []).append(id_)
    kept = {*known.present, *known.last, *(ids[0] for ids in own.values())}
    for rule in rules:
        for owner, ids in _groups(known, own, rule):
            if rule.pacticipant is None or _fits(known.names[owner], rule.pacticipant):
                kept.update(
                    id_ for id_ in ids[: rule.latest] if rule.max_age is None or used[id_] >= now - rule.max_age
                )
    return kept


def _groups(known: Facts, own: dict[int, list[int]], rule: Rule) -> Iterable[tuple[int, list[int]]]:
    """(pacticipant id, version ids, latest first), within each of which the rule counts its latest."""
    if rule.present:
        return [(owner, [id_ for id_ in ids if id_ in known.present]) for owner, ids in own.items()]
    if rule.main_branch:
        return [(owner, ids) for (owner, name), ids in known.branches.items() if known.main_branches[owner] == name]
    if rule.branch is not None:
        return [(owner, ids) for (owner, name), ids in known.branches.items() if _fits(name, rule.branch)]
    if rule.tag is not None:
        return [(owner, ids) for (owner, name), ids in known.tags.items() if _fits(name, rule.tag)]
    return own.items()


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.replace("[", "[[]"))  # brackets mean themselves


def clean(database: Database, of: Plan, planned_at: int) -> Counts:
    """Removes what the plan says, in many short transactions between which a running broker gets its turn.

    A version that somebody has touched since the plan was made stays. Answers what was removed.
    """
    with database.read() as tx:
        before = retention.counts(tx)
    for batch in _batches([one.id for one in of.doomed]):
        with database.write() as tx:
            retention.remove_versions(tx, retention.untouched(tx, batch, planned_at))
        time.sleep(_PAUSE_SECONDS)
    for batch in _batches(of.results):
        with database.write() as tx:
            retention.remove_results(tx, batch)
        time.sleep(_PAUSE_SECONDS)
    with database.read() as tx:
        return before.minus(retention.counts(tx))


def _batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
