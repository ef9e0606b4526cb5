"""Who is let in: the document says which credentials, the application says which are good."""

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from contractkit.stub import Problem, StubError, create_app

Ask = Callable[..., httpx.Response]

SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "login": {"type": "http", "scheme": "basic"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://example.com", "scopes": {}}}},
}


def document(**operations: list[dict[str, list[str]]]) -> dict[str, Any]:
    """A document whose operation `/name` asks for the security given, by default for a token."""
    parameters = [{"name": "n", "in": "query", "schema": {"type": "integer"}}]
    responses = {"200": {"description": "", "content": {"application/json": {"schema": {}}}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Locked", "version": "1"},
        "security": [{"token": []}],
        "paths": {
            "/default": {"get": {"parameters": parameters, "responses": responses}},
            **{f"/{name}": {"get": {"responses": responses, "security": each}} for name, each in operations.items()},
        },
        "components": {"securitySchemes": SCHEMES},
    }


LOCKED = document(
    open=[],
    optional=[{"token": []}, {}],
    basic=[{"login": []}],
    key=[{"key": []}],
    query=[{"query": []}],
    cookie=[{"cookie": []}],
    oauth=[{"oauth": []}],
    either=[{"token": []}, {"key": []}],
    both=[{"token": [], "key": []}],
)


def check(credential: str, _request: Request) -> None:
    if credential == "forbidden":
        raise Problem(403, detail="Not yours.")
    if credential not in ("good", "ann:pass:word"):
        raise Problem(401, detail="Not known.")


async def check_later(credential: str, request: Request) -> None:
    check(credential, request)


CHECKS = {name: check_later if name == "token" else check for name in SCHEMES}
GOOD = {"Authorization": "Bearer good"}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        ("/default", {}, 401),
        ("/default", GOOD, 200),
        ("/default", {"Authorization": "bearer good"}, 200),
        ("/default", {"Authorization": "Bearer bad"}, 401),
        ("/default", {"Authorization": "Bearer"}, 401),
        ("/default", {"Authorization": "Bearer forbidden"}, 403),
        ("/default", basic("good"), 401),
        ("/default?n=x", {}, 401),
        ("/default?n=x", GOOD, 400),
        ("/nowhere", {}, 404),
        ("/open", {}, 200),
        ("/optional", {}, 200),
        ("/optional", {"Authorization": "Bearer bad"}, 200),
        ("/basic", basic("ann:pass:word"), 200),
        ("/basic", basic("ann:wrong"), 401),
        ("/basic", {"Authorization": "Basic %%%"}, 401),
        ("/key", {"X-Key": "good"}, 200),
        ("/key", {}, 401),
        ("/query?key=good", {}, 200),
        ("/query?key=bad", {}, 401),
        ("/cookie", {"Cookie": "sid=good"}, 200),
        ("/oauth", GOOD, 200),
        ("/either", {"X-Key": "good"}, 200),
        ("/either", {"X-Key": "good", "Authorization": "Bearer forbidden"}, 200),
        ("/either", {"X-Key": "bad", "Authorization": "Bearer forbidden"}, 403),
        ("/either", {"X-Key": "forbidden", "Authorization": "Bearer bad"}, 403),
        ("/both", {"X-Key": "good"}, 401),
        ("/both", {"X-Key": "good", **GOOD}, 200),
    ],
)
def test_a_request_is_let_in_by_one_alternative_of_its_operation(
    ask: Ask, url: str, headers: dict[str, str], status: int
) -> None:
    response = ask(create_app(LOCKED, security=CHECKS), "GET", url, headers=headers)
    assert response.status_code == status
    assert ("www-authenticate" in response.headers) == (status == 401)
    if status >= 400:
        assert response.headers["content-type"] == "application/problem+json"


def test_a_refusal_says_what_would_be_accepted_and_the_most_telling_reason(ask: Ask) -> None:
    app = create_app(LOCKED, security=CHECKS)
    response = ask(app, "GET", "/either", headers={"X-Key": "bad"})
    assert response.headers["www-authenticate"] == 'Bearer realm="api", ApiKey in="header", name="X-Key"'
    assert response.json()["detail"] == "Not known."


def test_a_check_that_fails_is_a_500_and_lets_nobody_in(ask: Ask) -> None:
    def broken(_credential: str, _request: Request) -> None:
        raise ValueError("secret")

    response = ask(create_app(LOCKED, security={**CHECKS, "token": broken}), "GET", "/default", headers=GOOD)
    assert response.status_code == 500
    assert "secret" not in response.text


def test_without_any_check_everybody_is_let_in(ask: Ask) -> None:
    assert ask(create_app(LOCKED), "GET", "/both").status_code == 200


@pytest.mark.parametrize(
    ("checks", "message"),
    [({"token": check}, "no check for the security scheme"), ({**CHECKS, "tokn": check}, "is named tokn")],
)
def test_checks_that_do_not_fit_the_document_stop_the_start(checks: Any, message: str) -> None:
    with pytest.raises(StubError, match=message):
        create_app(LOCKED, security=checks)
