"""Back-ups: whole, made while the broker is busy, and good for a new start."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from attrs import frozen
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from broker import cli
from broker.config import Config
from broker.errors import UnusableError
from broker.store.database import Database
from broker.tests.postgres import Postgres
from broker.tests.served import Broker, served

_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@frozen
class _Done:
    returncode: int
    stdout: str
    stderr: str


def _run(*arguments: str | Path, database: str, **environment: str) -> _Done:
    """The command inside this process: a start of Python for each would take most of the time."""
    found = CliRunner().invoke(
        cli.app,
        [*map(str, arguments)],
        env={"BROKER_DATABASE_URL": database, **environment},
        prog_name="contract-broker",
    )
    if isinstance(found.exception, UnusableError):
        return _Done(2, found.stdout, f"contract-broker: {found.exception}\n")
    return _Done(found.exit_code, found.stdout, found.stderr)


@pytest.fixture
def empty_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Another database of the same kind, which holds nothing."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/elsewhere/b.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


@contextmanager
def _under_load(broker: Broker) -> Iterator[list[int]]:
    """Publishes all the while, one version after the other; what was acknowledged so far is in the list."""
    acknowledged: list[int] = []
    stop = threading.Event()

    def publish() -> None:
        while not stop.is_set():
            number = len(acknowledged) + 1
            broker.publish("Foo", str(number), branch="main", tags=["dev"])
            acknowledged.append(number)
            time.sleep(0.01)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield acknowledged
    finally:
        stop.set()
        thread.join()


@_BOTH
def test_a_backup_made_under_load_holds_all_that_was_acknowledged_and_nothing_half(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "saved"
    with served(Config(database_url=database_url)) as broker, _under_load(broker) as acknowledged:
        while len(acknowledged) < 5:
            time.sleep(0.01)
        for _ in range(100):  # a small database is saved so fast that now and then nothing is published meanwhile
            before = len(acknowledged)
            saved = _run("backup", file, "--force", database=database_url)
            after = len(acknowledged)
            if after > before:
                break
    assert (saved.returncode, saved.stderr) == (0, "")
    assert saved.stdout.startswith("saved 2 pacticipants, ")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["saved"]
    assert after > before, "nothing was published meanwhile"
    restored = _run("restore", file, database=empty_url)
    assert (restored.returncode, restored.stderr) == (0, "")
    with served(Config(database_url=empty_url)) as broker:
        found = {one["number"] for one in broker.get("/pacticipants/Foo/versions")["_embedded"]["versions"]}
        assert {str(number) for number in range(1, before + 1)} <= found
        for number in sorted(found, key=int)[-5:]:  # the ones that were being published
            version = broker.get(f"/pacticipants/Foo/versions/{number}")
            assert [tag["name"] for tag in version["_embedded"]["tags"]] == ["dev"]
            broker.get(f"/pacts/provider/Bar/consumer/Foo/version/{number}")
        broker.publish("Foo", "one more")


@_BOTH
def test_a_backup_does_not_replace_a_file_unless_it_is_told_to(database_url: str, tmp_path: Path) -> None:
    Database(database_url).close()
    file = tmp_path / "saved"
    file.write_text("precious")
    refused = _run("backup", file, database=database_url)
    assert (refused.returncode, refused.stderr) == (
        2,
        f"contract-broker: {file} exists already; --force replaces it\n",
    )
    assert file.read_text() == "precious"
    assert _run("backup", file, "--force", database=database_url).returncode == 0
    assert file.stat().st_size > 100


@_BOTH
def test_a_database_that_holds_something_is_not_overwritten(database_url: str, empty_url: str, tmp_path: Path) -> None:
    Database(empty_url).close()
    file = tmp_path / "saved"
    assert _run("backup", file, database=empty_url).returncode == 0
    with served(Config(database_url=database_url)) as broker:
        broker.publish("Foo", "1")
    refused = _run("restore", file, database=database_url)
    assert refused.returncode == 2
    assert "holds data already" in refused.stderr
    with served(Config(database_url=database_url)) as broker:
        broker.get("/pacticipants/Foo")


@_BOTH
def test_what_an_empty_broker_has_laid_down_may_be_filled(database_url: str, empty_url: str, tmp_path: Path) -> None:
    with served(Config(database_url=database_url)) as broker:
        broker.publish("Foo", "1")
    saved = _run("backup", tmp_path / "saved", database=database_url)
    assert saved.stdout.startswith("saved 2 pacticipants, 1 version, 1 pact and 0 verification results (revision ")
    with served(Config(database_url=empty_url)) as broker:
        assert _run("restore", tmp_path / "saved", database=empty_url).returncode == 0
        broker.get("/pacts/provider/Bar/consumer/Foo/version/1")
        broker.publish("Foo", "2")


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
@pytest.mark.parametrize("linked", [False, True])
def test_a_backup_never_goes_into_the_files_of_the_database_itself(tmp_path: Path, ending: str, linked: bool) -> None:
    own = tmp_path / "b.db"
    with served(Config(database_url=f"sqlite:///{own}")) as broker:
        broker.publish("Foo", "1")
        file = tmp_path / f"b.db{ending}"
        if linked:
            (tmp_path / "other").hardlink_to(file)
            file = tmp_path / "other"
        refused = _run("backup", file, "--force", database=f"sqlite:///{own}")
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert "belongs to the database itself" in refused.stderr
        broker.publish("Foo", "2")
    with served(Config(database_url=f"sqlite:///{own}")) as broker:
        broker.get("/pacts/provider/Bar/consumer/Foo/version/2")


def test_a_database_is_not_restored_from_itself(tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path}/b.db").close()
    refused = _run("restore", tmp_path / "b.db", database=f"sqlite:///{tmp_path}/b.db")
    assert (refused.returncode, "belongs to the database itself" in refused.stderr) == (2, True)


def test_a_password_in_the_query_of_the_address_is_on_no_command_line(postgres: Postgres, tmp_path: Path) -> None:
    address = make_url(postgres.database())
    hush = str(address.password)
    database = address.set(password=None).update_query_dict({"password": hush}).render_as_string()
    Database(database).close()
    listener = tmp_path / "pg_dump"
    listener.write_text('#!/bin/sh\necho "$@" >&2\nexit 1\n')
    listener.chmod(0o755)
    done = _run("backup", tmp_path / "saved", database=database, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert "passfile=" in done.stderr
    assert hush not in done.stderr


def test_what_cannot_be_saved_is_one_line(tmp_path: Path) -> None:
    nothing = f"sqlite:///{tmp_path}/none.db"
    other = tmp_path / "other.db"
    other.touch()
    for database, file, says in (
        (nothing, tmp_path / "a", "there is no database at"),
        (f"sqlite:///{other}", tmp_path / "b", "is not a broker's database"),
    ):
        done = _run("backup", file, database=database)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert says in done.stderr
        assert not file.exists()
    with closing(Database(f"sqlite:///{tmp_path}/good.db")):
        done = _run("backup", tmp_path / "no" / "folder", database=f"sqlite:///{tmp_path}/good.db")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "none.db").exists()


def test_what_is_no_backup_is_not_restored(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("hello")
    done = _run("restore", file, database=f"sqlite:///{tmp_path}/b.db")
    assert (done.returncode, done.stderr) == (2, f"contract-broker: {file} is not a back-up from SQLite\n")


def _foreign(url: str, *statements: str) -> None:
    """Another application's tables."""
    engine = create_engine(url)
    with engine.begin() as tx:
        for statement in statements:
            tx.execute(text(statement))
    engine.dispose()


