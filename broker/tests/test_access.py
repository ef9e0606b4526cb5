"""Who may do what: every route with every role, and what opens or closes the broker."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from broker.access import Credential, Role, read_tokens
from broker.config import Config
from broker.errors import UnusableError
from broker.pages import ALWAYS, PAGES
from broker.routes import ROUTES
from broker.tests.served import Broker, pact, served

_TOKENS = {role: f"{role.name.lower()}-token" for role in Role}
_OPEN = ("/diagnostic/", "/assets/")
# What a build needs. A route that changes something stands here, or begins as one of those below.
_FOR_BUILDS = {
    "POST /contracts/publish",
    "POST /provider-contracts/provider/{provider}/publish",
    "PUT /pacts/provider/{provider}/consumer/{consumer}/version/{version}",
    "PATCH /pacts/provider/{provider}/consumer/{consumer}/version/{version}",
    "POST /pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/verification-results",
    "POST /pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/metadata/{metadata}/verification-results",
    "POST /pacticipants",
    "PUT /pacticipants/{pacticipant}",
    "PATCH /pacticipants/{pacticipant}",
    "PUT /pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
    "PUT /pacticipants/{pacticipant}/versions/{version}",
    "PATCH /pacticipants/{pacticipant}/versions/{version}",
    "PUT /pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
    "POST /pacticipants/{pacticipant}/versions/{version}/deployed-versions/environment/{environment}",
    "POST /pacticipants/{pacticipant}/versions/{version}/released-versions/environment/{environment}",
    "DELETE /pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
    "DELETE /pacticipants/{pacticipant}/branches/{branch}",
    "PATCH /deployed-versions/{uuid}",
    "PATCH /released-versions/{uuid}",
}
# Where secrets may stand that no mask knows.
_CONFIDENTIAL = (
    "/webhooks",
    "/triggered-webhooks/",
)
_FOR_ADMINISTRATORS = (
    "DELETE ",
    "POST /webhooks",
    "PUT /webhooks",
    "POST /pacts/provider/{provider}/consumer/{consumer}/webhooks",
    "POST /environments",
    "PUT /environments",
    "PUT /pacticipants/{pacticipant}/labels/",
)


def _expected(method: str, path: str) -> Role | None:
    route = f"{method} {path}"
    if path.startswith(_OPEN):
        return None
    if method == "GET" and (path.startswith(_CONFIDENTIAL) or path.endswith("/webhooks")):
        return Role.ADMIN
    if method == "GET" or path.endswith("/for-verification"):
        return Role.READ
    if route in _FOR_BUILDS:
        return Role.PUBLISH
    assert route.startswith(_FOR_ADMINISTRATORS), f"who may use {route}? Say it in broker.access and here"
    return Role.ADMIN


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    tokens = tuple(Credential(role, token) for role, token in _TOKENS.items())
    with served(Config(database_url=f"sqlite:///{tmp_path_factory.mktemp('closed')}/b.db", tokens=tokens)) as broker:
        yield broker


def _bearer(role: Role | None) -> dict[str, str]:
    return {"authorization": f"Bearer {_TOKENS[role]}"} if role else {}


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role.name if role else "nobody")
def test_every_route_lets_in_the_roles_that_it_needs_and_no_others(closed: Broker, role: Role | None) -> None:
    wrong = {}
    for accept, routes in (("application/hal+json", (*ROUTES, *ALWAYS)), ("text/html", PAGES)):
        for method, path, _ in routes:
            filled = "/".join("none" if part.startswith("{") else part for part in path.split("/"))
            headers = {"accept": accept, **_bearer(role)}
            status = closed.client.request(method, filled, headers=headers).status_code
            wanted = _expected(method, path)
            refused = None if wanted is None or (role and role >= wanted) else (403 if role else 401)
            if (status if status in (401, 403) else None) != refused:
                wrong[f"{method} {path}"] = (status, refused)
    assert wrong == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_does_not_exist_is_not_told_to_strangers(closed: Broker, method: str) -> None:
    assert closed.client.request(method, "/nothing").status_code == 401
    assert closed.client.request(method, "/nothing", headers=_bearer(Role.ADMIN)).status_code == 404


@pytest.mark.parametrize(
    "header",
    ["Bearer wrong", "bearer", "Basic !", "Digest x", "Bearer read-token x", "Basic cmVhZC10b2tlbjo=", "é"],
)
def test_wrong_credentials_are_refused_even_where_everybody_may_read(tmp_path: Path, header: str) -> None:
    with served(Config(database_url=f"sqlite:///{tmp_path}/b.db", token="s3cret", public_read=True)) as broker:
        reply = broker.client.get("/pacticipants", headers=[(b"authorization", header.encode())])
        assert reply.status_code == 401
        assert broker.client.get("/pacticipants").status_code == 200
        assert broker.client.post("/pacticipants", json={"name": "Foo"}).status_code == 401


def test_a_refusal_says_what_would_help(closed: Broker) -> None:
    assert "needs a token" in closed.get("/", status=401)["error"]
    wrong = closed.client.get("/", headers={"authorization": "Bearer wrong"})
    assert "not known" in wrong.json()["error"]
    weak = closed.client.post("/environments", json={}, headers=_bearer(Role.PUBLISH))
    assert weak.json()["error"] == "This needs the role admin; that of the credentials is publish"


def test_a_browser_is_asked_for_a_password_and_a_token_is_one(closed: Broker) -> None:
    refused = closed.client.get("/", headers={"accept": "text/html"})
    assert (refused.status_code, refused.headers["content-type"]) == (401, "text/html;charset=utf-8")
    assert refused.headers["www-authenticate"].startswith('Basic realm="broker"')
    let_in = closed.client.get("/", headers={"accept": "text/html"}, auth=("token", _TOKENS[Role.READ]))
    assert let_in.status_code == 200
    assert closed.client.get("/", auth=("somebody", _TOKENS[Role.READ])).status_code == 401


def test_the_scheme_of_a_credential_is_read_in_any_case(closed: Broker) -> None:
    pair = base64.b64encode(b"token:read-token").decode()
    for header in ("BEARER read-token", f"basic {pair}"):
        assert closed.client.get("/", headers={"authorization": header}).status_code == 200


@pytest.mark.parametrize(
    ("path", "setting"),
    [("/pacts/provider/Bar/consumer/Foo/latest/badge.svg", "public_badges"), ("/metrics", "public_metrics")],
)
def test_badges_and_metrics_become_public_by_an_option_each(tmp_path: Path, path: str, setting: str) -> None:
    config = {"database_url": f"sqlite:///{tmp_path}/b.db", "token": "s3cret"}
    with served(Config(**config)) as broker:  # type: ignore[arg-type] # texts are among what each field takes
        assert broker.client.get(path).status_code == 401
    with served(Config(**config, **{setting: True})) as broker:  # type: ignore[arg-type] # as above
        assert broker.client.get(path).status_code != 401
        assert broker.client.get("/pacticipants").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.test"},
        {"origin": "null"},
        {"origin": "http://["},
    ],
)
def test_a_page_of_another_site_cannot_make_a_browser_change_anything(broker: Broker, headers: dict[str, str]) -> None:
    assert broker.client.post("/pacticipants", json={"name": "Foo"}, headers=headers).status_code == 403
    assert broker.client.get("/pacticipants", headers=headers).json()["pacticipants"] == []


def test_the_brokers_own_pages_may_change_things(broker: Broker) -> None:
    for number, headers in enumerate(
        ({"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": broker.url})
    ):
        assert broker.client.post("/pacticipants", json={"name": f"Foo{number}"}, headers=headers).status_code == 201


def test_behind_a_proxy_the_public_address_is_the_brokers_own_too(tmp_path: Path) -> None:
    config = Config(database_url=f"sqlite:///{tmp_path}/b.db", base_url="https://pacts.test/broker")
    with served(config) as broker:
        headers = {"origin": "https://pacts.test"}
        assert broker.client.post("/pacticipants", json={"name": "Foo"}, headers=headers).status_code == 201


@pytest.mark.parametrize(("role", "linked"), [(Role.PUBLISH, False), (Role.ADMIN, True)])
def test_no_page_links_to_webhooks_for_those_who_may_not_see_them(closed: Broker, role: Role, linked: bool) -> None:
    admin = _bearer(Role.ADMIN)
    hook = {"events": [{"name": "contract_published"}], "request": {"method": "POST", "url": "https://none.invalid/"}}
    assert closed.client.post("/webhooks", json=hook, headers=admin).status_code == 201
    path = f"/pacts/provider/Linked/consumer/Linker/version/{role.value}"
    assert closed.client.put(path, json=pact("Linker", "Linked", role.name), headers=admin).is_success
    for page in ("/", path, "/nothing"):
        text = closed.client.get(page, headers={"accept": "text/html", **_bearer(role)}).text
        assert ('href="/webhooks' in text) == linked
        assert ("/triggered-webhooks/" in text) == (linked and page == "/")


def test_what_webhooks_call_is_never_public_but_how_it_went_is(tmp_path: Path) -> None:
    with served(Config(database_url=f"sqlite:///{tmp_path}/b.db", token="s3cret", public_read=True)) as broker:
        for path in ("/webhooks", "/webhooks/none", "/triggered-webhooks/none/logs"):
            assert broker.client.get(path).status_code == 401
        assert broker.client.get("/pacts/provider/Bar/consumer/Foo/webhooks/status").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:9292", "127.0.0.1.evil.test", "10.0.0.1", "localhost.evil.test"]
)
def test_an_open_broker_does_not_answer_a_page_that_points_its_own_name_at_it(
    broker: Broker, host: str, method: str
) -> None:
    headers = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
    refused = broker.client.request(method, "/pacticipants", headers=headers, json={"name": "Foo"})
    assert refused.status_code == 421
    assert "BROKER_BASE_URL" in refused.json()["error"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.:80", "pacts.localhost", "127.0.0.1", "127.8.9.1:1", "[::1]", "[::1]:9292"]
)
def test_an_open_broker_answers_under_the_names_of_its_machine(broker: Broker, host: str) -> None:
    assert broker.client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("changes", "host"),
    [
        ({"allow_anyone": True}, "broker:9292"),
        ({"token": "s3cret"}, "broker:9292"),
        ({"base_url": "https://Pacts.test/broker"}, "pacts.test"),
        ({"host": "my-laptop"}, "my-laptop:9292"),
        ({"host": "::1"}, "[::1]:9292"),
    ],
)
def test_the_names_of_a_broker_are_widened_by_its_settings(
    tmp_path: Path, changes: dict[str, object], host: str
) -> None:
    with served(Config(database_url=f"sqlite:///{tmp_path}/b.db", **changes)) as broker:  # type: ignore[arg-type] # as above
        reply = broker.client.get("/", headers={"host": host, "authorization": "Bearer s3cret"})
        assert reply.status_code == 200


def test_no_cache_that_several_share_keeps_what_credentials_opened(closed: Broker, broker: Broker) -> None:
    reply = closed.client.get("/pacticipants", headers=_bearer(Role.READ))
    assert (reply.headers["cache-control"], reply.headers["vary"]) == ("private, no-cache", "Accept, Authorization")
    assert broker.client.get("/pacticipants").headers["vary"] == "Accept"


def test_tokens_are_read_from_a_file_with_comments(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("# builds\npublish abc-1\n\n  read   x/y+z=  \nadmin root-token\n")
    file.chmod(0o600)
    found = read_tokens(file)
    assert [(one.role, one.secret) for one in found] == [
        (Role.PUBLISH, "abc-1"),
        (Role.READ, "x/y+z="),
        (Role.ADMIN, "root-token"),
    ]
    assert "abc-1" not in repr(Config(tokens=found))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("owner s3cret-a", "line 1 of"),
        ("read", "line 1 of"),
        ("read two s3cret-a", "line 1 of"),
        ("read s3cret-a\npublish s3cret-a", "stands twice"),
        ("# nothing", "there are no tokens"),
        ("read s3cret-\x00", "line 1 of"),
    ],
)
def test_a_faulty_file_of_tokens_is_told_without_its_tokens(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "tokens"
    file.write_text(text)
    with pytest.raises(UnusableError, match=says) as refusal:
        read_tokens(file)
    assert "s3cret" not in str(refusal.value)


def test_tokens_that_everybody_on_the_machine_can_read_are_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "tokens"
    file.write_text("read abc")
    for mode, warnings in ((0o600, 0), (0o640, 0), (0o644, 1)):
        file.chmod(mode)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            read_tokens(file)
        assert len(caplog.records) == warnings


def test_a_stock_client_works_with_the_role_that_it_needs(closed: Broker) -> None:
    create = ("create-or-update-pacticipant", "--name", "FromTheClient", "--broker-token")
    assert closed.pact(*create, _TOKENS[Role.READ]).returncode == 1
    assert closed.pact(*create, _TOKENS[Role.PUBLISH]).returncode == 0
    found = httpx.get(f"{closed.url}/pacticipants/FromTheClient", headers=_bearer(Role.READ))
    assert found.status_code == 200


def test_a_build_moves_a_tag_and_removes_its_branch_with_the_stock_client_but_removes_no_pact(closed: Broker) -> None:
    token = ("--broker-token", _TOKENS[Role.PUBLISH])
    version = ("create-or-update-version", "--pacticipant", "Mover", "--version", "1", "--branch", "feat/x")
    assert closed.pact(*version, "--tag", "dev", *token).returncode == 0
    tagged = ("delete-version-tag", "--pacticipant", "Mover", "--version", "1", "--tag", "dev")
    assert closed.pact(*tagged, *token).returncode == 0
    assert closed.pact("delete-branch", "--pacticipant", "Mover", "--branch", "feat/x", *token).returncode == 0
    publish, read = _bearer(Role.PUBLISH), _bearer(Role.READ)
    left = closed.client.get("/pacticipants/Mover/versions/1", headers=read).json()
    assert (left["_embedded"]["tags"], left["_embedded"]["branchVersions"]) == ([], [])
    for path in ("", "/branches", "/versions/1"):
        assert closed.client.delete(f"/pacticipants/Mover{path}", headers=publish).status_code == 403
