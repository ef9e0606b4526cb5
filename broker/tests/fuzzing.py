"""Schemathesis hooks: a broker that holds something, requests that name what it holds, and none that leave the machine.

Runs inside Schemathesis, which test_fuzz starts; FUZZED_BROKER is the address of the broker.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import schemathesis

TOKEN = "a-token-for-the-fuzzer"
ENVIRONMENT = "7a1ba18c-5d6e-4b0e-9d3c-1f6a5b2c4d01"
WEBHOOK = "webhook-of-items-api"
_UUID = "00000000-0000-4000-8000-000000000001"  # stands in the document for what only the broker can name
_NOWHERE = "http://127.0.0.1:9/hook"  # nothing listens there
_CONTROL = re.compile("%[01][0-9A-Fa-f]")
_WORLD: dict[str, str] = {}


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    stateful = case.meta is not None and case.meta.phase.name.value == "stateful"
    if not stateful:
        if not _WORLD:
            _WORLD.update(_filled())
        _name_what_is_there(case)
    # Schemathesis leaves a slash in a name as it is, which makes another path of it.
    case.path_parameters = {
        name: value if isinstance(value, int) else str(value).replace("/", "-")
        for name, value in (case.path_parameters or {}).items()
    }
    if case.meta is not None and case.meta.generation.mode.is_positive:
        _spell_names_as_documented(case)
    _keep_webhooks_here(case.body)


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    if case.method == "DELETE" and response.status_code == 204:
        _WORLD.clear()


def _name_what_is_there(case: Any) -> None:
    given = case.path_parameters or {}
    if "number" in given and given["number"] == 1:
        given["number"] = int(_WORLD["number"])
    if given.get("uuid") == _UUID:
        given["uuid"] = _WORLD[case.operation.path.split("/")[1]]


def _spell_names_as_documented(case: Any) -> None:
    """Schemathesis takes some names that it made wrong on purpose for right, where others come from a dictionary."""
    case.path_parameters = {
        name: value if isinstance(value, int) else _CONTROL.sub("-", value)
        for name, value in case.path_parameters.items()
    }


def _keep_webhooks_here(body: Any) -> None:
    request = body.get("request") if isinstance(body, dict) else None
    if isinstance(request, dict) and isinstance(request.get("url"), str) and _leads_somewhere(request["url"]):
        request["url"] = _NOWHERE


def _leads_somewhere(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


@cache
def _client() -> httpx.Client:
    return httpx.Client(base_url=os.environ["FUZZED_BROKER"], headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)


def _ask(method: str, path: str, body: object = None) -> Any:
    reply = _client().request(method, path, json=body)
    assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
    return reply.json() if reply.content else None


@cache
def _example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = _ask("GET", "/openapi.json")["components"]["schemas"][name]["example"]
    return found


def _filled() -> dict[str, str]:
    """Fills the broker with what the document's examples speak of, and answers what is called how there."""
    publication = _example("PublishContracts")
    pact = _example("PactDocument")
    sha = _ask("GET", "/openapi.json")["components"]["parameters"]["sha"]["example"]
    content = f"/pacts/provider/items-api/consumer/web-app/pact-version/{sha}"
    _ask("PUT", f"/environments/{ENVIRONMENT}", {"name": "production", "production": True})
    older = pact | {"interactions": [pact["interactions"][0] | {"description": "a single item"}]}
    _ask("PUT", "/pacts/provider/items-api/consumer/web-app/version/0.9.0", older)
    hook = {"events": [{"name": "contract_published"}], "request": {"method": "POST", "url": _NOWHERE}}
    _ask("PUT", f"/webhooks/{WEBHOOK}", hook)
    _ask("POST", "/contracts/publish", publication)
    _ask("PUT", "/pacts/provider/items-api/consumer/web-app/version/1.1.0", pact)
    _ask("PUT", "/pacticipants/items-api/branches/main/versions/1.0.0", {})
    _ask("PUT", "/pacticipants/items-api/versions/1.0.0/tags/prod", {})
    _ask("PUT", "/pacticipants/web-app/labels/web", {})
    contract = _example("PublishProviderContract") | {"pacticipantVersionNumber": "1.0.0"}
    _ask("POST", "/provider-contracts/provider/items-api/publish", contract)
    result = _example("PublishVerificationResult") | {"providerApplicationVersion": "1.0.0"}
    result_url = _ask("POST", f"{content}/verification-results", result)["_links"]["self"]["href"]
    version = "/pacticipants/web-app/versions/1.0.0"
    deployed = _ask("POST", f"{version}/deployed-versions/environment/{ENVIRONMENT}", {})
    released = _ask("POST", f"{version}/released-versions/environment/{ENVIRONMENT}", {})
    delivery = _ask("GET", f"/webhooks/{WEBHOOK}/deliveries")["_embedded"]["deliveries"][0]
    return {
        "number": result_url.rpartition("/")[2],
        "deployed-versions": deployed["uuid"],
        "released-versions": released["uuid"],
        "triggered-webhooks": delivery["uuid"],
    }
