from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provider_stub.store.memory.store import MemoryStore
from provider_stub.store.protocol.tx import Store
from provider_stub.store.sql.database import open_store
from tests.usecases.world import World


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The provider on each kind of store."""
    store: Store = MemoryStore() if request.param == "memory" else open_store(f"sqlite:///{tmp_path / 'billing.db'}")
    yield World(store)
    store.close()
