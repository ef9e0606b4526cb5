"""The functions below the managers: their requests are those of the managers, and borrowed connections stay whole."""

import asyncio
from typing import Any

import httpx
import pytest

from contractkit.tests.generate.runtime import Client, Script, calls, module, operation

low_level = module("low_level")
KEYED = operation(id="pay", method="POST", idempotent=True, key_header="Idempotency-Key")
AUTH = calls.Auth("header", "Authorization", "Bearer", "t")


def borrowed(client: Client) -> Any:
    plain = low_level.Client("http://api.test/v1")
    give = plain.set_async_httpx_client if client.asynchronous else plain.set_httpx_client
    return give(client.session.http)


def sent(client: Client, called: Any = None, request: Any = None) -> Any:
    plain, given = borrowed(client), (called or operation(), request or calls.Request("/items"))
    return asyncio.run(plain.asend(*given)) if client.asynchronous else plain.send(*given)


def test_both_layers_send_the_same_request(asynchronous: bool) -> None:
    server = Script(200)
    client = Client(asynchronous, server, AUTH)
    request = calls.Request("/a%2Fb", query=(("q", "a b"),), headers={"X": "1"}, cookies={"c": "1"}, content=b"x")
    client.call(KEYED, request)
    sent(client, KEYED, request)
    first, second = ({**each, "idempotency-key": ""} for each in server.sent)
    assert first == second


def test_an_idempotency_key_is_made_up_below_the_managers_too(asynchronous: bool) -> None:
    server = Script(200)
    client = Client(asynchronous, server)
    sent(client, KEYED)
    sent(client, KEYED)
    first, second = (each["idempotency-key"] for each in server.sent)
    assert len(first) == 36
    assert first != second
    with pytest.raises(ValueError, match="blank"):
        sent(client, KEYED, calls.Request("/pay", headers={"Idempotency-Key": ""}))


def test_an_operation_that_needs_no_token_gets_none_below_the_managers(asynchronous: bool) -> None:
    server = Script(200)
    sent(Client(asynchronous, server, AUTH), operation(secured=False))
    assert "authorization" not in server.sent[0]


@pytest.mark.parametrize("change", ["with_headers", "with_cookies", "with_timeout"])
def test_a_borrowed_client_is_not_copied_without_what_it_borrows(asynchronous: bool, change: str) -> None:
    plain = borrowed(Client(asynchronous, Script(200), AUTH))
    with pytest.raises(RuntimeError, match="another client"):
        getattr(plain, change)({} if change != "with_timeout" else 1)


def test_closing_a_borrowed_client_leaves_the_connections_to_their_owner(asynchronous: bool) -> None:
    server = Script(200)
    client = Client(asynchronous, server, AUTH)
    plain = borrowed(client)
    asyncio.run(plain.aclose())
    plain.close()
    client.call()
    sent(client)
    assert [each["authorization"] for each in server.sent] == ["Bearer t", "Bearer t"]


def test_a_borrowed_client_opens_no_connection_of_its_own(asynchronous: bool) -> None:
    plain = borrowed(Client(asynchronous, Script(200), AUTH))
    with pytest.raises(RuntimeError, match="was given its connections"):
        (plain.get_httpx_client if asynchronous else plain.get_async_httpx_client)()


def test_a_client_of_its_own_can_be_changed_and_closed() -> None:
    plain = low_level.Client("http://api.test", httpx_args={"transport": httpx.MockTransport(Script(200))})
    changed = plain.with_headers({"X": "1"})
    with changed:
        opened = changed.get_httpx_client()
        assert opened.headers["x"] == "1"
    assert opened.is_closed
    assert changed.get_httpx_client() is not opened
