"""Consumer contracts: written by tests, merged, versioned."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contractkit import pacts
from contractkit.errors import PactError

OPTIONS = [
    "-m", "pytest", "-q", "-p", "contractkit.pytest_plugin",
    *(word for name in ("cacheprovider", "pact", "schemathesis") for word in ("-p", f"no:{name}")),
]  # fmt: skip
CONFTEST = """
import pytest
@pytest.fixture(scope="session")
def consumer():
    return "web-app"
"""
TESTS = """
import urllib.request
import pytest
@pytest.mark.parametrize("number", range(3))
def test_item(pact, number):
    (pact.upon_receiving(f"a request for item {number}").given("item exists", id=number)
         .with_request("GET", f"/items/{number}").will_respond_with(200))
    with pact.serve() as server:
        urllib.request.urlopen(f"{server.url}/items/{number}")
"""


def consumer_suite(folder: Path, tests: str = TESTS) -> Path:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_items.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\npact_provider = items-api\npact_dir = pacts\n")
    return folder


def run(folder: Path, *options: str) -> int:
    return subprocess.run([sys.executable, *OPTIONS, *options], cwd=folder, check=False, capture_output=True).returncode


def part(folder: Path, number: int, **interaction: object) -> Path:
    content = {
        "consumer": {"name": "web-app"},
        "provider": {"name": "items-api"},
        "interactions": [{"type": "Synchronous/HTTP", **interaction}],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }
    path = folder / f"{number}.json"
    path.write_text(json.dumps(content))
    return path


def test_the_pact_has_the_same_bytes_whatever_the_number_of_workers(tmp_path: Path) -> None:
    folder = consumer_suite(tmp_path)
    assert run(folder, "--write-pacts") == 0
    alone = (folder / "pacts/web-app-items-api.json").read_bytes()
    assert run(folder, "--write-pacts", "-n", "2") == 0
    assert (folder / "pacts/web-app-items-api.json").read_bytes() == alone
    assert len(json.loads(alone)["interactions"]) == 3
    assert sorted(path.name for path in folder.iterdir() if "part" in path.name) == []


def test_a_failing_suite_leaves_the_pacts_of_the_run_before(tmp_path: Path) -> None:
    folder = consumer_suite(tmp_path)
    assert run(folder, "--write-pacts") == 0
    before = (folder / "pacts/web-app-items-api.json").read_bytes()
    consumer_suite(tmp_path, TESTS + "\n\ndef test_broken(pact):\n    assert False\n")
    assert run(folder, "--write-pacts") == 1
    assert (folder / "pacts/web-app-items-api.json").read_bytes() == before


def test_a_run_of_some_tests_writes_no_half_contract(tmp_path: Path) -> None:
    folder = consumer_suite(tmp_path)
    assert run(folder, "-k", "item") == 0
    assert not (folder / "pacts").exists()


def test_an_interrupted_run_leaves_no_parts(tmp_path: Path) -> None:
    waiting = "\n\ndef test_last(pact):\n    open('started', 'w').close()\n    import time; time.sleep(60)\n"
    folder = consumer_suite(tmp_path, TESTS + waiting)
    child = subprocess.Popen([sys.executable, *OPTIONS, "--write-pacts"], cwd=folder, stdout=subprocess.DEVNULL)
    while not (folder / "started").exists() and child.poll() is None:
        time.sleep(0.05)  # until the last test runs, and parts of the others are there
    child.terminate()
    assert child.wait(30) == pytest.ExitCode.INTERRUPTED
    assert [path.name for path in folder.iterdir() if "part" in path.name] == []


def test_one_interaction_described_in_two_ways_is_refused_by_name(tmp_path: Path) -> None:
    target = tmp_path / "pacts"
    one = part(tmp_path, 1, description="get item", response={"status": 200})
    two = part(tmp_path, 2, description="get item", response={"status": 404})
    with pytest.raises(PactError, match=r"web-app describes 'get item' with no state in two ways"):
        pacts.merge([one, two], target)
    assert not target.exists()


def test_reading_an_empty_folder_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(PactError, match="make pacts"):
        pacts.read(tmp_path)


def test_the_version_changes_with_every_uncommitted_change(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-b", "trunk")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "one")
    clean = pacts.version(tmp_path)
    (tmp_path / "file").write_text("2")
    dirty = pacts.version(tmp_path)
    (tmp_path / "new").write_text("3")
    assert pacts.branch(tmp_path) == "trunk"
    assert len({clean, dirty, pacts.version(tmp_path)}) == 3
    assert dirty.startswith(f"{clean}-dirty-")
    (tmp_path / "linked").symlink_to(tmp_path.parent, target_is_directory=True)
    assert pacts.version(tmp_path).startswith(f"{clean}-dirty-")


def test_without_git_the_version_is_a_digest_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("1")
    one = pacts.version(tmp_path)
    (tmp_path / ".contract").mkdir()
    (tmp_path / ".contract/state").write_text("written by a run")
    again = pacts.version(tmp_path)
    (tmp_path / "file").write_text("2")
    assert one == again != pacts.version(tmp_path)
    assert one.startswith("files-")
    assert pacts.branch(tmp_path) == "main"
