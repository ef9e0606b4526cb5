"""One call of a generated client: what is sent, what is returned, and which error is raised."""

import copy
import json
import pickle
from typing import Any

import httpx
import pytest

from contractkit.generate.client import docstrings
from contractkit.tests.generate.runtime import (
    Client,
    Clock,
    Script,
    calls,
    codec,
    errors,
    listening,
    operation,
    reply,
    resilience,
)

PROBLEM = {
    "title": "Conflict",
    "detail": "month is paid",
    "errors": [{"pointer": "/paymentGroupId"}, {"pointer": "/month"}, {"detail": "no pointer"}, 3],
}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.put(monkeypatch)


def answered(asynchronous: bool, response: httpx.Response, **members: Any) -> Any:
    return Client(asynchronous, Script(response)).call(operation(idempotent=False, **members))


def raised(asynchronous: bool, response: httpx.Response, **members: Any) -> Any:
    with pytest.raises(errors.ApiError) as caught:
        answered(asynchronous, response, **members)
    return caught.value


def integer(value: Any) -> int:
    if not isinstance(value, int):
        raise codec.DecodeError("not a whole number", "/3/volume")
    return value


def test_a_request_is_sent_as_it_was_built(asynchronous: bool) -> None:
    server = Script(200)
    request = calls.Request(
        "/a%2Fb/c",
        query=(("q", "a b&c"), ("q", "ü,")),
        headers={"X-One": "1", "Content-Type": "text/plain"},
        cookies={"c": "1"},
        content=b"body",
    )
    Client(asynchronous, server, headers={"X-All": "2"}).call(operation(method="PUT"), request)
    (sent,) = server.requests
    assert str(sent.url) == "http://api.test/v1/a%2Fb/c?q=a%20b%26c&q=%C3%BC%2C"
    assert (sent.method, sent.content) == ("PUT", b"body")
    found = {name: sent.headers[name] for name in ("x-one", "x-all", "content-type", "cookie")}
    assert found == {"x-one": "1", "x-all": "2", "content-type": "text/plain", "cookie": "c=1"}


def test_a_multipart_form_is_sent_whole_on_every_try(asynchronous: bool) -> None:
    server = Script(503, 200)
    request = calls.Request("/files", data={"name": "n"}, files=[("file", ("a.txt", b"text", "text/plain"))])
    Client(asynchronous, server).call(operation(method="PUT"), request)
    first, second = (sent.content for sent in server.requests)
    assert first == second
    assert b'filename="a.txt"' in first


@pytest.mark.parametrize(
    ("documented", "response", "value"),
    [
        (reply(), httpx.Response(200, json={"a": 1}), {"a": 1}),
        (reply(), httpx.Response(200, content=b"\xef\xbb\xbf[1]"), [1]),
        (reply(), httpx.Response(200, content=b"1", headers={"content-type": "Application/JSON; charset=utf-8"}), 1),
        (reply(), httpx.Response(200, content=b"1", headers={"content-type": "application/vnd.x+json"}), 1),
        (reply(decode=integer), httpx.Response(200, json=7), 7),
        (reply("text", "text/csv"), httpx.Response(200, text="a;b", headers={"content-type": "text/csv"}), "a;b"),
        (reply("text", "text/plain"), httpx.Response(200, content=b"\xe4",
                                                     headers={"content-type": "text/plain; charset=latin-1"}), "ä"),
        (reply("bytes", "image/*"), httpx.Response(200, content=b"x", headers={"content-type": "image/png"}), b"x"),
        (reply("bytes", "*/*"), httpx.Response(200, content=b"x", headers={"content-type": "a/b"}), b"x"),
        (reply("form", "a/form"), httpx.Response(200, content=b"a=1&b="), {"a": "1", "b": ""}),
        (calls.Reply(), httpx.Response(200), None),
        (calls.Reply(), httpx.Response(200, text="whatever"), None),
    ],
)  # fmt: skip
def test_a_success_gives_what_is_documented(asynchronous: bool, documented: Any, response: Any, value: Any) -> None:
    assert answered(asynchronous, response, replies={"200": documented}) == value


