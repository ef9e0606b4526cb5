"""The loop from published pacts to can-i-deploy, with a small provider, the stock clients and a real broker."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contractkit.process import free_port, running, tool

PROVIDER = """
import os
from pathlib import Path
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from contractkit.states import state_route

def create_app(*, host):
    items = {}
    def exists(id, name):
        items[id] = name
    async def item(request):
        found = items.get(int(request.path_params["number"]))
        if found is None:
            return JSONResponse({}, status_code=404)
        price = "five" if Path("broken").exists() else 5
        return JSONResponse({"name": found, "price": price})
    async def ready(request):
        return JSONResponse({})
    return Starlette(routes=[Route("/", ready), Route("/items/{number}", item),
                             state_route({"an item exists": exists}, reset=items.clear)])

def token():
    return "secret-token"
"""


def interaction(description: str, *, state: str | None, status: int, body: object = None) -> dict[str, object]:
    states = [{"name": state, "params": {"id": 7, "name": "lamp"}}] if state else []
    response: dict[str, object] = {"status": status}
    if body is not None:
        response["body"] = {"content": body, "contentType": "application/json", "encoded": False}
        response["headers"] = {"content-type": ["application/json"]}
        response["matchingRules"] = {"body": {"$.price": {"combinator": "AND", "matchers": [{"match": "integer"}]}}}
    return {
        "type": "Synchronous/HTTP",
        "description": description,
        "providerStates": states,
        "request": {"method": "GET", "path": "/items/7"},
        "response": response,
    }


def write_pact(project: Path, *interactions: dict[str, object]) -> None:
    content = {
        "consumer": {"name": "web-app"},
        "provider": {"name": "items-api"},
        "interactions": interactions,
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }
    (project / "pacts").mkdir(exist_ok=True)
    (project / "pacts/web-app-items-api.json").write_text(json.dumps(content))


FOUND = interaction("a request for item 7", state="an item exists", status=200, body={"name": "lamp", "price": 5})
MISSING = interaction("a request for an unknown item", state=None, status=404)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    from contractkit.tests.test_commands import PROJECT

    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "items.py").write_text(PROVIDER)
    write_pact(tmp_path, FOUND, MISSING)
    return tmp_path


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    command = [
        tool("contract-broker"), "serve", "--port", str(port), "--database", f"sqlite:///{tmp_path}/broker.db"
    ]  # fmt: skip
    with running("the broker", command, port=port, ready="/", log=tmp_path / "broker.log") as server:
        yield server.url


def run(project: Path, broker: str, *arguments: str, version: str = "1") -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PACT_BROKER")}
    return subprocess.run(
        [sys.executable, "-m", "contractkit", *arguments, "--version", version],
        cwd=project,
        env={**clean, "PACT_BROKER_BASE_URL": broker},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def publish(project: Path, broker: str, version: str = "1") -> None:
    result = run(project, broker, "publish-pacts", "--branch", "main", version=version)
    assert result.returncode == 0, result.stdout + result.stderr


def verify(project: Path, broker: str, *options: str, version: str = "1") -> subprocess.CompletedProcess[str]:
    return run(project, broker, "verify-pacts", "--branch", "main", *options, version=version)


def test_a_provider_that_fulfils_its_pacts_may_be_deployed(project: Path, broker: str) -> None:
    publish(project, broker)
    verified = verify(project, broker)
    assert verified.returncode == 0, verified.stdout
    assert "2 of 2 interactions of 1 consumers" in verified.stdout
    deployable = run(project, broker, "can-i-deploy")
    assert deployable.returncode == 0, deployable.stdout
    assert "yes: 2 applications in version 1" in deployable.stdout
    assert run(project, broker, "record-deployment").returncode == 0
    assert run(project, broker, "can-i-deploy", "--environment", "production").returncode == 0


def test_a_broken_promise_names_consumer_interaction_expected_and_got(project: Path, broker: str) -> None:
    publish(project, broker)
    (project / "broken").touch()
    result = verify(project, broker, "--no-pending")
    assert result.returncode == 1
    assert "failed: web-app: a request for item 7, given an item exists" in result.stdout
    assert "$.price: Expected 'five' (String) to be an integer" in result.stdout
    assert "expected 5" in result.stdout
    assert '<failure message="$.price' in (project / "reports/verification.xml").read_text()
    deployable = run(project, broker, "can-i-deploy")
    assert deployable.returncode == 1
    assert "no: 2 applications in version 1" in deployable.stdout


def test_a_promise_never_kept_is_pending_until_it_was_kept_once(project: Path, broker: str) -> None:
    publish(project, broker)
    (project / "broken").touch()
    pending = verify(project, broker)
    assert pending.returncode == 0
    assert "pending: web-app: a request for item 7" in pending.stdout
    (project / "broken").unlink()
    assert verify(project, broker, version="2").returncode == 0
    (project / "broken").touch()
    assert verify(project, broker, version="3").returncode == 1


def test_a_state_without_a_set_up_fails_at_once_and_lists_those_that_exist(project: Path, broker: str) -> None:
    write_pact(project, interaction("a request for item 8", state="a moon exists", status=200))
    publish(project, broker)
    result = verify(project, broker, "--no-pending")
    assert result.returncode == 1
    assert "no set-up for the provider state 'a moon exists'; known: an item exists" in result.stdout


def test_what_was_never_verified_may_not_be_deployed(project: Path, broker: str) -> None:
    publish(project, broker)
    assert run(project, broker, "can-i-deploy").returncode == 1


def test_a_broker_without_pacts_fails_the_verification(project: Path, broker: str) -> None:
    result = verify(project, broker)
    assert result.returncode == 2
    assert "make publish-pacts" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_token_is_in_no_log(project: Path, broker: str) -> None:
    publish(project, broker)
    (project / "broken").touch()
    verify(project, broker, "--no-pending")
    logs = [path.read_text(errors="replace") for path in project.rglob("*.log")]
    assert logs
    assert not any("secret-token" in log for log in logs)
