"""The broker as a process: how it starts, refuses to start, keeps its state, and stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
import typer

from broker import cli
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
def _running(database: Path, *options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address, which it prints before it answers."""
    command = _command("serve", "--port", "0", "--database", f"sqlite:///{database}", *options)
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
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "")
    assert [path.name for path in database.parent.iterdir()] == ["broker.db"], "a log is left beside the database"
    with _running(database) as (_, url):
        assert httpx.get(f"{url}/pacticipants/Foo").status_code == 200


_HEAD = b"POST /pacticipants HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\n"


@contextmanager
def _half_a_request(url: str) -> Iterator[socket.socket]:
    """A request whose body is on the way; the broker is known to have read its head."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(_HEAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        yield connection


def test_a_request_in_flight_is_finished_before_the_process_ends(tmp_path: Path) -> None:
    with _running(tmp_path / "b.db") as (process, url), _half_a_request(url) as connection:
        process.send_signal(signal.SIGTERM)
        while _accepts(url):
            time.sleep(0.01)
        connection.sendall(b'{"name":"Foo"}')
        assert connection.recv(10_000).startswith(b"HTTP/1.1 201")
        assert process.wait(20) == 0


def _accepts(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with suppress(ConnectionRefusedError):
        socket.create_connection((host, int(port))).close()
        return True
    return False


def test_a_request_that_never_ends_is_waited_for_no_longer_than_the_grace(tmp_path: Path) -> None:
    options = ("--shutdown-grace", "1")
    with _running(tmp_path / "b.db", *options) as (process, url), _half_a_request(url):
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_client_whose_request_the_end_interrupts_is_told_to_come_back(tmp_path: Path) -> None:
    options = ("--shutdown-grace", "1")
    with _running(tmp_path / "b.db", *options) as (process, url), _half_a_request(url) as connection:
        process.send_signal(signal.SIGTERM)
        answer = connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after" in answer.lower()
        assert process.wait(20) == 0


def test_a_handler_that_hangs_does_not_keep_the_process(tmp_path: Path) -> None:
    file = tmp_path / "b.db"
    with (
        _running(file, "--shutdown-grace", "1") as (process, url),
        closing(sqlite3.connect(file, isolation_level=None)) as blocker,
        _half_a_request(url) as connection,
    ):
        blocker.execute("BEGIN IMMEDIATE")
        connection.sendall(b'{"name":"Foo"}')
        while "broker_requests_in_flight 2.0" not in httpx.get(f"{url}/metrics").text:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    with _running(file) as (_, url):
        assert httpx.get(f"{url}/pacticipants/Foo").status_code == 404


def test_a_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    with _running(tmp_path / "b.db", "--shutdown-grace", "600") as (process, url), _half_a_request(url):
        process.send_signal(signal.SIGTERM)
        while _accepts(url):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM


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
        ("mysql://x/y", "must be sqlite:///FILE or postgresql://"),
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


def test_a_database_whose_driver_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as if it were not there
    with pytest.raises(UnusableError, match=r"pip install 'contract-broker\[postgresql\]'"):
        Database("postgresql://me@127.0.0.1:1/none")


def test_an_unusable_database_ends_the_command_with_one_line(tmp_path: Path) -> None:
    said = _refused("--port", "0", "--database", f"sqlite:///{tmp_path}")
    assert said.startswith("contract-broker: cannot use the database sqlite:///")


def test_a_faulty_setting_is_one_line() -> None:
    assert "BROKER_PORT must be a port number" in _refused(BROKER_PORT="x")
    assert "PACT_BROKER_PASSWORD" in _refused("--port", "0", PACT_BROKER_USERNAME="me")
    for address in ("pacts.example.org", "ftp://pacts.example.org", "https://", "https://x/?a=b"):
        assert "BROKER_BASE_URL must be such as https://HOST" in _refused("--port", "0", BROKER_BASE_URL=address)


_ANYWHERE = "0.0.0.0"  # noqa: S104 - what the broker must not do by accident


@pytest.mark.parametrize("host", [_ANYWHERE, "::"])
def test_a_broker_without_credentials_does_not_listen_to_strangers(tmp_path: Path, host: str) -> None:
    said = _refused("--host", host, "--port", "0", "--database", f"sqlite:///{tmp_path}/b.db")
    assert "--allow-anyone" in said


@pytest.mark.parametrize(("options", "environment"), [(("--allow-anyone",), {}), ((), {"PACT_BROKER_TOKEN": "t0ken"})])
def test_a_broker_listens_to_strangers_with_credentials_or_when_it_is_told_to(
    tmp_path: Path, options: tuple[str, ...], environment: dict[str, str]
) -> None:
    with _running(tmp_path / "b.db", "--host", _ANYWHERE, *options, **environment) as (_, url):
        assert httpx.get(url).status_code == (401 if environment else 200)


def test_making_something_public_that_is_not_closed_is_refused() -> None:
    assert "needs some beside it" in _refused("--port", "0", "--public-read")


def test_a_faulty_file_of_tokens_ends_the_command_with_one_line(tmp_path: Path) -> None:
    assert "cannot read the tokens in" in _refused("--port", "0", "--tokens", str(tmp_path / "none"))


def test_the_command_tells_its_version() -> None:
    done = subprocess.run(_command("--version"), cwd=_ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, f"contract-broker {version('contract-broker')}\n")


def test_every_option_of_every_command_is_in_the_readme() -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text()
    commands = typer.main.get_command(cli.app)
    missing = [
        f"{name} {option}"
        for name, command in vars(commands)["commands"].items()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and f"`{option}" not in text
    ]
    assert missing == []


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