def test_the_media_type_of_the_answer_chooses_among_the_documented(asynchronous: bool) -> None:
    both = calls.Reply((*reply("bytes", "*/*").bodies, *reply("text", "text/csv").bodies))
    csv = httpx.Response(200, text="a", headers={"content-type": "text/csv"})
    assert answered(asynchronous, csv, replies={"200": both}) == "a"


def test_an_answer_to_head_has_no_body(asynchronous: bool) -> None:
    assert answered(asynchronous, httpx.Response(200), method="HEAD") is None


@pytest.mark.parametrize(
    ("replies", "status", "value"),
    [
        ({"201": reply(), "2XX": reply("text", "*/*")}, 201, {}),
        ({"201": reply(), "2XX": reply("text", "*/*")}, 202, "{}"),
        ({"default": reply()}, 200, {}),
    ],
)
def test_the_most_exact_status_describes_a_success(asynchronous: bool, replies: Any, status: int, value: Any) -> None:
    assert answered(asynchronous, httpx.Response(status, json={}), replies=replies) == value


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (httpx.Response(200, html="<html>"), "the media type is text/html, documented is application/json"),
        (httpx.Response(200, content=b'{"a":'), "no application/json"),
        (httpx.Response(200, content=b""), "no application/json"),
        (httpx.Response(200, content=b"NaN"), "NaN"),
        (httpx.Response(200, content=b"[" * 100_000), "no application/json"),
        (httpx.Response(200, content=b"\xff"), "no application/json"),
        (httpx.Response(200, json="x"), "/3/volume"),
        (httpx.Response(202, json=1), "this status is not documented"),
        (httpx.Response(499, text=""), "this status is not documented"),
        (httpx.Response(520, html="<html>"), "this status is not documented"),
    ],
)
def test_what_is_not_documented_is_an_unexpected_response(asynchronous: bool, response: Any, reason: str) -> None:
    error = raised(asynchronous, response, replies={"200": reply(decode=integer)})
    assert type(error) is errors.UnexpectedResponse
    assert reason in error.reason
    assert reason in str(error)
    assert error.status_code == response.status_code


def test_an_undocumented_success_is_not_read_as_the_default_error(asynchronous: bool) -> None:
    replies = {"200": reply(), "default": reply("json", "application/problem+json")}
    assert type(raised(asynchronous, httpx.Response(202, json={}), replies=replies)) is errors.UnexpectedResponse


@pytest.mark.parametrize(
    ("status", "kind", "parent"),
    [
        (400, "BadRequestError", "ClientError"),
        (401, "UnauthorizedError", "ClientError"),
        (403, "ForbiddenError", "ClientError"),
        (404, "NotFoundError", "ClientError"),
        (409, "ConflictError", "ClientError"),
        (410, "GoneError", "ClientError"),
        (412, "PreconditionFailedError", "ClientError"),
        (415, "UnsupportedMediaTypeError", "ClientError"),
        (422, "UnprocessableError", "ClientError"),
        (429, "RateLimitedError", "ClientError"),
        (418, "ClientError", "ProblemError"),
        (500, "InternalServerError", "ServerError"),
        (502, "BadGatewayError", "ServerError"),
        (503, "ServiceUnavailableError", "ServerError"),
        (504, "GatewayTimeoutError", "ServerError"),
        (507, "ServerError", "ProblemError"),
        (303, "RedirectionError", "ResponseError"),
    ],
)
def test_a_documented_error_is_raised_by_its_status(asynchronous: bool, status: int, kind: str, parent: str) -> None:
    error = raised(asynchronous, httpx.Response(status, json=PROBLEM, headers={"retry-after": "5"}))
    assert type(error).__name__ == kind
    assert isinstance(error, getattr(errors, parent))
    assert (error.status_code, error.retry_after, error.operation) == (status, 5.0, "list_items")
    assert error.problem == PROBLEM


def test_a_problem_says_what_is_wrong_and_where(asynchronous: bool) -> None:
    error = raised(asynchronous, httpx.Response(409, json=PROBLEM), id="pay")
    assert str(error) == "pay: 409 Conflict: month is paid (/paymentGroupId, /month)"
    assert (error.title, error.detail) == ("Conflict", "month is paid")
    assert error.pointers == ("/paymentGroupId", "/month")


