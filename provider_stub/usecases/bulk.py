"""Bulk import: a month's events from files, condensed to the meters that their usage takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import groupby, islice
from typing import Final

from attrs import frozen

from provider_stub.engine.accounts import Account
from provider_stub.engine.counters import Counter
from provider_stub.engine.errors import Conflict, Fault, Invalid, MonthPaid
from provider_stub.engine.metering import Meter
from provider_stub.engine.money import EXACT
from provider_stub.engine.period import Month
from provider_stub.engine.units import UNITS
from provider_stub.store.protocol.events import Complaint, Events, Kind, ProjectMonth
from provider_stub.store.protocol.records import IdempotencyKey
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.accounts import projects_of
from provider_stub.usecases.context import Context, existing, locked, region
from provider_stub.usecases.counters import by_name
from provider_stub.usecases.metering import FIRST_YEAR, LAST_YEAR, Reading, Verdict, record

BATCH: Final = 1_000
MOST_MONTHS: Final = 25  # in UTC: so many are touched by two years of any zone
_LARGEST: Final = Decimal(10**15 - 1)


@frozen
class Imported:
    """`events` were read, `repeats` of them for the second time; of the `meters` made of them `known` were there."""

    events: int
    repeats: int
    meters: int
    known: int


def import_meters(ctx: Context, events: Events, name: str | None, tell: Callable[[str], None]) -> Imported:
    """Records the events in one unit of work, by the rules of every recording: all of them, or none.

    What the files hold tells imports apart, or else their `name`: what was imported before changes nothing, and of an
    account no other content comes under the same name. A DELTA event that was sent by itself before is refused; but it
    counts twice when it is sent after its import, or is in two imports: of a sum only the whole is known.

    Raises Invalid with a fault for each column that is wrong, NotFound (an account), MonthPaid, and Conflict when
    other content is stored under the id of an event, or under this name.
    """
    months, kinds = _surroundings(ctx, events)
    tell(f"checking {events.count():,} events")
    _refuse(events.check(months, kinds))
    digest = events.digest()
    made_of = name or digest
    done = known = 0
    with ctx.store.write() as tx:
        accounts = {account_id: locked(tx, account_id) for account_id in sorted(events.account_ids())}
        for account_id in accounts if name else ():
            _claim(ctx, tx, IdempotencyKey("import-meters", account_id, made_of, digest))
        _refuse(events.recorded(_recorded(tx, months)))
        tell("condensing them")
        for account_id, condensed in groupby(events.condensed(), key=lambda each: each[0].account_id):
            readings = (reading for month, meter in condensed for reading in _readings(month, meter, made_of))
            while batch := list(islice(readings, BATCH)):
                known += _record(ctx, tx, accounts[account_id], batch)
                done += len(batch)
                tell(f"{done:,} meters recorded")
    return Imported(events.count(), events.repeats(), done, known)


def project_months(account: Account, days: Collection[date]) -> list[ProjectMonth]:
    """The months of the account's projects that may hold events of these days, which are days in UTC."""
    zone = region(account).zone
    # A day in UTC lies in two months of a zone where it begins in one and ends in the next.
    ends = {datetime.combine(day, edge, UTC).astimezone(zone) for day in days for edge in (time.min, time.max)}
    months = sorted({Month(at.year, at.month) for at in ends if FIRST_YEAR <= at.year <= LAST_YEAR})
    bounds = {month: month.bounds(zone) for month in months or [Month(FIRST_YEAR, 1)]}
    return [
        ProjectMonth(account.account_id, project.project_id, project.app_key, month, first, end)
        for project in projects_of(account)
        for month, (first, end) in bounds.items()
    ]


def kind(counter: Counter) -> Kind:
    """The counter in every unit that measures the same as its price."""
    dimension = UNITS[counter.price.unit].dimension
    units = tuple(unit.name for unit in UNITS.values() if unit.dimension == dimension)
    return Kind(counter.counter_name, counter.counter_type, units)


