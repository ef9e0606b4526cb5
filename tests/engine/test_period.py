from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provider_stub.engine.errors import InvalidValue, InvalidWindow
from provider_stub.engine.period import Month, check_months
from provider_stub.engine.regions import REGIONS

ZONES = [region.zone for region in REGIONS.values()]
MONTHS = st.builds(Month, st.integers(2000, 2098), st.integers(1, 12))
INSTANTS = st.integers(0, 98 * 365 * 86400).map(
    lambda seconds: datetime(2001, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(MONTHS)
def test_a_month_reads_what_it_writes(month: Month) -> None:
    assert Month.parse(str(month)) == month
    assert month.next().previous() == month
    assert month < month.next()


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-1", "1999-12", "2026-11-01", " 2026-11", "\uff12026-11", "2026-11\n"]
)
def test_a_month_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        Month.parse(text)


@given(INSTANTS, st.sampled_from(ZONES))
@example(datetime(2024, 2, 29, 15, tzinfo=UTC), ZoneInfo("Asia/Seoul"))
@example(datetime(2024, 2, 29, 14, 59, 59, tzinfo=UTC), ZoneInfo("Asia/Tokyo"))
@example(datetime(2025, 2, 28, 23, 59, 59, tzinfo=UTC), ZoneInfo("UTC"))
def test_an_instant_falls_in_exactly_one_month(instant: datetime, zone: ZoneInfo) -> None:
    month = Month.of(instant, zone)
    hits = [
        one
        for one in (month.plus(step) for step in range(-2, 3))
        if one.bounds(zone)[0] <= instant < one.bounds(zone)[1]
    ]
    assert hits == [month]


def test_a_month_ends_where_the_next_begins_in_its_own_zone() -> None:
    seoul = REGIONS["KR"].zone
    assert Month(2024, 2).bounds(seoul) == (
        datetime(2024, 1, 31, 15, tzinfo=UTC),
        datetime(2024, 2, 29, 15, tzinfo=UTC),
    )
    assert Month.of(datetime(2024, 2, 29, 15, tzinfo=UTC), seoul) == Month(2024, 3)
    assert (Month(2024, 2).last_day, Month(2099, 12).last_day) == (date(2024, 2, 29), date(2099, 12, 31))


def test_an_instant_without_an_offset_belongs_nowhere() -> None:
    with pytest.raises(InvalidValue):
        Month.of(datetime(2026, 11, 1), REGIONS["KR"].zone)  # noqa: DTZ001 - that is the point


def test_a_period_may_be_one_month_but_not_run_backwards() -> None:
    check_months(Month(2026, 11), Month(2026, 11))
    check_months(Month(2026, 11), None)
    with pytest.raises(InvalidWindow):
        check_months(Month(2026, 11), Month(2026, 10))
