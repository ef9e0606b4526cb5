"""An import from its first request to the table at its end."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError

from broker.config import WebhookConfig
from broker.errors import UnusableError
from broker.importing import (
    check,
    pacts,
    participants,
    places,
    provider_contracts,
    reading,
    results,
    versions,
    webhooks,
)
from broker.importing.source import Source, UnreadableError
from broker.importing.tally import Tally
from broker.importing.work import Work
from broker.store.backup import save
from broker.store.database import Database
from broker.webhooks.destinations import policy

_RULES = WebhookConfig()


def run(
    source: Source,
    database_url: str,
    only: Sequence[str] = (),
    *,
    rules: WebhookConfig = _RULES,
    dry_run: bool = False,
) -> Tally:
    """Adds to the target what it lacks. Raises UnusableError when the source or the target cannot be used.

    `rules` are those of the target for webhooks: what they do not allow arrives disabled.

    Each portion is a transaction of its own and leaves a state that a broker can serve, so an import may be
    interrupted at any time and continued by running it again. With `dry_run` the target stays as it is.
    """
    tally = Tally()
    allowed = policy(rules.schemes, rules.methods, rules.allow)
    with _target(database_url, tally, dry_run=dry_run) as database:
        try:
            _steps(Work(source, database, tally, allowed), only)
        except (InterfaceError, OperationalError):
            raise UnusableError("the target does not answer any more; what is imported stays: run it again") from None
    return tally


def _steps(work: Work, only: Sequence[str]) -> None:
    try:
        index = work.source.get("/")
    except UnreadableError as error:
        raise UnusableError(f"this is not the address of a Pact Broker: {error}") from None
    if not reading.links(index, "pb:pacticipants"):
        raise UnusableError("this is not the address of a Pact Broker: the answer to / has no link pb:pacticipants")
    work.tally.step(f"reading {work.source.url}")
    scope = participants.run(work, only)
    told = versions.run(work, scope)
    places.run(work, scope, told)
    results.run(work, pacts.run(work, scope))
    provider_contracts.run(work, scope, index)
    webhooks.run(work, scope)
    check.run(work, scope, time.time_ns() // 1000)


@contextmanager
def _target(url: str, tally: Tally, *, dry_run: bool) -> Iterator[Database]:
    if not dry_run:
        database = Database(url)
        try:
            yield database
        finally:
            database.close()
        return
    # All is tried out on a copy, so what it tells is what would happen.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "broker.db"
        target = make_url(url)
        if target.get_backend_name() != "sqlite":
            tally.notice("a dry run does not look into a PostgreSQL target: what is there already is told as imported")
        elif Path(str(target.database)).is_file():
            save(url, copy)
        with _target(f"sqlite:///{copy}", tally, dry_run=False) as database:
            yield database
