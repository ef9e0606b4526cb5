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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from attrs import frozen

_SECONDS = 30
# The data need not outlive the machine; what a commit promises while the server runs stays as in production.
_SETTINGS = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "timezone=Asia/Tokyo")


class PostgresMissingError(Exception):
    """No PostgreSQL can be started here; the text says why."""


@frozen
class Postgres:
    port: int
    password: str

    def database(self) -> str:
        """The address of a new, empty database, as `--database` takes it."""
        name = f"broker_{secrets.token_hex(6)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._address(name).replace("postgresql:", "postgresql+psycopg:")

    def _address(self, name: str) -> str:
        return f"postgresql://broker:{self.password}@127.0.0.1:{self.port}/{name}"

    def answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self._address("postgres")).close()
            return True
        return False


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server on a free port of 127.0.0.1 until the block ends; raises PostgresMissingError."""
    programs = _programs()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="broker-postgres-"))
    try:
        if account:
            shutil.chown(folder, account["user"])
        server = Postgres(_free_port(), secrets.token_hex(16))
        _make_cluster(programs / "initdb", folder, server, account)
        with _started(programs / "postgres", folder, server, account) as process:
            try:
                yield server
            finally:
                process.send_signal(signal.SIGINT)  # the fast shutdown, which does not wait for clients
                process.wait(_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """Debian keeps the server's programs off the PATH, in one folder for each version."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissingError("no initdb and postgres on the PATH or below /usr/lib/postgresql")


def _account() -> Mapping[str, Any]:
    """PostgreSQL refuses to run as root, so root starts it as nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}


def _make_cluster(initdb: Path, folder: Path, server: Postgres, account: Mapping[str, Any]) -> None:
    secret = folder / "password"
    secret.write_text(server.password)
    # A database that sorts by language, as many in production do: an order by bytes must be asked for.
    sorting = ("--encoding", "UTF8", "--locale", "C", "--locale-provider", "icu", "--icu-locale", "en")
    login = ("-U", "broker", "--pwfile", secret, "--auth", "scram-sha-256")
    made = subprocess.run(
        [initdb, "-D", folder / "data", *login, *sorting, "--no-sync"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        **account,
    )
    if made.returncode != 0:
        raise PostgresMissingError(f"initdb fails: {made.stdout}{made.stderr}")


@contextmanager
def _started(
    postgres: Path, folder: Path, server: Postgres, account: Mapping[str, Any]
) -> Iterator[subprocess.Popen[bytes]]:
    settings = ("listen_addresses=127.0.0.1", f"port={server.port}", "unix_socket_directories=", *_SETTINGS)
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [postgres, "-D", folder / "data", *(f"--{one}" for one in settings)],
            cwd=folder,
            stdout=log,
            stderr=log,
            **account,
        ) as process,
    ):
        deadline = time.monotonic() + _SECONDS
        while not server.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise PostgresMissingError(f"postgres does not start: {(folder / 'log').read_text()}")
            time.sleep(0.05)
        yield process


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
