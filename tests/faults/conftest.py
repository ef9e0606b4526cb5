from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.deeds import Subjects
from tests.faults.struck import Clock, Struck, struck
from tests.stores import STORES, empty_store
from tests.usecases.world import World


@pytest.fixture(params=STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The provider on each kind of store."""
    with empty_store(request.param, request, tmp_path) as store:
        yield World(store)


@pytest.fixture(scope="session")
def struck_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    """One provider for all tests of a worker that have it fail on purpose."""
    with struck(tmp_path_factory.mktemp("struck")) as running:
        yield running


@pytest.fixture
def faulty(struck_provider: Struck) -> Iterator[Struck]:
    """A provider that fails as the test has it; no fault outlives the test."""
    yield struck_provider
    struck_provider.spare()


@pytest.fixture(scope="session")
def subjects(struck_provider: Struck) -> Subjects:
    return Subjects(struck_provider)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.put(monkeypatch)
