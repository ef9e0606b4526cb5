"""A secret that was given to a webhook is in no answer, log or page, even when the receiver repeats it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.tests.receiver import Receiver, receiver, until
from broker.tests.served import Broker, encoded_contract, pact

# Of a form that cannot be there by chance, with letters that have other spellings in JSON, URLs and base64.
_SECRETS = st.text('abcXYZ019 "\\/%+&=?#:@é€', min_size=1, max_size=12).map(lambda text: f"s3cr{text}t")
_ELSEWHERE = ("password", "userinfo", "parameter", "member", "pair", "form")
_PLACES = ("Authorization", "X-Api-Key", "X-Auth-Token", "Cookie", "PRIVATE-TOKEN", "client_secret")


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with receiver() as told:
        told.echo = True
        yield told


def _definition(url: str, place: str, secret: str) -> dict[str, Any]:
    request: dict[str, Any] = {"method": "POST", "url": url, "body": "${pactbroker.consumerName}"}
    quoted = quote(secret, safe="")
    if place == "password":
        request |= {"username": "user", "password": secret}
    elif place == "userinfo":
        request["url"] = url.replace("http://", f"http://user:{quoted}@")
    elif place == "member":
        request["body"] = {"ref": ["${pactbroker.consumerName}", {"ApiToken": {"text": [secret]}}]}
    elif place == "pair":
        request["body"] = [{"name": "DEPLOY_TOKEN", "value": secret}, {"name": "ref", "value": "main"}]
    elif place == "form":
        request["body"] = f"token={quoted}&ref=${{pactbroker.consumerName}}"
    elif place == "parameter":
        request["url"] = f"{url}/?token={quoted}"
    else:
        request["headers"] = {place: f"Bearer {secret}" if place == "Authorization" else secret}
    return {"events": [{"name": "contract_published"}], "request": request}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=_SECRETS, place=st.sampled_from((*_PLACES, *_ELSEWHERE)))
def test_no_secret_is_in_any_answer_log_or_page(broker: Broker, hook: Receiver, secret: str, place: str) -> None:
    client = broker.client
    created = client.post("/webhooks", json=_definition(hook.url, place, secret))
    assert created.status_code == 201, created.text
    own = created.json()["_links"]
    seen = [created.text, client.post(own["pb:execute"]["href"]).text]
    hook.received.clear()
    publication = {
        "pacticipantName": "Foo",
        "pacticipantVersionNumber": created.json()["uuid"],
        "contracts": [encoded_contract(pact("Foo", "Bar", "x"))],
    }
    seen.append(client.post("/contracts/publish", json=publication).text)
    until(lambda: _statuses(client, own) == ["success"])
    # It did arrive: what follows is not empty for want of a secret.
    assert len(hook.received) == 1
    deliveries = client.get(own["pb:deliveries"]["href"]).json()["_embedded"]["deliveries"]
    for path in ("/webhooks", own["self"]["href"], own["pb:deliveries"]["href"]):
        seen += [client.get(path, headers={"accept": accept}).text for accept in ("application/hal+json", "text/html")]
    for delivery in deliveries:
        links = delivery["_links"]
        for path in (links["self"]["href"], links["pb:logs"]["href"]):
            seen += [client.get(path, headers={"accept": kind}).text for kind in ("application/hal+json", "text/html")]
    client.delete(own["self"]["href"])
    for text in seen:
        for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret)):
            assert form not in text


def _statuses(client: Any, own: Any) -> list[str]:
    found = client.get(own["pb:deliveries"]["href"]).json()["_embedded"]["deliveries"]
    return [one["status"] for one in found]


@pytest.mark.parametrize(
    "path",
    [
        "/services/T0A1B2C3D/B0A1B2C3D/s3cretABCdefGHIjklMNOp",
        "/api/webhooks/1029384756/s3cret-ABCdef_GHIjklMNOpqrSTUvwx",
        "/webhookb2/x@y/IncomingWebhook/s3cret0123456789abcdef/z",
        "/a/hooks/s3cretxq7hwm2kfjz9tnb4vcr8d",
        "/bot12345678:AAH-s3cretvW1u7rDqhfkZx0Sd2b_LqPo",
        "/workflows/s3cret-f1d2-4b5e-9c3a-0a1b2c3d4e5f/triggers/manual",
    ],
)
def test_a_token_in_the_path_of_a_url_is_a_secret(broker: Broker, hook: Receiver, path: str) -> None:
    created = broker.client.post("/webhooks", json=_definition(hook.url + path, "X-Api-Key", "other"))
    assert created.json()["request"]["url"].startswith(hook.url + path[:9])
    own = created.json()["_links"]["self"]["href"]
    hook.received.clear()
    tried = broker.client.post(f"{own}/execute")
    assert hook.received[0].path == path
    page = broker.client.get(own, headers={"accept": "text/html"})
    for text in (created.text, tried.text, page.text):
        assert "s3cret" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/job/Contract-Verification-Provider-Orders-2024/buildWithParameters",
        "/job/team%20a/job/contractVerificationOfOrdersApi/build",
        "/repos/an-organisation/PaymentGatewayService-v2/dispatches",
        "/api/v4/projects/1234/ref/release-2024-11-30/trigger/pipeline",
        "/organisation/TeamProject/_apis/pipelines/contract_tests_eu_west_1/runs",
    ],
)
def test_a_path_of_words_is_shown(broker: Broker, path: str) -> None:
    created = broker.ask("POST", "/webhooks", _definition(f"http://127.0.0.1:1{path}", "Cookie", "x"), status=201)
    assert created["request"]["url"] == f"http://127.0.0.1:1{path}"


def test_words_and_what_is_filled_in_are_shown_in_a_path_and_in_a_body(broker: Broker) -> None:
    url = "http://127.0.0.1:1/job/provider-verification/${pactbroker.consumerVersionNumber}/run"
    body = {"token": "${pactbroker.consumerName}", "author": "ci", "variables": [{"key": "REF", "value": "main"}]}
    request = {"method": "POST", "url": url, "body": body}
    created = broker.ask("POST", "/webhooks", {"request": request}, status=201)
    assert created["request"] == request


def test_half_a_secret_does_not_stay_where_an_answer_is_cut(broker: Broker, hook: Receiver) -> None:
    definition = _definition(hook.url, "Authorization", "s3cret-abcdefghijkl")
    for length in range(3900, 4100, 20):
        definition["request"]["body"] = "x" * length + "s3cret-abcdefghijkl" + "y" * 500
        assert "s3cret" not in broker.client.post("/webhooks/execute", json=definition).text


def test_no_secret_is_in_the_message_about_a_fault(broker: Broker) -> None:
    definition = _definition("http://127.0.0.1:1", "Authorization", "s3cret-abc")
    definition["request"]["method"] = "BREW"
    assert "s3cret-abc" not in broker.client.post("/webhooks", json=definition).text
    definition["request"]["method"] = "POST"
    assert "s3cret-abc" not in broker.client.post("/webhooks/execute", json=definition).text


def test_no_secret_is_in_the_lines_that_the_broker_writes(
    broker: Broker, hook: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    broker.ask("POST", "/webhooks/execute", _definition(hook.url, "Authorization", "s3cret-abc"), status=200)
    captured = capfd.readouterr()
    assert "s3cret-abc" not in captured.out + captured.err
