"""What tests of generated clients share: either session, a harbour on a port, and the client made for it."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from contractkit.tests.generate.odd_models import generate

HERE = Path(__file__).parent
GOLDEN = HERE / "golden" / "harbour"

sys.path.insert(0, str(GOLDEN))  # tests import the client as its users do, by its own name


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden trees anew")


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def asynchronous(request: pytest.FixtureRequest) -> bool:
    """A test that takes it runs with either session."""
    return bool(request.param)


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


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("models")
    generate(folder / "zoo_models")
    sys.path.insert(0, str(folder))
    yield folder / "zoo_models"
    sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def models(package: Path) -> ModuleType:
    return importlib.import_module(f"{package.name}.models")


@pytest.fixture(scope="session")
def codec(package: Path) -> ModuleType:
    return importlib.import_module(f"{package.name}.codec")
