"""The testing help of a generated client: an in-memory transport that knows the contract and its examples."""

import asyncio
import importlib
import json
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from contractkit.document import load_bundle
from contractkit.generate import client as generator
from contractkit.generate.client import examples
from contractkit.stub.document import Document

HERE = Path(__file__).parent
SHOP = HERE.parent / "stub" / "shop.yaml"
HARBOUR = HERE / "harbour.yaml"
SUPPORT = Path(generator.__file__).parent.parent / "templates" / "client" / "support" / "testing"


def package(spec: Path, folder: Path, name: str) -> ModuleType:
    """The testing package alone, as a client of the spec has it."""
    shutil.copytree(SUPPORT, folder / name / "testing", ignore=shutil.ignore_patterns("__pycache__"))
    examples.write(load_bundle(spec), folder / name)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(f"{name}.testing")
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    yield package(SHOP, tmp_path_factory.mktemp("shop"), "shop_examples")
    for name in [name for name in sys.modules if name.startswith("shop_examples")]:
        del sys.modules[name]


@pytest.fixture
def transport(shop: ModuleType) -> Any:
    return shop.ExampleTransport()


@pytest.fixture
def http(transport: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url="http://test", transport=transport) as client:
        yield client


def test_an_operation_answers_with_the_first_example_of_its_success(http: httpx.Client) -> None:
    reply = http.get("/items/i1")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json() == {"id": "i1", "name": "Lamp", "price": "12.50"}


def test_accept_chooses_the_media_type(http: httpx.Client) -> None:
    reply = http.get("/items/i1", headers={"Accept": "text/csv"})
    assert (reply.text, reply.headers["content-type"]) == ("id,name\ni1,Lamp\n", "text/csv")


def test_a_value_is_made_where_the_contract_has_no_example(http: httpx.Client) -> None:
    reply = http.post("/items", json={"name": "Lamp", "price": "1.00"})
    assert reply.status_code == 201
    assert reply.json()["price"] == "0.00"
    assert reply.headers["location"] == "string"


def test_no_content_has_no_body(http: httpx.Client) -> None:
    reply = http.delete("/items/i1")
    assert (reply.status_code, reply.content) == (204, b"")


def test_the_more_literal_path_is_meant(http: httpx.Client, transport: Any) -> None:
    http.get("/items/mine")
    http.get("/items/mi%2Fne%20")
    assert [each.operation for each in transport.requests] == ["getMine", "getItem"]


def test_chosen_replies_come_in_their_order_and_then_the_example_again(http: httpx.Client, transport: Any) -> None:
    transport.reply("getItem", status=503, headers={"Retry-After": "2"}, times=2).reply("getItem", example="chair")
    replies = [http.get("/items/i1") for _ in range(4)]
    assert [each.status_code for each in replies] == [503, 503, 200, 200]
    assert replies[0].headers["retry-after"] == "2"
    assert [each.json()["name"] for each in replies[2:]] == ["Chair", "Lamp"]


def test_a_reply_without_an_end_answers_every_further_request(http: httpx.Client, transport: Any) -> None:
    transport.reply("get_item", status=404, times=None)
    assert [http.get("/items/i1").json()["code"] for _ in range(3)] == ["no-item"] * 3


def test_a_chosen_error_is_raised_with_its_request(http: httpx.Client, transport: Any) -> None:
    transport.reply("getItem", error=httpx.ConnectError("refused"))
    with pytest.raises(httpx.ConnectError, match="refused") as caught:
        http.get("/items/i1")
    assert caught.value.request.url.path == "/items/i1"


@pytest.mark.parametrize(
    ("chosen", "media_type", "content"),
    [
        ({"body": {"id": "i9"}}, "application/json", b'{"id": "i9"}'),
        ({"body": "<html>", "status": 502}, "text/html", b"<html>"),
        ({"body": b"{broken", "media_type": "application/json"}, "application/json", b"{broken"),
        ({"status": 520}, "application/problem+json", None),
    ],
)
def test_a_chosen_body_is_sent_as_it_is(
    http: httpx.Client, transport: Any, chosen: dict[str, Any], media_type: str, content: bytes | None
) -> None:
    reply = http.get("/items/i1") if transport.reply("getItem", **chosen) else None
    assert reply is not None
    assert reply.headers["content-type"] == media_type
    assert reply.status_code == chosen.get("status", 200)
    assert content in (None, reply.content)


@pytest.mark.parametrize(
    ("operation", "chosen", "message"),
    [
        ("getItems", {}, "no operation 'getItems'; the API has addItem, deleteItem, getItem"),
        ("getItem", {"example": "sofa"}, "getItem has no example 'sofa'; getItem has broken, chair, lamp"),
        ("getItem", {"example": "lamp", "status": 404}, "getItem 404 has no example 'lamp'"),
    ],
)
def test_what_the_contract_does_not_have_is_named(
    shop: ModuleType, transport: Any, operation: str, chosen: dict[str, Any], message: str
) -> None:
    with pytest.raises(shop.ExampleError, match=message):
        transport.reply(operation, **chosen)


