"""The broker as a process: how it starts, refuses to start, keeps its state, and stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from broker.config import Config
from broker.errors import UnusableError
from broker.store.database import Database
from broker.tests.served import served

_ROOT = Path(__file__).parents[2]


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "broker", *arguments]


def _environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("BROKER_", "PACT_"))}
    return kept | more


@contextmanager
def _running(database: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address, which it prints before it answers."""
    command = _command("serve", "--port", "0", "--database", f"sqlite:///{database}")
    with subprocess.Popen(
        command, cwd=_ROOT, env=_environment(**environment), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            address = re.search(r"http://\S+", line)
            assert address is not None, line
            yield process, address[0]
        finally:
            process.kill()


def _refused(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        _command("serve", *arguments),
        cwd=_ROOT,
        env=_environment(**environment),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_state_survives_a_stop_and_the_stop_is_quiet(tmp_path: Path, how: signal.Signals) -> None:
    database = tmp_path / "new folder" / "broker.db"
    with _running(database) as (process, url):
        assert httpx.post(f"{url}/pacticipants", json={"name": "Foo"}).status_code == 201
        process.send_signal(how)
        _, errors = process.communicate(timeout=10)
        assert errors == ""
    with _running(database) as (_, url):
        assert httpx.get(f"{url}/pacticipants/Foo").status_code == 200


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    database = tmp_path / "broker.db"
    with _running(database) as (process, url):
        with httpx.Client(base_url=url) as client:
            for number in range(20):
                assert client.post("/pacticipants", json={"name": f"Foo{number}"}).status_code == 201
        process.kill()
    with _running(database) as (_, url):
        assert len(httpx.get(f"{url}/pacticipants").json()["pacticipants"]) == 20


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = _refused("--port", port, "--database", f"sqlite:///{tmp_path}/b.db")
    assert said == f"contract-broker: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///{file}", "file is not a database"),
        ("sqlite:///{folder}", "unable to open database file"),
        ("sqlite:///{file}/below/b.db", "cannot create the folder"),
        ("sqlite://", "needs a database file"),
        ("nonsense", "cannot use the database"),
        ("oracle9://x/y", "cannot use the database"),
        ("postgresql://user:secret@127.0.0.1:1/none", "cannot use the database postgresql://user:***@"),
    ],
)
def test_an_unusable_database_is_told_in_one_line_without_its_password(tmp_path: Path, url: str, says: str) -> None:
    (tmp_path / "file").write_text("not a database, but long enough to be taken for one" * 40)
    url = url.format(file=tmp_path / "file", folder=tmp_path)
    with pytest.raises(UnusableError) as refusal:
        Database(url)
    assert says in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1
    assert "secret" not in str(refusal.value)


def test_an_unusable_database_ends_the_command_with_one_line(tmp_path: Path) -> None:
    said = _refused("--port", "0", "--database", f"sqlite:///{tmp_path}")
    assert said.startswith("contract-broker: cannot use the database sqlite:///")


def test_a_faulty_setting_is_one_line() -> None:
    assert "BROKER_PORT must be a port number" in _refused(BROKER_PORT="x")
    assert "PACT_BROKER_PASSWORD" in _refused("--port", "0", PACT_BROKER_USERNAME="me")


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/other.db"
    with subprocess.Popen(
        _command("serve"),
        cwd=_ROOT,
        env=_environment(BROKER_DATABASE_URL=database, BROKER_PORT="0", BROKER_BASE_URL="https://pacts.test/"),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]
        assert httpx.get(url).json()["_links"]["self"]["href"] == "https://pacts.test"
        process.kill()
    assert (tmp_path / "other.db").exists()


def test_credentials_close_the_broker_but_not_its_health_check(tmp_path: Path) -> None:
    config = Config(database_url=f"sqlite:///{tmp_path}/b.db", token="t0ken", username="me", password="pass")
    with served(config) as broker:
        assert broker.client.get("/").status_code == 401
        assert broker.client.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401
        assert broker.client.get("/", headers={"authorization": "Bearer t0ken"}).status_code == 200
        assert broker.client.get("/", auth=("me", "pass")).status_code == 200
        assert broker.client.get("/diagnostic/status/heartbeat").json()["ok"] is True
        assert broker.pact("list-pacticipants", "--broker-token", "t0ken").returncode == 0
        assert broker.pact("list-pacticipants", "--broker-token", "wrong").returncode == 1
    assert "t0ken" not in repr(config)
    assert "pass" not in repr(config)
