from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores import STORES, empty_store
from tests.usecases.world import World


@pytest.fixture(params=STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The provider on each kind of store."""
    with empty_store(request.param, request, tmp_path) as store:
        yield World(store)
