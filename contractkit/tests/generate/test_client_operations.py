"""What a generated client sends, to the byte: against a transport that keeps every request."""

import importlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from contractkit.tests.generate.small_documents import OK, RECORD, TEXT, array, document, generated, of_one, parameter

Send = Callable[..., httpx.Request]
COLOURS = ["blue", "light green", "a,b|c"]
RGB = {"R": 100, "G": 200}


def sending(name: str, content: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    body = {"required": required, "content": {media: {"schema": schema} for media, schema in content.items()}}
    return {f"/{name}": {"post": {"operationId": name, "requestBody": body, "responses": OK}}}


FORM = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": {"type": "string"},
        "tags": array(),
        "photo": {"type": "string", "format": "binary"},
        "about": {"type": "object", "properties": {"n": {"type": "integer"}}},
    },
}
FIELDS = {"type": "object", "properties": {"title": {"type": "string"}, "tags": array(), "done": {"type": "boolean"}}}
NOTE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
PATHS: dict[str, Any] = {
    **of_one("form", parameter("colour", "query", array())),
    **of_one("joined", parameter("colour", "query", array(), explode=False)),
    **of_one("spaced", parameter("colour", "query", array(), style="spaceDelimited", explode=False)),
    **of_one("piped", parameter("colour", "query", array(), style="pipeDelimited", explode=False)),
    **of_one("spread", parameter("colour", "query", RECORD)),
    **of_one("flat", parameter("colour", "query", RECORD, explode=False)),
    **of_one("deep", parameter("colour", "query", RECORD, style="deepObject")),
    **of_one("document", {"name": "colour", "in": "query", "content": {"application/json": {"schema": RECORD}}}),
    **of_one("plain", *(parameter(name, "query", {"type": kind}) for name, kind in
                        {"s": "string", "i": "integer", "n": "number", "b": "boolean"}.items())),
    **of_one("when", parameter("at", "query", {"type": "string", "format": "date-time"}),
             parameter("limit", "query", {"type": "integer", "default": 5})),
    **of_one("simple", parameter("id", "path", {"type": "string"}), path="/{id}/end"),
    **of_one("simpleList", parameter("id", "path", array()), path="/{id}"),
    **of_one("simpleObject", parameter("id", "path", RECORD, explode=True), path="/{id}"),
    **of_one("label", parameter("id", "path", array(), style="label", explode=True), path="/{id}"),
    **of_one("matrix", parameter("id", "path", array(), style="matrix"), path="/{id}"),
    **of_one("worded", parameter("size", "query", {"type": "integer", "description": "How many.", "minimum": 0,
                                                   "exclusiveMinimum": True, "deprecated": True})),
    **of_one("undeclared", path="/{some-id}"),
    **of_one("headers", parameter("X-Ids", "header", array("integer")), parameter("mood", "cookie", TEXT)),
    **of_one("clashes", *(parameter(name, "query", TEXT)
                          for name in ("self", "deadline", "class", "a-b", "a_b", "clashes"))),
    **sending("json", {"application/json": NOTE}),
    **sending("maybe", {"application/json": NOTE}, required=False),
    **sending("urlencoded", {"application/x-www-form-urlencoded": FIELDS}),
    **sending("multipart", {"multipart/form-data": FORM}),
    **sending("text", {"text/csv": {"type": "string"}}),
    **sending("binary", {"image/png": {"type": "string", "format": "binary"}}),
    **sending("nothing", {"application/json": {**TEXT, "nullable": True}}, required=False),
    **sending("null", {"application/json": {**NOTE, "nullable": True}}),
    **sending("several", {"application/json": NOTE, "text/plain": TEXT, "image/png": {}, "image/gif": {}}),
}  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    package = generated(tmp_path_factory.mktemp("styles"), document(PATHS), "styles_client")
    importlib.import_module("styles_client.models")
    return package


