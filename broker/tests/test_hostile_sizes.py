"""Big pacts, many at once, and clients that dawdle: the broker's memory stays bounded and others are served."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from broker.config import Config, WebhookConfig
from broker.tests.processes import Process, broker_process
from broker.tests.receiver import receiver
from broker.tests.served import encoded_contract, pact, served

_MB = 1024 * 1024
_ROW = {"id": 1, "name": "a name", "tags": ["x", "y"], "price": {"amount": 12.5, "currency": "EUR"}}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    with broker_process(f"sqlite:///{tmp_path}/broker.db") as running:
        yield running


def _big_pact(content: object) -> str:
    """2,000 interactions of Foo0, each with this content of about 10 kB in its response: JSON of 20 MB."""
    document = pact("Foo0", "Bar", *(f"something {number}" for number in range(2000)))
    for interaction in document["interactions"]:
        interaction["response"]["body"] = {"content": content, "contentType": "application/json", "encoded": False}
    text = json.dumps(document)
    assert len(text) > 19 * _MB
    return text


def _publication(consumer: str, text: str) -> bytes:
    envelope = encoded_contract(pact(consumer, "Bar", "x"), content="CONTENT")
    body = {"pacticipantName": consumer, "pacticipantVersionNumber": "1", "branch": "main", "contracts": [envelope]}
    content = base64.b64encode(text.replace("Foo0", consumer, 1).encode())
    return json.dumps(body).encode().replace(b"CONTENT", content)


def test_a_pact_of_20_mb_is_published_fetched_shown_and_verified(process: Process) -> None:
    with httpx.Client(base_url=process.url, timeout=60) as client:
        # Many small values take the most memory: about ten times what they take on the wire.
        assert (
            client.post("/contracts/publish", content=_publication("Foo0", _big_pact([_ROW] * 115))).status_code == 200
        )
        found = client.get("/pacts/provider/Bar/consumer/Foo0/latest")
        assert len(found.json()["interactions"]) == 2000
        place = found.json()["_links"]["pb:publish-verification-results"]["href"]
        tests = [{"interactionId": one["_id"], "success": True} for one in found.json()["interactions"]]
        result = {"success": True, "providerApplicationVersion": "2", "testResults": tests}
        assert client.post(place, json=result).status_code == 201
        page = client.get("/pacts/provider/Bar/consumer/Foo0/latest", headers={"accept": "text/html"})
        assert page.status_code == 200
        assert len(page.content) < _MB, "a page that no browser likes"
    assert process.peak_memory() < 450 * _MB


def test_ten_pacts_of_20_mb_at_once_are_read_one_by_one_and_served_side_by_side(process: Process) -> None:
    text = _big_pact("x" * 10_000)
    publications = {f"Foo{number}": _publication(f"Foo{number}", text) for number in range(10)}
    with httpx.Client(base_url=process.url, timeout=60) as client, ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda body: client.post("/contracts/publish", content=body), publications.values()))
        assert [reply.status_code for reply in replies] == [200] * 10
        # Their bodies are held, 27 MB each, and one of them is read.
        assert process.peak_memory() < 750 * _MB
        paths = [f"/pacts/provider/Bar/consumer/{name}/latest" for name in publications]
        assert all(len(reply.content) > 19 * _MB for reply in pool.map(client.get, paths))
    assert process.peak_memory() < 1000 * _MB


def test_clients_that_dawdle_hold_nobody_up(process: Process) -> None:
    parts = urlsplit(process.url)
    with ExitStack() as stack:
        for number in range(300):
            slow = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5))
            # Some never end their headers, the others never send the body that they announce.
            announced = b"content-length: 3000000\r\n\r\n{" if number % 2 else b"x-"
            slow.sendall(b"POST /contracts/publish HTTP/1.1\r\nhost: localhost\r\n" + announced)
        large = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5))
        large.sendall(b"POST /contracts/publish HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9000000\r\n\r\n")
        large.sendall(b" " * 3 * _MB)
        begun = time.monotonic()
        padded = json.dumps({"name": "Bar"}).encode().ljust(3 * _MB)
        assert httpx.post(f"{process.url}/pacticipants", content=padded, timeout=10).status_code == 201
        assert httpx.get(f"{process.url}/pacticipants", timeout=10).status_code == 200
        assert httpx.post(f"{process.url}/pacticipants", json={"name": "Foo"}, timeout=10).status_code == 201
        assert time.monotonic() - begun < 5


def test_a_body_that_does_not_arrive_is_given_up(tmp_path: Path) -> None:
    with broker_process(f"sqlite:///{tmp_path}/broker.db", 0, "--body-timeout", "1") as running:
        parts = urlsplit(running.url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as slow:
            slow.sendall(b"POST /pacticipants HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n{")
            assert slow.recv(100).startswith(b"HTTP/1.1 408 ")


def test_who_only_reads_cannot_fill_the_room_of_those_who_publish(tmp_path: Path) -> None:
    config = Config(database_url=f"sqlite:///{tmp_path}/broker.db", token="s3cret", public_read=True)
    head = b"POST /pacts/provider/x/for-verification HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n"
    with served(config) as broker, ExitStack() as stack:
        parts = urlsplit(broker.url)

        def sent(size: int) -> socket.socket:
            one = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10))
            one.sendall(head % size)
            one.sendall(b" " * min(size - 1, _MB))
            return one

        assert sent(2 * _MB).recv(100).startswith(b"HTTP/1.1 413 ")
        full = [sent(_MB) for _ in range(40)]
        assert any(one.recv(100).startswith(b"HTTP/1.1 503 ") for one in full[32:])
        broker.client.headers["authorization"] = "Bearer s3cret"
        broker.publish("Foo", "1")
        padded = json.dumps({"name": "Bar"}).encode().ljust(3 * _MB)
        assert broker.client.put("/pacticipants/Bar", content=padded).status_code == 200


def test_large_bodies_that_do_not_end_leave_room_for_small_ones(tmp_path: Path) -> None:
    config = Config(database_url=f"sqlite:///{tmp_path}/broker.db", max_body_bytes=2 * _MB)
    with served(config) as broker, ExitStack() as stack:
        parts = urlsplit(broker.url)
        head = b"POST /contracts/publish HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % (2 * _MB)
        for _ in range(8):
            one = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10))
            one.sendall(head + b" " * (2 * _MB - 1))
        time.sleep(0.5)
        large = json.dumps({"name": "Bar"}).encode().ljust(_MB + 1000)
        assert broker.client.post("/pacticipants", content=large).status_code == 503
        broker.publish("Foo", "1")


def test_a_large_body_waits_for_another_no_longer_than_the_clock_of_bodies(tmp_path: Path) -> None:
    hooks = WebhookConfig(schemes=("http",), allow=("127.0.0.1",))
    config = Config(database_url=f"sqlite:///{tmp_path}/broker.db", webhooks=hooks, body_seconds=1)
    with receiver() as slow, served(config) as broker, ThreadPoolExecutor(1) as pool:
        slow.delay = 3
        webhook = json.dumps({"request": {"method": "POST", "url": slow.url}}).encode()
        held = pool.submit(httpx.post, f"{broker.url}/webhooks/execute", content=webhook.ljust(2 * _MB), timeout=30)
        slow.wait_for(1)
        begun = time.monotonic()
        refused = broker.client.post("/pacticipants", content=b'{"name": "Foo"}'.ljust(2 * _MB))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert time.monotonic() - begun < slow.delay
        assert broker.client.post("/pacticipants", content=b'{"name": "Foo"}').status_code == 201
        assert held.result().status_code == 200
        assert broker.client.put("/pacticipants/Foo", content=b'{"name": "Foo"}'.ljust(2 * _MB)).status_code == 200
