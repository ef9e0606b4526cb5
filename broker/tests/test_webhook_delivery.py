"""How calls are made: again after a failure, across restarts, by several processes, and without end for nobody."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve
from typer.testing import CliRunner

from broker.cli import app
from broker.config import Config, WebhookConfig
from broker.errors import UnusableError
from broker.tests.receiver import Receiver, receiver, until
from broker.tests.served import Broker, Json, encoded_contract, pact, served

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as told:
        yield told


def _quick(database: str, *, timeout: float = 1.0, retry: float = 0.05) -> Config:
    webhooks = WebhookConfig(schemes=("http",), allow=("127.0.0.1",), retry=(retry, 0.1), timeout=timeout)
    return Config(database_url=database, webhooks=webhooks)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that tries again soon, twice."""
    with served(_quick(f"sqlite:///{tmp_path_factory.mktemp('quick')}/b.db")) as broker:
        yield broker


_version = iter(range(10**6))


def _listen(client: httpx.Client, hook: Receiver, **changes: Any) -> Json:
    definition = {
        "events": [{"name": "contract_published"}],
        "request": {"method": "POST", "url": hook.url, "body": "${pactbroker.consumerVersionNumber}"},
    } | changes
    reply = client.post("/webhooks", json=definition)
    assert reply.status_code == 201, reply.text
    found: Json = reply.json()
    return found


def _publish(client: httpx.Client, consumer: str = "Foo") -> str:
    version = str(next(_version))
    body = {
        "pacticipantName": consumer,
        "pacticipantVersionNumber": version,
        "contracts": [encoded_contract(pact(consumer, "Bar", "x"))],
    }
    assert client.post("/contracts/publish", json=body).status_code == 200
    return version


def _over(broker: Broker, webhook: Json, status: str) -> Json:
    """The only delivery of a webhook, as soon as it has this status."""

    def found() -> Json:
        deliveries = broker.get(f"/webhooks/{webhook['uuid']}/deliveries")["_embedded"]["deliveries"]
        assert len(deliveries) == 1
        only: Json = broker.get(deliveries[0]["_links"]["self"]["href"])
        return only

    until(lambda: found()["status"] == status)
    return found()


def _log(broker: Broker, delivery: Json) -> str:
    return broker.client.get(delivery["_links"]["pb:logs"]["href"]).text


@pytest.fixture
def webhook(quick: Broker, hook: Receiver) -> Iterator[Json]:
    found = _listen(quick.client, hook)
    yield found
    quick.client.delete(found["_links"]["self"]["href"])


def test_a_failed_call_is_made_again_until_it_succeeds(quick: Broker, hook: Receiver, webhook: Json) -> None:
    hook.answers = [500, 404]
    version = _publish(quick.client)
    done = _over(quick, webhook, "success")
    assert hook.bodies(3) == [version] * 3
    assert [one["status"] for one in done["_embedded"]["attempts"]] == [500, 404, 200]
    assert (done["attemptsMade"], done["attemptsRemaining"]) == (3, 0)
    log = _log(quick, done)
    assert [f"{status} " in log for status in (500, 404, 200)] == [True] * 3


def test_after_the_last_attempt_it_has_failed(quick: Broker, hook: Receiver, webhook: Json) -> None:
    hook.answers = [500] * 9
    _publish(quick.client)
    done = _over(quick, webhook, "failure")
    assert len(done["_embedded"]["attempts"]) == 3
    assert "There will be no further one" in _log(quick, done)
    summary = quick.get("/pacts/provider/Bar/consumer/Foo/webhooks/status")
    assert summary["summary"]["failed"] == 1
    assert len(summary["_links"]["pb:error-logs"]) == 1
    time.sleep(0.3)
    assert len(hook.received) == 3


def test_what_a_disabled_webhook_still_had_to_call_is_cancelled(quick: Broker, hook: Receiver, webhook: Json) -> None:
    hook.answers, hook.delay = [500], 0.2
    _publish(quick.client)
    hook.wait_for(1)
    own = webhook["_links"]["self"]["href"]
    quick.ask("PUT", own, quick.get(own) | {"enabled": False}, status=200)
    done = _over(quick, webhook, "cancelled")
    assert len(hook.received) == 1
    assert "the webhook is disabled" in _log(quick, done)


def test_what_a_deleted_webhook_still_had_to_call_is_gone(quick: Broker, hook: Receiver) -> None:
    webhook = _listen(quick.client, hook)
    hook.answers, hook.delay = [500], 0.2
    _publish(quick.client)
    hook.wait_for(1)
    quick.client.delete(webhook["_links"]["self"]["href"])
    time.sleep(0.6)
    assert len(hook.received) == 1


def test_a_receiver_that_drips_is_given_up_in_time(quick: Broker, hook: Receiver) -> None:
    hook.drip = True
    started = time.monotonic()
    definition = {"request": {"method": "POST", "url": hook.url}}
    done = quick.ask("POST", "/webhooks/execute", definition, status=200)
    assert time.monotonic() - started < 2.5
    assert done["error"]["message"] == "no whole answer within 1 s"


def test_of_a_huge_answer_only_the_beginning_is_read_and_shown(quick: Broker, hook: Receiver) -> None:
    hook.body = b"x" * 50_000_000
    definition = {"request": {"method": "POST", "url": hook.url}}
    done = quick.ask("POST", "/webhooks/execute", definition, status=200)
    assert (done["success"], len(done["response"]["body"])) == (True, 4096)
    assert hook.written < 25_000_000  # what the system keeps for a connection goes out, whether it is read or not


