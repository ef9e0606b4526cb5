"""A small shop as a document, ways to ask an application without a socket, and a shop that fails on purpose."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from contractkit.tests.stub.faulty_shop import Shop, faulty_shop

Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def shop() -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(Path(__file__).with_name("shop.yaml").read_text(), yaml.CSafeLoader)
    return document


@pytest.fixture(scope="session")
def ask() -> Ask:
    """`ask(app, "GET", "/items?tag=a", headers=..., json=..., content=...)`."""

    def ask(app: Any, method: str, url: str, **request: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
                return await client.request(method, url, **request)

        return asyncio.run(send())

    return ask


@pytest.fixture(scope="session")
def _faulty_shop() -> Iterator[Shop]:
    with faulty_shop() as running:
        yield running


@pytest.fixture
def faulty(_faulty_shop: Shop) -> Iterator[Shop]:
    """A shop on a port of its own that fails as it is told."""
    yield _faulty_shop
    _faulty_shop.client.delete("/__faults").raise_for_status()
