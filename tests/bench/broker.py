"""How the embedded broker answers once it has a history: 10,000 pact versions and 100,000 verification results."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import httpx
from attrs import frozen
from sqlalchemy import Connection, Table, insert

from broker.store import schema
from broker.store.database import Database
from contractkit.bench.own import Quantity, Section

Echo = Callable[[str], None]

# An embedded broker of our own: what the environment says of another broker is not for it.
_OWN: Final = {"PACT_BROKER_TOKEN": "", "PACT_BROKER_USERNAME": "", "PACT_BROKER_PASSWORD": "", "BROKER_BASE_URL": ""}
_STARTS_WITHIN_SECONDS: Final = 30
_START: Final = 1_700_000_000_000_000
_MINUTE: Final = 60_000_000


@frozen
class History:
    """One busy pair with `versions` versions on each side, and `pairs` quiet ones with a hundredth of them each.

    Every tenth version changes the content. A provider version verifies the `verified` newest contents.
    """

    versions: int = 5_000
    pairs: int = 100
    verified: int = 10
    calls: int = 40


def measure(echo: Echo, folder: Path, history: History | None = None) -> Iterator[Section]:
    """The section of the broker's figures, as contractkit.bench.own asks for it."""
    history = history or History()
    url = f"sqlite:///{folder / 'broker-history.db'}"
    echo("filling a broker with its history")
    pacts, results = _fill(url, history)
    echo(f"asking a broker with {pacts:,} pact versions and {results:,} results")
    quantities: list[Quantity] = []
    failures: list[str] = []
    with _serving(url) as client:
        for name, path in _questions(history).items():
            taken, failure = _timed(client, path, history.calls)
            quantities += (
                Quantity(f"{name}: p50", median(taken), "ms"),
                Quantity("  p95", quantiles(taken, n=20)[-1], "ms"),
            )
            failures += [f"{name}: {failure}"] if failure else []
    title = f"The broker with {pacts:,} pact versions and {results:,} verification results"
    notes = (f"{history.calls} calls each, one by one, on SQLite; one pair has half of all pact versions",)
    yield Section(title, tuple(quantities), notes, tuple(failures))


def _questions(history: History) -> dict[str, str]:
    consumer, provider = "q[][pacticipant]=consumer-0", "q[][pacticipant]=provider-0"
    newest = f"&q[][version]={history.versions}"
    return {
        "matrix of one version": f"/matrix?{consumer}{newest}&{provider}&latestby=cvpv",
        "matrix of the busy pair, 100 rows": f"/matrix?{consumer}&{provider}&latestby=cvpv&limit=100",
        "matrix of the busy pair": f"/matrix?{consumer}&{provider}&latestby=cvpv",
        "can-i-deploy the consumer": f"/matrix?{consumer}{newest}&latestby=cvpv&environment=production",
        "can-i-deploy the provider": f"/matrix?{provider}{newest}&latestby=cvpv&environment=production",
        "can-i-merge": f"/matrix?{consumer}{newest}&latestby=cvp&latest=true&mainBranch=true",
        "pacts for verification": "/pacts/provider/provider-0/for-verification",
        "overview page": "/",
    }


def _timed(client: httpx.Client, path: str, calls: int) -> tuple[list[float], str | None]:
    """Milliseconds of each call, and what was wrong with the last answer that was not a success."""
    accept = "text/html" if path == "/" else "application/hal+json"
    failure = None
    taken = []
    for _ in range(calls + 2):
        began = time.perf_counter()
        reply = client.get(path, headers={"Accept": accept})
        taken.append((time.perf_counter() - began) * 1000)
        if reply.status_code != 200:
            failure = f"{reply.status_code} {reply.text[:200]}"
    return taken[2:], failure  # the first two warm it up


@contextmanager
def _serving(url: str) -> Iterator[httpx.Client]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "broker", "serve", "--port", str(port), "--database", url]
    with subprocess.Popen(command, env={**os.environ, **_OWN}, stderr=subprocess.DEVNULL) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
                _wait(client)
                yield client
        finally:
            process.terminate()


