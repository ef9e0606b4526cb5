"""A broker that holds something of everything, and all that a broker answers, to be compared with another's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
from attrs import frozen
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from broker import cli
from broker.errors import UnusableError
from broker.store.database import Database
from broker.store.schema import deployments, metadata, pacticipants, releases
from broker.tests.provider_documents import offer
from broker.tests.served import Broker, Json

_DAY = 86_400_000_000
_RESULT = re.compile(r"(/verification-results/)(\d+)")
_RESULT_NAME = re.compile(r"(Verification result )(\d+)")
# What happens in a broker rather than what is recorded in it.
_LEFT_OUT = re.compile(r"/metrics|/diagnostic|/doc/|/badge|deliveries|triggered-webhooks|/webhooks/[^/]*/execute")


@frozen
class Done:
    code: int
    out: str


def run_import(source: str, *options: str, database: str) -> Done:
    """`contract-broker import`, in this process."""
    found = CliRunner().invoke(
        cli.app,
        ["import", "--from", source, *options],
        env={"BROKER_DATABASE_URL": database},
        prog_name="contract-broker",
    )
    if isinstance(found.exception, UnusableError):
        return Done(2, str(found.exception))
    assert found.exception is None or isinstance(found.exception, SystemExit), repr(found.exception)
    return Done(found.exit_code, found.output)


def counted(done: Done) -> dict[str, tuple[int, int, int]]:
    """(imported, there already, not possible) by kind, where there was anything at all."""
    rows = re.findall(r"^([a-z ]+?) +(\d+) +(\d+) +(\d+)$", done.out, re.MULTILINE)
    found = {kind: (int(new), int(there), int(failed)) for kind, new, there, failed in rows}
    return {kind: counts for kind, counts in found.items() if any(counts)}


def fill(broker: Broker) -> None:
    """Two consumers and two providers, whose versions come in turns, and all that may hang on them."""
    uat, production = broker.environment("uat"), broker.environment("production", production=True)
    contacts = [{"name": "Team", "details": {"emailAddress": "team@example.org"}}]
    place = {"name": "uat", "displayName": "UAT", "production": False, "contacts": contacts}
    broker.ask("PUT", f"/environments/{uat}", place, status=200)
    broker.ask("POST", "/pacticipants", {"name": "Alone", "repositoryUrl": "https://git.example/alone"}, status=201)
    first = broker.publish("Foo", "1", branch="main", tags=["dev"], says="first")
    broker.publish("Web App", "w/1", branch="feat/x", says="other")
    second = broker.publish("Foo", "2", branch="main", says="second")
    broker.publish("Foo", "m", branch="feat/ä b", tags=["dev", "a/b"], says="second")
    broker.publish("Bar", "b1", provider="Store", branch="main", says="stored")
    broker.verify("Foo", first, "b1", success=False)
    broker.verify("Foo", first, "b1")
    broker.verify("Foo", second, "b2", branch="main")
    _result_with_details(broker, second)
    broker.put_on_branch("Bar", "b2", "release")
    broker.ask("PUT", "/pacticipants/Foo/versions/2", {"buildUrl": "https://ci.example/2"})
    for number in ("1", "2"):
        broker.deploy("Foo", number, uat)
    broker.deploy("Foo", "1", uat, "blue")
    broker.deploy("Bar", "b2", production)
    broker.release("Bar", "b1", uat)
    released = broker.release("Bar", "b2", uat)
    broker.ask("PATCH", f"/released-versions/{released['uuid']}", {"currentlySupported": False})
    broker.ask("PUT", "/pacticipants/Foo/labels/red%2Fblue", status=201)
    offer(broker, "b2", "/second", branch="main")
    hook = {"events": [{"name": "contract_content_changed"}], "request": {"method": "POST", "url": "https://e.example"}}
    broker.ask("POST", "/webhooks", hook | {"consumer": {"label": "red/blue"}}, status=201)
    broker.ask("POST", "/webhooks", hook | {"provider": {"name": "Bar"}, "enabled": False}, status=201)


def _result_with_details(broker: Broker, sha: str) -> None:
    result = {
        "success": False,
        "providerApplicationVersion": "b2",
        "buildUrl": "https://ci.example/b2",
        "testResults": [{"interactionId": "x", "success": False, "mismatches": [{"attribute": "status"}]}],
        "verifiedBy": {"implementation": "Pact-Rust", "clientLanguage": {"name": "python"}},
    }
    path = f"/pacts/provider/Bar/consumer/Foo/pact-version/{sha}/verification-results"
    broker.ask("POST", path, result, status=201)


def make_older(database_url: str) -> None:
    """Everything by thirty days, so that what an import does not keep shows; a deployment a second for each."""
    database = Database(database_url)
    with database.write() as tx:
        for table in metadata.sorted_tables:
            instants = [column for column in table.columns if column.name.endswith("_at")]
            later = table.c.id * 1_000_000 if table in (deployments, releases) else 0
            if instants:
                tx.execute(update(table).values({column.name: column - 30 * _DAY + later for column in instants}))
    database.close()


def make_quicker(database_url: str) -> None:
    """Everything happened within one second, in the same order."""
    database = Database(database_url)
    with database.write() as tx:
        start = tx.execute(select(func.min(pacticipants.c.created_at))).scalar_one()
        second = start // 1_000_000 * 1_000_000
        for table in metadata.sorted_tables:
            instants = [column for column in table.columns if column.name.endswith("_at")]
            if instants:
                tx.execute(update(table).values({at.name: second + (at - start) // 1000 for at in instants}))
    database.close()


def dump(url: str) -> Json:
    """What the broker answers at every address that its links lead to, with results numbered by their order."""
    found: Json = {}
    with httpx.Client(base_url=url, headers={"Accept": "application/hal+json"}, timeout=30) as client:
        waiting = ["/", "/pacticipants", "/environments", "/labels", "/integrations", "/webhooks"]
        while waiting:
            path = waiting.pop()
            if path in found or _LEFT_OUT.search(path):
                continue
            answer = client.get(path)
            found[path] = answer.json() if "json" in answer.headers.get("content-type", "") else answer.text
            waiting += [_relative(href) for href in _hrefs(found[path]) if href.startswith(url)]
    plain = json.dumps(found, sort_keys=True).replace(url, "")
    numbers = sorted({int(one) for _, one in _RESULT.findall(plain)})
    for pattern in (_RESULT, _RESULT_NAME):
        plain = pattern.sub(lambda one: f"{one[1]}#{numbers.index(int(one[2]))}", plain)
    numbered: Json = json.loads(plain)
    return numbered


def _relative(href: str) -> str:
    parts = urlsplit(href)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _hrefs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("href"), str) and not value.get("templated"):
            yield value["href"]
        for child in value.values():
            yield from _hrefs(child)
    elif isinstance(value, list):
        for child in value:
            yield from _hrefs(child)


def differences(there: Json, here: Json) -> list[str]:
    """Addresses with different answers."""
    return [
        f"{path}: {json.dumps(there.get(path), sort_keys=True)}\n{json.dumps(here.get(path), sort_keys=True)}"
        for path in sorted({*there, *here})
        if there.get(path) != here.get(path)
    ]


def lacking(expected: Any, found: Any, where: str) -> Iterator[str]:
    """Fields that were there and are different here, links aside; a version on a branch has fewer neighbours here."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in expected.keys() - {"_links", "latest"} - ({"updatedAt"} - found.keys()):
            yield from lacking(expected[key], found.get(key), f"{where} {key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from lacking(one, other, f"{where} {index}")
    elif expected != found:
        yield f"{where}: {expected!r} but {found!r}"
