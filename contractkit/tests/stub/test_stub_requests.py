"""What a request may be, and what is said of one that may not."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contractkit.stub import create_app

Ask = Callable[..., httpx.Response]

GOOD = {"id": "i1", "name": "Lamp", "price": "12.50"}
JSON = {"Content-Type": "application/json"}


def body(text: str | bytes, **headers: str) -> dict[str, Any]:
    return {"content": text, "headers": {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}}


HOSTILE: list[tuple[str, str, str, dict[str, Any], int, list[str]]] = [
    ("an unknown path", "GET", "/nowhere", {}, 404, []),
    ("a trailing slash", "GET", "/items/", {}, 404, []),
    ("a trailing slash after a variable", "GET", "/items/i1/", {}, 404, []),
    ("a path above the root", "GET", "/items/../../etc/passwd", {}, 404, []),
    ("a line end after the path", "GET", "/items%0A", {}, 404, []),
    ("a broken escape in the path", "GET", "/items/%zz", {}, 404, []),
    ("a path that is not UTF-8", "GET", "/items/%ff", {}, 404, []),
    ("NUL in the path", "GET", "/items/a%00b", {}, 404, []),
    ("an unfit path variable", "GET", "/items/a%0A", {}, 400, ["/path/item-id"]),
    ("a method that the path lacks", "PATCH", "/items", {}, 405, []),
    ("a literal path's missing method", "DELETE", "/items/mine", {}, 405, []),
    ("OPTIONS where it is not documented", "OPTIONS", "/items", {}, 405, []),
    ("an unknown query parameter", "GET", "/items?itemsperpage=3", {}, 400, ["/query/itemsperpage"]),
    ("a number that is none", "GET", "/items?itemsPerPage=three", {}, 400, ["/query/itemsPerPage"]),
    ("a number with a plus", "GET", "/items?itemsPerPage=%2B3", {}, 400, ["/query/itemsPerPage"]),
    ("a number out of range", "GET", "/items?itemsPerPage=101", {}, 400, ["/query/itemsPerPage"]),
    ("an empty number", "GET", "/items?itemsPerPage=", {}, 400, ["/query/itemsPerPage"]),
    ("five thousand digits", "GET", f"/items?itemsPerPage={'9' * 5000}", {}, 400, ["/query/itemsPerPage"]),
    ("a scalar twice", "GET", "/items?itemsPerPage=1&itemsPerPage=2", {}, 400, ["/query/itemsPerPage"]),
    ("a boolean in capitals", "GET", "/items?active=True", {}, 400, ["/query/active"]),
    ("a moment without offset", "GET", "/items?since=2024-01-01T00:00:00", {}, 400, ["/query/since"]),
    ("too many items", "GET", "/items?tag=a&tag=b&tag=c&tag=d", {}, 400, ["/query/tag"]),
    ("an item that is no number", "GET", "/items?sizes=1,x", {}, 400, ["/query/sizes/1"]),
    ("a deep value that is no number", "GET", "/items?filter[min]=x", {}, 400, ["/query/filter/min"]),
    ("a deep value under a value", "GET", "/items?filter[min]=1&filter[min][x]=1", {}, 400, ["/query/filter"]),
    ("a query that is not UTF-8", "GET", "/items?tag=%ff", {}, 400, []),
    ("two thousand query fields", "GET", "/items?" + "&".join(["tag=a"] * 2000), {}, 400, []),
    ("a header that is no uuid", "GET", "/items", {"headers": {"X-Tenant": "x"}}, 400, ["/header/X-Tenant"]),
    ("a header's bad item", "GET", "/items", {"headers": {"X-Levels": "1, x"}}, 400, ["/header/X-Levels/1"]),
    ("a cookie that is no number", "GET", "/items", {"headers": {"Cookie": "session=x"}}, 400, ["/cookie/session"]),
    ("every fault of the parameters", "GET", "/items?active=1&sizes=x", {}, 400, ["/query/active", "/query/sizes/0"]),
    ("no body", "POST", "/items", {}, 400, []),
    ("an empty body", "POST", "/items", body(""), 400, []),
    ("a body without Content-Type", "POST", "/items", {"content": b"{}"}, 415, []),
    ("another Content-Type", "POST", "/items", {"content": b"{}", "headers": {"Content-Type": "text/csv"}}, 415, []),
    ("a Content-Type that is none", "POST", "/items", {"content": b"{}", "headers": {"Content-Type": "json"}}, 415, []),
    ("UTF-16", "POST", "/items", body("{}".encode("utf-16"), Content_Type="application/json; charset=utf-16"), 415, []),
    ("a packed body", "POST", "/items", body(b"\x1f\x8b", Content_Encoding="gzip"), 415, []),
    ("a body that is not UTF-8", "POST", "/items", body(b'{"name": "\xff"}'), 400, [""]),
    ("truncated JSON", "POST", "/items", body('{"name": '), 400, [""]),
    ("NaN", "POST", "/items", body('{"name": "a", "price": "1.00", "weight": NaN}'), 400, [""]),
    ("Infinity", "POST", "/items", body('{"name": "a", "price": "1.00", "weight": 1e999}'), 400, [""]),
    ("a lone surrogate", "POST", "/items", body('{"name": "\\ud800", "price": "1.00"}'), 400, [""]),
    ("two documents", "POST", "/items", body("{}{}"), 400, [""]),
    ("null", "POST", "/items", body("null"), 400, [""]),
    ("an array", "POST", "/items", body("[]"), 400, [""]),
    ("deep nesting", "PUT", "/trees", body('{"left": ' * 5000 + "1" + "}" * 5000), 400, [""]),
    ("deep nesting that is allowed but for its end", "PUT", "/trees", body('{"left":' * 900 + "1" + "}" * 900), 400,
     ["/left" * 900]),
    ("missing and unknown members", "POST", "/items", body('{"name": "a", "x/y": 1}'), 400, ["/price", "/x~1y"]),
    ("the end of a pattern", "POST", "/items", body('{"name": "a", "price": "1.00\\n"}'), 400, ["/price"]),
    ("digits of another script", "POST", "/items", body('{"name": "a", "price": "\\u0661.\\u0660\\u0660"}'), 400,
     ["/price"]),
    ("a float for an integer", "POST", "/items", body('{"name": "a", "price": "1.00", "count": 1.0}'), 400, ["/count"]),
    ("true for an integer", "POST", "/items", body('{"name": "a", "price": "1.00", "count": true}'), 400, ["/count"]),
    ("more than 64 bits", "POST", "/items", body('{"name": "a", "price": "1.00", "count": 9223372036854775808}'), 400,
     ["/count"]),
    ("a thousand digits", "POST", "/items", body('{"name": "a", "price": "1.00", "count": ' + "9" * 1000 + "}"), 400,
     [""]),
    ("a day that is none", "POST", "/items", body('{"name": "a", "price": "1.00", "made": "2023-02-29"}'), 400,
     ["/made"]),
    ("a moment with a space", "POST", "/items", body('{"name":"a","price":"1.00","at":"2024-01-01 00:00:00Z"}'), 400,
     ["/at"]),
    ("no uuid, no mail", "POST", "/items", body('{"name":"a","price":"1.00","key":"x","mail":"x"}'), 400,
     ["/key", "/mail"]),
    ("a null that is not allowed", "POST", "/items", body('{"name": null, "price": "1.00"}'), 400, ["/name"]),
    ("a fault inside an alternative", "POST", "/items", body('{"name":"a","price":"1.00","owner":{"x":1}}'), 400,
     ["/owner/name", "/owner/x"]),
    ("an unknown tag", "PUT", "/pets", body('{"kind": "cow"}'), 400, [""]),
    ("a fault of the tagged alternative", "PUT", "/pets", body('{"kind": "cat", "lives": "nine"}'), 400, ["/lives"]),
    ("a form without its field", "POST", "/forms", {"data": {"count": "1"}}, 400, ["/title"]),
    ("a form's field twice", "POST", "/forms", {"data": {"title": ["a", "b"]}}, 400, ["/title"]),
    ("a form's number that is none", "POST", "/forms", {"data": {"title": "a", "count": "x"}}, 400, ["/count"]),
    ("a multipart form that is none", "POST", "/forms",
     {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400, [""]),
    ("a multipart form without boundary", "POST", "/forms",
     {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, [""]),
    ("a text that is too long", "POST", "/forms", body("x" * 11, Content_Type="text/plain"), 400, [""]),
    ("a method that the documentation lacks", "POST", "/docs", {}, 405, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "url", "request_", "status", "pointers"),
    [pytest.param(*case[1:], id=case[0]) for case in HOSTILE],
)
def test_a_bad_request_gets_a_problem_that_points_at_each_fault(
    shop: dict[str, Any],
    ask: Ask,
    method: str,
    url: str,
    request_: dict[str, Any],
    status: int,
    pointers: list[str],
) -> None:
    response = ask(create_app(shop), method, url, **request_)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["instance"]
    assert sorted(each["pointer"] for each in problem.get("errors", [])) == sorted(pointers)


def test_a_wrong_method_is_told_the_right_ones(shop: dict[str, Any], ask: Ask) -> None:
    app = create_app(shop)
    for method in ("PATCH", "OPTIONS", "HEAD"):
        response = ask(app, method, "/items")
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, POST"


def test_faults_are_counted_to_twenty(shop: dict[str, Any], ask: Ask) -> None:
    response = ask(create_app(shop), "PUT", "/trees", json={"rest": [{"value": "x"}] * 30})
    pointers = [each["pointer"] for each in response.json()["errors"]]
    assert pointers == [f"/rest/{number}/value" for number in range(20)]


def test_a_body_over_the_limit_is_refused_whether_it_is_announced_or_not(shop: dict[str, Any], ask: Ask) -> None:
    async def pieces() -> Any:
        for _ in range(4):
            yield b" " * 30

    app = create_app(shop, max_body=100)
    assert ask(app, "POST", "/items", **body(b" " * 101)).status_code == 413
    assert ask(app, "POST", "/items", content=pieces(), headers=JSON).status_code == 413
    assert ask(app, "POST", "/items", json=GOOD).status_code == 201


ACCEPTED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("a read-only member that comes back", "POST", "/items", {"json": GOOD}),
    ("a body without its read-only member", "POST", "/items", {"json": {"name": "a", "price": "1.00"}}),
    ("null where a reference may be null", "POST", "/items", {"json": {**GOOD, "owner": None}}),
    ("the largest 64-bit integer", "POST", "/items", {"json": {**GOOD, "count": 2**63 - 1}}),
    ("a member twice", "POST", "/items", body('{"name": "a", "name": "b", "price": "1.00"}')),
    ("a media type in capitals", "POST", "/items",
     body('{"name": "a", "price": "1.00"}', Content_Type='Application/JSON')),
    ("a charset in capitals", "POST", "/items",
     body('{"name": "a", "price": "1.00"}', Content_Type='application/json; charset="UTF-8"')),
    ("a moment in lower case", "POST", "/items", {"json": {**GOOD, "at": "2024-02-29t23:59:59.123456789+09:00"}}),
    ("no body where none is needed", "PUT", "/trees", {}),
    ("an empty text", "POST", "/forms", body("", Content_Type="text/plain")),
    ("a slash and a percent sign in a path variable", "GET", "/items/a%2Fb%25c", {}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "url", "request_"), [pytest.param(*case[1:], id=case[0]) for case in ACCEPTED])
def test_an_unusual_request_that_fits_is_served(
    shop: dict[str, Any], ask: Ask, method: str, url: str, request_: dict[str, Any]
) -> None:
    assert ask(create_app(shop), method, url, **request_).is_success


def test_a_request_id_comes_back_unless_it_is_odd(shop: dict[str, Any], ask: Ask) -> None:
    app = create_app(shop)
    assert ask(app, "GET", "/items", headers={"X-Request-Id": "a-1.b_2"}).headers["x-request-id"] == "a-1.b_2"
    assert ask(app, "GET", "/no", headers={"X-Request-Id": "a-1.b_2"}).headers["x-request-id"] == "a-1.b_2"
    odd = ask(app, "GET", "/items", headers={"X-Request-Id": "a b"}).headers["x-request-id"]
    assert odd != "a b"
    assert len(odd) == 32
