"""Whatever is called in whatever order, money and credit are conserved (about 20 seconds together)."""

from __future__ import annotations

from pathlib import Path

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from provider_stub.store.memory.store import MemoryStore
from provider_stub.store.sql.database import open_store
from tests.scenarios.machine import Provider

# Without the phase that explains: it calls a failing example several hundred times over.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink)


def test_money_is_conserved_in_memory() -> None:
    store = MemoryStore()
    several = settings(max_examples=30, stateful_step_count=60, deadline=None, phases=PHASES)
    run_state_machine_as_test(lambda: Provider(store), settings=several)


def test_money_is_conserved_in_a_database(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'billing.db'}")
    several = settings(max_examples=30, stateful_step_count=30, deadline=None, phases=PHASES)
    try:
        run_state_machine_as_test(lambda: Provider(store), settings=several)
    finally:
        store.close()
