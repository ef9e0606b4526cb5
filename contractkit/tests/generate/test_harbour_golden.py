"""What is generated is what was agreed on, byte for byte; it imports whole, and its types are those that it promises.

After a wanted change of the generator: `pytest contractkit/tests/generate/test_harbour_golden.py --update-golden`.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from contractkit.generate.client import generate_client
from contractkit.generate.output import differing
from contractkit.process import tool

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
GOLDEN = HERE / "golden" / "harbour"
HARBOUR = HERE / "harbour.yaml"
USAGE = HERE / "harbour_usage.py"
POISON = "\"'''\"\"\"\n]})\nopen('pwned', 'w')\n# {{ 1/0 }} {open('pwned', 'w')} é\\"
FREE = {"description", "summary", "title", "operationId", "enum", "tags", "required", "propertyName", "default"}
IMPORT_ALL = """
import importlib, pkgutil, {package} as package
names = [each.name for each in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_the_client_of_the_harbour_is_the_golden_one(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    made = tmp_path / "harbour"
    generate_client(HARBOUR, made, project="harbour-client", package="harbour_client")
    if request.config.getoption("--update-golden", default=False):
        generate_client(HARBOUR, GOLDEN, project="harbour-client", package="harbour_client")
    assert differing(made, GOLDEN) == []


def test_the_client_of_billing_is_the_one_in_the_tree(tmp_path: Path) -> None:
    made = tmp_path / "generated_client"
    generate_client(ROOT / "spec/dist/openapi.yaml", made, project="billing-client", package="billing_client")
    assert differing(made, ROOT / "generated_client") == []


def test_every_module_of_the_golden_client_imports() -> None:
    command = [sys.executable, "-W", "error", "-c", IMPORT_ALL.format(package="harbour_client")]
    done = subprocess.run(command, cwd=GOLDEN, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert int(done.stdout) > 80


@pytest.mark.parametrize(
    ("statement", "late"),
    [
        ("import harbour_client", {"attr", "attrs", "httpx", "stamina"}),
        ("from harbour_client import AsyncHarbourClient, HarbourClient, Hooks, Resilience", {"httpx", "stamina"}),
    ],
)
def test_an_import_loads_only_what_it_needs(statement: str, late: set[str]) -> None:
    command = [sys.executable, "-c", f"{statement}; import sys; print({late!r} & set(sys.modules))"]
    done = subprocess.run(command, cwd=GOLDEN, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "set()\n"


def test_texts_and_names_of_a_hostile_document_stay_data(tmp_path: Path) -> None:
    document = yaml.load(HARBOUR.read_text(encoding="utf-8"), yaml.CSafeLoader)
    spec = tmp_path / "hostile.json"
    spec.write_text(json.dumps(_poisoned(document)), encoding="utf-8")
    generate_client(spec, tmp_path / "client", project="hostile-client", package="hostile_client")
    command = [sys.executable, "-c", IMPORT_ALL.format(package="hostile_client")]
    done = subprocess.run(command, cwd=tmp_path / "client", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "client" / "pwned").exists()
    written = (path.read_text(encoding="utf-8") for path in (tmp_path / "client").rglob("*.py"))
    assert sum("pwned" in text for text in written) > 50


def _poisoned(node: Any, at: str = "") -> Any:
    """The document with every text, name and value that is free to choose grown into an attempt to run code."""
    if isinstance(node, dict):
        free = at in ("properties", "mapping", "scopes")
        return {f"{key}{POISON}" if free else key: _poisoned(each, key) for key, each in node.items()}
    if isinstance(node, list):
        return [_poisoned(each, at) for each in node]
    return f"{node}{POISON}" if isinstance(node, str) and at in FREE else node


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_the_golden_client_and_a_program_that_uses_it_type_check(checker: str, tmp_path: Path) -> None:
    """The program states the type of each result with `assert_type`, so a type that grows vague is an error."""
    shutil.copytree(GOLDEN, tmp_path / "harbour")
    shutil.copy(USAGE, tmp_path / "harbour")
    commands = {
        "mypy": [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=/dev/null", "."],
        "pyright": [tool("pyright"), "--pythonpath", sys.executable, "."],
    }
    done = subprocess.run(
        commands[checker], cwd=tmp_path / "harbour", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
