"""Many builds at once, and the broker killed amid them: what was acknowledged is there afterwards.

The suite plays some seconds of it; a whole minute on each database is

    .venv/bin/python -m pytest broker/tests/test_storm.py --storm 60 -n 0 -s
"""

from __future__ import annotations

import random
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import httpx
import pytest
from attrs import Factory, define

from broker.tests.processes import broker_process
from broker.tests.served import Json, encoded_contract, pact

_PUBLISHERS = 20
_VERIFIERS = 10
_TROUBLE = re.compile("locked|Traceback|Error")
_RETRIES = 8  # as the stock clients: half a second, then twice as long each time; here the steps are shorter


@define
class _Ledger:
    """What the broker acknowledged, and what it answered that no client should see."""

    stop: threading.Event = Factory(threading.Event)
    publications: dict[tuple[str, str], str] = Factory(dict)
    tags: set[tuple[str, str, str]] = Factory(set)
    branches: set[tuple[str, str, str]] = Factory(set)
    deployments: dict[str, str] = Factory(dict)
    results: set[str] = Factory(set)
    calls: Counter[str] = Factory(Counter)
    faults: list[str] = Factory(list)


@define
class _Build:
    """One client, which tries again as the stock clients do."""

    client: httpx.Client
    ledger: _Ledger

    def ask(self, what: str, method: str, path: str, body: object = None) -> Json:
        reply = self._send(method, path, body)
        self.ledger.calls[what] += 1
        if not reply.is_success:
            self.ledger.faults.append(f"{method} {path}: {reply.status_code} {reply.text[:300]}")
            return {}
        found: Json = reply.json() if reply.content else {}
        return found

    def _send(self, method: str, path: str, body: object) -> httpx.Response:
        for attempt in range(_RETRIES):
            try:
                reply = self.client.request(method, path, json=body)
            except httpx.TransportError:
                # Refused, or cut off in the middle: the request may have been applied or not.
                self.ledger.calls["cut off"] += 1
                time.sleep(min(0.05 * 2**attempt, 1))
                continue
            if reply.status_code >= 500 or "locked" in reply.text:
                self.ledger.faults.append(f"{method} {path}: {reply.status_code} {reply.text[:300]}")
            return reply
        raise AssertionError(f"{method} {path}: the broker did not come back")


def _publisher(build: _Build, worker: int, environment: str) -> None:
    ledger, name, number = build.ledger, f"consumer-{worker}", 0
    while not ledger.stop.is_set():
        number += 1
        version = str(number)
        content = f"state {number // 3}"
        body = {
            "pacticipantName": name,
            "pacticipantVersionNumber": version,
            "branch": "main",
            "tags": [f"build-{number % 5}"],
            "contracts": [encoded_contract(pact(name, "Bar", content))],
        }
        build.ask("publication", "POST", "/contracts/publish", body)
        ledger.publications[name, version] = content
        ledger.branches.add((name, "main", version))
        ledger.tags.add((name, version, f"build-{number % 5}"))
        if number % 4 == 0:
            place = f"/pacticipants/{name}/versions/{version}/deployed-versions/environment/{environment}"
            if found := build.ask("deployment", "POST", place, {}):
                ledger.deployments[name] = found["uuid"]


def _verifier(build: _Build, worker: int, _: str) -> None:
    ledger, number = build.ledger, 0
    while not ledger.stop.is_set():
        number += 1
        version = f"{worker}.{number}"
        build.ask("branch", "PUT", f"/pacticipants/Bar/branches/main/versions/{version}", {})
        ledger.branches.add(("Bar", "main", version))
        build.ask("tag", "PUT", f"/pacticipants/Bar/versions/{version}/tags/dev", {})
        ledger.tags.add(("Bar", version, "dev"))
        wanted = {"consumerVersionSelectors": [{"mainBranch": True}], "providerVersionBranch": "main"}
        found = build.ask("for verification", "POST", "/pacts/provider/Bar/for-verification", wanted)
        for one in found.get("_embedded", {}).get("pacts", [])[:4]:
            contract = build.ask("pact", "GET", _path(one["_links"]["self"]["href"]))
            place = _path(contract["_links"]["pb:publish-verification-results"]["href"])
            result = build.ask("result", "POST", place, {"success": True, "providerApplicationVersion": version})
            ledger.results.add(_path(result["_links"]["self"]["href"]))
        question = f"/matrix?q[][pacticipant]=Bar&q[][version]={version}&latestby=cvpv&environment=prod"
        build.ask("can-i-deploy", "GET", question)


