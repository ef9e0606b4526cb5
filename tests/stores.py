"""The three kinds of store, each empty, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from provider_stub.store.memory.store import MemoryStore
from provider_stub.store.protocol.tx import Store
from provider_stub.store.sql.database import open_store

STORES: Final = ("memory", "sqlite", "postgresql")


@contextmanager
def empty_store(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Store]:
    """A store of one of the STORES; SQLite's file lies in the folder, PostgreSQL's database serves the whole worker."""
    if kind == "postgresql":
        shared: Store = request.getfixturevalue("postgres_store")
        shared.clear()
        yield shared
        return
    store: Store = MemoryStore() if kind == "memory" else open_store(f"sqlite:///{folder / 'billing.db'}")
    yield store
    store.close()
