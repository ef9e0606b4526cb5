from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http.scene import Scene
from tests.serving import Api


@pytest.fixture(scope="session")
def _prepared(admin: Api) -> Iterator[Scene]:
    made = Scene(admin)
    made.prepare()
    yield made
    made.clear()


@pytest.fixture(scope="module")
def scene(_prepared: Scene) -> Scene:
    """Other modules may have changed what all accounts share."""
    _prepared.before = _prepared.look()
    return _prepared
