"""The README of a generated client: its code runs as it stands, and what it says is what the code does."""

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contractkit import config, steps
from contractkit.errors import GenerationError
from contractkit.generate.client import generate_client
from contractkit.process import tool
from contractkit.tests.generate.small_documents import OK, TEXT, document

HARBOUR = Path(__file__).parent / "harbour.yaml"
PROJECT = """
[tool.contractkit]
spec = "openapi.yaml"
bundle = "dist/openapi.yaml"
lint = "lint.yaml"
client = {path = "client", project = "x-client", package = "x_client", changelog = "changes.md"}
provider = {name = "x", generated = "generated", app = "x:app", verification = "x:app", token = "x:token"}
consumers = {path = "consumers", pacts = "pacts"}
fuzz = {config = "x.toml", app = "x:app"}
broker = {command = "x"}
"""
SMALL = """
openapi: 3.0.3
info: {title: Small, version: '1'}
paths: {/: {get: {operationId: read, responses: {'204': {description: Nothing.}}}}}
"""
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    changes = folder / "changes.md"
    changes.write_text("# Changes\n\n- 2.1.0: tides\n")
    out = folder / "client"
    generate_client(HARBOUR, out, project="readme-client", package="readme_client", changelog=changes)
    return out


def blocks(distribution: Path) -> tuple[list[str], list[str]]:
    """The code of the README: what is run as it stands, and the tests."""
    found = BLOCK.findall((distribution / "README.md").read_text(encoding="utf-8"))
    return [code for code in found if not code.startswith("def test_")], [
        code for code in found if code.startswith("def test_")
    ]


def test_every_example_runs_against_the_examples_of_the_contract(
    distribution: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(distribution))
    monkeypatch.setenv("API_TOKEN", "s3cret")
    package, testing = (importlib.import_module(f"readme_client{name}") for name in ("", ".testing"))
    transport = testing.ExampleTransport()
    for name in ("ReadmeClient", "AsyncReadmeClient"):
        monkeypatch.setattr(package, name, partial(getattr(package, name), transport=transport))
    code, _ = blocks(distribution)
    everything: dict[str, object] = {}
    for block in code:
        exec(compile(block, "README.md", "exec"), everything)  # noqa: S102 - the very text that users copy
    called = {each.operation for each in transport.requests}
    assert len(code) == 12
    assert called == {"listShips", "addShip", "watchTides"}
    assert transport.requests_of("addShip")[0].body["name"] == "Aurora"
    assert "Ship(" in capsys.readouterr().out


SENDINGS: dict[str, tuple[Any, str]] = {
    "what fits a line stands on one": (
        {"name": "Ann", "born": "2024-01-01"},
        'Person(name="Ann", born=dt.date.fromisoformat("2024-01-01"))',
    ),
    "what does not has a line for each part": (
        {"name": "A" * 60, "born": "2024-01-01", "nick": "B" * 60},
        (
            f'Person(\n        name="{"A" * 60}",\n        nick="{"B" * 60}",\n'
            '        born=dt.date.fromisoformat("2024-01-01"),\n    )'
        ),
    ),
    "an optional member that nobody can write is left out": ({"name": "Ann", "extra": {"a": 1}}, 'Person(name="Ann")'),
}


