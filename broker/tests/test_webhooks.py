"""Webhooks as resources: what can be defined, what is refused, what is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from broker.config import Config, WebhookConfig
from broker.tests.receiver import Receiver, receiver
from broker.tests.served import Broker, Json, served

_UUID = "7a5da39c-8e50-4cc9-ae16-dfa5be043e8c"
_MASK = "**********"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as told:
        yield told


def _definition(url: str = "http://127.0.0.1:9999/hook", **changes: Any) -> Json:
    request = {"method": "POST", "url": url, "body": {"pact": "${pactbroker.pactUrl}"}}
    return {"events": [{"name": "contract_published"}], "request": request} | changes


def _with_request(**changes: Any) -> Json:
    definition = _definition()
    definition["request"] |= changes
    return definition


def test_a_webhook_is_created_shown_replaced_listed_and_deleted(broker: Broker) -> None:
    created = broker.ask("POST", "/webhooks", _definition(description="d"), status=201)
    own = created["_links"]["self"]["href"]
    assert broker.get(own)["description"] == "d"
    broker.ask("PUT", own, _definition(enabled=False), status=200)
    assert broker.get(own)["enabled"] is False
    assert broker.get(own)["description"] == "POST 127.0.0.1"
    assert [one["href"] for one in broker.get("/webhooks")["_links"]["pb:webhooks"]] == [own]
    assert broker.client.delete(own).status_code == 204
    broker.ask("GET", own, status=404)
    assert broker.get("/webhooks")["_links"]["pb:webhooks"] == []


def test_a_client_may_choose_the_uuid(broker: Broker) -> None:
    broker.ask("PUT", f"/webhooks/{_UUID}", _definition(), status=201)
    broker.ask("PUT", f"/webhooks/{_UUID}", _definition(), status=200)
    for refused in ("short", "a" * 15, "with space in it, long", "ümlaut-ümlaut-ümlaut"):
        assert "uuid" in broker.ask("PUT", f"/webhooks/{refused}", _definition(), status=400)["errors"]


def test_a_webhook_may_be_meant_for_names_or_labels(broker: Broker) -> None:
    broker.publish("Foo", "1")
    broker.ask("PUT", "/pacticipants/Bar/labels/team-x", {}, status=201)
    by_path = broker.ask("POST", "/webhooks/provider/Bar/consumer/Foo", _definition(), status=201)
    assert (by_path["consumer"], by_path["provider"]) == ({"name": "Foo"}, {"name": "Bar"})
    by_label = broker.ask("POST", "/webhooks", _definition(provider={"label": "team-x"}), status=201)
    assert by_label["provider"] == {"label": "team-x"}
    broker.ask("POST", "/webhooks", _definition(consumer={"label": "team-x"}), status=201)
    for path in ("/webhooks/provider/Bar/consumer/Foo", "/pacts/provider/Bar/consumer/Foo/webhooks"):
        meant = [one["href"] for one in broker.get(path)["_links"]["pb:webhooks"]]
        assert meant == [one["_links"]["self"]["href"] for one in (by_path, by_label)]
    assert len(broker.get("/webhooks/provider/Bar")["_links"]["pb:webhooks"]) == 3
    assert len(broker.get("/webhooks/consumer/Foo")["_links"]["pb:webhooks"]) == 2
    broker.ask("POST", "/webhooks/provider/Nobody/consumer/Foo", _definition(), status=404)


@pytest.mark.parametrize(
    ("definition", "fields"),
    [
        ({}, {"request"}),
        (_definition(events=[]), {"events"}),
        (_definition(events=[{"name": "nonsense"}, {}]), {"events.name"}),
        (_definition(events="contract_published"), {"events"}),
        (_definition(consumer={}), {"consumer"}),
        (_definition(consumer={"name": "Foo", "label": "x"}), {"consumer"}),
        (_definition(consumer={"name": 1}), {"consumer.name"}),
        (_definition(provider={"name": "Nobody"}), {"provider.name"}),
        (_definition(enabled="yes", description=1), {"enabled", "description"}),
        (_with_request(method="BREW"), {"request.method"}),
        (_with_request(method="GET /x HTTP/1.1"), {"request.method"}),
        (_with_request(url="nowhere"), {"request.url"}),
        (_with_request(url="http://127.0.0.1:99999/"), {"request.url"}),
        (_with_request(url="http://127.0.0.1/a b"), {"request.url"}),
        (_with_request(url="file:///etc/passwd"), {"request.url"}),
        (_with_request(url="http://${pactbroker.consumerName}/"), {"request.url"}),
        (_with_request(url=None, method=None), {"request.url", "request.method"}),
        (_with_request(headers={"a b": "c"}), {"request.headers.a b"}),
        (_with_request(headers={"a": "b\r\nc: d"}), {"request.headers.a"}),
        (_with_request(headers={"Host": "other"}), {"request.headers.Host"}),
        (_with_request(headers=["a"]), {"request.headers"}),
        (_with_request(password="p"), {"request.username"}),
        (_with_request(body={"a": ["${pactbroker.nonsense}"]}), {"request.body"}),
        (_with_request(url="http://127.0.0.1/${pactbroker.nonsense}"), {"request.url"}),
        (_with_request(body="x" * 300_000), {"request"}),
        (_with_request(headers={"authorization": _MASK}), {"request.headers.authorization"}),
        (_definition(events=[{"name": "x"}], request={"method": "BREW", "url": "x"}), None),
    ],
)
def test_every_fault_of_a_definition_is_named_by_its_field(broker: Broker, definition: Json, fields: object) -> None:
    errors = broker.ask("POST", "/webhooks", definition, status=400)["errors"]
    # The client prints the name in front of each message.
    assert [text for name, texts in errors.items() for text in texts if text.startswith(name)] == []
    found = set(errors)
    assert found == (fields or {"events.name", "request.method", "request.url"})
    assert set(broker.ask("PUT", f"/webhooks/{_UUID}", definition, status=400)["errors"]) == found


def test_secrets_are_kept_when_their_mask_comes_back(broker: Broker, hook: Receiver) -> None:
    secret = _definition(f"{hook.url}/abcdefghij0123456789?token=query-secret", description="d")
    secret["request"] |= {"headers": {"X-Api-Key": "header-secret"}, "username": "u", "password": "basic-secret"}
    secret["request"]["body"] = {"ref": "main", "token": "body-secret", "all": [{"key": "API_TOKEN", "value": "abc"}]}
    broker.ask("PUT", f"/webhooks/{_UUID}", secret, status=201)
    shown = broker.get(f"/webhooks/{_UUID}")
    assert shown["request"]["url"] == f"{hook.url}/{_MASK}?token={_MASK}"
    masked = {"ref": "main", "token": _MASK, "all": [{"key": "API_TOKEN", "value": _MASK}]}
    assert shown["request"]["body"] == masked
    assert shown["request"]["headers"] == {"x-api-key": _MASK}
    assert shown["request"]["password"] == _MASK
    shown["request"]["body"]["ref"] = "other"
    broker.ask("PUT", f"/webhooks/{_UUID}", shown | {"description": "other"}, status=200)
    broker.ask("POST", f"/webhooks/{_UUID}/execute", {}, status=200)
    assert hook.received[0].path == "/abcdefghij0123456789?token=query-secret"
    assert json.loads(hook.received[0].body) == secret["request"]["body"] | {"ref": "other"}
    assert hook.received[0].headers["x-api-key"] == "header-secret"
    assert hook.received[0].headers["authorization"] == "Basic dTpiYXNpYy1zZWNyZXQ="


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": _MASK}, "request.body.password"),
        ({"all": [{"key": "API_TOKEN", "value": _MASK}]}, "request.body.all"),
        ({"token": f"x{_MASK}"}, "request.body.token"),
        (_MASK, "request.body"),
    ],
)
def test_a_mask_in_a_body_that_stands_for_nothing_is_refused(broker: Broker, body: object, field: str) -> None:
    stored = {"token": "abc", "all": [{"key": "A_TOKEN", "value": "abc"}, {"key": "API_TOKEN", "value": "def"}]}
    broker.ask("PUT", f"/webhooks/{_UUID}", _with_request(body=stored), status=201)
    assert set(broker.ask("PUT", f"/webhooks/{_UUID}", _with_request(body=body), status=400)["errors"]) == {field}


@pytest.mark.parametrize(
    "elsewhere", ["http://127.0.0.1:9998/hook", "http://localhost:9999/x", "https://127.0.0.1:9999"]
)
def test_stored_secrets_are_not_given_to_another_host_port_or_scheme(broker: Broker, elsewhere: str) -> None:
    """A scheme, too, for what was given for TLS would be sent in clear."""
    secret = _with_request(headers={"authorization": "Bearer stored"})
    broker.ask("PUT", f"/webhooks/{_UUID}", secret, status=201)
    moved = _with_request(headers={"authorization": _MASK}, url=elsewhere)
    errors = broker.ask("PUT", f"/webhooks/{_UUID}", moved, status=400)["errors"]
    assert set(errors) == {"request.headers.authorization"}
    moved["request"]["headers"] = {"authorization": "Bearer new"}
    broker.ask("PUT", f"/webhooks/{_UUID}", moved, status=200)


def test_trying_a_webhook_out_shows_request_answer_and_log(broker: Broker, hook: Receiver) -> None:
    broker.publish("Foo", "1")
    own = broker.ask("POST", "/webhooks", _definition(f"{hook.url}/hook2"), status=201)["_links"]
    hook.body = b'{"queued": true}'
    done = broker.ask("POST", own["pb:execute"]["href"], {}, status=200)
    assert done["success"] is True
    assert done["request"]["url"] == "/hook2"
    assert "/pacts/provider/Bar/consumer/Foo/pact-version/" in done["request"]["body"]["pact"]
    assert (done["response"]["status"], done["response"]["body"]) == (200, {"queued": True})
    assert f"POST {hook.url}/hook2" in done["logs"]
    assert done["_links"]["webhook"]["href"] == own["self"]["href"]
    hook.answers = [500]
    failed = broker.ask("POST", own["pb:execute"]["href"], {}, status=200)
    assert (failed["success"], failed["response"]["status"]) == (False, 500)
    assert [done["message"], failed["message"]] == ["Answered 200 OK", "Answered 500 Internal Server Error"]


def test_a_definition_can_be_tried_out_before_it_is_stored(broker: Broker, hook: Receiver) -> None:
    definition = _definition(hook.url)
    definition["request"]["body"] = "${pactbroker.consumerName} ${pactbroker.githubVerificationStatus}"
    assert broker.ask("POST", "/webhooks/execute", definition, status=200)["success"] is True
    assert hook.bodies(1) == ["consumerName-example pending"]
    broker.verify("Foo", broker.publish("Foo", "1"), "10", success=False)
    broker.ask("POST", "/webhooks/execute", definition, status=200)
    assert hook.bodies(2)[1] == "Foo failure"
    assert broker.get("/webhooks")["_links"]["pb:webhooks"] == []


def test_a_destination_that_cannot_be_reached_is_told_and_is_no_fault_of_the_broker(broker: Broker) -> None:
    done = broker.ask("POST", "/webhooks/execute", _definition("http://127.0.0.1:1/"), status=200)
    assert done["success"] is False
    assert done["error"]["message"] == "127.0.0.1:1 refuses connections"
    assert done["message"] == done["error"]["message"]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"url": "http://192.0.2.1/"}, "--webhook-scheme http"),
        ({"url": "https://127.0.0.1/"}, "--webhook-allow"),
        ({"method": "PUT"}, "--webhook-method PUT"),
    ],
)
def test_what_the_options_do_not_allow_is_refused_with_the_name_of_the_option(
    tmp_path: Any, request_: Json, says: str
) -> None:
    with served(Config(database_url=f"sqlite:///{tmp_path}/b.db")) as broker:
        definition = _definition("https://hooks.example/")
        broker.ask("POST", "/webhooks", definition, status=201)
        definition["request"] |= request_
        errors = broker.ask("POST", "/webhooks", definition, status=400)["errors"]
        assert says in str(errors)


def test_further_methods_are_an_option(tmp_path: Any, hook: Receiver) -> None:
    config = WebhookConfig(schemes=("http",), methods=("get",), allow=("127.0.0.0/8",))
    with served(Config(database_url=f"sqlite:///{tmp_path}/b.db", webhooks=config)) as broker:
        definition = _definition(hook.url)
        definition["request"]["method"] = "GET"
        assert broker.ask("POST", "/webhooks/execute", definition, status=200)["success"] is True
    assert hook.received[0].method == "GET"
