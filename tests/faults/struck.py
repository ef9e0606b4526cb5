"""A provider that fails on purpose, the generated client as its caller, and a clock that moves by waiting alone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

import pytest
from attrs import frozen
from billing_client import (
    ApiError,
    AsyncBillingClient,
    BadGatewayError,
    BillingClient,
    GatewayTimeoutError,
    InternalServerError,
    RateLimitedError,
    ServiceUnavailableError,
    TransportError,
    UnexpectedResponse,
)

from provider_stub.store.protocol.tx import Store
from tests.faults.sandbox import SANDBOX, Journal, opened, prices
from tests.serving import Api, Served, calling, served

T = TypeVar("T")


@frozen
class Fault:
    """A fault as rules name it, and what a caller meets where it stays."""

    rule: str
    error: type[ApiError] | None
    """None: the call succeeds all the same."""
    tries: int = 5
    done: bool = False
    """The provider had done its work when it struck."""

    @property
    def passes(self) -> bool:
        """Whether another try gets rid of it."""
        return self.error is None or self.tries > 1


MET: Final = (
    Fault("latency 1-3ms", None),
    Fault("latency-after 1-3ms", None),
    Fault("slow 1-3ms", None),
    Fault("429 retry-after 2", RateLimitedError),
    Fault("429-after retry-after 2", RateLimitedError, done=True),
    Fault("500", InternalServerError, tries=1),
    Fault("500-after", InternalServerError, tries=1, done=True),
    Fault("502", BadGatewayError),
    Fault("502-after", BadGatewayError, done=True),
    Fault("503 retry-after 3", ServiceUnavailableError),
    Fault("503-after", ServiceUnavailableError, done=True),
    Fault("504", GatewayTimeoutError),
    Fault("504-after", GatewayTimeoutError, done=True),
    Fault("reset", TransportError),
    Fault("reset-after", TransportError, done=True),
    Fault("html", UnexpectedResponse),
    Fault("html-after", UnexpectedResponse, done=True),
    Fault("html 200", UnexpectedResponse, tries=1),
    Fault("html-after 200", UnexpectedResponse, tries=1, done=True),
    Fault("truncate", TransportError, done=True),
    Fault("malformed", UnexpectedResponse, tries=1, done=True),
)


@frozen
class Struck:
    """A provider that is served with faults: what it is asked, what it did, and the book of its gateway."""

    provider: Served
    api: Api
    store: Store
    journal: Journal

    @property
    def url(self) -> str:
        return self.provider.url

    def strike(self, rules: str, *, seed: int = 0) -> None:
        """From now on these faults and no others; every count starts anew."""
        reply = self.api.client.put("/__faults", json={"rules": rules, "seed": seed})
        assert reply.status_code == 200, reply.text

    def spare(self) -> None:
        """No more faults."""
        self.strike("")

    def calls(self, operation: str) -> int:
        """How many requests for an operation came since the faults were set."""
        return int(self._counted(operation).get("calls", 0))

    def injected(self, operation: str) -> dict[str, int]:
        """How often each fault struck an operation since the faults were set."""
        return dict(self._counted(operation).get("injected", {}))

    def _counted(self, operation: str) -> dict[str, Any]:
        return dict(self.api.client.get("/__faults").json()["operations"].get(operation, {}))


@contextmanager
def struck(folder: Path) -> Iterator[Struck]:
    """A provider in a sandbox, that knows the price of an hour, until the block ends. It strikes nothing yet."""
    with (
        served(folder, None, *SANDBOX, "--faults", "", auth="off") as provider,
        calling(provider.url, None) as api,
        opened(provider.database) as store,
        closing(Journal(provider.database)) as journal,
    ):
        prices(api)
        yield Struck(provider, api, store, journal)


class Caller:
    """The generated client, sync or async, that is called alike."""

    def __init__(self, url: str, *, asynchronous: bool = False, **settings: Any) -> None:
        self._client = (AsyncBillingClient if asynchronous else BillingClient)(url, **settings)
        self._runner = asyncio.Runner() if asynchronous else None

    def call(self, use: Callable[[BillingClient], T]) -> T:
        """The result of a method; that of the async client is awaited."""
        result = use(cast(BillingClient, self._client))  # both have the same methods
        return self._runner.run(cast(Any, result)) if self._runner else result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(self._client, BillingClient):
            self._client.close()
        elif self._runner:
            self._runner.run(self._client.aclose())
            self._runner.close()


class Clock:
    """The clock of this process, not that of the provider: it moves by sleeping alone, and writes down each sleep."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sleeps: list[float] = []
        self._lock = threading.Lock()

    @classmethod
    def put(cls, monkeypatch: pytest.MonkeyPatch) -> Clock:
        """Puts a clock in the place of the machine's."""
        clock = cls()
        monkeypatch.setattr(time, "monotonic", lambda: clock.now)
        monkeypatch.setattr(time, "sleep", clock.sleep)
        monkeypatch.setattr(asyncio, "sleep", clock.asleep)
        return clock

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
