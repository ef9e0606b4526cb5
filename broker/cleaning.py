"""The command `contract-broker clean`: the rules read, the work done, and a table of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence

from broker import cleanup
from broker.cleanup import Plan
from broker.errors import InvalidError, UnusableError
from broker.hal.values import instant
from broker.store.census import told
from broker.store.database import Database, peek
from broker.store.migrate import HEAD, revision


def run(database_url: str, rules: Sequence[str], *, dry_run: bool, shrink: bool = False) -> Iterator[str]:
    """Lines for a person; raises UnusableError when a rule or the database cannot be used."""
    try:
        parsed = [cleanup.parse_rule(rule) for rule in (rules or cleanup.DEFAULT_RULES)]
    except InvalidError as error:
        raise UnusableError(str(error)) from None
    _require_current(database_url)
    database = Database(database_url)
    try:
        now = time.time_ns() // 1000
        plan = cleanup.plan(database, parsed, now)
        if dry_run:
            yield from (f"{one.pacticipant} {one.number}  (created {instant(one.created_at)})" for one in plan.doomed)
        removed = None if dry_run else cleanup.clean(database, plan, now)
        if shrink and not dry_run:
            database.shrink()
    finally:
        database.close()
    yield from _table(plan, "to go" if dry_run else "gone")
    if removed is None:
        yield f"Nothing was changed. Superseded results that would go: {len(plan.results)}"
    else:
        counts = {"versions": removed.versions, "pacts": removed.pacts, "contents": removed.contents}
        yield f"Removed {told(counts | {'verification results': removed.results})}"


def _require_current(database_url: str) -> None:
    """Opening a database would create it, or change its tables: what is cleaned has to be there, as it should be."""
    with peek(database_url) as tx:
        found = revision(tx)
    if found != HEAD:
        at = f"at revision {found}" if found else "empty, or from before revisions"
        raise UnusableError(f"the database is {at}, and this broker needs {HEAD}: `contract-broker migrate` first")


def _table(plan: Plan, head: str) -> Iterator[str]:
    going = Counter(one.pacticipant for one in plan.doomed)
    width = max((len(name) for name in plan.kept), default=0)
    width = max(width, len("pacticipant"))
    yield f"{'pacticipant':{width}}  {'kept':>8}  {head:>8}"
    for name, kept in plan.kept.items():
        yield f"{name:{width}}  {kept:>8}  {going[name]:>8}"