def _path(href: str) -> str:
    parts = urlsplit(href)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _storm(database_url: str, seconds: float) -> _Ledger:
    """A storm with a kill in its middle; afterwards the faults tell also what is missing."""
    ledger = _Ledger()
    roles: list[Callable[[_Build, int, str], None]] = [_publisher] * _PUBLISHERS + [_verifier] * _VERIFIERS
    with ExitStack() as stack:
        first = stack.enter_context(broker_process(database_url, _port()))
        reply = httpx.post(f"{first.url}/environments", json={"name": "prod", "production": True})
        pool = stack.enter_context(ThreadPoolExecutor(len(roles)))
        stack.callback(ledger.stop.set)

        def work(worker: int) -> None:
            with httpx.Client(base_url=first.url, timeout=30) as client:
                roles[worker](_Build(client, ledger), worker, reply.json()["uuid"])

        running = [pool.submit(work, worker) for worker in range(len(roles))]
        time.sleep(seconds / 2)
        first.popen.kill()
        first.popen.wait()
        second = stack.enter_context(broker_process(database_url, urlsplit(first.url).port or 0))
        time.sleep(seconds / 2)
        ledger.stop.set()
        for one in running:
            one.result()
        ledger.faults += _missing(second.url, ledger)
        ledger.faults += [line for line in (first.log + second.log).splitlines() if _TROUBLE.search(line)]
    return ledger


def _port() -> int:
    """A free port that no client is given for its own end of a connection while the broker is away."""
    while True:
        port = random.randint(20_000, 30_000)  # noqa: S311  # nothing secret
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _missing(url: str, ledger: _Ledger) -> list[str]:
    """What was acknowledged and is not there."""
    with httpx.Client(base_url=url, timeout=30) as client, ThreadPoolExecutor(4) as pool:

        def published(entry: tuple[tuple[str, str], str]) -> str | None:
            (name, version), content = entry
            found = client.get(f"/pacts/provider/Bar/consumer/{name}/version/{version}")
            if found.is_success and found.json()["interactions"][0]["description"] == content:
                return None
            return f"the pact of {name} {version} is not there: {found.status_code}"

        def there(path: str) -> str | None:
            found = client.get(path)
            return None if found.is_success else f"{path} is not there: {found.status_code}"

        def deployed(entry: tuple[str, str]) -> str | None:
            found = client.get(f"/deployed-versions/{entry[1]}")
            if found.is_success and found.json()["currentlyDeployed"]:
                return None
            return f"{entry[0]} is not deployed any more: {found.status_code}"

        places = [
            f"/pacticipants/{name}/branches/{branch}/versions/{version}" for name, branch, version in ledger.branches
        ]
        places += [f"/pacticipants/{name}/versions/{version}/tags/{tag}" for name, version, tag in ledger.tags]
        answers = [
            *pool.map(published, ledger.publications.items()),
            *pool.map(there, [*places, *ledger.results]),
            *pool.map(deployed, ledger.deployments.items()),
        ]
    return [answer for answer in answers if answer]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_what_was_acknowledged_survives_a_kill_amid_many_builds(database_url: str, pytestconfig: pytest.Config) -> None:
    ledger = _storm(database_url, pytestconfig.getoption("--storm", default=4))
    assert not ledger.faults, f"{len(ledger.faults)} faults: {ledger.faults[:10]}"
    assert ledger.calls["cut off"], "the kill came too late to be noticed"
    assert len(ledger.publications) > _PUBLISHERS
    assert len(ledger.results) > _VERIFIERS
    assert ledger.deployments
    sys.stdout.write(f"\n{dict(ledger.calls)}\n")
