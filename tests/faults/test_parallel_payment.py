"""One statement has at most one capture at any time, whoever pays, cancels and retries at once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import pytest
from attrs import field, frozen

from provider_stub.gateway import Course
from provider_stub.store.protocol.tx import Store
from tests.faults.sandbox import MONTH, SANDBOX, Journal, amount_of, captured, opened, prices, ready
from tests.postgres import Postgres
from tests.serving import calling, served

THREADS: Final = 10
CALLS: Final = 12
CANCELLED: Final = 0.3
COURSES: Final = (Course.CAPTURED, Course.UNHEARD, Course.UNANSWERED, Course.LATE, Course.TWICE)

REFUSALS: Final = frozenset({40902, 40906, 40907})
"""The move is not allowed, the gateway declined, the payment is in doubt."""


@frozen
class Providers:
    """Two providers on one database."""

    urls: tuple[str, ...]
    store: Store
    journal: Journal


@contextmanager
def _two(folder: Path, database: str) -> Iterator[Providers]:
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        starting = [served(folder, database, *SANDBOX, auth="off") for _ in range(2)]
        urls = tuple(running.url for running in pool.map(stack.enter_context, starting))
        with calling(urls[0], None) as api:
            prices(api)
        yield Providers(urls, stack.enter_context(opened(database)), stack.enter_context(closing(Journal(database))))


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    folder = tmp_path_factory.mktemp("on-sqlite")
    with _two(folder, f"sqlite:///{folder / 'billing.db'}") as two:
        yield two


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Providers]:
    with _two(tmp_path_factory.mktemp("on-postgresql"), postgres.database()) as two:
        yield two


@frozen
class Said:
    """What the providers answered: statuses, result codes of refusals, and the bodies of payments by key."""

    statuses: Counter[int] = field(factory=Counter)
    refusals: Counter[int] = field(factory=Counter)
    paid: dict[tuple[str, str], set[bytes]] = field(factory=lambda: defaultdict(set))
    turn: threading.Lock = field(factory=threading.Lock)

    def note(self, reply: httpx.Response, account: str, key: str | None) -> None:
        with self.turn:
            self.statuses[reply.status_code] += 1
            if reply.status_code == 409:
                self.refusals[reply.json()["header"]["resultCode"]] += 1
            if reply.status_code == 200 and key is not None:
                self.paid[account, key].add(reply.content)


@pytest.mark.parametrize(("processes", "database"), [(1, "on_sqlite"), (2, "on_sqlite"), (2, "on_postgresql")])
def test_at_most_one_capture_lives_and_each_key_has_one_answer(
    processes: int, database: str, request: pytest.FixtureRequest
) -> None:
    providers: Providers = request.getfixturevalue(database)
    urls = providers.urls[:processes]
    accounts = {f"{course}-{processes}".replace("_", "-"): course for course in COURSES}
    with calling(urls[0], None) as api:
        for account, course in accounts.items():
            ready(api, account, course)

    said = _storm(urls, list(accounts))

    assert set(said.statuses) <= {200, 409, 503}
    assert set(said.refusals) <= REFUSALS
    _come_to_rest(providers.store)
    with httpx.Client(base_url=urls[-1]) as client:
        for account, course in accounts.items():
            place = f"{account}-main.{MONTH}"
            assert _most_at_once(providers.journal.states(place)) == (course is not Course.UNHEARD)
            assert captured(providers.store, place) == [amount_of(course)] * (_state(client, account) == "PAID")
        for (account, key), bodies in said.paid.items():
            assert bodies == {_pay(client, account, key).content}


def _storm(urls: Sequence[str], accounts: Sequence[str]) -> Said:
    """Threads that pay, with keys of their own and shared ones, and cancel, at each provider in turn."""
    said = Said()
    barrier = threading.Barrier(THREADS)

    def act(number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - to be repeatable, not to be secret
        with httpx.Client(base_url=urls[number % len(urls)], timeout=30) as client:
            barrier.wait()
            for call in range(CALLS):
                account = dice.choice(accounts)
                key = dice.choice(["a", "b", f"{number}-{call}"])
                if dice.random() < CANCELLED:
                    said.note(_cancel(client, account), account, None)
                else:
                    said.note(_pay(client, account, key), account, key)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(act, range(THREADS)))
    return said


def _pay(client: httpx.Client, account: str, key: str) -> httpx.Response:
    body = {"paymentGroupId": f"{account}-main.{MONTH}"}
    return client.post(f"/billing/payments/{MONTH}", json=body, headers={"uuid": account, "Idempotency-Key": key})


def _cancel(client: httpx.Client, account: str) -> httpx.Response:
    return client.delete(f"/billing/admin/payments/{MONTH}", params={"paymentGroupId": f"{account}-main.{MONTH}"})


def _come_to_rest(store: Store) -> None:
    """Waits until no charge is in doubt any more."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with store.read() as tx:
            if not tx.payments.started_before(datetime.max.replace(tzinfo=UTC)):
                return
        time.sleep(0.1)
    raise AssertionError("charges stay in doubt")


def _state(client: httpx.Client, account: str) -> str:
    listed = client.get(f"/billing/payments/{MONTH}/statements", headers={"uuid": account}).json()
    return str(listed["statements"][0]["paymentStatusCode"])


def _most_at_once(states: Sequence[tuple[str, str]]) -> int:
    """How many captures lived together, at most."""
    alive: set[str] = set()
    most = 0
    for attempt_id, state in states:
        alive = alive | {attempt_id} if state == "CAPTURED" else alive - {attempt_id}
        most = max(most, len(alive))
    return most