@pytest.mark.parametrize(
    ("method", "path", "sent", "message"),
    [
        (
            "GET",
            "/item/i1",
            {},
            r"no operation of the API is GET /item/i1; the nearest are .* GET /items/\{item-id\} \(getItem\)",
        ),
        ("PATCH", "/items/i1", {}, "no operation of the API is PATCH /items/i1"),
        ("POST", "/items", {}, "addItem: a body is required"),
        ("POST", "/items", {"data": {"name": "Lamp"}}, "addItem takes application/json, not application/x-www-form"),
    ],
)
def test_a_request_that_the_contract_does_not_know_fails_and_says_why(
    shop: ModuleType, http: httpx.Client, method: str, path: str, sent: dict[str, Any], message: str
) -> None:
    with pytest.raises(shop.ExampleError, match=message):
        http.request(method, path, **sent)


def test_requests_are_kept_without_their_credentials(http: httpx.Client, transport: Any) -> None:
    http.put(
        "/pets", params={"q": "a b"}, headers={"Authorization": "Bearer s3cret", "X-Id": "7"}, json={"kind": "cat"}
    )
    http.delete("/items/i1")
    (sent,) = transport.requests_of("put_pet")
    assert (sent.operation, sent.method, sent.path) == ("putPet", "PUT", "/pets")
    assert (sent.query, sent.body, sent.headers["x-id"]) == ((("q", "a b"),), {"kind": "cat"}, "7")
    assert "s3cret" not in repr(sent)
    assert len(transport.requests) == 2


def test_a_base_path_stands_before_every_path(shop: ModuleType) -> None:
    with httpx.Client(base_url="http://test/v1/", transport=shop.ExampleTransport("/v1")) as client:
        assert client.get("items/mine").json() == "mine"
        with pytest.raises(shop.ExampleError, match="/items/mine is not below /v1"):
            client.get("http://test/items/mine")


def test_the_paths_of_documented_servers_are_known(tmp_path: Path) -> None:
    spec = load_bundle(SHOP) | {"servers": [{"url": "https://shop.example/v2/"}, {"url": "/{tenant}"}]}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    testing = package(tmp_path / "spec.json", tmp_path, "server_examples")
    with httpx.Client(base_url="https://shop.example/v2", transport=testing.ExampleTransport()) as client:
        assert client.get("/items/mine").json() == "mine"
        assert client.get("https://shop.example/items/mine").json() == "mine"
        with pytest.raises(testing.ExampleError, match="GET /v3/items/mine"):
            client.get("https://shop.example/v3/items/mine")


def test_a_walk_that_never_ends_is_stopped(shop: ModuleType) -> None:
    with httpx.Client(base_url="http://test", transport=shop.ExampleTransport(limit=2)) as client:
        assert [client.get("/items/i1").status_code for _ in range(2)] == [200, 200]
        with pytest.raises(shop.ExampleError, match="2 requests were sent"):
            client.get("/items/i1")


def test_async_clients_use_the_same_transport(transport: Any) -> None:
    async def call() -> int:
        async with httpx.AsyncClient(base_url="http://test", transport=transport) as client:
            return (await client.get("/items/i1")).status_code

    transport.reply("getItem", status=404)
    assert asyncio.run(call()) == 404


def test_threads_share_one_transport_and_every_chosen_reply_is_given_once(http: httpx.Client, transport: Any) -> None:
    transport.reply("getItem", status=503, times=50)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: http.get("/items/i1").status_code, range(100)))
    assert statuses.count(503) == 50
    assert len(transport.requests) == 100


def test_the_same_document_gives_the_same_bytes_and_every_operation_an_example(tmp_path: Path) -> None:
    document = load_bundle(HARBOUR)
    for name in ("one", "two"):
        examples.write(document, tmp_path / name)
    written = [(tmp_path / name / examples.FILE).read_bytes() for name in ("one", "two")]
    assert written[0] == written[1]
    operations = json.loads(written[0])["operations"]
    assert set(operations) == {each.key for each in Document.load(document).operations}
    for operation in operations.values():
        contents = operation["replies"][operation["success"]]["content"]
        assert all(contents.values())


def test_an_event_stream_is_made_of_events_and_lines_of_lines(tmp_path: Path) -> None:
    testing = package(HARBOUR, tmp_path, "harbour_examples")
    with httpx.Client(base_url="http://test", transport=testing.ExampleTransport()) as client:
        events, lines = client.get("/tides/events"), client.get("/tides/log")
    assert events.headers["content-type"] == "text/event-stream"
    assert json.loads(events.text.removeprefix("data: "))["metres"] == "1.50"
    assert json.loads(lines.text)["at"] == "2024-01-01T00:00:00Z"
    assert "\n" not in lines.text[:-1]


def test_pytest_starts_without_the_transport_and_its_libraries(tmp_path: Path) -> None:
    package(SHOP, tmp_path, "idle_examples")
    assert "idle_examples.testing.transport" not in sys.modules
