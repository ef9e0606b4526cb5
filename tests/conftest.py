"""One served provider for all tests of a worker; each test works on accounts of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from provider_stub.store.protocol.tx import Store
from provider_stub.store.sql.database import open_store
from tests.postgres import Postgres, PostgresMissingError, postgres_server
from tests.serving import Api, Served, calling, served


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests of a worker: skipped where there is none, but never in CI."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server())
        except PostgresMissingError as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"PostgreSQL: {error}")
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres) -> str:
    """One database for all tests of a worker; what a test leaves there, the next clears."""
    return postgres.database()


@pytest.fixture(scope="session")
def postgres_store(postgres_url: str) -> Iterator[Store]:
    store = open_store(postgres_url)
    yield store
    store.close()


@pytest.fixture(scope="session")
def admin(provider: Served) -> Iterator[Api]:
    """The provider, called as an administrator."""
    with calling(provider.url, provider.token("--admin")) as api:
        yield api


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """Numbers that make names unique within a provider."""
    return itertools.count(1)


@pytest.fixture
def account(admin: Api, numbers: Iterator[int]) -> str:
    """A fresh account in Korea with one billing group."""
    name = f"customer-{next(numbers)}"
    admin.account(name)
    return name
