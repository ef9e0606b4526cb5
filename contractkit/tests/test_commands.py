"""The command line in a project of its own: what a user sees when something is not as it should be."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = """
[tool.contractkit]
spec = "openapi.yaml"
bundle = "dist/openapi.yaml"
lint = "lint.yaml"
[tool.contractkit.client]
path = "client"
project = "items-client"
package = "items_client"
[tool.contractkit.provider]
name = "items-api"
generated = "generated"
app = "items:create_app"
verification = "items:create_app"
token = "items:token"
[tool.contractkit.consumers]
path = "consumers"
pacts = "pacts"
[tool.contractkit.fuzz]
config = "schemathesis.toml"
app = "items:create_app"
[tool.contractkit.broker]
command = "no-such-broker serve"
"""
PACT = (
    '{"consumer": {"name": "web"}, "provider": {"name": "items-api"}, "interactions": [], '
    '"metadata": {"pactSpecification": {"version": "4.0"}}}'
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "pacts").mkdir()
    (tmp_path / "pacts/web-items-api.json").write_text(PACT)
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PACT_BROKER")}
    return subprocess.run(
        [sys.executable, "-m", "contractkit", *arguments],
        cwd=folder,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def one_line(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert all(word in result.stderr for word in words), result.stderr


def test_help_lists_the_commands(tmp_path: Path) -> None:
    result = run(tmp_path, "--help")
    assert result.returncode == 0
    assert {"generate", "lint", "stub", "mock", "verify-pacts", "can-i-deploy", "fuzz", "contract"} <= set(
        result.stdout.replace("│", " ").split()
    )


def test_outside_a_project_the_missing_table_is_named(tmp_path: Path) -> None:
    one_line(run(tmp_path, "lint"), "error:", "[tool.contractkit]", str(tmp_path))


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ('name = "items-api"\n', "", "`name`"),
        ('name = "items-api"\n', 'name = "items-api"\ncolour = "red"\n', "`colour`"),
        ("[tool.contractkit.broker]", "[tool.contractkit.brokers]", "[tool.contractkit.broker]"),
        ('spec = "openapi.yaml"', "spec = 7", "`spec`"),
        ('lint = "lint.yaml"', "lint =", "pyproject.toml"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(project: Path, before: str, after: str, word: str) -> None:
    (project / "pyproject.toml").write_text(PROJECT.replace(before, after))
    one_line(run(project, "lint"), "pyproject.toml", word)


def test_a_port_that_is_no_port_is_refused(project: Path) -> None:
    one_line(run(project, "stub", PORT="eighty"), "PORT", "'eighty'")


def test_a_broker_that_cannot_be_reached_is_one_line(project: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        result = run(project, "publish-pacts", "--version", "1", "--branch", "main", PACT_BROKER_BASE_URL=url)
    one_line(result, url, "PACT_BROKER_BASE_URL", "cannot be reached")


def test_a_broker_command_that_is_not_installed_is_named(project: Path) -> None:
    result = run(project, "publish-pacts", "--version", "1", "--branch", "main")
    one_line(result, "no-such-broker", "make setup")


def test_pacts_that_were_not_written_yet_name_the_command_that_writes_them(project: Path) -> None:
    (project / "pacts/web-items-api.json").unlink()
    one_line(run(project, "publish-pacts", "--version", "1", "--branch", "main"), "make pacts")


def test_a_provider_that_cannot_be_imported_is_named(project: Path) -> None:
    one_line(run(project, "stub", "--port", "0"), "items:create_app", "cannot be imported")


def test_a_missing_python_module_is_one_line(project: Path) -> None:
    (project / "sitecustomize.py").write_text("import sys\nsys.modules['typer'] = None\n")
    result = run(project, "lint", PYTHONPATH=str(project))
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        "error: the Python module typer is missing; remove .venv and run `make setup`"
    ]