def _wait(client: httpx.Client) -> None:
    until = time.monotonic() + _STARTS_WITHIN_SECONDS
    while True:
        try:
            client.get("/diagnostic/status/heartbeat").raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _fill(url: str, history: History) -> tuple[int, int]:
    """Writes the tables directly: publishing one by one is what `make bench` measures elsewhere, and takes minutes."""
    database = Database(url)
    quiet = max(2, history.versions // 100)
    with database.write() as tx:
        environment = _insert(tx, schema.environments, [_environment()])[0]
        sizes = [history.versions, *[quiet] * history.pairs]
        counts = [_fill_pair(tx, index, size, history.verified, environment) for index, size in enumerate(sizes)]
    database.close()
    return sum(pacts for pacts, _ in counts), sum(results for _, results in counts)


def _fill_pair(tx: Connection, index: int, size: int, verified: int, environment: int) -> tuple[int, int]:
    consumer, provider = (
        _insert(tx, schema.pacticipants, [_pacticipant(f"{role}-{index}")])[0] for role in ("consumer", "provider")
    )
    tx.execute(insert(schema.integrations).values(consumer_id=consumer, provider_id=provider, created_at=_START))
    consumer_versions, provider_versions = (_versions(tx, owner, size) for owner in (consumer, provider))
    contents = _insert(tx, schema.contents, [_content(consumer, provider, number) for number in range(0, size, 10)])
    pacts = [
        {
            "consumer_id": consumer,
            "provider_id": provider,
            "consumer_version_id": version,
            "content_id": contents[at // 10],
            "created_at": _START + at * _MINUTE,
        }
        for at, version in enumerate(consumer_versions)
    ]
    _insert(tx, schema.pacts, pacts)
    results = [
        _result(contents[older], version, at)
        for at, version in enumerate(provider_versions)
        for older in range(max(0, at // 10 - verified + 1), at // 10 + 1)
    ]
    # The first versions find fewer contents to verify: they verify the first one again.
    results += [_result(contents[0], provider_versions[0], 0) for _ in range(size * verified - len(results))]
    _insert(tx, schema.verifications, sorted(results, key=lambda result: result["created_at"]))
    for owner, version in ((consumer, consumer_versions[-1]), (provider, provider_versions[-1])):
        _insert(tx, schema.deployments, [_deployment(owner, version, environment)])
    return len(pacts), len(results)


def _versions(tx: Connection, owner: int, size: int) -> list[int]:
    rows = [
        {
            "pacticipant_id": owner,
            "number": str(number),
            "created_at": _START + number * _MINUTE,
            "updated_at": _START + number * _MINUTE,
        }
        for number in range(1, size + 1)
    ]
    versions = _insert(tx, schema.versions, rows)
    branch = _insert(tx, schema.branches, [{"pacticipant_id": owner, "name": "main", "created_at": _START}])[0]
    places = [{"branch_id": branch, "version_id": version, "created_at": _START} for version in versions]
    tx.execute(insert(schema.branch_versions), places)
    return versions


def _insert(tx: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> list[int]:
    """The ids of the new rows, in their order."""
    statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list(tx.execute(statement, rows).scalars())


def _pacticipant(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "name_key": name,
        "display_name": name,
        "main_branch": "main",
        "created_at": _START,
        "updated_at": _START,
    }


def _environment() -> dict[str, Any]:
    return {
        "uuid": "00000000-0000-4000-8000-000000000001",
        "name": "production",
        "display_name": "Production",
        "production": True,
        "created_at": _START,
        "updated_at": _START,
    }


def _content(consumer: int, provider: int, number: int) -> dict[str, Any]:
    body = b'{"interactions":[{"_id":"%d","description":"d","request":{},"response":{}}]}' % number
    sha = hashlib.sha1(b"%d %d %d" % (consumer, provider, number), usedforsecurity=False).hexdigest()
    return {"consumer_id": consumer, "provider_id": provider, "sha": sha, "created_at": _START, "body": body}


def _result(content: int, version: int, at: int) -> dict[str, Any]:
    return {
        "content_id": content,
        "provider_version_id": version,
        "success": True,
        "wip": False,
        "created_at": _START + at * _MINUTE,
        "body": b"{}",
    }


def _deployment(owner: int, version: int, environment: int) -> dict[str, Any]:
    return {
        "uuid": f"00000000-0000-4000-9000-{owner:012d}",
        "pacticipant_id": owner,
        "version_id": version,
        "environment_id": environment,
        "instance": "",
        "created_at": _START,
    }
