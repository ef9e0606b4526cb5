"""Whatever is sent, the answer is a 4xx that says why, or the right answer: never a 5xx."""

from __future__ import annotations

import base64
import socket
import time
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


def _raw(broker: Broker, method: str, target: bytes, body: object = None, **headers: str) -> httpx.Response:
    """A request whose target goes out as it stands, which httpx would tidy up otherwise."""
    url = httpx.URL(broker.url).copy_with(raw_path=target)
    return broker.client.request(method, url, json=body, headers=headers)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/pacticipants/..%2f..%2fetc%2fpasswd", 404),
        (b"/pacticipants/%2e%2e/versions", 404),
        (b"/pacticipants/../../etc/passwd", 404),
        (b"/assets/..%2fapp.py", 404),
        (b"/assets/%2e%2e%2f%2e%2e%2fapp.py", 404),
        (b"/pacticipants//versions", 404),
        (b"/pacticipants/Foo%00", 400),
        (b"/pacticipants/%ff%fe", 400),
        (b"/pacticipants/%", 404),
        (b"/pacticipants/%zz", 404),
        (b"/pacticipants/" + b"x" * 60_000, 404),
        (b"/pacticipants?pageSize=999999999999999999999", 400),
        (b"/pacticipants?pageNumber=-1&pageSize=0", 400),
        (b"/pacticipants?pageNumber=one", 400),
        (b"/matrix?q[][pacticipant]=Foo&q[][pacticipant]=Foo&q[][pacticipant]=Foo&limit=99999999999999999999", 400),
        (b"/matrix?limit=-1&q[][pacticipant]=Foo", 400),
        (b"/matrix?latestby=cvpv&latestby=nonsense&q[][pacticipant]=Foo", 400),
        (b"/matrix?q[][pacticipant]=%ff", 400),
        (b"/matrix?q[][pacticipant]=%00", 400),
        (b"/can-i-deploy?pacticipant=Foo&pacticipant=Bar&version=1&environment=nowhere&environment=uat", 400),
    ],
    ids=lambda value: value[:60].decode() if isinstance(value, bytes) else str(value),
)
def test_a_hostile_target_is_refused_with_words(broker: Broker, target: bytes, status: int) -> None:
    broker.publish("Foo", "1", branch="main")
    reply = _raw(broker, "GET", target)
    assert reply.status_code == status, reply.text
    assert reply.json().keys() & {"error", "errors"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"accept": "*/*;q=" + "9" * 5000}, 200),
        ({"accept": "text/html\t;;;,,,"}, 200),
        ({"content-length": "-5"}, 400),
        ({"content-length": "five"}, 400),
        ({"content-length": "9" * 400}, 400),
        ({"transfer-encoding": "chunked", "content-length": "5"}, 400),
        ({"x-forwarded-host": "evil.test", "x-forwarded-proto": "javascript"}, 200),
        ({"if-none-match": '"' + "x" * 5000}, 200),
        ({"x-request-id": "a" * 5000 + "<xss>"}, 200),
        ({"authorization": "Basic not base64 at all"}, 200),
        ({"host": "evil.test/<xss>"}, 400),
    ],
)
def test_odd_headers_do_no_harm(broker: Broker, headers: dict[str, str], status: int) -> None:
    parts = httpx.URL(broker.url)
    with socket.create_connection((parts.host, parts.port or 0), timeout=10) as connection:
        sent = {"host": parts.netloc.decode(), "connection": "close"} | headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        connection.sendall(f"GET / HTTP/1.1\r\n{lines}\r\n".encode())
        answer = connection.makefile("rb").read().decode()
    assert answer.startswith(f"HTTP/1.1 {status} "), answer[:300]
    assert "evil.test" not in answer
    assert "<xss>" not in answer.partition("\r\n\r\n")[0]


@pytest.mark.parametrize(
    "content",
    [
        "not base64!",
        "e30",  # base64 without its padding
        base64.b64encode(b"\xff\xfe{}").decode(),
        base64.b64encode(b"{" * 100_000).decode(),
        base64.b64encode(b'{"interactions":' + b"[" * 100_000).decode(),
        base64.b64encode(b'{"interactions":[{"a":1e999}]}').decode(),
        base64.b64encode(b'{"interactions":[{"a":NaN}]}').decode(),
        base64.b64encode(b'{"interactions":[{"a":"\\ud800"}]}').decode(),
        base64.b64encode(b'{"interactions":{}}').decode(),
        base64.b64encode(b'{"interactions":[1]}').decode(),
        base64.b64encode(b"null").decode(),
        "",
    ],
)
def test_content_that_is_no_pact_is_refused_where_it_stands(broker: Broker, content: str) -> None:
    body = {
        "pacticipantName": "Foo",
        "pacticipantVersionNumber": "1",
        "contracts": [encoded_contract(pact("Foo", "Bar", "x"), content=content)],
    }
    answer = broker.ask("POST", "/contracts/publish", body, status=400)
    assert "(at index 0)" in answer["errors"]["contracts"][0]
    assert broker.get("/pacticipants")["pacticipants"] == []


def test_numbers_of_any_size_come_back_as_they_were_sent(broker: Broker) -> None:
    sent = '{"interactions":[{"description":"x","a":123456789012345678901234567890,"b":0.1}]}'
    path = "/pacts/provider/Bar/consumer/Foo/version/1"
    assert broker.client.put(path, content=sent).status_code == 201
    assert '"a":123456789012345678901234567890,"b":0.1' in broker.client.get(path).text


@pytest.mark.parametrize("bomb", ["aliases", "depth"])
def test_a_yaml_bomb_is_refused_at_once(broker: Broker, bomb: str) -> None:
    begun = time.monotonic()
    body = {
        "pacticipantVersionNumber": "1",
        "contract": {
            "specification": "oas",
            "contentType": "application/yaml",
            "content": base64.b64encode(_BOMBS[bomb].encode()).decode(),
        },
    }
    answer = broker.ask("POST", "/provider-contracts/provider/Bar/publish", body, status=400)
    assert answer["errors"]
    assert time.monotonic() - begun < 5


_BOMBS = {
    "aliases": "openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths: {}\nx0: &x0 [1, 1]\n"
    + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 12)),
    "depth": "openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths: " + "[" * 5000 + "]" * 5000,
}


@pytest.mark.parametrize("path", ["/nothing", "/pacts", "/../etc/passwd", "/pacticipants/a/b/c"])
def test_an_unknown_path_is_not_found(broker: Broker, path: str) -> None:
    assert broker.client.get(path).status_code == 404


def test_a_line_feed_in_a_name_is_answered_by_the_broker_itself(broker: Broker) -> None:
    reply = broker.client.get("/pacticipants/a%0Ab")
    assert (reply.status_code, set(reply.json())) == (404, {"error"})
    assert reply.headers["x-request-id"]
    assert broker.client.put("/pacticipants/a%0Ab", json={}).status_code == 400


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
