"""A provider is killed while it takes in meters and while it charges; what it acknowledged is there after a restart."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Final

import httpx
import pytest
from attrs import field, frozen

from provider_stub.gateway import Course
from provider_stub.store.protocol.records import Window
from provider_stub.store.protocol.tx import Store
from tests.faults.killed import Killed, until
from tests.faults.sandbox import MONTH, amount_of, captured, charges, meters, opened, prices, ready
from tests.serving import Body, calling

SENDERS: Final = 4
BATCH: Final = 50
SLOWLY_PAID: Final = {"there": Course.SLOW_THERE, "back": Course.SLOW_BACK}
"""Accounts: one charge is on its way to the gateway at the kill, and of one the answer is on its way back."""


@frozen
class Restarted:
    """A provider after a kill: the batches of meters that were acknowledged, and those that were cut off."""

    url: str
    store: Store
    acknowledged: list[str] = field(factory=list)
    cut_off: list[str] = field(factory=list)


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    with closing(Killed(tmp_path_factory.mktemp("killed"))) as provider, opened(provider.database) as store:
        url = provider.now.url
        with calling(url, None) as api:
            prices(api)
            api.account("sender")
            for account, course in SLOWLY_PAID.items():
                ready(api, account, course)
        before = Restarted(url, store)
        enough = threading.Semaphore(0)
        with ThreadPoolExecutor(SENDERS + len(SLOWLY_PAID)) as pool:
            sending = [pool.submit(_send, before, number, enough) for number in range(SENDERS)]
            paying = [pool.submit(_pay, url, account) for account in SLOWLY_PAID]
            for _ in range(5 * SENDERS):
                assert enough.acquire(timeout=30)
            until(lambda: _under_way(store))
            assert charges(store, _place("there")) == []
            provider.kill()
            _all_cut_off(paying)
            for each in sending:
                each.result()
        yield Restarted(provider.start().url, store, before.acknowledged, before.cut_off)


def _send(to: Restarted, number: int, enough: threading.Semaphore) -> None:
    """Sends batches until the connection breaks."""
    with httpx.Client(base_url=to.url, timeout=30) as client:
        for batch in range(10_000):
            name = f"b-{number}-{batch}"
            body = meters("sender", name, *range(1, BATCH + 1))
            try:
                reply = client.post("/billing/meters", json=body, headers={"uuid": "sender"})
            except httpx.TransportError:
                to.cut_off.append(name)
                return
            assert (reply.status_code, reply.json()["accepted"]) == (200, BATCH)
            to.acknowledged.append(name)
            enough.release()


def _under_way(store: Store) -> bool:
    """Both attempts are written down, and the gateway has captured the one that it answers slowly."""
    with store.read() as tx:
        begun = all(tx.payments.live(_place(account)) for account in SLOWLY_PAID)
    return begun and bool(charges(store, _place("back")))


def _pay(url: str, account: str) -> httpx.Response:
    headers = {"uuid": account, "Idempotency-Key": "k"}
    body: Body = {"paymentGroupId": _place(account)}
    return httpx.post(f"{url}/billing/payments/{MONTH}", json=body, headers=headers, timeout=30)


def _all_cut_off(paying: list[Future[httpx.Response]]) -> None:
    for each in paying:
        with pytest.raises(httpx.TransportError):
            each.result()


def _place(account: str) -> str:
    return f"{account}-main.{MONTH}"


def test_every_batch_that_was_acknowledged_is_there_and_none_is_half_there(restarted: Restarted) -> None:
    with restarted.store.read() as tx:
        stored = tx.meters.page(["sender-main-web"], None, None, None, Window(0, 1_000_000)).items
    found = Counter(meter.meter_id.rpartition("-")[0] for meter in stored)
    assert len(restarted.cut_off) == SENDERS
    assert {name: found[name] for name in restarted.acknowledged} == dict.fromkeys(restarted.acknowledged, BATCH)
    assert {found[name] for name in restarted.cut_off} <= {0, BATCH}
    with calling(restarted.url, None) as api:
        api.calculated("sender", MONTH)
        assert api.statement("sender", MONTH)["lineItems"][0]["amount"] == len(found) * sum(range(1, BATCH + 1))


def test_a_charge_that_was_cut_off_ends_as_the_gateway_says_and_is_not_made_again(restarted: Restarted) -> None:
    with calling(restarted.url, None) as api:
        until(lambda: api.statement("back", MONTH)["paymentStatusCode"] == "PAID")
        until(lambda: charges(restarted.store, _place("there")))
        assert api.statement("there", MONTH)["paymentStatusCode"] == "READY"
    answers = {account: _pay(restarted.url, account).status_code for account in SLOWLY_PAID}
    assert answers == {"there": 409, "back": 200}
    assert captured(restarted.store, _place("there")) == []
    assert captured(restarted.store, _place("back")) == [amount_of(Course.SLOW_BACK)]
