"""How handlers are called, and what becomes of what they return."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from contractkit.stub import FieldError, Problem, StubError, argument_name, create_app

Ask = Callable[..., httpx.Response]
Got = dict[str, Any]

ITEM = {"id": "i1", "name": "Lamp", "price": "12.50"}


def test_a_handler_gets_every_parameter_by_keyword_with_its_type_and_default(shop: Got, ask: Ask) -> None:
    got: Got = {}

    def list_items(**arguments: Any) -> Got:
        got.update(arguments)
        return {}

    app = create_app(shop, handlers={"listItems": list_items})
    url = "/items?tag=a&tag=b,c&sizes=1,2&filter[min]=1.5&active=true"
    headers = {"X-Levels": "1, 2", "Cookie": "other=1; session=7"}
    assert ask(app, "GET", url, headers=headers).status_code == 200
    assert got == {
        "items_per_page": 20,
        "tag": ["a", "b,c"],
        "sizes": [1, 2],
        "filter": {"min": 1.5},
        "active": True,
        "since": None,
        "x_tenant": None,
        "x_levels": [1, 2],
        "session": 7,
    }


def test_a_path_variable_keeps_its_slash(shop: Got, ask: Ask) -> None:
    got = []

    def delete_item(*, item_id: str) -> None:
        got.append(item_id)

    app = create_app(shop, handlers={"deleteItem": delete_item})
    response = ask(app, "DELETE", "/items/a%2Fb%252Fc%20d")
    assert got == ["a/b%2Fc d"]
    assert response.status_code == 204
    assert response.content == b""
    assert "content-type" not in response.headers


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            {"data": {"title": "a", "count": "2", "tags": ["red", "blue"]}},
            {"title": "a", "count": 2, "tags": ["red", "blue"]},
        ),
        (
            {"files": [("title", (None, "a")), ("tags", (None, "red")), ("file", ("f", b"\x00\xff")),
                       ("meta", (None, '{"deep": true}'))]},
            {"title": "a", "tags": ["red"], "file": b"\x00\xff", "meta": {"deep": True}},
        ),
        ({"content": "é", "headers": {"Content-Type": "text/plain"}}, "é"),
        ({"content": b"\xff", "headers": {"Content-Type": "application/octet-stream"}}, b"\xff"),
    ],
    ids=["form", "multipart", "text", "bytes"],
)  # fmt: skip
def test_a_body_comes_as_its_media_type_says(shop: Got, ask: Ask, request_: Got, expected: object) -> None:
    got = []

    async def post_form(*, body: object) -> str:
        got.append(body)
        return "ok"

    app = create_app(shop, handlers={"postForm": post_form})
    assert ask(app, "POST", "/forms", **request_).json() == "ok"
    assert got == [expected]


def test_plain_handlers_leave_the_event_loop_free_and_coroutines_run_on_it(shop: Got, ask: Ask) -> None:
    ran = []

    def list_items(**_: object) -> Got:
        ran.append(threading.current_thread() is threading.main_thread())
        return {}

    async def get_mine() -> str:
        ran.append(threading.current_thread() is threading.main_thread())
        return "mine"

    app = create_app(shop, handlers={"listItems": list_items, "getMine": get_mine})
    assert ask(app, "GET", "/items").status_code == 200
    assert ask(app, "GET", "/items/mine").json() == "mine"
    assert ran == [False, True]


def test_path_variables_are_read_in_every_style_exploded_or_not(ask: Ask) -> None:
    integers = {"type": "array", "items": {"type": "integer"}}
    point = {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}}
    shapes = [("a", "label", False, integers), ("b", "label", True, integers), ("c", "matrix", False, integers),
              ("d", "matrix", True, integers), ("e", "matrix", True, point), ("f", "label", True, {"type": "number"}),
              ("g", "simple", True, point)]  # fmt: skip
    parameters = [
        {"name": name, "in": "path", "required": True, "style": style, "explode": explode, "schema": schema}
        for name, style, explode, schema in shapes
    ]
    reply = {"description": "", "content": {"application/json": {"schema": {}}}}
    operation = {"operationId": "echo", "parameters": parameters, "responses": {"200": reply}}
    paths = {"/{a}/{b}/{c}/{d}/{e}/{f}/{g}": {"get": operation}}
    document = {"openapi": "3.0.3", "info": {"title": "", "version": ""}, "paths": paths}
    app = create_app(document, handlers={"echo": lambda **arguments: arguments})
    assert ask(app, "GET", "/.1,2/.1.2/;c=1,2/;d=1;d=2/;x=1;y=2/.1.5/x=1,y=2").json() == {
        "a": [1, 2], "b": [1, 2], "c": [1, 2], "d": [1, 2], "e": {"x": 1, "y": 2}, "f": 1.5, "g": {"x": 1, "y": 2},
    }  # fmt: skip


def test_a_problem_has_no_body_where_its_status_is_documented_without_one(ask: Ask) -> None:
    def look() -> None:
        raise Problem(304, headers={"ETag": '"1"'})

    replies = {"204": {"description": "Looked."}, "304": {"description": "As you know it."}}
    paths = {"/": {"get": {"operationId": "look", "responses": replies}}}
    document = {"openapi": "3.0.3", "info": {"title": "", "version": ""}, "paths": paths}
    response = ask(create_app(document, handlers={"look": look}), "GET", "/")
    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", '"1"')
    assert "content-type" not in response.headers


def test_an_absent_body_is_none(shop: Got, ask: Ask) -> None:
    def put_tree(*, body: Got | None = None) -> Got:
        assert body is None
        return {"value": 1}

    assert ask(create_app(shop, handlers={"putTree": put_tree}), "PUT", "/trees").json() == {"value": 1}


def test_a_large_integer_stays_exact(shop: Got, ask: Ask) -> None:
    def put_tree(*, body: Got) -> Got:
        assert body == {"value": 123456789012345678901234567890}
        return {}

    app = create_app(shop, handlers={"putTree": put_tree})
    content = '{"value": 123456789012345678901234567890}'
    assert ask(app, "PUT", "/trees", content=content, headers={"Content-Type": "application/json"}).status_code == 200


def test_a_success_with_required_headers_is_a_tuple(shop: Got, ask: Ask) -> None:
    def add_item(*, body: Got) -> tuple[int, Got, Mapping[str, str]]:
        return 201, {"id": "i1", **body}, {"Location": "/items/i1"}

    response = ask(create_app(shop, handlers={"addItem": add_item}), "POST", "/items", json=ITEM)
    assert response.status_code == 201
    assert response.headers["location"] == "/items/i1"
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "result", "media_type", "content"),
    [
        ("text/csv", "id\n1\n", "text/csv", "id\n1\n"),
        ("application/json;q=0.1, text/*", "id\n1\n", "text/csv", "id\n1\n"),
        ("text/csv", ITEM, "application/json", '{"id":"i1","name":"Lamp","price":"12.50"}'),
        ("image/png", ITEM, "application/json", '{"id":"i1","name":"Lamp","price":"12.50"}'),
    ],
)
def test_the_media_type_is_the_one_that_client_and_value_agree_on(
    shop: Got, ask: Ask, accept: str, result: object, media_type: str, content: str
) -> None:
    app = create_app(shop, handlers={"getItem": lambda **_: result})
    response = ask(app, "GET", "/items/i1", headers={"Accept": accept})
    assert response.headers["content-type"] == media_type
    assert response.text == content


@pytest.mark.parametrize(
    ("operation", "method", "url", "result"),
    [
        ("getItem", "GET", "/items/i1", {"id": 1}),
        ("getItem", "GET", "/items/i1", {**ITEM, "pin": "1234"}),
        ("getItem", "GET", "/items/i1", {**ITEM, "weight": float("nan")}),
        ("getItem", "GET", "/items/i1", {**ITEM, "name": "\ud800"}),
        ("getItem", "GET", "/items/i1", object()),
        ("getItem", "GET", "/items/i1", None),
        ("getMine", "GET", "/items/mine", "yours"),
        ("deleteItem", "DELETE", "/items/i1", {"a": 1}),
        ("addItem", "POST", "/items", ITEM),
        ("addItem", "POST", "/items", (202, ITEM)),
        ("addItem", "POST", "/items", (201, ITEM)),
    ],
    ids=["a wrong type", "a secret", "NaN", "a surrogate", "no JSON", "nothing", "an unknown value", "a body too many",
         "no status", "an undocumented status", "a missing header"],
)  # fmt: skip
def test_a_reply_that_is_not_as_documented_is_a_500_that_tells_nothing(
    shop: Got, ask: Ask, caplog: pytest.LogCaptureFixture, operation: str, method: str, url: str, result: object
) -> None:
    app = create_app(shop, handlers={operation: lambda **_: result})
    with caplog.at_level(logging.ERROR, "contractkit.stub"):
        response = ask(app, method, url, **({"json": ITEM} if method == "POST" else {}))
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert set(response.json()) == {"type", "title", "status", "detail", "instance"}
    assert response.headers["x-request-id"] in caplog.text


def test_the_log_says_which_part_of_a_reply_is_wrong(shop: Got, ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(shop, handlers={"addItem": lambda **_: (202, ITEM), "getItem": lambda **_: {"id": 1}})
    ask(app, "POST", "/items", json=ITEM)
    assert "status 202 is not documented" in caplog.text
    ask(app, "GET", "/items/i1")
    assert '/id: the value is not of type "string"' in caplog.text
    assert "/name: is required" in caplog.text


class NoSuchItemError(Exception):
    pass


def to_problem(error: Exception) -> Problem | None:
    if isinstance(error, NoSuchItemError):
        return Problem(404, detail="No such item.", errors=(FieldError("/path/item-id", "is unknown"),))
    return Problem(418) if isinstance(error, LookupError) else None


def failing(error: Exception) -> Callable[..., object]:
    def handler(**_: object) -> object:
        raise error

    return handler


def test_an_exception_becomes_the_problem_that_the_application_says(shop: Got, ask: Ask) -> None:
    app = create_app(
        shop,
        handlers={"deleteItem": failing(NoSuchItemError())},
        to_problem=to_problem,
        extend_problem=lambda problem: {"code": f"E{problem.status}"},
    )
    response = ask(app, "DELETE", "/items/i1", headers={"X-Request-Id": "r1"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No such item.",
        "instance": "/items/i1",
        "errors": [{"pointer": "/path/item-id", "detail": "is unknown"}],
        "code": "E404",
    }
    assert ask(app, "GET", "/nowhere").json()["code"] == "E404"


@pytest.mark.parametrize("error", [ValueError("secret"), IndexError("undocumented")], ids=["unknown", "undocumented"])
def test_an_exception_that_nobody_expects_is_a_500_with_its_traceback_in_the_log(
    shop: Got, ask: Ask, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    app = create_app(shop, handlers={"deleteItem": failing(error)}, to_problem=to_problem)
    response = ask(app, "DELETE", "/items/i1", headers={"X-Request-Id": "r1"})
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "request r1" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("handlers", "message"),
    [
        ({"nothing": lambda: None}, "no operation nothing"),
        ({"getItem": lambda *, item: item}, "getItem does not take item_id"),
        ({"getMine": lambda *, user: user}, "getMine needs user"),
    ],
)
def test_a_handler_that_does_not_fit_stops_the_start(shop: Got, handlers: Any, message: str) -> None:
    with pytest.raises(StubError, match=message):
        create_app(shop, handlers=handlers)


@pytest.mark.parametrize(
    ("name", "argument"),
    [("itemsPerPage", "items_per_page"), ("Idempotency-Key", "idempotency_key"), ("uuid", "uuid"), ("from", "from_"),
     ("X-API-Key", "x_api_key"), ("HTTPCode", "http_code"), ("filter[min]", "filter_min"), ("2fa", "_2fa")],
)  # fmt: skip
def test_parameters_have_pythonic_names(name: str, argument: str) -> None:
    assert argument_name(name) == argument


def test_other_routes_stand_beside_the_document_and_below_its_literal_paths(shop: Got, ask: Ask) -> None:
    async def hello(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    app = create_app(shop, routes=[Route("/hello", hello), Route("/items", hello), Route("/items/other", hello)])
    assert ask(app, "GET", "/hello").text == "hello"
    assert ask(app, "GET", "/items/other").text == "hello"
    assert ask(app, "GET", "/items").json() == {}
    assert ask(app, "POST", "/hello").status_code == 405


def test_the_document_and_its_page_are_served_from_here_alone(shop: Got, ask: Ask) -> None:
    app = create_app(shop)
    document = ask(app, "GET", "/openapi.json").json()
    assert document["info"]["description"].startswith("Braces {{ stay }}")
    assert document["components"]["schemas"]["Tree"]["properties"]["left"] == {"$ref": "#/components/schemas/Tree"}
    page = ask(app, "GET", "/docs").text
    assert "http://" not in page
    assert "https://" not in page
    for name in ("swagger-ui.css", "swagger-ui-bundle.js"):
        assert f"/docs/{name}" in page
        assert ask(app, "GET", f"/docs/{name}").status_code == 200


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"swagger": "2.0", "paths": {}}, "only OpenAPI 3.0"),
        ({"openapi": "3.1.0", "paths": {}}, "only OpenAPI 3.0"),
        ({"openapi": "3.0.3", "paths": {"/a": {"get": {"parameters": [{"$ref": "#/no"}]}}}}, "leads nowhere"),
        ({"openapi": "3.0.3", "paths": {"/a": {"$ref": "a.yaml"}}}, "bundle the document first"),
    ],
)
def test_a_document_that_cannot_be_served_is_refused_in_one_line(document: Got, message: str) -> None:
    with pytest.raises(StubError, match=message):
        create_app(document)
