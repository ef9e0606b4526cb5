"""A harbour on a port, and the client that was generated for it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GOLDEN = HERE / "golden" / "harbour"

sys.path.insert(0, str(GOLDEN))  # tests import the client as its users do, by its own name


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden trees anew")


@pytest.fixture(scope="session")
def harbour() -> Iterator[str]:
    """The URL of a harbour whose document is newer than its client."""
    command = [sys.executable, "-W", "ignore", str(HERE / "harbour_server.py")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        yield child.stdout.readline().split()[1]
    finally:
        child.terminate()
        child.communicate()
