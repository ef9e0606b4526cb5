"""What one receiver does, or one publisher says, is nobody else's trouble."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from sqlalchemy import create_engine, text

from broker.config import Config, WebhookConfig
from broker.store.database import Database
from broker.tests.postgres import Postgres
from broker.tests.receiver import Receiver, receiver, until
from broker.tests.served import Broker, Json, served


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as told:
        yield told


def _config(database: str, **changes: object) -> Config:
    own: dict[str, object] = {"schemes": ("http",), "methods": ("PUT",), "allow": ("127.0.0.1",), "retry": ()} | changes
    return Config(database_url=database, webhooks=WebhookConfig(**own))  # type: ignore[arg-type] # values of each field


def _listen(broker: Broker, url: str, consumer: str | None = None, **request: object) -> str:
    """Where the deliveries are listed."""
    body: Json = {"events": [{"name": "contract_published"}], "request": {"method": "POST", "url": url} | request}
    body |= {"consumer": {"name": consumer}} if consumer else {}
    return str(broker.ask("POST", "/webhooks", body, status=201)["_links"]["pb:deliveries"]["href"])


def _delivery(broker: Broker, listed: str) -> tuple[Json, str]:
    """The only delivery, once it is over, and its log."""

    def over() -> bool:
        return bool(broker.get(listed)["_embedded"]["deliveries"][0]["status"] not in ("waiting", "retrying"))

    until(over)
    (found,) = broker.get(listed)["_embedded"]["deliveries"]
    return found, broker.client.get(found["_links"]["pb:logs"]["href"]).text


def test_a_receiver_that_never_answers_does_not_hold_up_the_others(database_url: str, hook: Receiver) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as dead, served(_config(database_url, timeout=2)) as broker:
        for name in ("dead", "good"):
            broker.ask("POST", "/pacticipants", {"name": name}, status=201)
        _listen(broker, f"http://127.0.0.1:{dead.getsockname()[1]}", "dead")
        _listen(broker, hook.url, "good")
        for number in range(12):
            broker.publish("dead", str(number))
        broker.publish("good", "1")
        begun = time.monotonic()
        hook.wait_for(1)
        assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_an_answer_that_no_database_can_keep_counts_all_the_same(database_url: str, hook: Receiver) -> None:
    hook.headers = {"x-null": "b\x00c"} | {f"x-{number}": "x" * 60_000 for number in range(80)}
    with served(_config(database_url)) as broker:
        listed = _listen(broker, hook.url)
        broker.publish("Foo", "1")
        found, log = _delivery(broker, listed)
        assert (found["status"], found["attemptsMade"], len(hook.received)) == ("success", 1, 1)
        assert "x-null: b\ufffdc" in log
        assert len(log) < 40_000
        assert len(broker.client.post(listed.replace("/deliveries", "/execute")).content) < 500_000


def test_an_attempt_whose_log_is_refused_is_not_made_again(postgres: Postgres, hook: Receiver) -> None:
    url = postgres.database()
    Database(url).close()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as tx:
        tx.execute(text("ALTER TABLE webhook_attempts ALTER COLUMN log TYPE varchar(40)"))
    engine.dispose()
    with served(_config(url)) as broker:
        listed = _listen(broker, hook.url)
        broker.publish("Foo", "1")
        found, log = _delivery(broker, listed)
        assert (found["status"], log) == ("success", "Its log cannot be kept.\n")


@pytest.mark.parametrize("base_url", [None, "https://pacts.test/broker"])
def test_a_publisher_does_not_decide_by_a_host_header_what_a_webhook_fetches(
    tmp_path: Path, hook: Receiver, base_url: str | None
) -> None:
    config = evolve(_config(f"sqlite:///{tmp_path}/b.db"), token="s3cret", base_url=base_url)
    with served(config) as broker:
        broker.client.headers["authorization"] = "Bearer s3cret"
        body = "${pactbroker.pactUrl} ${pactbroker.verificationResultUrl}"
        for event in ("contract_published", "provider_verification_published"):
            request = {"method": "POST", "url": hook.url, "body": body}
            broker.ask("POST", "/webhooks", {"events": [{"name": event}], "request": request}, status=201)
        broker.client.headers["host"] = "elsewhere.test"
        broker.verify("Foo", broker.publish("Foo", "1"), "2")
        for told in hook.bodies(2):
            assert told.startswith(f"{base_url or broker.url}/pacts/")
            assert "elsewhere" not in told


@pytest.mark.parametrize(
    ("narrower", "method", "says"),
    [({"schemes": ()}, "POST", "--webhook-scheme http"), ({"methods": ()}, "PUT", "--webhook-method PUT")],
)
def test_options_that_are_taken_back_hold_for_webhooks_that_exist(
    tmp_path: Path, hook: Receiver, narrower: dict[str, object], method: str, says: str
) -> None:
    url = f"sqlite:///{tmp_path}/b.db"
    with served(_config(url)) as broker:
        listed = _listen(broker, hook.url, method=method).removeprefix(broker.url)
    with served(_config(url, **narrower)) as broker:
        broker.publish("Foo", "1")
        found, log = _delivery(broker, listed)
        assert found["status"] == "failure"
        assert says in log
    assert hook.received == []
