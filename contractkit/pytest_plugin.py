"""pytest plugin for consumer contracts: `-p contractkit.pytest_plugin`.

A consumer's folder says who it is with a `consumer` fixture; its tests take the `pact` fixture:

    @pytest.fixture(scope="session")
    def consumer() -> str:
        return "web-app"

    def test_an_item_is_read(pact: Pact) -> None:
        pact.upon_receiving("a request for item 7").with_request("GET", "/items/7").will_respond_with(200)
        with pact.serve() as server:
            ...

With `--write-pacts`, once every test has passed, the interactions are merged into one pact for each consumer: the same
bytes whatever the order and number of workers. Without it nothing is written, so a run of a few tests never leaves half
a contract. Each test writes a file of its own, because the pact library's merge gives up when several processes
write one file, and overwrites an interaction silently.
"""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pact import Pact

from contractkit import pacts
from contractkit.config import no_tracking
from contractkit.errors import PactError
from contractkit.process import unique_folder

PARTS = pytest.StashKey[Path]()
REPORT = pytest.StashKey[pytest.TestReport]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-pacts", action="store_true", help="write the merged pacts when every test has passed")
    parser.addini("pact_provider", "the pacticipant name of the provider that consumers are tested against")
    parser.addini("pact_dir", "where merged pacts are written", default=".contract/pacts")


def pytest_configure(config: pytest.Config) -> None:
    no_tracking()
    if config.getoption("write_pacts"):
        given = getattr(config, "workerinput", {}).get("pact_parts")
        config.stash[PARTS] = Path(given) if given else unique_folder(_target(config).parent, "pact-parts")
        # Ended from outside as by Ctrl-C, so that the session is finished and its parts are removed.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tells an xdist worker where the session collects its parts."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]  # xdist's node has no types
    if PARTS in config.stash:
        node.workerinput["pact_parts"] = str(config.stash[PARTS])  # type: ignore[attr-defined]  # as above


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]  # pluggy sends the result into the generator
    if report.when == "call":
        item.stash[REPORT] = report
    return report  # type: ignore[return-value]  # and takes it back from its return


@pytest.fixture
def pact(request: pytest.FixtureRequest, consumer: str) -> Iterator[Pact]:
    """A V4 pact of this folder's consumer with the configured provider; kept when the test has passed."""
    provider = request.config.getini("pact_provider")
    if not provider:
        raise pytest.UsageError("pact_provider is not set in the pytest configuration")
    contract = Pact(consumer, provider).with_specification("V4")
    yield contract
    report = request.node.stash.get(REPORT, None)
    if PARTS in request.config.stash and report is not None and report.passed:
        contract.write_file(unique_folder(request.config.stash[PARTS], "part"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In the main process, once all has passed: one pact for each consumer, replacing those of the run before."""
    config = session.config
    if PARTS not in config.stash or hasattr(config, "workerinput"):
        return
    parts = config.stash[PARTS]
    try:
        if exitstatus == pytest.ExitCode.OK and any(parts.iterdir()):
            pacts.merge(sorted(parts.rglob("*.json")), _target(config))
    except PactError as error:
        raise pytest.UsageError(str(error)) from error
    finally:
        shutil.rmtree(parts, ignore_errors=True)


def _target(config: pytest.Config) -> Path:
    return config.rootpath / str(config.getini("pact_dir"))
