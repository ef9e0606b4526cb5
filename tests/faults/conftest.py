from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.struck import Clock, Struck, struck
from tests.stores import STORES, empty_store
from tests.usecases.world import World


@pytest.fixture(params=STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The provider on each kind of store."""
    with empty_store(request.param, request, tmp_path) as store:
        yield World(store)


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    """A provider that fails on purpose, for all tests of a worker; each sets the faults that it needs."""
    with struck(tmp_path_factory.mktemp("struck")) as running:
        yield running


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.put(monkeypatch)
