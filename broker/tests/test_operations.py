"""What those who run the broker see of it: health, metrics, the log; and what it does when it is asked too much."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete, select, text
from sqlalchemy.exc import OperationalError

from broker.config import Config
from broker.store.database import Database, is_away
from broker.store.schema import versions
from broker.tests.postgres import Postgres
from broker.tests.processes import broker_process
from broker.tests.served import Broker, served

_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def _samples(broker: Broker) -> dict[str, float]:
    """By name and labels, as `name{a="b"}`."""
    reply = broker.client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    return {
        sample.name + "".join(f"{{{key}={value}}}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def test_no_series_tells_when_another_began(broker: Broker) -> None:
    assert [name for name in _samples(broker) if "_created" in name] == []


@_BOTH
def test_metrics_count_requests_by_route_and_what_the_broker_holds(database_url: str) -> None:
    with served(Config(database_url=database_url)) as broker:
        sha = broker.publish("Foo", "1")
        broker.publish("Foo", "2")
        broker.verify("Foo", sha, "7")
        broker.client.get("/pacticipants/nobody")
        broker.client.request("PROPFIND", "/no/such/route")
        found = _samples(broker)
    assert found["broker_requests_total{method=POST}{route=/contracts/publish}{status=200}"] == 2
    assert found["broker_request_seconds_count{method=POST}{route=/contracts/publish}"] == 2
    assert found["broker_requests_total{method=GET}{route=/pacticipants/{pacticipant}}{status=404}"] == 1
    assert found["broker_requests_total{method=other}{route=none}{status=404}"] == 1
    assert found["broker_requests_in_flight"] == 1  # the question itself
    assert found["broker_writer_wait_seconds_count"] >= 3
    held = {"pacticipants": 2, "versions": 3, "pacts": 2, "verification_results": 1}
    assert {name: found[f"broker_{name}"] for name in held} == held
    assert found["broker_webhook_deliveries{status=waiting}"] == 0
    assert found["process_resident_memory_bytes"] > 0


def test_each_broker_counts_for_itself(broker: Broker, database_url: str) -> None:
    broker.client.get("/environments")
    with served(Config(database_url=database_url)) as other:
        assert "broker_requests_total{method=GET}{route=/environments}{status=200}" not in _samples(other)


@_BOTH
def test_health_tells_whether_the_database_can_be_written(database_url: str) -> None:
    with served(Config(database_url=database_url)) as broker:
        for path in ("/diagnostic/status/heartbeat", "/diagnostic/status/dependencies"):
            assert broker.get(path)["ok"] is True
            head = broker.client.head(path)
            assert (head.status_code, head.content) == (200, b"")


@_BOTH
def test_a_database_that_another_broker_has_upgraded_is_not_healthy_but_the_process_lives(database_url: str) -> None:
    with served(Config(database_url=database_url)) as broker:
        with closing(Database(database_url)) as database, database.write() as tx:
            tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert broker.get("/diagnostic/status/heartbeat")["ok"] is True
        told = broker.get("/diagnostic/status/dependencies", status=503)
        assert (told["ok"], told["database"]["ok"]) == (False, False)
        assert "9999" in told["database"]["message"]


def test_a_database_that_cannot_be_written_is_503_with_json(tmp_path: Path) -> None:
    file = tmp_path / "b.db"
    with served(Config(database_url=f"sqlite:///{file}")) as broker:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("DROP TABLE schema_info")
        told = broker.get("/diagnostic/status/dependencies", status=503)
        assert told["database"] == {"ok": False, "message": "The database cannot be written; the log tells why"}


def _with_a_failing_address(broker: Broker, file: Path) -> str:
    """Damages what the database holds, and answers what the broker can no longer show."""
    uuid = broker.environment("uat")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE environments SET contacts = 'not JSON'")
        connection.commit()
    return f"/environments/{uuid}"


def test_a_failure_of_the_broker_gives_its_client_a_number_and_nothing_else(tmp_path: Path) -> None:
    with served(Config(database_url=f"sqlite:///{tmp_path}/b.db")) as broker:
        path = _with_a_failing_address(broker, tmp_path / "b.db")
        reply = broker.client.get(path, headers={"x-request-id": "build-77"})
        assert reply.status_code == 500
        assert reply.json() == {"error": "Something went wrong in the broker. The number of this request is build-77"}
        page = broker.client.get(path, headers={"accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (500, "text/html;charset=utf-8")
        assert page.headers["x-request-id"] in page.text
        assert "Traceback" not in page.text


@pytest.mark.parametrize("given", ["", "x" * 101, "a b", 'a"b', "<script>"])
def test_a_request_id_that_makes_no_sense_is_replaced(broker: Broker, given: str) -> None:
    returned = broker.client.get("/", headers={"x-request-id": given}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", returned)


def test_the_log_has_a_json_object_a_line_with_every_request_and_cause_and_no_secret(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/b.db"
    tokens = tmp_path / "tokens"
    tokens.write_text("admin top-s3cret")
    tokens.chmod(0o600)
    options = ("--log-format", "json", "--log-level", "info", "--tokens", str(tokens))
    with broker_process(url, 0, *options) as process:
        with httpx.Client(base_url=process.url, headers={"authorization": "Bearer top-s3cret"}) as client:
            broker = Broker(process.url, client)
            broker.publish("Foo", "1")
            client.get("/pacticipants?token=quer1-s3cret", headers={"x-request-id": "my-id"})
            client.get("/", headers={"authorization": "Bearer wrong-s3cret"})
            failed = client.get(_with_a_failing_address(broker, tmp_path / "b.db")).headers["x-request-id"]
        process.popen.terminate()
        assert process.popen.wait(20) == 0
        log = process.log
    assert "s3cret" not in log
    records: list[dict[str, Any]] = [json.loads(line) for line in log.splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*(set(record) for record in records))
    assert any(record.get("address") == process.url for record in records)
    assert any(record["logger"].startswith("uvicorn") for record in records)
    requests = [record for record in records if record["message"] == "request"]
    listed = next(record for record in requests if record["request_id"] == "my-id")
    told = {key: listed[key] for key in ("method", "route", "status", "role")}
    assert told == {"method": "GET", "route": "/pacticipants", "status": 200, "role": "admin"}
    assert listed["ms"] > 0
    assert listed["bytes"] > 0
    assert [record["role"] for record in requests if record["status"] == 401] == [None]
    cause = next(record for record in records if "error" in record)
    assert (cause["request_id"], cause["level"]) == (failed, "error")
    assert cause["error"].startswith("Traceback")


def test_the_log_is_silent_about_what_went_well_unless_it_is_asked(tmp_path: Path) -> None:
    with broker_process(f"sqlite:///{tmp_path}/b.db") as process:
        assert httpx.get(process.url).status_code == 200
        process.popen.terminate()
        process.popen.wait(20)
        assert process.log == f"Pact Broker on {process.url}\n"


@contextmanager
def _connected(url: str) -> Iterator[socket.socket]:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        yield connection


_HEAD = b"POST /pacticipants HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\n"


def test_a_client_that_sends_too_slowly_is_let_go(tmp_path: Path) -> None:
    with (
        broker_process(f"sqlite:///{tmp_path}/b.db", 0, "--body-timeout", "0.3") as process,
        _connected(process.url) as mute,
        _connected(process.url) as head,
        _connected(process.url) as body,
    ):
        head.sendall(_HEAD[:20])
        body.sendall(_HEAD + b'{"name":')
        assert mute.recv(1000) == b""
        assert head.recv(1000) == b""
        assert body.recv(10000).startswith(b"HTTP/1.1 408")
        assert httpx.get(process.url).status_code == 200


def test_more_requests_than_can_wait_are_told_to_come_back(tmp_path: Path) -> None:
    file = tmp_path / "b.db"
    config = Config(database_url=f"sqlite:///{file}", threads=1)
    with (
        served(config) as broker,
        closing(sqlite3.connect(file, isolation_level=None)) as blocker,
        httpx.Client(base_url=broker.url, timeout=30, limits=httpx.Limits(max_connections=40)) as client,
    ):
        blocker.execute("BEGIN IMMEDIATE")
        refused = threading.Event()

        def create(number: int) -> httpx.Response:
            reply = client.post("/pacticipants", json={"name": f"Foo{number}"})
            if reply.status_code == 503:
                refused.set()
            return reply

        with ThreadPoolExecutor(40) as pool:
            replies = [pool.submit(create, number) for number in range(40)]
            assert refused.wait(20)
            blocker.execute("ROLLBACK")
            found = [one.result() for one in replies]
        assert {reply.status_code for reply in found} == {201, 503}
        assert all(reply.headers["retry-after"] for reply in found if reply.status_code == 503)
        created = sum(reply.status_code == 201 for reply in found)
        assert len(broker.get("/pacticipants")["pacticipants"]) == created


@_BOTH
def test_a_fault_of_the_broker_in_the_database_is_500_and_not_taken_for_its_absence(database_url: str) -> None:
    with served(Config(database_url=database_url)) as broker:
        with closing(Database(database_url)) as database, database.write() as tx:
            tx.execute(text("DROP TABLE labels"))
        assert broker.client.get("/pacticipants/label/x").status_code == 500


def test_a_locked_database_is_away_but_one_that_is_asked_too_much_is_not(tmp_path: Path, postgres: Postgres) -> None:
    file = tmp_path / "b.db"
    with closing(Database(f"sqlite:///{file}")) as database, closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with database.read() as tx:
            tx.exec_driver_sql("PRAGMA busy_timeout=0")
            with pytest.raises(OperationalError) as locked:
                tx.execute(delete(versions))
    assert is_away(locked.value)
    too_many = select(versions.c.id).where(versions.c.id.in_(range(70_000)))
    with (
        closing(Database(postgres.database())) as database,
        database.read() as tx,
        pytest.raises(OperationalError) as beyond,
    ):
        tx.execute(too_many)
    assert not is_away(beyond.value)


def test_a_restart_of_postgresql_is_not_noticed_and_its_absence_is_503(postgres: Postgres) -> None:
    url = postgres.database()
    end_all = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
    name = url.rpartition("/")[2]
    with closing(Database(postgres.database())) as elsewhere, served(Config(database_url=url)) as broker:
        broker.publish("Foo", "1")
        with elsewhere.write() as tx:
            tx.execute(end_all, {"name": name})
        broker.publish("Foo", "2")
        with elsewhere.write() as tx:
            tx.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            tx.execute(end_all, {"name": name})
        away = broker.client.get("/pacticipants")
        assert (away.status_code, away.headers["retry-after"]) == (503, "5")
        assert name not in away.text
        assert broker.client.get("/diagnostic/status/dependencies").status_code == 503
        assert broker.client.get("/diagnostic/status/heartbeat").status_code == 200
        with elsewhere.write() as tx:
            tx.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        broker.publish("Foo", "3")
