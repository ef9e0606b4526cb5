"""A small shop as a document, and a way to ask an application without a socket."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

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