@pytest.mark.parametrize(("example", "written"), SENDINGS.values(), ids=SENDINGS)
def test_a_body_is_shown_as_one_would_write_it(tmp_path: Path, example: Any, written: str) -> None:
    properties = {
        "name": TEXT,
        "nick": TEXT,
        "born": {"type": "string", "format": "date"},
        "extra": {"type": "object", "additionalProperties": True},
    }
    schema = {"type": "object", "required": ["name"], "properties": properties}
    media = {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}, "example": example}}
    spec = document(
        {"/p": {"post": {"operationId": "add", "requestBody": {"content": media}, "responses": OK}}},
        components={"schemas": {"Person": schema}},
    )
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    generate_client(tmp_path / "spec.json", tmp_path / "out", project="s-client", package="s_client")
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert f"body={written}" in readme
    assert "from s_client.models import Person\n" in readme


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir=.", "-p", "readme_client.testing.plugin", *options]
    path = {"PYTHONPATH": str(folder.parent / "client"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **path}, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_test_of_the_readme_passes_with_the_fixtures_and_does_not_wait(distribution: Path) -> None:
    folder = distribution.parent / "consumer"
    folder.mkdir()
    _, tests = blocks(distribution)
    asynchronous = (
        "\n\ndef test_async(async_readme_client, readme_client_transport):\n"
        '    readme_client_transport.reply("listShips", status=429, headers={"Retry-After": "9"})\n'
        "    assert asyncio.run(async_readme_client.ships.list_ships()).ships\n"
    )
    (folder / "test_readme.py").write_text("import asyncio\n\n\n" + "\n\n".join(tests) + asynchronous)
    done = run_pytest(folder, "--durations=0", "--durations-min=1")
    assert "2 passed" in done.stdout, done.stdout
    assert " call " not in done.stdout  # nothing took a second


def test_pytest_starts_with_the_plugin_and_loads_nothing_else_of_the_client(distribution: Path) -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import readme_client.testing.plugin; "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=distribution, capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"httpx", "attrs", "attr", "stamina"} & set(re.findall(r"\w+", done.stdout)), done.stdout
    entry = tomllib.loads((distribution / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert entry == {"pytest11": {"readme_client": "readme_client.testing.plugin"}}


def test_the_readme_has_a_row_for_every_operation_and_links_to_what_exists(distribution: Path) -> None:
    readme = (distribution / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", readme) if not link.startswith("#")]
    assert [link for link in links if not (distribution / link).is_file()] == []
    headings = {
        re.sub(r"[^\w -]", "", each).lower().replace(" ", "-")
        for each in re.findall(r"^## (.*)$", readme, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", readme)) == headings
    assert len([link for link in links if "/api/" in link]) == HARBOUR.read_text().count("      responses:")


def test_a_changelog_is_part_of_the_distribution_and_a_missing_one_is_an_error(distribution: Path) -> None:
    assert (distribution / "CHANGELOG.md").read_text(encoding="utf-8").endswith("# Changes\n\n- 2.1.0: tides\n")
    gone = distribution.parent / "gone.md"
    with pytest.raises(GenerationError, match=r"the changelog .*gone\.md cannot be read"):
        generate_client(HARBOUR, distribution.parent / "other", project="x", package="x", changelog=gone)
    assert not (distribution.parent / "other").exists()


def test_the_settings_in_the_readme_are_those_of_the_code(distribution: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(distribution))
    resilience = importlib.import_module("readme_client").Resilience()
    rows = re.findall(
        r"^\| `(\w+)` \| (\S+) \| .", (distribution / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name: repr(getattr(resilience, name)) for name, _ in rows} == dict(rows)
    assert len(rows) == len(resilience.__attrs_attrs__)


def test_generated_tests_of_the_readme_need_no_changes_by_ruff(distribution: Path) -> None:
    code, tests = blocks(distribution)
    for block in [*code, *tests]:
        words = [tool("ruff"), "format", "--isolated", "--line-length", "120", "--diff", "-"]
        done = subprocess.run(words, input=block, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout


def test_every_text_file_ends_with_one_line_end(distribution: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in distribution.rglob("*.*") if path.suffix in (".toml", ".md")]
    assert len(texts) == 3
    assert all(text.endswith("\n") and not text.endswith("\n\n") for text in texts)


def test_a_project_names_its_changelog_and_generating_copies_it(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text(SMALL)
    (tmp_path / "changes.md").write_text("# Changes of a project\n")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    steps.generate(config.load(tmp_path), print)
    assert "# Changes of a project\n" in (tmp_path / "client" / "CHANGELOG.md").read_text()
    assert "[CHANGELOG.md](CHANGELOG.md)" in (tmp_path / "client" / "README.md").read_text()
