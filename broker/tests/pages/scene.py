"""A small shop, and two applications whose names try to be scripts."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

from sqlalchemy import func, select, update

from broker.store.database import Database
from broker.store.schema import deployments, pacticipants, pacts, releases, verifications, versions
from broker.tests.served import Broker, Json, encoded_contract, pact

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'
HOSTILE_BRANCH = "feat/<b onclick='alert(3)'>x"
BUILD = "https://ci.example.test/builds/"
_WEEKS = 3 * 7 * 86_400_000_000
_DATED = (pacticipants, versions, pacts, verifications, deployments, releases)


def fill(broker: Broker) -> None:
    """Publishes, verifies and deploys over HTTP, as builds would."""
    for name, facts in _APPLICATIONS.items():
        broker.ask("POST", "/pacticipants", {"name": name, **facts}, status=201)
    test, production = broker.environment("test"), broker.environment("production", production=True)
    _catalogue(broker)
    _orders(broker)
    _other_pairs(broker)
    _hostile(broker)
    for name, version in (
        ("web-shop", "4.1.0"),
        ("catalogue-api", "2.8.0"),
        ("orders-api", "9b1d2c4"),
        ("ledger", "77"),
    ):
        broker.deploy(name, version, test)
        if name != "orders-api":
            broker.deploy(name, version, production)
    broker.deploy("orders-api", "1f0a9e3", production, "blue")
    broker.release("mobile-app", "12.0", production)
    broker.release("mobile-app", "12.1", production)


def path_of_pact(consumer: str, provider: str, version: str = "") -> str:
    pair = f"/pacts/provider/{quote(provider, safe='')}/consumer/{quote(consumer, safe='')}"
    return f"{pair}/version/{quote(version, safe='')}" if version else f"{pair}/latest"


def spread_over_time(database: Database) -> None:
    """Stretches the second in which everything was created over the last weeks; the order stays."""
    now = time.time_ns() // 1000
    with database.write() as tx:
        first = tx.execute(select(func.min(pacticipants.c.created_at))).scalar_one()
        stretch = _WEEKS // (now - first)
        for table in _DATED:
            tx.execute(update(table).values(created_at=now - (now - table.c.created_at) * stretch))


_APPLICATIONS: dict[str, Json] = {
    "web-shop": {"mainBranch": "main", "repositoryUrl": "https://git.example.test/shop/web"},
    "mobile-app": {"mainBranch": "main", "repositoryUrl": "javascript:alert(4)"},
    "catalogue-api": {"displayName": "Catalogue", "mainBranch": "main"},
    "orders-api": {"displayName": "Orders", "mainBranch": "main", "repositoryUrl": "git@git.example.test:shop/orders"},
    "payments-api": {"displayName": "Payments", "mainBranch": "trunk"},
    "stock-api": {"displayName": "Stock"},
    "ledger": {},
    "warehouse-synchronisation-of-a-rather-long-name": {},
}


def publish(broker: Broker, document: Json, version: str, branch: str = "main", *tags: str, build: str = "") -> str:
    """Publishes a whole pact document; answers its sha."""
    consumer, provider = document["consumer"]["name"], document["provider"]["name"]
    body = {
        "pacticipantName": consumer,
        "pacticipantVersionNumber": version,
        "branch": branch,
        "tags": list(tags),
        "contracts": [encoded_contract(document)],
    } | ({"buildUrl": build} if build else {})
    broker.ask("POST", "/contracts/publish", body, status=200)
    return str(broker.get(path_of_pact(consumer, provider, version))["_links"]["pb:pact-version"]["name"])


def verify(
    broker: Broker, pair: tuple[str, str], sha: str, version: str, *, success: bool = True, branch: str = "main"
) -> Json:
    """Records a result, with a mismatch where it failed."""
    consumer, provider = (quote(name, safe="") for name in pair)
    place = f"/pacticipants/{provider}/branches/{quote(branch, safe='')}/versions/{quote(version, safe='')}"
    broker.ask("PUT", place, {})
    body = {
        "success": success,
        "providerApplicationVersion": version,
        "buildUrl": f"{BUILD}{quote(version, safe='')}",
        "testResults": [] if success else [_FAILED],
        "verifiedBy": {"implementation": "Pact-Rust", "version": "1.3.1", "clientLanguage": {"name": "pact-python"}},
    }
    path = f"/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/verification-results"
    return broker.ask("POST", path, body, status=201)


_FAILED = {
    "interactionId": "0",
    "interactionDescription": "a request for one article",
    "success": False,
    "mismatches": [
        {"attribute": "status", "description": "expected 200 but was 404"},
        {"attribute": "body", "identifier": "$.price", "description": "Expected an integer but got '12.50'"},
    ],
}


def articles(consumer: str, *, with_price: bool = True) -> Json:
    """A V4 pact over HTTP with states, rules, generators, and a message."""
    body: dict[str, Any] = {"id": 7, "name": "Teapot", "tags": ["kitchen", "new"]}
    rules: dict[str, Any] = {
        "$.id": {"combine": "AND", "matchers": [{"match": "integer"}]},
        "$.tags": {"combine": "AND", "matchers": [{"match": "type", "min": 1}]},
    }
    if with_price:
        body["price"] = {"amount": "12.50", "currency": "EUR"}
        rules["$.price.amount"] = {"combine": "AND", "matchers": [{"match": "regex", "regex": r"\d+\.\d\d"}]}
    json_type = {"Content-Type": ["application/json"]}
    return {
        "consumer": {"name": consumer},
        "provider": {"name": "catalogue-api"},
        "interactions": [
            {
                "type": "Synchronous/HTTP",
                "key": "one",
                "description": "a request for one article",
                "providerStates": [{"name": "article 7 exists", "params": {"id": 7, "in stock": True}}],
                "request": {"method": "GET", "path": "/articles/7", "headers": {"Accept": ["application/json"]}},
                "response": {
                    "status": 200,
                    "headers": json_type,
                    "body": {"contentType": "application/json", "encoded": False, "content": body},
                    "matchingRules": {"body": rules},
                },
                "comments": {"text": ["The shop window needs the price."], "testname": "test_article"},
                "pending": False,
            },
            {
                "type": "Synchronous/HTTP",
                "description": "a request for an article that is not there",
                "providerStates": [{"name": "no article exists"}],
                "request": {"method": "GET", "path": "/articles/8"},
                "response": {"status": 404},
            },
            {
                "type": "Synchronous/HTTP",
                "description": "a new article",
                "pending": True,
                "request": {
                    "method": "POST",
                    "path": "/articles",
                    "query": {"draft": ["true"], "tag": ["a", "b"]},
                    "headers": json_type,
                    "body": {"contentType": "application/json", "encoded": False, "content": {"name": "Kettle"}},
                    "generators": {"body": {"$.name": {"type": "RandomString", "size": 10}}},
                },
                "response": {"status": 201, "headers": {"Location": ["/articles/9"]}},
            },
            {
                "type": "Asynchronous/Messages",
                "description": "an article was sold out",
                "providerStates": [{"name": "article 7 exists"}],
                "contents": {"contentType": "application/json", "encoded": False, "content": {"id": 7, "left": 0}},
                "metadata": {"topic": "articles"},
                "matchingRules": {"body": {"$.id": {"combine": "AND", "matchers": [{"match": "integer"}]}}},
            },
        ],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }


def _catalogue(broker: Broker) -> None:
    pair = ("web-shop", "catalogue-api")
    without = publish(broker, articles("web-shop", with_price=False), "4.0.0", build=f"{BUILD}400")
    verify(broker, pair, without, "2.7.0")
    whole = publish(broker, articles("web-shop"), "4.1.0", "main", "prod", build=f"{BUILD}410")
    publish(broker, articles("web-shop"), "4.2.0-rc1", "feat/checkout", build="javascript:alert(5)")
    verify(broker, pair, whole, "2.7.0", success=False)
    verify(broker, pair, whole, "2.8.0")
    mobile = publish(broker, articles("mobile-app"), "12.0")
    verify(broker, ("mobile-app", "catalogue-api"), mobile, "2.8.0")
    publish(broker, articles("mobile-app", with_price=False), "12.1", "main", "beta")


def _orders(broker: Broker) -> None:
    for version, says in (("4.1.0", "one order"), ("4.2.0-rc1", "all orders")):
        sha = publish(
            broker, pact("web-shop", "orders-api", says), version, "main" if version == "4.1.0" else "feat/checkout"
        )
        verify(broker, ("web-shop", "orders-api"), sha, "1f0a9e3")
        verify(broker, ("web-shop", "orders-api"), sha, "9b1d2c4", success=version != "4.2.0-rc1", branch="feat/bulk")
    publish(broker, pact("mobile-app", "orders-api", "one order", "cancel"), "12.1")


def _other_pairs(broker: Broker) -> None:
    for consumer, provider, success in (
        ("orders-api", "payments-api", True),
        ("orders-api", "stock-api", True),
        ("stock-api", "orders-api", True),
        ("payments-api", "ledger", False),
        ("ledger", "ledger", True),
        ("warehouse-synchronisation-of-a-rather-long-name", "stock-api", None),
    ):
        sha = publish(
            broker, pact(consumer, provider, f"what {provider} does"), "77" if consumer == "ledger" else "9b1d2c4"
        )
        if success is not None:
            verify(broker, (consumer, provider), sha, "77" if provider == "ledger" else "3.1", success=success)


def _hostile(broker: Broker) -> None:
    document = pact(SCRIPT, IMAGE, "tries </pre><script>alert(6)</script>")
    sha = publish(broker, document, "1'\"<i>", HOSTILE_BRANCH, SCRIPT)
    verify(broker, (SCRIPT, IMAGE), sha, "2&lt;<u>", branch=HOSTILE_BRANCH)
