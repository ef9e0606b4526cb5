"""The whole loop on a small API that has nothing to do with the flagship."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contractkit.process import tool

PYPROJECT = """
[tool.contractkit]
spec = "spec/openapi.yaml"
bundle = "spec/dist/openapi.yaml"
lint = "spec/lint.yaml"
[tool.contractkit.client]
path = "client"
project = "shop-client"
package = "shop_client"
[tool.contractkit.provider]
name = "shop-api"
generated = "generated"
app = "shop:create_app"
verification = "shop:create_app"
token = "shop:token"
ready = "/items/lamp"
[tool.contractkit.consumers]
path = "consumers"
pacts = ".contract/pacts"
[tool.contractkit.fuzz]
config = "schemathesis.toml"
app = "shop:create_app"
examples = 3
[tool.contractkit.broker]
command = "contract-broker serve"
[tool.pytest.ini_options]
addopts = "-q -p contractkit.pytest_plugin -p no:schemathesis -p no:pact -p no:cacheprovider"
pact_provider = "shop-api"
"""
SPEC = """
openapi: 3.0.3
info: {title: Shop, version: 1.0.0, description: Items of a shop., license: {name: MIT}}
servers: [{url: /}]
tags: [{name: items, description: What the shop sells.}]
paths:
  /items/{name}: {$ref: 'paths/items.yaml#/~1items~1{name}'}
"""
PATHS = """
/items/{name}:
  get:
    operationId: get_item
    tags: [items]
    summary: One item
    description: The item of this name.
    security: []
    parameters:
      - name: name
        in: path
        required: true
        description: Its name.
        schema: {type: string, pattern: '^[a-z]{1,20}$'}
        example: lamp
    responses:
      '200':
        description: The item.
        content: {application/json: {schema: {$ref: '../schemas/item.yaml#/Item'}, example: {name: lamp, price: 5}}}
      default:
        description: Why not.
        content: {application/problem+json: {schema: {type: object}}}
"""
ITEM = """
Item:
  type: object
  description: Something to sell.
  additionalProperties: false
  required: [name, price]
  properties:
    name: {type: string, maxLength: 20, description: What it is called.}
    price: {type: integer, format: int32, minimum: 0, maximum: 1000, description: In cents.}
"""
SHOP = """
from contractkit.bundle import bundle
from contractkit.states import state_route
from contractkit.stub import create_app as serve_spec
from pathlib import Path

def get_item(*, name):
    return {"name": name, "price": "five" if Path("broken").exists() else 5}

def create_app(*, host):
    states = state_route({"the lamp exists": lambda: None}, reset=lambda: None)
    return serve_spec(bundle(Path("spec/openapi.yaml")), handlers={"get_item": get_item}, routes=[states])

def token():
    return "none"
"""
CONSUMER = """
import json, urllib.request
import pytest
from pact import match

@pytest.fixture(scope="session")
def consumer():
    return "web-shop"

def test_the_price_is_read(pact):
    (pact.upon_receiving("a request for the lamp").given("the lamp exists").with_request("GET", "/items/lamp")
         .will_respond_with(200).with_body({"price": match.int(5)}, "application/json"))
    with pact.serve() as server:
        assert json.load(urllib.request.urlopen(f"{server.url}/items/lamp"))["price"] == 5
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    files = {
        "pyproject.toml": PYPROJECT,
        "spec/openapi.yaml": SPEC,
        "spec/paths/items.yaml": PATHS,
        "spec/schemas/item.yaml": ITEM,
        "spec/lint.yaml": "rules: {}\n",
        "schemathesis.toml": "[warnings]\nfail-on = true\n",
        "shop.py": SHOP,
        "consumers/web_shop/test_shop.py": CONSUMER,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def start(shop: Path, *arguments: str) -> "subprocess.Popen[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PACT_BROKER")}
    return subprocess.Popen(
        [sys.executable, "-m", "contractkit", *arguments],
        cwd=shop,
        env={**clean, "BROKER_DATABASE_URL": f"sqlite:///{shop}/broker.db"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def contract(shop: Path) -> tuple[int, str]:
    child = start(shop, "contract", "--version", "1", "--branch", "main")
    output, _ = child.communicate(timeout=120)
    return child.returncode, output


def living(session: int) -> list[str]:
    found = subprocess.run(["ps", "-o", "pid=,args=", "-s", str(session)], capture_output=True, text=True, check=False)
    return [line for line in found.stdout.splitlines() if "defunct" not in line]


def test_every_step_passes_and_leaves_one_table_and_a_report(shop: Path) -> None:
    status, output = contract(shop)
    assert status == 0, output
    rows = [line.split() for line in output.splitlines() if "passed" in line]
    assert [row[0] for row in rows] == [
        "spec", "generate", "serve", "fuzz", "pacts", "publish", "verify", "can-i-deploy", "deploy",
    ]  # fmt: skip
    report = (shop / "reports/contract.html").read_text()
    assert "The contract holds" in report
    assert "a request for the lamp" in report
    assert {path.name for path in (shop / "reports/fuzz").iterdir()} >= {"junit.xml", "traffic.har", "events.ndjson"}
    assert json.loads((shop / ".contract/pacts/web-shop-shop-api.json").read_text())["interactions"]


def test_a_handler_that_breaks_the_contract_fails_fuzzing_and_verification(shop: Path) -> None:
    (shop / "shop.py").write_text(
        SHOP.replace('"five" if Path("broken").exists() else 5', '5 if name == "ready" else "five"')
    )
    (shop / "pyproject.toml").write_text(PYPROJECT.replace("/items/lamp", "/items/ready"))
    status, output = contract(shop)
    assert status == 1
    failed = [line.split()[0] for line in output.splitlines() if "FAILED" in line]
    assert failed == ["fuzz", "verify"]
    assert "fuzz failed; its log: reports/logs/fuzz.log" in output
    assert (
        "$.price" in (shop / "reports/logs/verify.log").read_text()
        or "status" in (shop / "reports/logs/verify.log").read_text()
    )
    assert "The contract does not hold" in (shop / "reports/contract.html").read_text()


@pytest.mark.parametrize(("number", "processes"), [(signal.SIGINT, 2), (signal.SIGINT, 5), (signal.SIGTERM, 5)])
def test_an_interrupted_run_leaves_nothing_behind(shop: Path, number: int, processes: int) -> None:
    child = start(shop, "contract", "--version", "1", "--branch", "main")
    deadline = time.monotonic() + 60
    while len(living(child.pid)) < processes and time.monotonic() < deadline:
        time.sleep(0.05)  # two: in the first step; five: in both lanes
    os.kill(child.pid, number)
    child.communicate(timeout=30)
    assert living(child.pid) == []
    assert child.returncode != 0
    assert list((shop / ".contract/runs").iterdir()) == []


def test_a_taken_port_is_one_clear_line(shop: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        child = start(shop, "stub", "--port", str(port))
        output, _ = child.communicate(timeout=30)
    assert child.returncode == 2
    assert [line for line in output.splitlines() if str(port) in line] == output.splitlines()


def test_the_mock_of_a_document_answers_its_example(shop: Path) -> None:
    from contractkit.process import free_port, running

    port = free_port()
    command = [tool("contractkit"), "mock", str(shop / "spec/openapi.yaml"), "--port", str(port)]
    with running("the mock", command, port=port, ready="/items/lamp", log=shop / "mock.log") as server:
        import httpx

        assert httpx.get(f"{server.url}/items/lamp").json() == {"name": "lamp", "price": 5}
