"""Documents with several security schemes, or none: each credential goes to the operations that ask for it, only."""

import asyncio
import importlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from contractkit.tests.generate.small_documents import document, generated, of_one

SCHEMES = {
    "bear": {"type": "http", "scheme": "bearer"},
    "bear_too": {"type": "oauth2", "flows": {}},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "user": {"type": "http", "scheme": "basic"},
    "first": {"type": "apiKey", "in": "query", "name": "first"},
    "second": {"type": "apiKey", "in": "query", "name": "second"},
    "sid": {"type": "apiKey", "in": "cookie", "name": "sid"},
}
PATHS: dict[str, Any] = {
    **of_one("by_token", security=[{"bear": []}]),
    **of_one("by_token_too", security=[{"bear": []}]),
    **of_one("by_key", security=[{"key": []}]),
    **of_one("by_another", security=[{"key": [], "bear_too": []}]),
    **of_one("by_both", security=[{"bear": [], "key": []}]),
    **of_one("by_either", security=[{"user": []}, {"key": []}]),
    **of_one("by_two_in_the_query", security=[{"first": [], "second": []}]),
    **of_one("by_cookie", security=[{"sid": []}]),
    **of_one("perhaps", security=[{}, {"bear": []}]),
    **of_one("silent"),
    **of_one("open", security=[]),
}
GIVEN = {"key": "K", "first": "1&1", "second": "2", "sid": "S"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    spec = document(PATHS, components={"securitySchemes": SCHEMES})
    return generated(tmp_path_factory.mktemp("security"), spec, "guarded_client")


class Keeper:
    """Answers 204, or as told, and keeps the credentials that came."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.came: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        names = ("authorization", "x-key", "cookie")
        found = {name: request.headers[name] for name in names if name in request.headers}
        self.came.append({**found, **request.url.params})
        return httpx.Response(self.statuses.pop(0) if self.statuses else 204)


def called(package: Any, name: str, keeper: Keeper, *, asynchronous: bool, **given: Any) -> None:
    given = {"token": "T", "transport": httpx.MockTransport(keeper), **given}
    if not asynchronous:
        getattr(package.GuardedClient("http://test", **given).default, name)()
        return
    client = package.AsyncGuardedClient("http://test", **given)
    asyncio.run(getattr(client.default, name)())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("by_token", {"authorization": "Bearer T"}),
        ("by_key", {"x-key": "K"}),
        ("by_both", {"authorization": "Bearer T", "x-key": "K"}),
        ("by_either", {"x-key": "K"}),
        ("by_another", {"authorization": "Bearer T", "x-key": "K"}),
        ("by_two_in_the_query", {"first": "1&1", "second": "2"}),
        ("by_cookie", {"cookie": "sid=S"}),
        ("perhaps", {"authorization": "Bearer T"}),
        ("silent", {}),
        ("open", {}),
    ],
)
def test_each_credential_goes_where_it_is_asked_for_and_nowhere_else_on_every_try(
    package: Any, asynchronous: bool, name: str, expected: dict[str, str]
) -> None:
    keeper = Keeper(503, 204)
    resilience = package.Resilience(wait_initial=0.0)
    called(package, name, keeper, asynchronous=asynchronous, credentials=GIVEN, resilience=resilience)
    assert keeper.came == [expected, expected]


def test_a_user_and_a_password_are_sent_as_basic_authentication(package: Any, asynchronous: bool) -> None:
    keeper = Keeper()
    called(package, "by_either", keeper, asynchronous=asynchronous, credentials={"user": ("Ann", "pässword")})
    assert keeper.came == [{"authorization": "Basic QW5uOnDDpHNzd29yZA=="}]


def test_a_credential_that_was_not_given_is_left_out(package: Any, asynchronous: bool) -> None:
    keeper = Keeper()
    called(package, "by_both", keeper, asynchronous=asynchronous, token=None, credentials={"key": "K"})
    called(package, "by_key", keeper, asynchronous=asynchronous)
    assert keeper.came == [{"x-key": "K"}, {}]


@pytest.mark.parametrize("name", ["by_both", "by_another"])
def test_a_token_beside_another_credential_is_refreshed(package: Any, asynchronous: bool, name: str) -> None:
    keeper = Keeper(401, 204)
    called(package, name, keeper, asynchronous=asynchronous, credentials={"key": "K"}, refresh_token=lambda: "fresh")
    assert [each["authorization"] for each in keeper.came] == ["Bearer T", "Bearer fresh"]
    assert [each["x-key"] for each in keeper.came] == ["K", "K"]


def test_the_functions_of_api_send_what_managers_do(package: Any) -> None:
    keeper = Keeper()
    client = package.GuardedClient("http://test", "T", credentials=GIVEN, transport=httpx.MockTransport(keeper))
    for name in ("by_both", "by_key"):
        importlib.import_module(f"guarded_client.api.default.{name}").sync(client=client.low_level)
    assert keeper.came == [{"authorization": "Bearer T", "x-key": "K"}, {"x-key": "K"}]


def test_a_scheme_that_the_document_has_not_is_refused(package: Any) -> None:
    with pytest.raises(ValueError, match=r"no security scheme 'kye'; the API has bear, "):
        package.GuardedClient("http://test", credentials={"kye": "K"})
    with pytest.raises(ValueError, match="the same credential"):
        package.GuardedClient("http://test", "T", credentials={"bear": "B"})


def test_schemes_that_share_one_place_share_the_token(tmp_path: Path) -> None:
    paths = {**of_one("one", security=[{"bear": []}]), **of_one("two", security=[{"bear_too": []}]), **of_one("silent")}
    schemes = {name: SCHEMES[name] for name in ("bear", "bear_too")}
    package = generated(tmp_path, document(paths, components={"securitySchemes": schemes}), "shared_client")
    keeper = Keeper()
    client = package.SharedClient("http://test", "T", transport=httpx.MockTransport(keeper))
    client.default.one()
    client.default.two()
    client.default.silent()
    assert keeper.came == [{"authorization": "Bearer T"}, {"authorization": "Bearer T"}, {}]
    with pytest.raises(TypeError, match="credentials"):
        package.SharedClient("http://test", credentials={})


def test_a_document_without_schemes_takes_a_bearer_token(tmp_path: Path) -> None:
    package = generated(tmp_path, document(of_one("find")), "silent_client")
    keeper = Keeper()
    package.SilentClient("http://test", "T", transport=httpx.MockTransport(keeper)).default.find()
    package.SilentClient("http://test", transport=httpx.MockTransport(keeper)).default.find()
    assert keeper.came == [{"authorization": "Bearer T"}, {}]


def test_the_readme_tells_where_each_credential_goes(package: Any) -> None:
    readme = (Path(package.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert "| `bear`, the token | as `Authorization: Bearer ...` |" in readme
    assert "| `key` | as the header `X-Key` |" in readme
    assert '`credentials={"key": ...}`' in readme
