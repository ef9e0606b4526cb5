"""A generated client as a whole: its lists, its token, its managers, its version, and texts that stay texts."""

import importlib
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from contractkit.errors import GenerationError
from contractkit.generate.client import generate_client
from contractkit.stub import create_app
from contractkit.tests.generate.small_documents import TEXT, array, document, generated, of_one, parameter


def listing(name: str, parameters: list[str], reply: dict[str, Any], **more: Any) -> dict[str, Any]:
    kinds = {"page": "integer", "offset": "integer", "limit": "integer"}
    query = [parameter(each, "query", {"type": kinds.get(each, "string")}) for each in parameters]
    responses = {"200": {"description": "A page.", "content": {"application/json": {"schema": reply}}}}
    return {f"/{name}": {"get": {"operationId": name, "parameters": query, "responses": responses, **more}}}


def page_of(**more: str) -> dict[str, Any]:
    members = {name: {"type": kind} for name, kind in more.items()}
    return {"type": "object", "required": ["items"], "properties": {"items": array("integer"), **members}}


PATHS: dict[str, Any] = {
    **listing("list_numbers", ["page", "limit"], page_of(totalItems="integer")),
    **listing("list_offsets", ["offset", "limit"], page_of()),
    **listing("search", ["cursor"], page_of(next_cursor="string")),
    **listing("list_links", ["cursor"], page_of(next="string")),
    **listing("list_all", [], array("integer")),
    **listing("told", ["from"], {**page_of(rest="string"), "properties": {
        **page_of(rest="string")["properties"], "others": array()}},
        **{"x-pagination": {"style": "cursor", "parameter": "from", "items": "items", "next": "rest"}}),
    **listing("list_twice", ["cursor"], {"type": "object", "properties": {"these": array(), "those": array()}}),
    **listing("get_thing", [], {"type": "object", "properties": {"name": {"type": "string"}, "tags": array()}}),
}  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return generated(tmp_path_factory.mktemp("lists"), document(PATHS), "lists_client")


def lists(request: httpx.Request) -> httpx.Response:
    """Seven numbers, three a page, in every way of paging."""
    query, numbers = request.url.params, list(range(7))
    match request.url.path:
        case "/list_numbers":
            start = (int(query["page"]) - 1) * 3
            return httpx.Response(200, json={"items": numbers[start : start + 3], "totalItems": 7})
        case "/list_offsets":
            start = int(query["offset"])
            return httpx.Response(200, json={"items": numbers[start : start + 3]})
        case "/list_all":
            return httpx.Response(200, json=numbers)
        case "/list_links":
            start = int(query.get("cursor", "0"))
            link = f"http://test/list_links?limit=3&cursor={start + 3}" if start + 3 < 7 else ""
            return httpx.Response(200, json={"items": numbers[start : start + 3], "next": link})
        case path:
            name, following = ("cursor", "next_cursor") if path == "/search" else ("from", "rest")
            start = int(query.get(name, "0"))
            rest = {following: str(start + 3)} if start + 3 < 7 else {}
            return httpx.Response(200, json={"items": numbers[start : start + 3], **rest})


WALKS = [("iter_numbers", 3), ("iter_offsets", 4), ("iter_search", 3), ("iter_all", 1), ("iter_told", 3),
         ("iter_links", 3)]  # fmt: skip


@pytest.mark.parametrize(("method", "requests"), WALKS)
def test_every_kind_of_list_is_walked_to_its_end_and_page_by_page(package: Any, method: str, requests: int) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return lists(request)

    with package.ListsClient("http://test", transport=httpx.MockTransport(answer)) as client:
        found: Iterator[int] = getattr(client.default, method)()
        assert (next(found), len(asked)) == (0, 1)
        assert (list(found), len(asked)) == ([1, 2, 3, 4, 5, 6], requests)


def test_an_object_that_happens_to_hold_a_list_is_not_walked(package: Any) -> None:
    manager = package.ListsClient("http://test").default
    assert hasattr(manager, "get_thing")
    assert [name for name in dir(manager) if name.startswith("iter_")] == sorted(name for name, _ in WALKS)


