"""Importing from a Ruby broker, and from one that is old, moody or out to do harm."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from broker.config import Config
from broker.errors import UnusableError
from broker.importing.run import run
from broker.importing.source import Source
from broker.importing.tally import Tally
from broker.store.database import Database
from broker.tests.foreign_broker import ForeignBroker, Reply, foreign_broker, recorded
from broker.tests.importing import counted, differences, dump, lacking, run_import
from broker.tests.served import Json, served

_EVERYTHING = {
    "pacticipants": (4, 0, 0),
    "versions": (4, 0, 0),
    "branches": (4, 0, 0),
    "branch versions": (4, 0, 0),
    "tags": (2, 0, 0),
    "environments": (2, 0, 0),
    "deployments": (1, 0, 0),
    "releases": (1, 0, 0),
    "pacts": (2, 0, 0),
    "verification results": (2, 0, 0),
    "webhooks": (2, 0, 0),
}


@pytest.fixture
def source() -> Iterator[ForeignBroker]:
    with foreign_broker() as found:
        yield found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "b.db"
    Database(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def target(empty: Path, tmp_path: Path) -> str:
    """Laying down the tables takes longer than most imports here."""
    return f"sqlite:///{shutil.copy(empty, tmp_path)}"


def _imported(source: ForeignBroker, target: str, max_bytes: int = 200_000) -> Tally:
    """As the command does, without its patience."""
    asked = Source(source.url, waits=(0.01, 0.01), max_bytes=max_bytes)
    try:
        return run(asked, target)
    finally:
        asked.close()


def test_the_target_answers_as_the_ruby_broker_did(source: ForeignBroker, target: str) -> None:
    done = run_import(source.url, database=target)
    assert (done.code, counted(done)) == (0, _EVERYTHING), done.out
    assert "Both brokers give the same answer for 2 integrations." in done.out
    assert "the source does not tell which results are of work in progress" in done.out
    with served(Config(database_url=target)) as here:
        for path, expected in source.answers.items():
            if path.startswith(("/matrix", "/webhooks")) or "/verification-results/" in path:
                continue
            assert list(lacking(expected, here.get(path), path)) == []
        for path, expected in source.answers.items():
            if "/verification-results/" in path:
                # The number is new, the content is not: it has its sha, under which the result is found.
                found = here.get(f"{path.rpartition('/')[0]}/latest")
                assert list(lacking(expected, found, path)) == []


def test_credentials_go_to_the_source_alone_and_no_link_leads_elsewhere(
    source: ForeignBroker, target: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret-token\n")
    with foreign_broker() as other:
        source.links = other.url
        redirected = "/pacticipants/Bar/versions/10/tags/dev"
        source.special = lambda path: (
            Reply(status=302, headers={"Location": other.url + path}) if path == redirected else None
        )
        done = run_import(source.url, "--token-file", str(token), database=target)
        assert (done.code, counted(done)) == (0, _EVERYTHING), done.out
        assert other.asked == []
    assert {authorization for _, authorization in source.asked} == {"Bearer s3cret-token"}
    assert "s3cret" not in done.out


def test_a_redirect_within_the_source_is_followed(source: ForeignBroker, target: str) -> None:
    moved = source.reply("/webhooks")
    source.special = lambda path: (
        Reply(status=301, headers={"Location": "/moved"})
        if path == "/webhooks"
        else moved
        if path == "/moved"
        else None
    )
    assert counted(run_import(source.url, database=target))["webhooks"] == (2, 0, 0)


def test_a_source_that_is_busy_for_a_while_is_asked_again(source: ForeignBroker, target: str) -> None:
    refused: set[str] = set()

    def busy(path: str) -> Reply | None:
        if path in refused:
            return None
        refused.add(path)
        return Reply(status=503 if len(refused) % 2 else 429)

    source.special = busy
    tally = _imported(source, target)
    assert (tally.complete, tally.imported["verification results"]) == (True, 2)


def test_a_source_that_dies_leaves_what_was_imported_and_the_next_import_goes_on(
    source: ForeignBroker, target: str
) -> None:
    source.special = lambda path: Reply(status=500) if path.startswith("/pacts/provider/") else None
    tally = _imported(source, target)
    assert (tally.imported["versions"], tally.failed["pacts"]) == (4, 2)
    source.special = lambda path: Reply(status=500) if path != "/" else None
    with pytest.raises(UnusableError):
        _imported(source, target)
    source.special = lambda _: None
    tally = _imported(source, target)
    assert (tally.complete, tally.present["versions"], tally.imported["pacts"]) == (True, 4, 2)


def test_an_import_that_is_killed_again_and_again_comes_to_the_same_in_the_end(
    source: ForeignBroker, target: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "broker", "import", "--from", source.url]
    for last in ("/deployed-versions/", "/verification-results/110"):
        with subprocess.Popen(command, env=os.environ | {"BROKER_DATABASE_URL": target}) as running:
            # What is asked for is never answered, so the kill is always at the same place.
            source.special = _Deadly(running, last)
            assert running.wait(60) == -signal.SIGKILL
    source.special = lambda _: None
    done = run_import(source.url, database=target)
    assert (done.code, counted(done)["versions"], counted(done)["webhooks"]) == (0, (0, 4, 0), (2, 0, 0))
    whole = f"sqlite:///{tmp_path}/whole.db"
    run_import(source.url, database=whole)
    with served(Config(database_url=target)) as pieced, served(Config(database_url=whole)) as uninterrupted:
        assert differences(dump(uninterrupted.url), dump(pieced.url)) == []


@frozen
class _Deadly:
    process: subprocess.Popen[bytes]
    last: str

    def __call__(self, path: str) -> None:
        if self.last in path:
            self.process.kill()
            self.process.wait()


def test_an_old_broker_gives_what_it_has(source: ForeignBroker, target: str) -> None:
    absent = ("/environments", "/webhooks", "/branches", "/deployed-versions", "/released-versions", "/tags/")
    source.special = lambda path: Reply(status=404) if any(part in path for part in absent) else None
    for path, body in source.answers.items():
        if "/versions/" in path and "branchVersions" in body.get("_embedded", {}):
            body["branch"] = body["_embedded"].pop("branchVersions")[0]["name"]
    done = run_import(source.url, database=target)
    assert done.code == 0, done.out
    assert "older than environments" in done.out
    found = counted(done)
    assert (found["branches"], found["tags"], found["verification results"]) == ((4, 0, 0), (2, 0, 0), (2, 0, 0))


_VERSIONS, _PACTS = "/pacticipants/Foo/versions", "/pacts/provider/Bar/consumer/Foo/versions"
_DEEP = b'{"a":' * 5000 + b"1" + b"}" * 5000


_LARGE = b'{"interactions": [], "more": "' + b"x" * 300_000 + b'"}'
_REPLIES = (
    Reply(b"[" * 100_000),
    Reply(_DEEP),
    Reply(b'{"interactions": [' + b'{"description":' * 500 + b"1" + b"}" * 500 + b"]}"),
    Reply(b"<html>please log in</html>"),
    Reply(b'{"interactions": [1]}'),
    Reply(b'{"interactions": [{"a": NaN}]}'),
    Reply(b'{"interactions": [{"a": "\\ud800"}]}'),
    Reply(_LARGE),
    Reply(gzip.compress(_LARGE), headers={"Content-Encoding": "gzip"}),
    Reply(status=302, headers={"Location": "/pacts/provider/Bar/consumer/Foo/version/9"}),
    Reply(status=302, headers={"Location": "http://[::1"}),
    Reply(status=418),
    Reply(b"\xff\xfe"),
)


def test_an_answer_that_cannot_be_taken_costs_nothing_but_itself(source: ForeignBroker, target: str) -> None:
    """Here each is that to a pact of its own."""
    replies = {f"/{number}": reply for number, reply in enumerate(_REPLIES)}
    for listed, kind, number in ((_VERSIONS, "versions", _version), (_PACTS, "pacts", _pact)):
        source.answers[listed]["_embedded"][kind] += [number(str(index)) for index in range(len(_REPLIES))]
    source.special = lambda asked: replies.get(asked.removeprefix(f"{_PACTS.removesuffix('s')}"))
    tally = _imported(source, target)
    assert (tally.imported["pacts"], tally.failed["pacts"]) == (2, len(_REPLIES))
    assert tally.imported["verification results"] == 2


def _version(number: str) -> Json:
    return {"number": number, "createdAt": "2026-11-21T07:10:07+00:00"}


def _pact(number: str) -> Json:
    return {"createdAt": "2026-11-21T07:10:07+00:00", "_embedded": {"consumerVersion": {"number": number}}}


_BAD_NAMES = ["", "..", "a\x00b", "a\nb", "x" * 2000, 7, None, ["a"], {"a": 1}]


def test_a_name_that_no_address_can_hold_is_left_out_wherever_it_stands(source: ForeignBroker, target: str) -> None:
    listed = source.answers["/pacticipants"]["_embedded"]["pacticipants"]
    versions = source.answers["/pacticipants/Bar/versions"]["_embedded"]["versions"]
    environments = source.answers["/environments"]["_embedded"]["environments"]
    for bad in _BAD_NAMES:
        listed.append({**listed[0], "name": bad})
        versions.append({**versions[0], "number": bad})
        environments.append({**environments[0], "uuid": bad, "name": bad, "production": "maybe"})
        pair = {"consumer": {"name": bad}, "provider": bad}
        source.answers["/pacts/latest"]["pacts"].append({"_embedded": pair})
    tally = _imported(source, target)
    assert tally.imported["verification results"] == 2
    for kind, good in (("pacticipants", 4), ("versions", 4), ("environments", 2)):
        assert (tally.imported[kind], tally.failed[kind]) == (good, len(_BAD_NAMES)), kind
    with served(Config(database_url=target)) as here:
        assert len(here.get("/pacticipants")["pacticipants"]) == 4


def test_a_list_without_end_comes_to_one(source: ForeignBroker, target: str) -> None:
    for path, body in source.answers.items():
        if path.endswith(("/versions", "/branches")):
            body["_links"]["next"] = {"href": "{base}" + path}
    tally = _imported(source, target)
    assert (tally.complete, tally.imported["versions"]) == (True, 4)


_FIELDS = ("createdAt", "success", "_embedded", "_links", "request", "matrix")
_VALUES: tuple[object, ...] = (None, 7, "x" * 30_000, "9999-99-99", "0001-01-01T00:00:00+23:59", [[]], {"self": 1})


def test_a_field_of_another_kind_never_ends_the_import(source: ForeignBroker, target: str) -> None:
    for turn, field in enumerate(_FIELDS):
        source.answers = recorded()
        for index, (path, body) in enumerate(source.answers.items()):
            if field in body and path not in ("/", "/pacticipants", "/pacts/latest"):
                body[field] = _VALUES[(index + turn) % len(_VALUES)]
        _imported(source, target)
    source.answers = recorded()
    assert _imported(source, target).complete


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--from", "https://ci:secret@broker.example"], "must not hold credentials"),
        (["--from", "ftp://broker.example"], "must be such as https://"),
        (["--from", "http://127.0.0.1:1/?a=b"], "without a query"),
        (["--username", "ci"], "needs --password-file"),
        (["--token-file", "/nowhere"], "cannot read /nowhere"),
        (["--token-file", "/dev/null"], "is empty"),
        (["--token-file", "/dev/null", "--username", "ci"], "not both"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_done(
    source: ForeignBroker, target: str, options: list[str], told: str
) -> None:
    done = run_import(source.url, *options, database=target)
    assert (done.code, source.asked) == (2, [])
    assert told in done.out
    assert "secret" not in done.out


def test_a_source_that_wants_other_credentials_or_is_no_broker_is_told_as_that(
    source: ForeignBroker, target: str
) -> None:
    source.special = lambda _: Reply(status=401)
    assert "refuses / (401)" in run_import(source.url, database=target).out
    for special in (
        _Pages(frozenset()),
        _Pages(frozenset({"/"})),
        lambda _: Reply(b'{"id": 1}'),
        lambda _: Reply(status=404),
    ):
        source.special = special
        done = run_import(source.url, database=target)
        assert (done.code, "not the address of a Pact Broker" in done.out) == (2, True)
        assert "\n" not in done.out


@frozen
class _Pages:
    """HTML everywhere else."""

    works: frozenset[str]

    def __call__(self, path: str) -> Reply | None:
        return None if path in self.works else Reply(b"<html>")
