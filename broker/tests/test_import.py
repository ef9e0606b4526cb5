"""Importing from a broker of our own: all of it, again and again, and after an interruption."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from broker.access import Credential, Role
from broker.config import Config
from broker.tests.importing import counted, differences, dump, fill, make_older, make_quicker, run_import
from broker.tests.served import Broker, Json, served

_OF_WORK_IN_PROGRESS = base64.urlsafe_b64encode(b"w=true").decode().rstrip("=")


@frozen
class _Source:
    broker: Broker
    answers: Json


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Source]:
    url = f"sqlite:///{tmp_path_factory.mktemp('source')}/broker.db"
    with served(Config(database_url=url)) as broker:
        fill(broker)
        make_older(url)
        yield _Source(broker, dump(broker.url))


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_the_target_answers_everything_as_the_source_does_also_after_a_second_import(
    source: _Source, database_url: str
) -> None:
    done = run_import(source.broker.url, database=database_url)
    assert done.code == 0, done.out
    assert "Both brokers give the same answer for 3 integrations." in done.out
    again = run_import(source.broker.url, database=database_url)
    assert counted(again) == {kind: (0, new, 0) for kind, (new, _, _) in counted(done).items()}
    with served(Config(database_url=database_url)) as target:
        assert differences(source.answers, dump(target.url)) == []


def test_what_was_imported_is_not_imported_again_and_what_is_new_since_is_added(tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/b.db"
    with served(Config(database_url=f"sqlite:///{tmp_path}/a.db")) as growing:
        old = growing.publish("Foo", "1", branch="main")
        uat = growing.environment("uat")
        growing.deploy("Foo", "1", uat)
        assert run_import(growing.url, database=target).code == 0
        growing.verify("Foo", old, "7", branch="main")
        growing.publish("Foo", "0", branch="feat/y", tags=["late"], says="more")
        growing.deploy("Foo", "0", uat)
        done = run_import(growing.url, database=target)
        assert counted(done) == {
            "pacticipants": (0, 2, 0),
            "versions": (2, 1, 0),
            "branches": (2, 1, 0),
            "branch versions": (2, 1, 0),
            "tags": (1, 0, 0),
            "environments": (0, 1, 0),
            "deployments": (1, 1, 0),
            "pacts": (1, 1, 0),
            "verification results": (1, 0, 0),
        }
        with served(Config(database_url=target)) as here:
            assert differences(dump(growing.url), dump(here.url)) == []


def test_a_dry_run_tells_what_would_come_and_changes_nothing(source: _Source, tmp_path: Path) -> None:
    target = tmp_path / "b.db"
    done = run_import(source.broker.url, "--dry-run", database=f"sqlite:///{target}")
    assert (done.code, target.exists()) == (0, False)
    assert "to import" in done.out
    assert counted(done)["pacts"] == (5, 0, 0)
    run_import(source.broker.url, "--only", "Bar", database=f"sqlite:///{target}")
    before = target.read_bytes()
    done = run_import(source.broker.url, "--dry-run", database=f"sqlite:///{target}")
    assert counted(done)["pacticipants"] == (1, 4, 0)
    assert target.read_bytes() == before


def test_what_was_verified_as_work_in_progress_alone_stays_pending(tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/b.db"
    demand = {
        "consumerVersionSelectors": [{"branch": "feat/x"}],
        "providerVersionBranch": "main",
        "includePendingStatus": True,
    }
    with served(Config(database_url=f"sqlite:///{tmp_path}/a.db")) as there:
        sha = there.publish("Foo", "1", branch="feat/x")
        there.verify("Foo", sha, "7", branch="main", metadata=_OF_WORK_IN_PROGRESS)
        done = run_import(there.url, database=target)
        assert "work in progress" not in done.out
        with served(Config(database_url=target)) as here:
            for broker in (there, here):
                (pact,) = broker.to_verify(**demand)
                assert pact["verificationProperties"]["pending"] is True


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_what_happened_within_one_second_keeps_its_order(database_url: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with served(Config(database_url=url)) as there:
        uat = there.environment("uat")
        for number in "1234":
            there.verify("Foo", there.publish("Foo", number, says=number), f"p{number}", branch=f"b{number}")
        there.put_on_branch("Bar", "p5", "late")
        there.verify("Foo", there.publish("Foo", "4", says="4"), "p1")
        for number, instance in (("3", "c"), ("1", "a"), ("2", "b")):
            there.deploy("Foo", number, uat, instance)
    make_quicker(url)
    now = f"/environments/{uat}/deployed-versions/currently-deployed"
    with served(Config(database_url=url)) as there:
        for _ in range(2):
            done = run_import(there.url, database=database_url)
            assert done.code == 0, done.out
        assert counted(done)["verification results"] == (0, 5, 0)
        with served(Config(database_url=database_url)) as here:
            found = {broker.url: _pending(broker) for broker in (there, here)}
            listed = [
                [one["applicationInstance"] for one in broker.get(now)["_embedded"]["deployedVersions"]]
                for broker in (there, here)
            ]
    assert found[here.url] == found[there.url]
    assert {one for answers in found[there.url].values() for one in answers} == {True, False}
    assert listed == [["c", "a", "b"], ["c", "a", "b"]]


def _pending(broker: Broker) -> dict[str, list[bool]]:
    """By branch of the provider, for each pact whether it is pending."""
    asked = {"consumerVersionSelectors": [{"deployed": True}, {"latest": True}], "includePendingStatus": True}
    return {
        branch: [
            one["verificationProperties"]["pending"] for one in broker.to_verify(**asked, providerVersionBranch=branch)
        ]
        for branch in ("b1", "b2", "b3", "b4", "late", "none")
    }


@pytest.mark.parametrize("role", Role)
def test_who_may_not_read_webhooks_imports_all_the_rest(tmp_path: Path, role: Role) -> None:
    token, file, url = "a-token-of-this-role", tmp_path / "token", f"sqlite:///{tmp_path}/a.db"
    file.write_text(token)
    with served(Config(database_url=url)) as there:
        there.verify("Foo", there.publish("Foo", "1"), "7")
        hook = {"events": [{"name": "contract_published"}], "request": {"method": "POST", "url": "https://e.example"}}
        there.ask("POST", "/webhooks", hook, status=201)
    with served(Config(database_url=url, tokens=(Credential(role, token),))) as there:
        done = run_import(there.url, "--token-file", str(file), database=f"sqlite:///{tmp_path}/b.db")
        wrong = tmp_path / "wrong"
        wrong.write_text("another-token-of-nobody")
        refused = run_import(there.url, "--token-file", str(wrong), database=f"sqlite:///{tmp_path}/c.db")
        none = run_import(there.url, database=f"sqlite:///{tmp_path}/c.db")
    assert done.code == 0, done.out
    assert counted(done).get("webhooks") == ((1, 0, 0) if role is Role.ADMIN else None)
    assert ("webhooks are not imported: these credentials may not read them" in done.out) is (role is not Role.ADMIN)
    assert "Both brokers give the same answer" in done.out
    assert (refused.code, refused.out) == (2, "the source refuses / (401): it does not know these credentials")
    assert (none.code, none.out) == (2, "the source refuses / (401): give --token-file, or --username")


def test_only_what_concerns_a_pacticipant_is_imported_when_it_is_named(source: _Source, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/b.db"
    done = run_import(source.broker.url, "--only", "Store", database=target)
    assert counted(done)["pacts"] == (1, 0, 0)
    with served(Config(database_url=target)) as here:
        assert [one["name"] for one in here.get("/pacticipants")["pacticipants"]] == ["Bar", "Store"]
    assert run_import(source.broker.url, "--only", "Nobody", database=target).code == 2


def test_a_target_in_use_keeps_what_it_has(source: _Source, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/b.db"
    with served(Config(database_url=target)) as here:
        here.publish("Foo", "1", says="something else")
        here.publish("Foo", "9")
        done = run_import(source.broker.url, database=target)
        assert done.code == 1
        assert "Foo with Bar, version 1: the target has another content for it" in done.out
        assert "Foo has versions in the target that are not older" in done.out
        assert "Foo with Bar: only at the source, 1 rows such as 1 with b1: success" in done.out
        assert counted(done)["verification results"] == (2, 0, 0)
