"""A PostgreSQL server of the tests' own, found on the machine and gone when they end."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psycopg
from attrs import frozen

_OWNER: Final = "billing"
_STARTS_WITHIN_SECONDS: Final = 30
# A test's data need not outlive the machine. All else stays as in production, above all what a commit promises.
_SETTINGS: Final = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "timezone=Asia/Tokyo")


class PostgresMissingError(Exception):
    """This machine has no PostgreSQL server that could be started; the text says why."""


@frozen
class Postgres:
    """A running server. Its databases sort by language unless a column says otherwise, as many in production do."""

    _port: int
    _password: str

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"billing_{secrets.token_hex(6)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql://{_OWNER}:{self._password}@127.0.0.1:{self._port}/{name}"


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server on a free port of 127.0.0.1, in a folder of its own, until the block ends.

    Raises PostgresMissingError where none is installed, or where it does not start.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="billing-postgres-"))
    try:
        if unprivileged := _unprivileged():
            shutil.chown(folder, unprivileged["user"])
        password = secrets.token_hex(16)
        _make_cluster(programs / "initdb", folder, password, unprivileged)
        port = _free_port()
        process = _start(programs / "postgres", folder, port, unprivileged)
        server = Postgres(port, password)
        try:
            _wait_until_it_answers(server, process, folder)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: it does not wait for its clients
            process.wait(timeout=_STARTS_WITHIN_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of initdb and postgres: Debian keeps them off the PATH, one folder a version."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissingError("no initdb and postgres on the PATH or under /usr/lib/postgresql")


def _unprivileged() -> dict[str, Any]:
    """How a child is started: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}


def _make_cluster(initdb: Path, folder: Path, password: str, unprivileged: dict[str, Any]) -> None:
    secret = folder / "password"
    secret.write_text(password)
    arguments: list[str | Path] = [
        "-D",
        folder / "data",
        "-U",
        _OWNER,
        "--pwfile",
        secret,
        "--auth",
        "scram-sha-256",
        "--no-sync",
    ]
    arguments += ["--encoding", "UTF8", "--locale", "C", "--locale-provider", "icu", "--icu-locale", "en"]
    made = subprocess.run(
        [initdb, *arguments],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **unprivileged,
    )
    if made.returncode != 0:
        raise PostgresMissingError(f"initdb fails: {made.stdout}")


def _start(postgres: Path, folder: Path, port: int, unprivileged: dict[str, Any]) -> subprocess.Popen[bytes]:
    listening = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=")
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            [postgres, "-D", folder / "data", *(f"--{setting}" for setting in (*listening, *_SETTINGS))],
            cwd=folder,
            stdout=log,
            stderr=log,
            **unprivileged,
        )


def _wait_until_it_answers(server: Postgres, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(psycopg.OperationalError):
            psycopg.connect(server._url("postgres")).close()
            return
        time.sleep(0.05)
    raise PostgresMissingError(f"postgres does not start: {(folder / 'log').read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
