"""Cleaning by rule: what stays, what goes, and that it can be done while the broker runs."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from broker.cli import main
from broker.config import Config
from broker.store.database import Database
from broker.store.schema import versions
from broker.tests.provider_documents import offer
from broker.tests.served import Broker, served

_DAY = 86400 * 1_000_000
_ENDED = {"currentlySupported": False}


@pytest.fixture
def own(database_url: str) -> Iterator[tuple[Broker, str]]:
    """A broker with a database that the command line can reach too."""
    with served(Config(database_url=database_url)) as running:
        yield running, database_url


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs `contract-broker clean`; answers what it printed."""

    def run(url: str, *arguments: str, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["contract-broker", "clean", "--database", url, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert (ended.value.code or 0) == code, printed.err
        return printed.out + printed.err

    return run


def _age(url: str, days: int) -> None:
    """Everything that is there becomes older."""
    database = Database(url)
    with database.write() as tx:
        tx.execute(update(versions).values(created_at=versions.c.created_at - days * _DAY))
    database.close()


def _numbers(broker: Broker, name: str = "Foo") -> list[str]:
    return [one["number"] for one in broker.get(f"/pacticipants/{name}/versions")["_embedded"]["versions"]]


_both = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@_both
def test_by_default_heads_what_has_a_tag_what_runs_and_what_is_young_stay(
    own: tuple[Broker, str], clean: Callable[..., str]
) -> None:
    broker, url = own
    for number in "1234":
        broker.publish("Foo", number, branch="main", tags=["prod"] if number == "3" else [], says=number)
    broker.publish("Foo", "5", branch="feat/x", tags=["dev"], says="5")
    broker.publish("Foo", "6", tags=["dev", "prod"], says="6")
    broker.deploy("Foo", "2", broker.environment("uat"))
    _age(url, 91)
    broker.publish("Foo", "7", branch="main", says="7")
    told = clean(url, "--dry-run")
    assert re.findall(r"^Foo (\d)  \(created", told, re.MULTILINE) == ["4", "1"]
    assert len(_numbers(broker)) == 7
    assert "Removed 2 versions, 2 pacts, 2 contents" in clean(url)
    assert _numbers(broker) == ["7", "6", "5", "3", "2"]
    assert "Removed 0 versions" in clean(url)


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (["branch=main,latest=2"], ["6", "4", "3"]),
        (["main-branch,latest"], ["6", "4"]),
        (["branch=feat/*,latest"], ["6", "5"]),
        (["tag=prod"], ["6", "2", "1"]),
        (["tag=prod,latest", "branch=main,latest"], ["6", "4", "2"]),
        (["latest=3"], ["6", "5", "4"]),
        (["pacticipant=Foo,max-age=1h"], ["6", "5", "4", "3", "2", "1"]),
        (["pacticipant=Web"], ["6"]),
        (["deployed"], ["6"]),
    ],
)
def test_a_rule_keeps_what_it_says_and_the_latest_version_stays_anyway(
    own: tuple[Broker, str], clean: Callable[..., str], rules: list[str], left: list[str]
) -> None:
    broker, url = own
    for number in "1234":
        broker.publish("Foo", number, branch="main", tags=["prod"] if number in "12" else [], says=number)
    for number in "56":
        broker.publish("Foo", number, branch=f"feat/{number}" if number == "5" else None, says=number)
    clean(url, *(part for rule in rules for part in ("--keep", rule)))
    assert _numbers(broker) == left


@_both
def test_the_last_pact_of_an_integration_and_the_newest_contract_of_a_provider_stay(
    own: tuple[Broker, str], clean: Callable[..., str]
) -> None:
    broker, url = own
    for number in "01":
        broker.publish("Foo", number, branch="main", says=number)
        offer(broker, f"b{number}", f"/{number}", branch="main")
    broker.publish("Foo", "2", "Baz", branch="main")
    broker.put_on_branch("Foo", "3", "main")
    broker.put_on_branch("Bar", "b2", "main")
    _age(url, 91)
    clean(url)
    assert _numbers(broker) == ["3", "2", "1"]
    assert _numbers(broker, "Bar") == ["b2", "b1"]
    assert [one["_embedded"]["provider"]["name"] for one in broker.get("/pacts/latest")["pacts"]] == ["Bar", "Baz"]
    assert broker.names_to_verify({"latest": True}) == ["Foo 1"]


@_both
@pytest.mark.parametrize("kind", ["deployed", "released"])
def test_what_was_replaced_lately_stays_as_long_as_what_is_young(
    own: tuple[Broker, str], clean: Callable[..., str], kind: str
) -> None:
    broker, url = own
    uat = broker.environment("uat")
    for number in "123":
        broker.put_on_branch("Foo", number, "main")
    for number in "12":
        if kind == "deployed":
            broker.deploy("Foo", number, uat)
        else:
            broker.ask("PATCH", broker.release("Foo", number, uat)["_links"]["self"]["href"], _ENDED, status=200)
    _age(url, 100)
    if kind == "deployed":
        broker.deploy("Foo", "3", uat)
    assert "Removed 0 versions" in clean(url)
    time.sleep(0.01)
    assert "Removed 2 versions" in clean(url, "--keep", "deployed")
    assert _numbers(broker) == ["3"]


