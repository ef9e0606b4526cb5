from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.config import Config
from broker.tests.served import Broker, served


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """An empty broker on a free port."""
    with served(Config(database_url=f"sqlite:///{tmp_path}/broker.db")) as running:
        yield running