@pytest.fixture
def send(package: Any) -> Send:
    """Calls an operation and returns what was sent."""

    def sender(operation: str, **arguments: Any) -> httpx.Request:
        sent: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            request.read()
            sent.append(request)
            return httpx.Response(204)

        with package.StylesClient("http://test/v1", transport=httpx.MockTransport(answer)) as client:
            assert getattr(client.default, operation)(**arguments) is None
        return sent[0]

    return sender


QUERIES = [
    ("form", {"colour": COLOURS}, "colour=blue&colour=light%20green&colour=a%2Cb%7Cc"),
    ("form", {"colour": []}, ""),
    ("form", {}, ""),
    ("joined", {"colour": ["blue", "green"]}, "colour=blue,green"),
    ("spaced", {"colour": ["blue", "green"]}, "colour=blue%20green"),
    ("piped", {"colour": ["blue", "green"]}, "colour=blue%7Cgreen"),
    ("spread", {"colour": RGB}, "R=100&G=200"),
    ("flat", {"colour": RGB}, "colour=R,100,G,200"),
    ("deep", {"colour": RGB}, "colour%5BR%5D=100&colour%5BG%5D=200"),
    ("document", {"colour": RGB}, "colour=%7B%22R%22%3A100%2C%22G%22%3A200%7D"),
    ("plain", {"s": "", "i": 0, "n": 0.5, "b": False}, "s=&i=0&n=0.5&b=false"),
    ("plain", {"s": "ä&=+ "}, "s=%C3%A4%26%3D%2B%20"),
    ("when", {}, ""),
]


@pytest.mark.parametrize(("operation", "arguments", "query"), QUERIES, ids=str)
def test_a_query_is_written_in_the_style_that_the_document_asks_for(
    send: Send, operation: str, arguments: dict[str, Any], query: str
) -> None:
    assert send(operation, **arguments).url.query.decode().replace("+", "%20") == query


PLACES = [
    ("simple", "a/b c", "/v1/simple/a%2Fb%20c/end"),
    ("simple_list", ["a", "b,c"], "/v1/simpleList/a,b%2Cc"),
    ("simple_object", RGB, "/v1/simpleObject/R=100,G=200"),
    ("label", ["a", "b"], "/v1/label/.a.b"),
    ("matrix", ["a", "b"], "/v1/matrix/;id=a,b"),
]


@pytest.mark.parametrize(("operation", "value", "path"), PLACES, ids=str)
def test_a_variable_of_a_path_is_quoted_and_written_in_its_style(
    send: Send, operation: str, value: Any, path: str
) -> None:
    assert send(operation, id=value).url.raw_path.decode() == path


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_variable_that_would_make_another_path_is_refused_before_anything_is_sent(send: Send, value: str) -> None:
    with pytest.raises(ValueError, match="must not be"):
        send("simple", id=value)


def test_a_variable_that_no_parameter_declares_is_a_text(send: Send) -> None:
    assert send("undeclared", some_id="x y").url.raw_path == b"/v1/undeclared/x%20y"


def test_headers_and_cookies_are_sent_as_text(send: Send) -> None:
    request = send("headers", x_ids=[1, 2], mood="good")
    assert (request.headers["x-ids"], request.headers["cookie"]) == ("1,2", "mood=good")


def test_names_that_are_taken_get_an_underscore_or_a_number_and_keep_their_name_on_the_wire(send: Send) -> None:
    arguments = {"self_": "1", "deadline_": "2", "class_": "3", "a_b": "4", "a_b2": "5", "clashes": "6"}
    request = send("clashes", **arguments, deadline=9.0)
    assert dict(request.url.params) == {
        "self": "1",
        "deadline": "2",
        "class": "3",
        "a-b": "4",
        "a_b": "5",
        "clashes": "6",
    }


def test_a_json_body_is_utf_8_and_named(send: Send, package: Any) -> None:
    request = send("json", body=package.models.JsonRequest(text="grün"))
    assert (request.content.decode(), request.headers["content-type"]) == ('{"text":"grün"}', "application/json")


