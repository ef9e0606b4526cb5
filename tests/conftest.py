"""One served provider for all tests of a worker; each test works on accounts of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.serving import Api, Served, calling, served


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("provider")) as running:
        yield running


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