@_both
def test_cleaning_makes_no_pact_pending_again(own: tuple[Broker, str], clean: Callable[..., str]) -> None:
    broker, url = own
    sha = broker.publish("Foo", "1", branch="main")
    for number in ("10", "11", "12"):
        broker.verify("Foo", sha, number, branch="main")
    broker.verify("Foo", sha, "20", branch="feat/y")
    broker.put_on_branch("Bar", "30", "main")
    before = broker.to_verify(includePendingStatus=True, providerVersionBranch="main")
    assert before[0]["verificationProperties"]["pending"] is False
    clean(url, "--keep", "latest")
    assert _numbers(broker, "Bar") == ["30", "20", "12", "10"]
    after = broker.to_verify(includePendingStatus=True, providerVersionBranch="main")
    assert after[0]["verificationProperties"]["pending"] is False


def test_cleaning_makes_no_pact_pending_again_for_providers_that_work_with_tags(
    own: tuple[Broker, str], clean: Callable[..., str]
) -> None:
    broker, url = own
    sha = broker.publish("Foo", "1")
    for number, tag in (("10", None), ("11", "prod"), ("12", "prod"), ("13", None)):
        broker.verify("Foo", sha, number)
        if tag is not None:
            broker.ask("PUT", f"/pacticipants/Bar/versions/{number}/tags/{tag}", {}, status=201)
    broker.put_on_branch("Bar", "30", "main")
    clean(url, "--keep", "latest")
    assert _numbers(broker, "Bar") == ["30", "13", "12", "10"]
    (after,) = broker.to_verify(includePendingStatus=True, providerVersionTags=["prod"])
    assert after["verificationProperties"]["pending"] is False


def test_brackets_in_a_rule_mean_themselves(own: tuple[Broker, str], clean: Callable[..., str]) -> None:
    broker, url = own
    for number, branch in (("1", "release[2]"), ("2", "release2"), ("3", "main")):
        broker.publish("Foo", number, branch=branch, says=number)
    clean(url, "--keep", "branch=release[2]")
    assert _numbers(broker) == ["3", "1"]


@_both
def test_results_that_later_ones_replaced_go(own: tuple[Broker, str], clean: Callable[..., str]) -> None:
    broker, url = own
    sha = broker.publish("Foo", "1", branch="main")
    for success in (False, True, True, True, False, False):
        broker.verify("Foo", sha, "10", success=success, branch="main")
    assert "and 3 verification results" in clean(url)
    found = broker.get(f"/pacts/provider/Bar/consumer/Foo/pact-version/{sha}/verification-results")
    assert [one["success"] for one in found["_embedded"]["verificationResults"]] == [False, True, True]


def test_a_branch_without_a_version_left_goes_but_not_the_main_one(
    own: tuple[Broker, str], clean: Callable[..., str]
) -> None:
    broker, url = own
    for number, branch in (("1", "main"), ("2", "feat/x"), ("3", None)):
        broker.publish("Foo", number, branch=branch, says=number)
    clean(url, "--keep", "latest")
    left = broker.get("/pacticipants/Foo/branches")["_embedded"]["branches"]
    assert [one["name"] for one in left] == ["main"]


@pytest.mark.parametrize(
    "rule", ["", "branch=", "branch=x,tag=y", "max-age=90", "latest=0", "nonsense", "deployed=uat"]
)
def test_a_rule_that_makes_no_sense_is_one_line_and_exit_code_2(clean: Callable[..., str], rule: str) -> None:
    told = clean("sqlite:///nowhere/broker.db", "--keep", rule, code=2)
    assert told.startswith("contract-broker: ")
    assert "cannot be used" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("option", ["--dry-run", "--keep=latest"])
def test_nothing_is_cleaned_or_created_where_there_is_no_database(
    tmp_path: Path, clean: Callable[..., str], option: str
) -> None:
    assert "there is no database at" in clean(f"sqlite:///{tmp_path}/typo/b.db", option, code=2)
    assert list(tmp_path.iterdir()) == []
    sqlite3.connect(tmp_path / "empty.db").execute("PRAGMA user_version=1").connection.close()
    before = (tmp_path / "empty.db").read_bytes()
    assert "`contract-broker migrate` first" in clean(f"sqlite:///{tmp_path}/empty.db", option, code=2)
    assert (tmp_path / "empty.db").read_bytes() == before


def test_the_file_gets_smaller_when_that_is_asked_for(own: tuple[Broker, str], clean: Callable[..., str]) -> None:
    broker, url = own
    for number in "123":
        broker.publish("Foo", number, says=number * 500_000)
    file = Path(url.removeprefix("sqlite:///"))
    clean(url, "--keep", "latest", "--dry-run", "--shrink")
    clean(url, "--keep", "latest")
    before = file.stat().st_size
    clean(url, "--keep", "latest", "--shrink")
    assert file.stat().st_size < before / 2
    broker.publish("Foo", "4", says="4")
    assert _numbers(broker) == ["4", "3"]
