"""The benchmark as a harness: what it reports, not how fast anything is."""

import json
from pathlib import Path

import pytest
import yaml
from attrs import evolve

from contractkit import config
from contractkit.bench import Plan, clients, run
from contractkit.bench.client_target import MANY, target
from contractkit.bench.clients import Rounds
from contractkit.bench.compare import percentile
from contractkit.bench.traffic import opened, requests
from contractkit.errors import ConfigError, SpecError
from contractkit.generate.client import Distribution
from contractkit.stub.document import Document

PYPROJECT = """
[tool.contractkit]
spec = "spec.yaml"
bundle = "spec.yaml"
lint = "lint.yaml"
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
[tool.contractkit.consumers]
path = "consumers"
pacts = "pacts"
[tool.contractkit.fuzz]
config = "schemathesis.toml"
app = "shop:create_app"
[tool.contractkit.broker]
command = "contract-broker serve"
"""
SPEC = """
openapi: 3.0.3
info: {title: Shop, version: 1.0.0}
servers: [{url: https://shop.example/v1}]
security: [{staff: []}]
paths:
  /items:
    get:
      operationId: list_items
      tags: [items]
      parameters: [{name: kind, in: query, schema: {type: string}, example: reading lamp}]
      responses: &replies
        '200': {description: Done., content: {application/json: {schema: {type: object}, example: {name: lamp}}}}
        default: {description: Why not., content: {application/problem+json: {schema: {type: object}}}}
    post:
      operationId: add_item
      tags: [items]
      parameters: [{name: Shop-Key, in: header, required: true, schema: {type: string}, example: k1}]
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [name]}, example: {name: lamp}}}
      responses: *replies
  /items/{name}:
    get:
      operationId: get_item
      tags: [items]
      parameters: [{name: name, in: path, required: true, schema: {type: string, maxLength: 3}, example: too long}]
      responses: *replies
    delete:
      operationId: delete_item
      tags: [items]
      parameters: [{name: name, in: path, required: true, schema: {type: string}, example: lamp}]
      responses: *replies
components:
  securitySchemes: {staff: {type: http, scheme: bearer}}
"""
OWN_FIGURES = """
from contractkit.bench.own import Quantity, Section

def measure(echo, folder):
    assert folder.is_dir()
    echo("counting lamps")
    yield Section("The shop", (Quantity("lamps", 51234.5, "a second"),), ("on one shelf",), ("a lamp was missing",))
    raise OSError("the shelf fell")
"""
TINY = Plan(
    blocks=2,
    seconds=0.05,
    connections=(1, 3),
    broker_calls=2,
    bundlings=1,
    clients=None,
)
FEW = Rounds(generations=1, imports=1, calls=20, parsings=2)
LISTS = """
openapi: 3.0.3
info: {title: Shop, version: 1.0.0}
paths:
  /kinds/{kind}:
    get:
      operationId: list_kind
      parameters: [{name: kind, in: path, required: true, schema: {type: object}}]
      responses: &replies
        '200':
          description: Done.
          content:
            application/json:
              schema: {type: object, properties: {count: {type: integer}, items: {type: array, items: {type: object}}}}
              example: {count: 2, items: [{name: lamp}, {name: rug}]}
  /items:
    get:
      operationId: find_items
      parameters:
        - {name: most, in: query, required: true, schema: {type: integer}, example: 7}
        - {name: since, in: query, schema: {type: string, format: date}, example: '2026-10-31'}
      responses: *replies
  /shelves:
    post: {operationId: add_shelf, responses: *replies}
    get: {operationId: list_shelves, responses: *replies}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path


def test_a_run_reports_every_server_every_broker_call_and_every_build(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run(config.load(shop), lambda _: None, evolve(TINY, clients=FEW))
    assert outcome.passed, outcome.showed
    found = json.loads((shop / "reports/bench.json").read_text())["data"]
    rows = {(row["server"], row["connections"]): row for row in found["rows"]}
    assert rows.keys() >= {("stub", 1), ("Connexion", 1), ("stub", 3), ("Connexion", 3)}
    for (server, _), row in rows.items():
        assert row["failures"] == 0
        assert row["requests"] >= 2 * TINY.blocks
        assert row["requests"] % 2 == 0, "a block is whole rounds of both operations"
        assert 0 < row["p50"] <= row["p99"]
        assert (row["slower"] is None) == (server == "stub")
    assert rows["Connexion", 1]["fewer"]["least"] <= rows["Connexion", 1]["fewer"]["most"]
    calls = ["publish", "verification result", "matrix", "for-verification", "overview page"]
    built = ["bundle", "generate client", "generate types"]
    imported = ["import shop_client", "from shop_client import ShopClient", "openapi-python-client: its client"]
    made = ["one call: the client", "one call, awaited: plain httpx", "one call: openapi-python-client"]
    assert [figure["name"] for figure in found["broker"]] == calls
    assert [figure["name"] for figure in found["builds"]] == built
    page, table = (shop / "reports/bench.html").read_text(), capsys.readouterr().out
    assert "<script" not in page
    assert all(each["value"] > 0 for section in found["sections"] for each in section["quantities"])
    for name in ("stub", "Connexion", *calls, *built, *imported, *made):
        assert name in page
        assert name in table


def test_a_projects_own_figures_are_in_every_report_and_what_it_finds_wrong_fails_the_run(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "shop_figures.py").write_text(OWN_FIGURES)
    monkeypatch.syspath_prepend(shop)
    (shop / "pyproject.toml").write_text(PYPROJECT + '[tool.contractkit.bench]\nmeasure = "shop_figures:measure"\n')
    said: list[str] = []
    outcome = run(config.load(shop), said.append, TINY)
    assert (outcome.passed, "counting lamps" in said) == (False, True)
    assert "2 failures" in outcome.showed
    *_, section, _ = json.loads((shop / "reports/bench.json").read_text())["data"]["sections"]
    assert section["quantities"] == [{"name": "lamps", "value": 51234.5, "unit": "a second"}]
    for told in ((shop / "reports/bench.html").read_text(), capsys.readouterr().out):
        for part in ("The shop", "51,234 a second", "on one shelf", "a lamp was missing", "OSError: the shelf fell"):
            assert part in told


def test_figures_that_cannot_be_found_are_named_before_anything_is_measured(shop: Path) -> None:
    (shop / "pyproject.toml").write_text(PYPROJECT + '[tool.contractkit.bench]\nmeasure = "shop_figures:none"\n')
    said: list[str] = []
    with pytest.raises(ConfigError, match=r"names shop_figures:none, which cannot be imported"):
        run(config.load(shop), said.append, TINY)
    assert said == []


def test_an_operation_that_a_server_refuses_is_compared_nowhere_and_named(shop: Path) -> None:
    outcome = run(config.load(shop), lambda _: None, TINY)
    assert [note for note in outcome.data["notes"] if note.startswith("left out")] == [
        "left out: GET /items/{name} (Connexion: 400)"
    ]


def test_a_document_without_examples_is_refused_with_its_name(shop: Path) -> None:
    (shop / "spec.yaml").write_text(SPEC.replace(", example: {name: lamp}", ""))
    with pytest.raises(SpecError, match=r"spec\.yaml: no GET or POST has an example"):
        run(config.load(shop), lambda _: None, TINY)
    assert not (shop / "reports").exists()


def test_requests_are_made_of_the_examples_of_the_document() -> None:
    found = {each.label: each for each in requests(Document.load(opened(yaml.safe_load(SPEC))))}
    assert found.keys() == {"GET /items", "POST /items", "GET /items/{name}"}
    assert found["GET /items"].target == "/items?kind=reading+lamp"
    assert found["GET /items"].plain
    head, _, body = found["POST /items"].data.partition(b"\r\n\r\n")
    assert b"Shop-Key: k1" in head.splitlines()
    assert json.loads(body) == {"name": "lamp"}
    assert found["GET /items/{name}"].target == "/items/too%20long"


def test_a_client_slow_to_import_is_a_failure_and_a_generator_that_refuses_the_document_is_named(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = SPEC.replace("{type: string}, example: reading lamp", "{enum: [a, A]}, example: a")
    (shop / "spec.yaml").write_text(spec.replace("security: [{staff: []}]\n", "").partition("components:")[0])
    monkeypatch.setattr(clients, "MOST_MILLISECONDS", 0.001)
    loaded = config.load(shop)
    sections = list(clients.measure(loaded, clients.subject(loaded), FEW, lambda _: None, tmp_path))
    failures = [failure for section in sections for failure in section.failures]
    assert len(failures) == 1
    assert failures[0].startswith("`from shop_client import ShopClient` takes ")
    assert "openapi-python-client refuses the document: ValueError: Duplicate key A" in sections[0].notes[-1]
    assert [quantity.name for quantity in sections[2].quantities if quantity.unit == "ms"] == [
        "one call: the client",
        "one call: plain httpx",
        "one call, awaited: the client",
        "one call, awaited: plain httpx",
    ]


@pytest.mark.parametrize(
    ("wanted", "name", "arguments"), [("", "find_items", {"most": 7}), ("list_shelves",) * 2 + ({},)]
)
def test_a_client_is_measured_with_a_list_that_plain_values_can_ask_for(
    wanted: str, name: str, arguments: dict[str, int]
) -> None:
    found = target(Distribution.of(yaml.safe_load(LISTS), "shop-client", "shop_client"), wanted)
    assert found is not None
    assert (found.endpoint.name, found.arguments) == (name, arguments)
    assert found.reply == {"count": 2, "items": [{"name": "lamp"}, {"name": "rug"}]}
    assert (found.many["count"], len(found.many["items"]), found.many["items"][3]) == (2, MANY, {"name": "rug"})


@pytest.mark.parametrize("wanted", ["list_kind", "add_shelf", "nothing"])
def test_an_operation_that_a_client_cannot_be_measured_with_is_named(wanted: str) -> None:
    with pytest.raises(ConfigError, match=f"'{wanted}' is no GET that can be called with plain values"):
        target(Distribution.of(yaml.safe_load(LISTS), "shop-client", "shop_client"), wanted)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([5.0, 1.0, 3.0], 50) == 3.0
    assert percentile([float(number) for number in range(1, 101)], 99) == 99.0
    assert percentile([7.0], 99) == 7.0
