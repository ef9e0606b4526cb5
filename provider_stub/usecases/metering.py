"""Readings: recording them, reading them back, deleting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from attrs import frozen

from provider_stub.engine.accounts import Account, Project
from provider_stub.engine.counters import Counter, check_meter
from provider_stub.engine.errors import (
    BillingError,
    Fault,
    Forbidden,
    InvalidValue,
    InvalidWindow,
    MonthPaid,
    NotFound,
    UnknownCounter,
    gathered,
)
from provider_stub.engine.metering import CounterType, Meter
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import Page, Window
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.accounts import projects_of
from provider_stub.usecases.context import Context, Once, existing, locked, own, region
from provider_stub.usecases.counters import by_name
from provider_stub.usecases.errors import UnknownReference

B = TypeVar("B")

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2099

# A statement in one of these is never calculated again: a meter that came now would never be billed.
FINAL: Final = frozenset({PaymentState.PAID, PaymentState.REFUNDED})


@frozen
class Reading:
    """A reading as it was sent. Without `meter_id` it gets one."""

    app_key: str
    counter_name: str
    counter_type: CounterType
    counter_unit: str
    counter_volume: Decimal
    timestamp: datetime
    meter_id: str | None = None
    resource_id: str = ""
    resource_name: str = ""
    parent_resource_id: str = ""
    source: str = ""


class Verdict(StrEnum):
    ACCEPTED = "ACCEPTED"
    DUPLICATE = "DUPLICATE"
    CONFLICT = "CONFLICT"
    REJECTED = "REJECTED"


@frozen
class Recorded:
    """What became of one reading; pointers of its faults start at the whole request."""

    verdict: Verdict
    meter_id: str | None
    faults: tuple[Fault, ...] = ()


def record_meters(ctx: Context, account_id: str, readings: Sequence[Reading], once: Once[Sequence[Recorded], B]) -> B:
    """Stores what can be billed, all of it in one unit of work, and says what became of each reading.

    Raises NotFound (the account), Forbidden (an app key of another account), and when every reading is rejected
    MonthPaid or the Invalid that gathers their faults.
    """
    with ctx.store.write() as tx:
        account = locked(tx, account_id)
        return once.run(tx, ctx.clock(), lambda: record(ctx, tx, account, readings))


def record(ctx: Context, tx: Tx, account: Account, readings: Sequence[Reading]) -> Sequence[Recorded]:
    """Stores what can be billed and says what became of each reading. Raises what `record_meters` raises."""
    desk = _desk(tx, account, readings)
    errors: dict[int, BillingError] = {}
    meters: dict[int, Meter] = {}
    for index, reading in enumerate(readings):
        try:
            meters[index] = _meter(ctx, desk, reading, desk.months[index])
        except BillingError as error:
            errors[index] = error.under(f"/meterList/{index}")
    if not meters:
        raise _all_rejected(list(errors.values()))
    first: dict[str, Meter] = {}
    for meter in meters.values():
        first.setdefault(meter.meter_id, meter)
    present = tx.meters.add(account.account_id, list(first.values()))
    return [
        Recorded(Verdict.REJECTED, readings[index].meter_id, errors[index].faults)
        if index in errors
        else _verdict(index, meters[index], first, present)
        for index in range(len(readings))
    ]


def _verdict(index: int, meter: Meter, first: Mapping[str, Meter], present: Mapping[str, Meter]) -> Recorded:
    """A reading competes with what was stored before, and with those before it in its own batch."""
    standing = present.get(meter.meter_id, first[meter.meter_id])
    if standing is meter:
        return Recorded(Verdict.ACCEPTED, meter.meter_id)
    if standing == meter:
        return Recorded(Verdict.DUPLICATE, meter.meter_id)
    fault = Fault(f"/meterList/{index}/meterId", f"{meter.meter_id} is stored with other content, which stays")
    return Recorded(Verdict.CONFLICT, meter.meter_id, (fault,))


@frozen
class _Desk:
    """All that deciding about the readings of a batch needs, loaded at once. `months` are the readings' own."""

    months: Sequence[Month]
    projects: Mapping[str, Project]
    group_of: Mapping[str, str]
    counters: Mapping[str, Counter]
    states: Mapping[tuple[str, Month], PaymentState]


def _desk(tx: Tx, account: Account, readings: Sequence[Reading]) -> _Desk:
    zone = region(account).zone
    projects = {project.app_key: project for project in projects_of(account)}
    strange = {reading.app_key for reading in readings} - projects.keys()
    if strange:
        _, _, owners = tx.accounts.owners([], [], strange)
        if owners:
            raise Forbidden(f"{', '.join(sorted(owners))} belongs to another account")
    months = [Month.of(reading.timestamp, zone) for reading in readings]
    return _Desk(
        months,
        projects,
        {p.project_id: group.billing_group_id for group in account.billing_groups for p in group.projects},
        by_name(tx.counters.rows({reading.counter_name for reading in readings})),
        tx.statements.states(account.account_id, set(months)),
    )


