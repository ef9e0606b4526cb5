"""Events in bulk: files of readings, checked and condensed where they lie."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from attrs import frozen

from provider_stub.engine.metering import CounterType, Meter
from provider_stub.engine.period import Month


class UnreadableEventsError(Exception):
    """A file cannot be read as events; the text is one line that says why."""


@frozen
class ProjectMonth:
    """The events of an app key from `first` to before `end`: those of one month of one project."""

    account_id: str
    project_id: str
    app_key: str
    month: Month
    first: datetime
    end: datetime


@frozen
class Kind:
    """A counter as events may name it: with its type, in one of the units that measure the same as its price."""

    counter_name: str
    counter_type: CounterType
    units: tuple[str, ...]


@frozen
class Complaint:
    """What is wrong with a column: in how many rows, and where the first of them are."""

    column: str
    problem: str
    rows: int
    first: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.column}: {self.problem}: {self.rows:,} rows ({'; '.join(self.first)})"


class Events(Protocol):
    """The events of one import. Every event has an account, which is the one given or that of its row."""

    def count(self) -> int: ...

    def digest(self) -> str:
        """64 hexadecimal digits that tell contents apart, whatever the files are called and in whichever order."""
        ...

    def account_ids(self) -> frozenset[str]: ...

    def days(self) -> frozenset[date]:
        """The days, in UTC, on which there are events, of the years 2000 to 2099."""
        ...

    def check(self, months: Sequence[ProjectMonth], kinds: Collection[Kind]) -> tuple[Complaint, ...]:
        """What is wrong with the events; nothing when all of them can be billed at these projects and months."""
        ...

    def recorded(self, ids: Iterable[tuple[str, str]]) -> tuple[Complaint, ...]:
        """What is wrong with DELTA events when readings of these account and meter ids are stored.

        It has to be known before they are condensed: a sum has the ids of its events no more.
        """
        ...

    def repeats(self) -> int:
        """How many events came before, with the same id and content; they count once. Known after `check`."""
        ...

    def condensed(self) -> Iterator[tuple[ProjectMonth, Meter]]:
        """As few meters as the usage takes, in the order of the months given; only for events that `check` let pass.

        DELTA: the sum of each project, counter, unit and month, at the time of the last event; it has no id, and no
        resource, and may be larger than one reading can be. GAUGE: the latest of
        each resource. CUMULATIVE: of each resource the month's first and latest, each reset, and the one before it.
        """
        ...
