from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provider_stub.store.protocol.tx import Store
from tests.store.builders import account
from tests.stores import STORES, empty_store


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind of store, with the account acme."""
    with empty_store(request.param, request, tmp_path) as opened:
        with opened.write() as tx:
            tx.accounts.put(account("acme"))
        yield opened