@pytest.mark.parametrize("body", [[1], {"title": 3, "errors": {}}, {}])
def test_a_problem_of_another_form_has_the_usual_name_of_its_status(asynchronous: bool, body: Any) -> None:
    error = raised(asynchronous, httpx.Response(404, json=body), id="get")
    assert (str(error), error.pointers) == ("get: 404 Not Found", ())


def test_an_error_that_is_documented_without_a_body_has_no_problem(asynchronous: bool) -> None:
    error = raised(asynchronous, httpx.Response(404, html="<html>"), replies={"404": calls.Reply()})
    assert (type(error), error.problem) == (errors.NotFoundError, None)


@pytest.mark.parametrize("status", [303, 404, 503, 520])
def test_every_error_of_an_answer_survives_pickling_and_copying(status: int) -> None:
    error = raised(False, httpx.Response(status, json=PROBLEM, headers={"retry-after": "1"}),
                   replies={"303": reply(), "404": reply(), "503": reply()})  # fmt: skip
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301  # it is our own
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


def test_a_transport_error_keeps_its_cause_and_survives_pickling(asynchronous: bool) -> None:
    with pytest.raises(errors.TransportError) as caught:
        Client(asynchronous, Script(httpx.ReadTimeout)).call(operation(idempotent=False))
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301  # it is our own


def test_redirections_are_not_followed(asynchronous: bool) -> None:
    server = Script(httpx.Response(302, headers={"location": "http://elsewhere.test/"}, json={}))
    with pytest.raises(errors.RedirectionError) as caught:
        Client(asynchronous, server).call()
    assert (caught.value.headers["location"], len(server.requests)) == ("http://elsewhere.test/", 1)


def test_parse_gives_the_documented_value_of_errors_too() -> None:
    assert calls.parse(operation(), httpx.Response(404, json=PROBLEM)) == PROBLEM
    with pytest.raises(errors.UnexpectedResponse):
        calls.parse(operation(replies={"200": reply()}), httpx.Response(404, json=PROBLEM))


OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n"


@pytest.mark.parametrize("broken", [b"", OK, OK + b'{"a"', OK[:20], b"no HTTP\r\n\r\n"])
def test_a_connection_that_breaks_is_tried_again(asynchronous: bool, broken: bytes) -> None:
    with listening(broken, OK + json.dumps({"a": 1}).replace(" ", "").encode()) as url:
        assert Client(asynchronous, url).call() == {"a": 1}


@pytest.mark.parametrize("location", [b"http://[::1/x", b"mailto:someone", b"urn:a:b"])
def test_a_redirection_to_no_address_is_an_answer(asynchronous: bool, location: bytes) -> None:
    answer = b"HTTP/1.1 302 Found\r\nlocation: " + location + b"\r\ncontent-length: 0\r\n\r\n"
    with listening(answer) as url, pytest.raises(errors.UnexpectedResponse) as caught:
        Client(asynchronous, url, resilience=resilience.Resilience(breaker_failures=1)).call()
    assert (caught.value.status_code, caught.value.operation) == (302, "list_items")


def test_cookies_of_answers_are_not_sent_with_later_calls(asynchronous: bool) -> None:
    server = Script(httpx.Response(200, headers={"set-cookie": "sid=1; Path=/"}, json={}))
    client = Client(asynchronous, server)
    client.call()
    client.call(request=calls.Request("/items", cookies={"own": "2"}))
    assert [sent.get("cookie") for sent in server.sent] == [None, "own=2"]


@pytest.mark.parametrize(
    "wrong", ["", "localhost:80", "ftp://host", "http://", "http://host/a?x=1", "/a", " http://host"]
)
def test_a_client_of_no_address_is_not_made(asynchronous: bool, wrong: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        Client(asynchronous, wrong)


def test_docstrings_name_the_class_that_is_raised_for_a_status() -> None:
    assert {str(status): kind.__name__ for status, kind in errors.BY_STATUS.items()} == docstrings.ERRORS