def _rows(url: str, table: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    with engine.connect() as tx:
        found = [tuple(row) for row in tx.execute(select(text("*")).select_from(text(table)))]
    engine.dispose()
    return found


def test_a_database_that_is_shared_keeps_what_is_of_others(postgres: Postgres, tmp_path: Path) -> None:
    source, target = postgres.database(), postgres.database()
    users = "CREATE TABLE users (id bigint, name text)"
    _foreign(source, users, "INSERT INTO users VALUES (1, 'of the source')")
    _foreign(target, users, "INSERT INTO users VALUES (7, 'of another application')")
    with served(Config(database_url=source)) as broker:
        broker.publish("Foo", "1")
    assert _run("backup", tmp_path / "saved", database=source).returncode == 0
    assert b"of the source" not in (tmp_path / "saved").read_bytes()
    restored = _run("restore", tmp_path / "saved", database=target)
    assert (restored.returncode, restored.stderr) == (0, "")
    assert _rows(target, "users") == [(7, "of another application")]
    with served(Config(database_url=target)) as broker:
        broker.get("/pacts/provider/Bar/consumer/Foo/version/1")
        broker.publish("Foo", "2")


@_BOTH
def test_tables_of_another_application_with_the_names_of_a_broker_are_not_replaced(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    Database(database_url).close()
    assert _run("backup", tmp_path / "saved", database=database_url).returncode == 0
    if empty_url.startswith("sqlite"):
        (tmp_path / "elsewhere").mkdir()
    _foreign(empty_url, "CREATE TABLE tags (word text)")
    refused = _run("restore", tmp_path / "saved", database=empty_url)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "holds tables of another application that have a broker's names: tags" in refused.stderr
    assert _rows(empty_url, "tags") == []


def test_a_file_with_tables_of_another_application_is_not_replaced(tmp_path: Path) -> None:
    source, target = f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"
    Database(source).close()
    assert _run("backup", tmp_path / "saved", database=source).returncode == 0
    _foreign(target, "CREATE TABLE users (name text)", "INSERT INTO users VALUES ('x')")
    refused = _run("restore", tmp_path / "saved", database=target)
    assert (refused.returncode, "holds tables of another application: users" in refused.stderr) == (2, True)
    assert _rows(target, "users") == [("x",)]


def test_of_an_archive_that_holds_more_than_a_broker_nothing_else_is_taken(postgres: Postgres, tmp_path: Path) -> None:
    source, target = postgres.database(), postgres.database()
    Database(source).close()
    plain = source.replace("+psycopg", "")
    _foreign(source, "CREATE SEQUENCE others", "CREATE VIEW numbers AS SELECT 1 AS one")
    _foreign(target, "CREATE SEQUENCE others START 7")
    subprocess.run(["pg_dump", "--format=custom", f"--file={tmp_path}/own", plain], check=True)
    assert _run("restore", tmp_path / "own", database=target).stderr == ""
    assert _rows(target, "others")[0][0] == 7
    _foreign(source, "CREATE TABLE users (name text)")
    subprocess.run(["pg_dump", "--format=custom", f"--file={tmp_path}/whole", plain], check=True)
    refused = _run("restore", tmp_path / "whole", database=postgres.database())
    assert (refused.returncode, "holds tables of another application, too: users" in refused.stderr) == (2, True)
    subprocess.run(["pg_dump", "--format=custom", f"--file={tmp_path}/users", "--table=users", plain], check=True)
    refused = _run("restore", tmp_path / "users", database=postgres.database())
    assert refused.stderr == f"contract-broker: {tmp_path}/users is not a back-up of a broker\n"


@pytest.mark.parametrize("case", ["of another application", "cut off"])
def test_what_cannot_be_restored_on_sqlite_leaves_no_database_behind(tmp_path: Path, case: str) -> None:
    file = tmp_path / "saved"
    if case == "cut off":
        with served(Config(database_url=f"sqlite:///{tmp_path}/b.db")) as broker:
            broker.publish("Foo", "1", says="x" * 50_000)
        assert _run("backup", file, database=f"sqlite:///{tmp_path}/b.db").returncode == 0
        file.write_bytes(file.read_bytes()[:60_000])
    else:
        _foreign(f"sqlite:///{file}", "CREATE TABLE t (x text)")
    done = _run("restore", file, database=f"sqlite:///{tmp_path}/new/new.db")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"contract-broker: {file} ")
    assert not (tmp_path / "new").exists()


def test_why_pg_dump_fails_is_told_with_its_details_and_without_what_is_stored(
    postgres: Postgres, tmp_path: Path
) -> None:
    database = postgres.database()
    Database(database).close()
    program = tmp_path / "pg_dump"
    program.write_text(
        "#!/bin/sh\necho 'pg_dump: error: aborting because of server version mismatch' >&2\n"
        "echo 'pg_dump: detail: server version: 16.1; pg_dump version: 15.2' >&2\necho 'CONTEXT: hush' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    done = _run("backup", tmp_path / "saved", database=database, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert done.stderr == (
        "contract-broker: pg_dump fails: pg_dump: error: aborting because of server version mismatch; "
        "detail: server version: 16.1; pg_dump version: 15.2\n"
    )


def test_without_pg_dump_on_the_path_a_backup_says_what_is_missing(postgres: Postgres, tmp_path: Path) -> None:
    database = postgres.database()
    Database(database).close()
    done = _run("backup", tmp_path / "saved", database=database, PATH="/nowhere")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "pg_dump is not on the PATH" in done.stderr