def test_deliveries_come_in_pages_the_latest_first(quick: Broker, hook: Receiver, webhook: Json) -> None:
    versions = [_publish(quick.client) for _ in range(5)]
    first = quick.get(webhook["_links"]["pb:deliveries"]["href"] + "?pageSize=2")
    assert first["page"] == {"number": 1, "size": 2, "totalElements": 5, "totalPages": 3}
    second = quick.get(first["_links"]["next"]["href"])
    found = [
        one["_embedded"]["consumer"]["version"] for page in (first, second) for one in page["_embedded"]["deliveries"]
    ]
    assert found == versions[:0:-1]
    hook.wait_for(5)


def test_a_burst_of_calls_to_slow_receivers_leaves_room_for_requests(quick: Broker, hook: Receiver) -> None:
    hook.delay = 0.3
    hooks = [_listen(quick.client, hook) for _ in range(40)]
    _publish(quick.client)
    hook.wait_for(4)
    started = time.monotonic()
    for _ in range(20):
        _publish(quick.client, "Other")
    assert time.monotonic() - started < 2
    assert len(hook.received) < 40
    for one in hooks:
        quick.client.delete(one["_links"]["self"]["href"])


@contextmanager
def _process(database: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    command = [sys.executable, "-m", "broker", "serve", "--port", "0", "--database", database]
    allowed = ["--webhook-scheme", "http", "--webhook-allow", "127.0.0.1"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("BROKER_", "PACT_"))}
    with subprocess.Popen([*command, *allowed], cwd=_ROOT, env=kept, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            address = re.search(r"http://\S+", process.stderr.readline())
            assert address is not None
            with httpx.Client(base_url=address[0], timeout=10) as client:
                yield process, client
        finally:
            process.kill()


def test_a_call_that_a_kill_interrupts_is_made_again_after_a_restart(database_url: str, hook: Receiver) -> None:
    hook.delay = 5.0
    with _process(database_url) as (process, client):
        _listen(client, hook)
        version = _publish(client)
        hook.wait_for(1)
        process.kill()
        process.wait()
    hook.delay = 0
    # The lease outlives the process, by seconds that nobody wants to wait for here: its end is brought forward.
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        rows = connection.execute("SELECT status, attempts, due_at > ? FROM webhook_deliveries", (_now(),)).fetchall()
        assert rows == [("waiting", 0, 1)]
        connection.execute("UPDATE webhook_deliveries SET due_at = ?", (_now(),))
    with served(_quick(database_url)):
        assert hook.bodies(2) == [version] * 2


def test_a_retry_that_waits_survives_a_restart(database_url: str, hook: Receiver) -> None:
    hook.answers = [500]
    with served(_quick(database_url, retry=0.5)) as broker:
        webhook = _listen(broker.client, hook)
        version = _publish(broker.client)
        _over(broker, webhook, "retrying")
    with served(_quick(database_url)):
        assert hook.bodies(2) == [version] * 2


def test_deliveries_that_are_long_over_are_forgotten(database_url: str, hook: Receiver) -> None:
    with served(_quick(database_url)) as broker:
        webhook = _listen(broker.client, hook)
        _publish(broker.client)
        _over(broker, webhook, "success")
    forgetful = evolve(_quick(database_url), webhooks=WebhookConfig(log_days=0))
    with served(forgetful) as broker:
        until(lambda: broker.get(f"/webhooks/{webhook['uuid']}/deliveries")["page"]["totalElements"] == 0)


def test_a_stop_waits_for_a_short_call(database_url: str, hook: Receiver) -> None:
    hook.delay = 0.3
    with served(_quick(database_url)) as broker:
        webhook = _listen(broker.client, hook)
        _publish(broker.client)
        hook.wait_for(1)
    with served(_quick(database_url)) as broker:
        done = _over(broker, webhook, "success")
    assert (done["attemptsMade"], len(hook.received)) == (1, 1)


def test_a_stop_gives_back_a_long_call_without_counting_it(database_url: str, hook: Receiver) -> None:
    hook.delay = 3.5
    with served(_quick(database_url, timeout=20)) as broker:
        webhook = _listen(broker.client, hook)
        _publish(broker.client)
        hook.wait_for(1)
        started = time.monotonic()
    assert time.monotonic() - started < 3.4
    hook.delay = 0
    with served(_quick(database_url)) as broker:
        done = _over(broker, webhook, "success")
    assert (done["attemptsMade"], len(hook.received)) == (1, 2)


@pytest.mark.parametrize(
    "options",
    [
        ("--webhook-retry", "10 soon"),
        ("--webhook-retry", "-1"),
        ("--webhook-scheme", "ftp"),
        ("--webhook-allow", "a/b"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line(options: tuple[str, str]) -> None:
    done = CliRunner().invoke(app, ["serve", "--port", "0", *options])
    assert isinstance(done.exception, UnusableError)
    assert options[0] in str(done.exception)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_two_brokers_on_one_database_make_every_call_once(database_url: str, hook: Receiver) -> None:
    with served(_quick(database_url)) as one, served(_quick(database_url)) as other:
        _listen(one.client, hook)
        published: list[str] = []
        threads = [
            threading.Thread(target=lambda client=client: published.extend(_publish(client) for _ in range(15)))
            for client in (one.client, other.client)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        hook.wait_for(30)
        time.sleep(0.3)
    assert sorted(hook.bodies(30)) == sorted(published)


def _now() -> int:
    return time.time_ns() // 1000