def _meter(ctx: Context, desk: _Desk, reading: Reading, month: Month) -> Meter:
    errors: list[BillingError] = []
    project = desk.projects.get(reading.app_key)
    counter = desk.counters.get(reading.counter_name)
    meter = Meter(
        reading.meter_id or ctx.new_id("meter"),
        project.project_id if project else "",
        reading.app_key,
        reading.counter_name,
        reading.counter_type,
        reading.counter_unit,
        reading.counter_volume,
        reading.timestamp,
        reading.resource_id,
        reading.resource_name,
        reading.parent_resource_id,
        reading.source,
    )
    if not _in_range(reading.timestamp, month):
        errors.append(InvalidValue.at_field("/timestamp", "the instant is not of the years 2000 to 2099"))
    if project is None:
        errors.append(UnknownReference.at_field("/appKey", f"there is no app key {reading.app_key}"))
    elif (state := desk.states.get((desk.group_of[project.project_id], month))) in FINAL:
        raise MonthPaid.at_field("/timestamp", f"{month} is {'paid' if state is PaymentState.PAID else 'refunded'}")
    if counter is None:
        errors.append(UnknownCounter.at_field("/counterName", f"there is no counter {reading.counter_name}"))
    else:
        try:
            check_meter(meter, counter)
        except BillingError as error:
            errors.append(error)
    if errors:
        raise gathered(errors)
    return meter


def _in_range(instant: datetime, month: Month) -> bool:
    """In UTC and in the account's own zone: the contract shows the one, and bills by the other."""
    return all(FIRST_YEAR <= year <= LAST_YEAR for year in (instant.astimezone(UTC).year, month.year))


def _all_rejected(errors: Sequence[BillingError]) -> BillingError:
    if all(isinstance(error, MonthPaid) for error in errors):
        return MonthPaid(errors[0].detail, *(fault for error in errors for fault in error.faults))
    return gathered(errors)


def list_meters(
    ctx: Context,
    account_id: str,
    *,
    app_key: str | None,
    first_day: date | None,
    last_day: date | None,
    counter_name: str | None,
    window: Window,
) -> Page[Meter]:
    """Raises NotFound (account, app key), Forbidden (another account's), InvalidWindow (/query/to)."""
    _check_days(first_day, last_day)
    with ctx.store.read() as tx:
        account = existing(tx.accounts.get(account_id), account_id)
        projects = list(projects_of(account))
        if app_key is not None:
            own(_account_of(tx, app_key), account_id, f"app key {app_key}")
            projects = [project for project in projects if project.app_key == app_key]
        zone = region(account).zone
        first = None if first_day is None else _midnight(first_day, zone)
        end = None if last_day is None else _midnight(last_day + timedelta(days=1), zone)
        return tx.meters.page([project.project_id for project in projects], first, end, counter_name, window)


def get_meter(ctx: Context, account_id: str, meter_id: str) -> Meter:
    """Raises NotFound."""
    with ctx.store.read() as tx:
        existing(tx.accounts.get(account_id), account_id)
        meter = tx.meters.get(account_id, meter_id)
    if meter is None:
        raise NotFound(f"there is no meter {meter_id}")
    return meter


def delete_meters(ctx: Context, app_key: str, first_day: date, last_day: date) -> int:
    """How many were deleted. Raises NotFound, InvalidWindow (/query/to), MonthPaid."""
    _check_days(first_day, last_day)
    with ctx.store.write() as tx:
        account = locked(tx, _account_of(tx, app_key))
        project = next(one for one in projects_of(account) if one.app_key == app_key)
        zone = region(account).zone
        first, end = _midnight(first_day, zone), _midnight(last_day + timedelta(days=1), zone)
        _check_unpaid(tx, account, project, first, end)
        return tx.meters.remove(project.project_id, first, end)


def _check_unpaid(tx: Tx, account: Account, project: Project, first: datetime, end: datetime) -> None:
    span = tx.meters.spans(project.project_id, first, end)
    if span is None:
        return
    zone = region(account).zone
    month, last = (Month.of(instant, zone) for instant in span)
    months = [month.plus(ahead) for ahead in range(month_distance(month, last) + 1)]
    group = next(group for group in account.billing_groups if project in group.projects)
    states = tx.statements.states(account.account_id, months)
    for each in months:
        starts, ends = each.bounds(zone)
        paid = states.get((group.billing_group_id, each)) in FINAL
        if paid and tx.meters.spans(project.project_id, max(first, starts), min(end, ends)):
            raise MonthPaid(f"{each} is paid, and some of the meters belong to it")


def month_distance(first: Month, last: Month) -> int:
    return (last.year - first.year) * 12 + last.number - first.number


def _account_of(tx: Tx, app_key: str) -> str:
    _, _, owners = tx.accounts.owners([], [], [app_key])
    if app_key not in owners:
        raise NotFound(f"there is no app key {app_key}")
    return owners[app_key]


def _check_days(first_day: date | None, last_day: date | None) -> None:
    if first_day is not None and last_day is not None and last_day < first_day:
        raise InvalidWindow.at_field("/query/to", f"{last_day} is before {first_day}")


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
