"""A provider's process is killed in the middle of its work, and the next one goes on from what was acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Final

import httpx
import pytest
import sqlalchemy as sa

from provider_stub.gateway import Course
from tests.faults.killed import Killed, until
from tests.faults.sandbox import MONTH, amount_of, captured, charges, meters, opened, prices, ready
from tests.serving import Body, calling

SENDERS: Final = 4
BATCH: Final = 50


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    with closing(Killed(tmp_path_factory.mktemp("killed"))) as started:
        with calling(started.now.url, None) as api:
            prices(api)
        yield started


def test_every_batch_that_was_acknowledged_is_there_after_a_kill_and_none_is_half_there(provider: Killed) -> None:
    with calling(provider.now.url, None) as api:
        api.account("sender")
    acknowledged: list[str] = []
    cut_off: list[str] = []
    enough = threading.Semaphore(0)

    def send(number: int) -> None:
        with httpx.Client(base_url=provider.now.url, timeout=30) as client:
            for batch in range(10_000):
                name = f"b-{number}-{batch}"
                body = meters("sender", name, *range(1, BATCH + 1))
                try:
                    reply = client.post("/billing/meters", json=body, headers={"uuid": "sender"})
                except httpx.TransportError:
                    cut_off.append(name)
                    return
                assert (reply.status_code, reply.json()["accepted"]) == (200, BATCH)
                acknowledged.append(name)
                enough.release()

    with ThreadPoolExecutor(SENDERS) as pool:
        sending = [pool.submit(send, number) for number in range(SENDERS)]
        for _ in range(5 * SENDERS):
            assert enough.acquire(timeout=30)
        provider.kill()
        for each in sending:
            each.result()
    provider.start()

    with calling(provider.now.url, None) as api:
        api.calculated("sender", MONTH)
        line = api.statement("sender", MONTH)["lineItems"][0]
    stored = _stored(provider.database)
    assert len(cut_off) == SENDERS
    assert {name: stored.get(name, 0) for name in acknowledged} == dict.fromkeys(acknowledged, BATCH)
    assert {stored.get(name, 0) for name in cut_off} <= {0, BATCH}
    assert line["amount"] == len(stored) * sum(range(1, BATCH + 1))


def _stored(database: str) -> dict[str, int]:
    """How many readings are stored, by batch."""
    engine = sa.create_engine(database)
    with engine.connect() as connection:
        names = [name for (name,) in connection.execute(sa.text("SELECT meter_id FROM meters"))]
    engine.dispose()
    found: dict[str, int] = {}
    for name in names:
        batch = name.rpartition("-")[0]
        found[batch] = found.get(batch, 0) + 1
    return found


def test_a_charge_that_a_kill_cut_off_ends_as_the_gateway_says_and_is_not_made_again(provider: Killed) -> None:
    """One is killed before the gateway has the charge, and one between the capture and the answer to it."""
    accounts = {"there": Course.SLOW_THERE, "back": Course.SLOW_BACK}
    with calling(provider.now.url, None) as api:
        places = {account: ready(api, account, course) for account, course in accounts.items()}
    with opened(provider.database) as store:

        def both_under_way() -> bool:
            with store.read() as tx:
                begun = all(tx.payments.live(place["paymentGroupId"]) for place in places.values())
            return begun and bool(charges(store, places["back"]["paymentGroupId"]))

        with ThreadPoolExecutor(2) as pool:
            paying = [pool.submit(_pay, provider.now.url, account, places[account]) for account in places]
            until(both_under_way)
            assert charges(store, places["there"]["paymentGroupId"]) == []
            provider.kill()
            for each in paying:
                assert isinstance(each.exception(), httpx.TransportError)
        provider.start()

        with calling(provider.now.url, None) as api:
            until(lambda: api.statement("back", MONTH)["paymentStatusCode"] == "PAID")
        until(lambda: bool(charges(store, places["there"]["paymentGroupId"])))
        with calling(provider.now.url, None) as api:
            assert api.statement("there", MONTH)["paymentStatusCode"] == "READY"
        again = {account: _pay(provider.now.url, account, place) for account, place in places.items()}
        assert {account: reply.status_code for account, reply in again.items()} == {"there": 409, "back": 200}
        assert captured(store, places["there"]["paymentGroupId"]) == []
        assert captured(store, places["back"]["paymentGroupId"]) == [amount_of(Course.SLOW_BACK)]


def _pay(url: str, account: str, place: Body) -> httpx.Response:
    headers = {"uuid": account, "Idempotency-Key": "k"}
    return httpx.post(f"{url}/billing/payments/{MONTH}", json=place, headers=headers, timeout=30)