def test_an_optional_body_that_is_left_out_has_no_content_and_no_media_type(send: Send) -> None:
    request = send("maybe")
    assert (request.content, "content-type" in request.headers) == (b"", False)


def test_a_form_repeats_its_lists(send: Send, package: Any) -> None:
    body = package.models.UrlencodedRequestForm(title="a&b", tags=["x", "y"], done=True)
    request = send("urlencoded", body=body)
    assert parse_qs(request.content.decode()) == {"title": ["a&b"], "tags": ["x", "y"], "done": ["true"]}
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_multipart_form_has_a_part_for_each_value_with_its_own_media_type(send: Send, package: Any) -> None:
    models = package.models
    photo = package.File(b"\x89PNG", "cat.png", "image/png")
    body = models.MultipartRequestForm(
        title="Cat", tags=["x", "y"], photo=photo, about=models.MultipartRequestFormAbout(n=1)
    )
    request = send("multipart", body=body)
    kind, boundary = request.headers["content-type"].split("; boundary=")
    parts = sorted(request.content.strip(b"\r\n-").split(f"\r\n--{boundary}\r\n".encode()))
    bare = [part.removeprefix(f"{boundary}\r\n".encode()).removesuffix(f"\r\n--{boundary}".encode()) for part in parts]
    disposition = b"Content-Disposition: form-data; "
    assert kind == "multipart/form-data"
    assert sorted(bare) == sorted(
        [
            disposition + b'name="title"\r\n\r\nCat',
            disposition + b'name="tags"\r\n\r\nx',
            disposition + b'name="tags"\r\n\r\ny',
            disposition + b'name="photo"; filename="cat.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG',
            disposition + b'name="about"\r\nContent-Type: application/json\r\n\r\n{"n":1}',
        ]
    )


@pytest.mark.parametrize(
    ("operation", "body", "media_type", "content"),
    [
        ("text", "a;b", "text/csv", b"a;b"),
        ("binary", b"\x00\x01", "image/png", b"\x00\x01"),
        ("several", "plain", "text/plain", b"plain"),
        ("several", b"png", "image/png", b"png"),
    ],
)
def test_texts_and_bytes_are_sent_as_they_are_and_the_type_of_the_value_tells_the_media_type(
    send: Send, operation: str, body: object, media_type: str, content: bytes
) -> None:
    request = send(operation, body=body)
    assert (request.content, request.headers["content-type"]) == (content, media_type)


def test_where_two_media_types_take_the_same_python_type_the_caller_may_choose(send: Send, package: Any) -> None:
    assert send("several", body=b"gif", content_type="image/gif").headers["content-type"] == "image/gif"
    note = package.models.SeveralRequest(text="hi")
    assert send("several", body=note).headers["content-type"] == "application/json"


@pytest.mark.parametrize(("body", "chosen"), [(b"gif", "application/json"), (b"gif", "text/gif"), ("a", "image/gif")])
def test_a_media_type_that_does_not_fit_the_body_is_refused(send: Send, body: object, chosen: str) -> None:
    with pytest.raises(ValueError, match=rf"^content_type: '{chosen}' does not fit a body of the type"):
        send("several", body=body, content_type=chosen)


def test_a_body_that_may_be_null_is_null_where_none_is_given_for_it(send: Send) -> None:
    for request in (send("nothing", body=None), send("null", body=None)):
        assert (request.content, request.headers["content-type"]) == (b"null", "application/json")
    assert send("nothing", body="").content == b'""'
    assert "content-type" not in send("nothing").headers


def test_a_parameter_without_words_of_its_own_has_those_of_its_schema(package: Any) -> None:
    manager = importlib.import_module(f"{package.__name__}.managers.default").DefaultManager
    assert "    size: How many; more than 0. Deprecated.\n" in manager.worded.__doc__
