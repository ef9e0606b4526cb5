"""Months: half-open intervals [first instant, first instant of the next month) in a time zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from attrs import frozen

from provider_stub.engine.errors import InvalidValue, InvalidWindow

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@frozen(order=True)
class Month:
    """A calendar month of the years 2000 to 2099; ordered, hashable, `str()` gives YYYY-MM."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str, pointer: str = "/month") -> Self:
        """From YYYY-MM. Raises InvalidValue at `pointer`."""
        match = _MONTH.fullmatch(text)
        if match is None:
            raise InvalidValue.at_field(pointer, f"{text!r} is not a month between 2000-01 and 2099-12")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, instant: datetime, zone: ZoneInfo) -> Self:
        """The one month in which an instant falls in that zone. Raises as `check_instant` does."""
        check_instant(instant)
        local = instant.astimezone(zone)
        return cls(local.year, local.month)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    def plus(self, months: int) -> Month:
        year, month = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, month + 1)

    def next(self) -> Month:
        return self.plus(1)

    def previous(self) -> Month:
        return self.plus(-1)

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        return self.next().first_day - timedelta(days=1)

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """First instant of the month and first instant of the next, both in UTC; the second is outside."""
        return _first_instant(self, zone), _first_instant(self.next(), zone)


def _first_instant(month: Month, zone: ZoneInfo) -> datetime:
    return datetime(month.year, month.number, 1, tzinfo=zone).astimezone(UTC)


def check_instant(instant: datetime, pointer: str = "/timestamp") -> None:
    """Raises InvalidValue for an instant without an offset, or outside the years 2000 to 2099."""
    if instant.tzinfo is None:
        raise InvalidValue.at_field(pointer, "an instant needs an offset from UTC")
    if not 2000 <= instant.year <= 2099:
        raise InvalidValue.at_field(pointer, f"{instant.isoformat()} is not in the years 2000 to 2099")


def check_months(month_from: Month, month_to: Month | None) -> None:
    """Raises InvalidWindow when the last month lies before the first."""
    if month_to is not None and month_to < month_from:
        raise InvalidWindow.at_field("/monthTo", f"{month_to} is before {month_from}")
