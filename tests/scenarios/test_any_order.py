"""Whatever is called in whatever order, money and credit are conserved (about 20 seconds together)."""

from __future__ import annotations

from pathlib import Path

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from provider_stub.store.memory.store import MemoryStore
from provider_stub.store.protocol.tx import Store
from provider_stub.store.sql.database import open_store
from tests.scenarios.machine import Provider


def test_money_is_conserved_in_memory() -> None:
    conserves_money(MemoryStore(), examples=80, steps=50)


def test_money_is_conserved_in_a_database(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'billing.db'}")
    try:
        conserves_money(store, examples=15, steps=30)
    finally:
        store.close()


def conserves_money(store: Store, *, examples: int, steps: int) -> None:
    # Without the phase that explains: it calls a failing example several hundred times over.
    phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink)
    several = settings(max_examples=examples, stateful_step_count=steps, deadline=None, phases=phases)
    run_state_machine_as_test(
        lambda: Provider(store),  # type: ignore[arg-type]  # a function will do as well as the class that is declared
        settings=several,
    )
