"""Schemathesis finds nothing: every phase and check, against the shop served from its examples."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contractkit.process import tool

SHOP = Path(__file__).with_name("shop.yaml")
PROGRAM = """
import sys, yaml
from pathlib import Path
from contractkit.stub import create_app, serve

serve(create_app(yaml.load(Path(sys.argv[1]).read_text(), yaml.CSafeLoader)), "127.0.0.1", 0)
"""


@pytest.fixture
def url() -> Iterator[str]:
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(SHOP)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        yield child.stdout.readline().split()[1]
    finally:
        child.terminate()
        child.communicate()


STATEFUL = "use_after_free"  # a mock keeps no state, so what was deleted is still there


def test_a_fuzzer_finds_no_fault_in_a_document_served_from_its_examples(url: str, tmp_path: Path) -> None:
    command = [
        tool("st"), "run", str(SHOP), "--url", url, "--seed", "1", "--max-examples", "10",
        "--exclude-checks", STATEFUL, "--no-color",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert "No issues found" in done.stdout