def test_a_list_that_nothing_says_how_to_walk_is_marked_in_the_readme(package: Any) -> None:
    readme = (Path(package.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert "| `client.default.list_twice` (no iterator) |" in readme
    assert readme.count("(no iterator)") == 1


SCHEMES = [
    ({"type": "http", "scheme": "bearer"}, "header", "authorization", "Bearer t"),
    ({"type": "http", "scheme": "basic"}, "header", "authorization", "Basic t"),
    ({"type": "oauth2", "flows": {}}, "header", "authorization", "Bearer t"),
    ({"type": "apiKey", "in": "header", "name": "X-Key"}, "header", "x-key", "t"),
    ({"type": "apiKey", "in": "query", "name": "key"}, "query", "key", "t"),
    ({"type": "apiKey", "in": "cookie", "name": "sid"}, "header", "cookie", "sid=t"),
]


@pytest.mark.parametrize(("number", "scheme"), list(enumerate(SCHEMES)), ids=[f"{each[0]}" for each in SCHEMES])
def test_the_token_goes_where_the_security_scheme_says_and_not_to_open_operations(
    tmp_path: Path, number: int, scheme: tuple[dict[str, Any], str, str, str]
) -> None:
    node, place, name, value = scheme
    paths = {**of_one("closed"), **of_one("open", security=[])}
    spec = document(paths, components={"securitySchemes": {"auth": node}}, security=[{"auth": []}])
    package = generated(tmp_path, spec, f"scheme{number}_client")
    found: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        found.append((request.headers if place == "header" else request.url.params).get(name))
        return httpx.Response(204)

    with getattr(package, f"Scheme{number}Client")("http://test", "t", transport=httpx.MockTransport(answer)) as client:
        client.default.closed()
        client.default.open()
    assert found == [value, None]


def test_texts_and_names_of_a_document_can_not_become_code(tmp_path: Path) -> None:
    hostile = 'x"""\n\u2028import sys; sys.hostile = 1\n{{ 1 }} \\ \' " {name} #'
    name = 'a"; import sys; sys.hostile = 1 #\\'
    operation = {
        "operationId": hostile,
        "summary": hostile,
        "description": hostile,
        "tags": [hostile],
        "parameters": [parameter(name, "query", {"type": "string", "description": hostile, "enum": [hostile, name]})],
        "requestBody": {"description": hostile, "content": {f"text/{name}": {}, f"image/{hostile}": {}}},
        "responses": {
            "200": {"description": hostile, "content": {f"text/{hostile}": {}}},
            "400": {"description": hostile},
        },
    }
    schemes = {"key": {"type": "apiKey", "in": "header", "name": hostile}}
    spec = document(
        {"/a\"{b'}\\" + hostile: {"post": operation}},
        tags=[{"name": hostile, "description": hostile}],
        components={"securitySchemes": schemes},
        security=[{"key": []}],
    )
    spec["info"] = {"title": hostile, "version": hostile}
    generated(tmp_path, spec, "hostile_client")
    for path in (tmp_path / "hostile_client").rglob("*.py"):
        compile(path.read_text(), path, "exec")
        if path.parent.parent.name in ("api", "managers") or path.name == "client.py":
            importlib.import_module(".".join(path.relative_to(tmp_path / "hostile_client").with_suffix("").parts))
    assert not hasattr(sys, "hostile")


@pytest.mark.parametrize(
    ("said", "version"), [("2.0-beta.1", "2.0-beta.1"), ("v3", "v3"), ("latest", "0.1.0"), ('1"\n[x]', "0.1.0")]
)
def test_the_version_is_the_documents_where_packaging_takes_it(tmp_path: Path, said: str, version: str) -> None:
    spec = {**document(of_one("open")), "info": {"title": "T", "version": said}}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    generate_client(tmp_path / "spec.json", tmp_path / "out", project="t-client", package="t_client")
    found = tomllib.loads((tmp_path / "out/pyproject.toml").read_text())
    assert found["project"]["version"] == version


def test_a_document_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps({**document({}), "openapi": "3.1.0"}))
    with pytest.raises(GenerationError, match=r"only OpenAPI 3\.0"):
        generate_client(tmp_path / "spec.json", tmp_path / "out", project="t", package="t")


def test_managers_come_in_the_order_of_the_tags_and_a_tag_does_not_hide_what_the_client_has(tmp_path: Path) -> None:
    paths = {**of_one("one", tags=["close"]), **of_one("two", tags=["zoo"]), **of_one("three")}
    spec = document(paths, tags=[{"name": "zoo"}, {"name": "unused"}, {"name": "close"}])
    package = generated(tmp_path, spec, "tagged_client")
    names = [name for name in vars(package.TaggedClient) if not name.startswith("_")]
    assert [name for name in names if name not in ("low_level", "close")] == ["zoo", "close_", "default"]


def test_an_error_schema_may_be_called_like_an_exception_of_the_client(tmp_path: Path) -> None:
    body = {"type": "object", "required": ["why"], "properties": {"why": {"type": "string"}}}
    media = {"application/json": {"schema": {"$ref": "#/components/schemas/NotFoundError"}}}
    paths = of_one("find", responses={"204": {"description": ""}, "404": {"description": "", "content": media}})
    package = generated(tmp_path, document(paths, components={"schemas": {"NotFoundError": body}}), "missing_client")
    transport = httpx.MockTransport(lambda _: httpx.Response(404, json={"why": "gone"}))
    with (
        package.MissingClient("http://test", transport=transport) as client,
        pytest.raises(package.NotFoundError) as caught,
    ):
        client.default.find()
    assert caught.value.problem.why == "gone"
    assert 'problem: "NotFoundErrorBody' in (tmp_path / "missing_client/missing_client/errors.py").read_text()


def replies(*media_types: str) -> dict[str, Any]:
    return {name: {"schema": {"type": "string"}} for name in media_types}


def test_a_request_says_who_sends_it_and_which_documented_media_types_it_takes(tmp_path: Path) -> None:
    bad = {"description": "No.", "content": replies("application/problem+json")}
    paths = {
        f"/{name}": {
            "get": {"operationId": name, "responses": {"200": {"description": "Yes.", "content": content}, "400": bad}}
        }
        for name, content in {
            "one": replies("text/csv"),
            "two": replies("text/csv", "text/html"),
            "any": replies("*/*"),
        }.items()
    }
    package = generated(tmp_path, document(paths), "accept_client")
    seen: list[tuple[str | None, str | None]] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append((request.headers.get("accept"), request.headers.get("user-agent")))
        return httpx.Response(200, text="x", headers={"Content-Type": "text/html" if len(seen) == 3 else "text/csv"})

    with package.AcceptClient("http://test", transport=httpx.MockTransport(serve)) as client:
        client.default.one()
        client.default.two()
        client.default.two(accept="text/html")
        client.default.any()
    with package.AcceptClient(
        "http://test", transport=httpx.MockTransport(serve), headers={"user-agent": "me"}
    ) as client:
        client.default.one()
    agent = "accept-client/2.0-beta.1"
    assert seen == [
        ("text/csv, application/problem+json", agent),
        ("text/csv, text/html, application/problem+json", agent),
        ("text/html, application/problem+json", agent),
        ("*/*", agent),
        ("text/csv, application/problem+json", "me"),
    ]


def test_names_in_any_script_stay_what_they_are(tmp_path: Path) -> None:
    members = {"상태": {"type": "string", "enum": ["대기", "완료"]}, "금액": {"type": "integer"}}
    content = {"application/json": {"schema": {"type": "object", "properties": members}}}
    parameters = [parameter("월", "query", TEXT), parameter("금액 한도", "query", {"type": "integer"})]
    paths = of_one(
        "결제하기", *parameters, tags=["결제"], responses={"200": {"description": "됨.", "content": content}}
    )
    package = generated(tmp_path, document(paths), "script_client")

    def pay(**given: Any) -> dict[str, Any]:
        return {"상태": "완료", "금액": given["금액_한도"] + len(given["월"])}

    served = TestClient(create_app(document(paths), handlers={"결제하기": pay}))
    with served, package.ScriptClient("http://test", transport=served._transport) as client:
        bill = client.결제.결제하기(월="10월", 금액_한도=7)
    assert (bill.상태.name, bill.금액) == ("완료", 10)


def test_an_operation_that_leads_elsewhere_gives_the_location(tmp_path: Path) -> None:
    location = {"Location": {"schema": {"type": "string", "format": "uri"}}}
    responses = {"302": {"description": "The archive.", "headers": location}, "404": {"description": "None."}}
    paths = {
        **of_one("download", responses=responses),
        **of_one("refuse", responses={"404": {"description": "Never here."}}),
    }
    package = generated(tmp_path, document(paths), "leading_client")
    testing = importlib.import_module("leading_client.testing")
    transport = testing.ExampleTransport()
    with package.LeadingClient("http://test", transport=transport) as client:
        assert client.default.download().startswith("http")
        transport.reply("download", status=302, headers={"Location": "/there"}, times=1)
        assert client.default.download() == "/there"
        transport.reply("download", status=404, times=1)
        with pytest.raises(package.NotFoundError):
            client.default.download()
        with pytest.raises(package.NotFoundError):  # the one answer that is documented
            client.default.refuse()
    assert "The Location of the answer" in client.default.download.__doc__
