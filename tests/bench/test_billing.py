"""The measurements run from end to end, and what they measure finds the same usage on every way."""

from __future__ import annotations

from pathlib import Path

from tests.bench.billing import Plan, measure
from tests.bench.events import Customers

TINY = Plan(few=3_000, many=6_000, customers=Customers(projects=120, counters=8), rounds=1, months=3)


def test_every_way_to_the_usage_finds_the_same(tmp_path: Path) -> None:
    said: list[str] = []
    sections = list(measure(said.append, tmp_path, TINY))
    assert [failure for section in sections for failure in section.failures] == []
    assert len(sections) == 3
    assert all(quantity.value > 0 for section in sections for quantity in section.quantities)
