"""The edges of a call: arguments that cannot be sent, answers that are hardly JSON, numbers with all their digits."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import httpx
import pytest

from contractkit.tests.generate.small_documents import TEXT, array, document, generated, of_one, parameter

JSON = {"content-type": "application/json"}
DECIMAL = {"type": "number", "format": "decimal"}
PRICE = {"type": "object", "required": ["price"], "properties": {"price": DECIMAL, "rate": {"type": "number"}}}
PRICES = {
    "type": "object", "required": ["items", "links"],
    "properties": {
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Price"}},
        "nextCursor": TEXT,
        "hasMore": {"type": "boolean"},
        "links": {"type": "object", "required": ["next"], "properties": {"next": {**TEXT, "nullable": True}}},
    },
}  # fmt: skip
ANSWER = {"200": {"description": "ok", "content": {"application/json": {"schema": PRICES}}}}
PATHS = {
    **of_one("list_prices", parameter("cursor", "query", TEXT), responses=ANSWER),
    **of_one("when", parameter("sinceWhen", "query", {"type": "string", "format": "date-time"}),
             parameter("cost", "header", {"type": "string", "format": "decimal"}),
             parameter("ids", "query", array("integer"), explode=False),
             parameter("id", "path", TEXT), path="/{id}"),
    "/prices": {"post": {"operationId": "set_price", "responses": {"204": {"description": "done"}}, "requestBody": {
        "required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Price"}}}}}},
}  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    spec = document(PATHS, components={"schemas": {"Price": PRICE}})
    return generated(tmp_path_factory.mktemp("edges"), spec, "edges_client")


def connected(package: Any, answer: Callable[[httpx.Request], httpx.Response]) -> Any:
    return package.EdgesClient(
        "http://test", transport=httpx.MockTransport(answer), resilience=package.Resilience.off()
    )


def nothing(_: httpx.Request) -> httpx.Response:
    raise AssertionError("nothing may be sent")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"since_when": datetime(2026, 1, 1)}, "sinceWhen: 2026-01-01 00:00:00 has no time zone"),  # noqa: DTZ001  # meant
        ({"since_when": "today"}, "sinceWhen: a datetime is needed, not a string"),
        ({"cost": "1"}, "cost: a Decimal is needed, not a string"),
        ({"ids": [1, "x"]}, "ids/1: a whole number is needed, not a string"),
        ({"id": ".."}, "id: a variable of the path must not be '..'"),
        ({"id": "\ud800"}, "id: half of a surrogate pair is no text"),
    ],
)
def test_an_argument_that_cannot_be_sent_is_named_and_nothing_is_sent(
    package: Any, arguments: dict[str, Any], message: str
) -> None:
    with connected(package, nothing) as client, pytest.raises(package.EncodeError) as caught:
        client.default.when(**{"id": "1", **arguments})
    assert str(caught.value) == message


class Named(str, Enum):  # noqa: UP042  # such enums print their name
    """An enum of the caller's own."""

    FIRST = "1st"


class Numbered(int, Enum):
    """An enum of numbers."""

    FIRST = 1


def test_an_enum_of_the_callers_own_is_sent_by_its_value(package: Any) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(204)

    with connected(package, answer) as client:
        client.default.when(id=Named.FIRST, ids=[Numbered.FIRST])
    assert sent[0].url.raw_path == b"/when/1st?ids=1"


@pytest.mark.parametrize("wrong", [{"price": 1}, None, "x"])
def test_a_body_of_another_class_is_refused_before_anything_is_sent(package: Any, wrong: Any) -> None:
    with (
        connected(package, nothing) as client,
        pytest.raises(package.EncodeError, match=r"^body: an object of the class Price is needed"),
    ):
        client.default.set_price(body=wrong)


def test_numbers_that_are_decimals_are_read_with_all_their_digits_and_others_are_floats(package: Any) -> None:
    text = '{"items": [{"price": 0.10000000000000000000001, "rate": 0.5}, {"price": 1e2}], "links": {"next": null}}'
    with connected(package, lambda _: httpx.Response(200, content=text, headers=JSON)) as client:
        first, second = client.default.list_prices().items
    assert (first.price, first.rate, type(first.rate)) == (Decimal("0.10000000000000000000001"), 0.5, float)
    assert second.price == 100


@pytest.mark.parametrize(
    "text",
    [
        '{"items": [{"price": ' + "9" * 5000 + "}]}",
        '{"items": [{"price": 1, "rate": 1e400}]}',
        '{"items": [{"price": 1e999999999}]}',
        '{"items": [{"price": NaN}]}',
        '{"items": [{"price": "\\ud800"}]}',
        '{"items": [], "items": "\\udfff"}',
        '{"items": ' + "[" * 100_000,
        "\ud800",
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_an_answer_that_is_hardly_json_is_not_as_documented(package: Any, text: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    answer = httpx.Response(200, content=content, headers=JSON)
    with connected(package, lambda _: answer) as client, pytest.raises(package.UnexpectedResponse):
        client.default.list_prices()


def test_the_separators_of_a_list_stay_as_they_are_in_a_query(package: Any) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(204)

    with connected(package, answer) as client:
        since = datetime(2026, 1, 1, tzinfo=UTC)
        client.default.when(id="a,b", since_when=since, ids=[1, 2])
    assert sent[0].url.raw_path == b"/when/a%2Cb?sinceWhen=2026-01-01T00%3A00%3A00%2B00%3A00&ids=1,2"


def test_a_list_of_made_examples_ends_where_the_contract_lets_it(package: Any) -> None:
    import edges_client.testing  # type: ignore[import-not-found]  # generated above

    transport = edges_client.testing.ExampleTransport()
    with package.EdgesClient("http://test", transport=transport) as client:
        assert len(list(client.default.iter_prices())) > 0
    assert len(transport.requests) == 1
