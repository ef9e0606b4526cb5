"""Who gets in, and where."""

from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import OctKey

from contractkit.stub import StubError
from provider_stub.__main__ import main
from provider_stub.app import create_app
from provider_stub.config import Settings
from provider_stub.tokens import Tokens, signing_key
from tests.serving import ROOT, Api, Served, calling


def _get(provider: Served, path: str, token: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{provider.url}{path}", headers={"Authorization": f"Bearer {token}", **headers})


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _signed(provider: Served, **claims: object) -> str:
    key = OctKey.import_key((provider.folder / ".contract/billing-jwt.key").read_text())
    return jwt.encode({"alg": "HS256"}, {"sub": "x", "exp": 4_000_000_000, **claims}, key)


def test_a_call_without_a_token_is_challenged(provider: Served) -> None:
    reply = httpx.get(f"{provider.url}/billing/admin/contracts")
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert reply.json()["header"]["resultCode"] == 40100


@pytest.mark.parametrize(
    "token",
    [
        "garbage",
        "a.b.c",
        "é",
        f"{_part({'alg': 'none'})}.{_part({'role': 'admin', 'exp': 4_000_000_000})}.",
        jwt.encode({"alg": "HS256"}, {"role": "admin", "exp": 4_000_000_000}, OctKey.generate_key(256)),
        "." * 5000,
    ],
    ids=["garbage", "not base64", "not ascii", "alg none", "another key", "dots"],
)
def test_a_token_that_is_not_of_this_provider_is_refused(provider: Served, token: str) -> None:
    headers = {b"Authorization": b"Bearer " + token.encode()}
    assert httpx.get(f"{provider.url}/billing/admin/contracts", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"role": "admin", "exp": 1_700_000_000},
        {"role": "admin", "exp": "tomorrow"},
        {"role": "admin", "exp": 1e300},
        {"role": "owner"},
        {"role": "console"},
        {"role": "console", "account": 5},
        {},
    ],
    ids=str,
)
def test_a_signed_token_that_has_expired_or_says_nothing_of_use_is_refused(
    provider: Served, claims: dict[str, Any]
) -> None:
    assert _get(provider, "/billing/admin/contracts", _signed(provider, **claims)).status_code == 401


def test_a_console_token_is_good_for_its_account_alone(provider: Served, admin: Api, account: str) -> None:
    admin.account(f"{account}-other")
    with calling(provider.url, provider.token("--account", account)) as console:
        console.call("GET", "/v5.0/credits", uuid=account)
        console.call("GET", "/v5.0/credits", uuid=f"{account}-other", expect=403)
        console.call("GET", "/v5.0/credits", uuid="nobody", expect=403)
        console.call("GET", "/v5.0/credits", expect=400)
        console.call("GET", "/admin/contracts", expect=403)
        console.call("DELETE", f"/admin/accounts/{account}", expect=403)


def test_every_console_operation_says_in_its_header_whose_data_it_is_about() -> None:
    spec = yaml.safe_load((ROOT / "spec/dist/openapi.yaml").read_text())
    operations = [one for path in spec["paths"].values() for one in path.values() if isinstance(one, dict)]
    open_to_consoles = [one for one in operations if {"console": []} in one.get("security", [])]
    assert len(open_to_consoles) >= 9
    for operation in open_to_consoles:
        references = [one.get("$ref", "") for one in operation["parameters"]]
        assert "#/components/parameters/AccountHeader" in references, operation["operationId"]


def test_the_health_checks_and_the_documentation_need_no_token(provider: Served) -> None:
    for path in ("/health", "/health/live", "/health/ready", "/docs", "/openapi.json"):
        assert httpx.get(f"{provider.url}{path}").status_code == 200, path


def test_a_token_expires_by_the_clock(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    key = signing_key(tmp_path / "new" / "key")
    token = Tokens(key, lambda: now).console("acme", timedelta(hours=1))
    assert Tokens(key, lambda: now + timedelta(minutes=59)).caller(token).account == "acme"
    with pytest.raises(Exception, match="expired"):
        Tokens(key, lambda: now + timedelta(hours=1)).caller(token)


def test_the_signing_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "key"
    first = signing_key(file).as_dict()
    assert signing_key(file).as_dict() == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["key"]


def test_a_provider_without_tokens_is_only_served_to_its_own_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BILLING_AUTH", "off")
    with pytest.raises(StubError, match=r"BILLING_AUTH=off is refused on 0\.0\.0\.0"):
        create_app(host="0.0.0.0")  # noqa: S104 - what must be refused
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"BILLING_AUTH": "maybe"}, "error: BILLING_AUTH must be jwt or off, not 'maybe'"),
        (
            {"BILLING_DATABASE_URL": "mysql://x"},
            "error: BILLING_DATABASE_URL: a database URL begins with sqlite:/// or",
        ),
        ({"BILLING_DATABASE_URL": "nonsense"}, "error: BILLING_DATABASE_URL: a database URL begins"),
        (
            {"BILLING_DATABASE_URL": "postgresql://127.0.0.1:1/x"},
            "error: BILLING_DATABASE_URL: the database does not answer: ",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_setting_that_cannot_be_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    setting: dict[str, str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    assert main(["serve", "--port", "0"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(says)
    assert shown.err.count("\n") == 1


def test_a_secret_in_the_database_url_is_not_shown() -> None:
    assert "hunter2" not in repr(Settings(database_url="postgresql://billing:hunter2@db/billing"))