def _surroundings(ctx: Context, events: Events) -> tuple[list[ProjectMonth], list[Kind]]:
    days = events.days()
    _check_span(days)
    with ctx.store.read() as tx:
        accounts = [existing(tx.accounts.get(name), name) for name in sorted(events.account_ids())]
        counters = by_name(tx.counters.rows())
    found = [month for account in accounts for month in project_months(account, days)]
    return found, [kind(counter) for counter in counters.values()]


def _refuse(complaints: Sequence[Complaint]) -> None:
    """Raises Invalid."""
    if complaints:
        raise Invalid("nothing was imported", *(Fault(f"/{each.column}", str(each)) for each in complaints))


def _recorded(tx: Tx, months: Sequence[ProjectMonth]) -> Iterator[tuple[str, str]]:
    """Account and id of every reading that is stored for these projects, from the first of the months to the last."""
    for account_id, of_account in groupby(months, key=lambda month: month.account_id):
        own = list(of_account)
        first, end = min(month.first for month in own), max(month.end for month in own)
        for meter_id in tx.meters.ids({month.project_id for month in own}, first, end):
            yield account_id, meter_id


def _claim(ctx: Context, tx: Tx, key: IdempotencyKey) -> None:
    """Raises Conflict."""
    kept = tx.keys.claim(key, ctx.clock())
    if kept is not None and kept.digest != key.digest:
        detail = f"other content was imported as {key.key} for account {key.account_id}"
        raise Conflict("nothing was imported", Fault("/name", detail))


def _check_span(days: Collection[date]) -> None:
    """Every project is looked at in every month: a few wrong years would make millions of them. Raises Invalid."""
    months = {Month(day.year, day.month) for day in days}
    if len(months) > MOST_MONTHS:
        span = f"{len(months):,} months of UTC, {min(months)} to {max(months)}; one import takes at most {MOST_MONTHS}"
        raise Invalid("nothing was imported", Fault("/timestamp", f"timestamp: there are events of {span}"))


def _readings(month: ProjectMonth, meter: Meter, made_of: str) -> Iterator[Reading]:
    """One reading; but a sum is given an id, and is parted where it is larger than one reading may be."""
    if meter.meter_id:
        yield _reading(meter, meter.meter_id, meter.counter_volume, meter.source)
        return
    left, part = meter.counter_volume, 0
    while part == 0 or left:
        volume = min(left, _LARGEST)
        what = (made_of, str(month.month), meter.app_key, meter.counter_name, meter.counter_unit, str(part))
        digest = hashlib.sha256("\0".join(what).encode()).hexdigest()
        yield _reading(meter, f"import-{digest[:40]}", volume, made_of)
        left, part = EXACT.subtract(left, volume), part + 1


def _reading(meter: Meter, meter_id: str, volume: Decimal, source: str) -> Reading:
    return Reading(
        meter.app_key,
        meter.counter_name,
        meter.counter_type,
        meter.counter_unit,
        volume,
        meter.timestamp,
        meter_id,
        meter.resource_id,
        meter.resource_name,
        meter.parent_resource_id,
        source,
    )


def _record(ctx: Context, tx: Tx, account: Account, batch: Sequence[Reading]) -> int:
    """How many of them were there before. Raises Conflict, MonthPaid."""
    try:
        recorded = record(ctx, tx, account, batch)
    except MonthPaid as error:  # of all of them
        raise MonthPaid("nothing was imported", *_placed(account, zip(batch, error.faults, strict=True))) from error
    refused = [
        (reading, fault)
        for reading, one in zip(batch, recorded, strict=True)
        if one.verdict in (Verdict.CONFLICT, Verdict.REJECTED)
        for fault in one.faults
    ]
    if refused:
        raise Conflict("nothing was imported", *_placed(account, refused))
    return sum(one.verdict is Verdict.DUPLICATE for one in recorded)


def _placed(account: Account, refused: Iterable[tuple[Reading, Fault]]) -> Iterable[Fault]:
    """The faults with the project and account that they are in, each once: a paid month refuses many readings alike."""
    project_of = {project.app_key: project.project_id for project in projects_of(account)}
    faults: dict[str, Fault] = {}
    for reading, fault in refused:
        detail = f"{fault.detail}: project {project_of[reading.app_key]} of account {account.account_id}"
        faults.setdefault(detail, Fault(f"/{reading.meter_id}", detail))
    return faults.values()
