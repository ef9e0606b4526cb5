"""The broker's history can be filled and asked, and every question is answered."""

from __future__ import annotations

from pathlib import Path

from tests.bench.broker import History, measure


def test_a_broker_with_a_history_answers_every_question(tmp_path: Path) -> None:
    said: list[str] = []
    (section,) = measure(said.append, tmp_path, History(versions=40, pairs=3, calls=2))
    assert section.failures == ()
    assert said[-1] == "asking a broker with 46 pact versions and 460 results"
    assert all(quantity.value > 0 for quantity in section.quantities)
