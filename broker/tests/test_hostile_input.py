"""Whatever is sent, the answer is a 4xx that says why, or the right answer: never a 5xx."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from broker.config import Config
from broker.routes import ROUTES
from broker.tests.served import Broker, encoded_contract, pact, served

_NAMES = ("feat/x", "a b", "100%", "ü", "<script>", "?q#", "q[][x]=1&y", "'; DROP TABLE pacts --", "…", "\\")


@pytest.fixture(scope="module")
def small_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """It takes bodies of up to 10 kB. Nothing that is sent to it is ever recorded."""
    url = f"sqlite:///{tmp_path_factory.mktemp('small')}/broker.db"
    with served(Config(database_url=url, max_body_bytes=10_000)) as running:
        yield running


@pytest.mark.parametrize("name", _NAMES)
def test_any_name_works_as_pacticipant_version_branch_and_tag(broker: Broker, name: str) -> None:
    body = {
        "pacticipantName": name,
        "pacticipantVersionNumber": name,
        "branch": name,
        "tags": [name],
        "contracts": [encoded_contract(pact(name, f"{name} API", "x"))],
    }
    links = broker.ask("POST", "/contracts/publish", body, status=200)["_links"]
    found = broker.client.get(links["pb:contracts"][0]["href"]).json()
    assert found["consumer"]["name"] == name
    broker.ask(
        "POST",
        found["_links"]["pb:publish-verification-results"]["href"],
        {
            "success": True,
            "providerApplicationVersion": name,
        },
        status=201,
    )
    version = broker.client.get(links["pb:pacticipant-version"]["href"]).json()
    assert version["_embedded"]["tags"][0]["name"] == name
    place = version["_embedded"]["branchVersions"][0]["_links"]["self"]["href"]
    broker.ask("DELETE", place, status=204)
    assert broker.client.get(found["_links"]["pb:matrix-for-consumer-version"]["href"]).is_success


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b'{"a": NaN}', 400),
        (b'{"name": "a\\u0000b"}', 400),
        (b'{"name": "\\ud800"}', 400),
        (b'{"a":' * 500 + b"1" + b"}" * 500, 400),
        (b'{"a":' * 200 + b"1" + b"}" * 200, 400),
        (b'{"a": "' + b"x" * 20_000 + b'"}', 413),
    ],
)
@pytest.mark.parametrize("path", ["/contracts/publish", "/pacticipants", "/environments"])
def test_a_body_that_cannot_be_read_is_refused(small_broker: Broker, path: str, body: bytes, status: int) -> None:
    reply = small_broker.client.post(path, content=body)
    assert reply.status_code == status, reply.text
    assert reply.json().keys() & {"error", "errors"}


def test_a_body_that_is_sent_in_pieces_is_bounded_too(small_broker: Broker) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 1000

    assert small_broker.client.post("/pacticipants", content=pieces()).status_code == 413


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_no_route_fails_on_names_that_nobody_gave_it(broker: Broker, route: tuple[str, str, object]) -> None:
    method, path, _ = route
    for name in ("none", "%E2%80%A6", "%ff", "%00", "..%2f..", "%2e%2e", "9" * 40, "x" * 2000):
        filled = "/".join(name if part.startswith("{") else part for part in path.split("/"))
        reply = broker.client.request(method, httpx.URL(broker.url).copy_with(raw_path=filled.encode()))
        assert reply.status_code < 500, f"{method} {filled}: {reply.text}"


@pytest.mark.parametrize("path", ["/nothing", "/pacts", "/../etc/passwd", "/pacticipants/a/b/c"])
def test_an_unknown_path_is_not_found(broker: Broker, path: str) -> None:
    assert broker.client.get(path).status_code == 404


def test_a_wrong_method_tells_the_right_ones(broker: Broker) -> None:
    reply = broker.client.put("/pacticipants", json={})
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, POST")


def test_head_answers_like_get_without_the_body(broker: Broker) -> None:
    reply = broker.client.head("/pacticipants")
    assert (reply.status_code, reply.content) == (200, b"")


def test_a_host_header_that_is_no_host_is_refused(broker: Broker) -> None:
    assert broker.client.get("/", headers={"host": '"><script>'}).status_code == 400


def test_names_are_harmless_on_the_page(broker: Broker) -> None:
    broker.publish("<script>alert(1)</script>", "<b>1", provider="Bar & <Co>")
    page = broker.client.get("/", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "Bar &amp; &lt;Co&gt;" in page.text
