"""A provider in a process of its own, and what a test says to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent

Body = dict[str, Any]


@frozen
class Served:
    """A running provider: where it is, the folder that it works in, its database, and its process."""

    url: str
    folder: Path
    database: str
    process: subprocess.Popen[str]

    def token(self, *who: str) -> str:
        """What `python -m provider_stub token` prints."""
        printed = subprocess.run(
            [sys.executable, "-m", "provider_stub", "token", *who],
            cwd=self.folder,
            env=_environment(self.database),
            check=True,
            capture_output=True,
            text=True,
        )
        return printed.stdout.strip()


@frozen
class Api:
    """Calls a provider with one token, and expects a status."""

    client: httpx.Client

    def call(self, method: str, path: str, body: object = None, *, expect: int = 200, **headers: str) -> Body:
        """The body of the reply. Keywords are headers; `_` stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = self.client.request(method, f"/billing{path}", json=body, headers=named)
        assert reply.status_code == expect, f"{method} {path}: {reply.status_code} {reply.text[:2000]}"
        return dict(reply.json())

    def account(self, account: str, groups: Sequence[str] = ("main",), *, region: str = "KR") -> None:
        """An account with billing groups `<account>-<group>`, each with project and app key `<account>-<group>-web`."""
        shown = [
            {
                "billingGroupId": f"{account}-{group}",
                "name": group,
                "projects": [{"projectId": f"{account}-{group}-web", "appKey": f"{account}-{group}-web"}],
            }
            for group in groups
        ]
        self.call("PUT", f"/admin/accounts/{account}", {"region": region, "billingGroups": shown})

    def calculated(self, account: str, month: str, *, status: str = "DONE", **options: object) -> Body:
        """Calculates a month and waits for the end; the progress that it ended with."""
        wanted = {"uuid": account, "month": month, **options}
        started = self.call("POST", "/admin/calculations", wanted, expect=202)["calculationId"]
        for _ in range(2000):
            listed = self.call("GET", f"/admin/progress?uuid={account}&month={month}")["progressStatusList"]
            mine = next(one for one in listed if one["calculationId"] == started)
            if mine["progress"] == mine["maxProgress"]:
                assert mine["status"] == status, mine
                return dict(mine)
        raise AssertionError(f"the calculation of {account} {month} does not end")

    def statement(self, account: str, month: str, group: str = "main") -> Body:
        listed = self.call("GET", f"/payments/{month}/statements", uuid=account)["statements"]
        return next(dict(one) for one in listed if one["billingGroupId"] == f"{account}-{group}")


@contextmanager
def served(folder: Path, database: str | None = None, *options: str, auth: str = "jwt") -> Iterator[Served]:
    """A provider on a free port until the block ends; without the URL of a database it has a file in the folder.

    `options` are further arguments of `serve`.
    """
    database = database or f"sqlite:///{folder / 'billing.db'}"
    with (folder / "provider.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "provider_stub", "serve", "--port", "0", *options],
            cwd=folder,
            env=_environment(database, auth),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield Served(_url(process, folder), folder, database, process)
        finally:
            process.terminate()
            process.communicate(timeout=20)


@contextmanager
def calling(url: str, token: str | None) -> Iterator[Api]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        yield Api(client)


def _environment(database: str, auth: str = "jwt") -> dict[str, str]:
    settings = {"BILLING_DATABASE_URL": database, "BILLING_AUTH": auth}
    return {**os.environ, **settings, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def _url(process: subprocess.Popen[str], folder: Path) -> str:
    """From the one line that it prints, once it listens."""
    line = process.stdout.readline() if process.stdout else ""
    assert line.startswith("serving "), f"the provider does not start: {(folder / 'provider.log').read_text()}"
    return line.split()[1]
