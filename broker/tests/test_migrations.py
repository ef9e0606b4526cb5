"""The schema's history: what older brokers left behind is taken over whole, and what newer ones made is refused."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text

from broker.config import Config
from broker.errors import UnusableError
from broker.store.database import Database
from broker.store.migrate import HEAD
from broker.store.schema import metadata
from broker.tests.served import served

_ROOT = Path(__file__).parents[2]
_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def _lay_down_old_tables(url: str) -> dict[str, list[dict[str, Any]]]:
    """A database as the broker without revisions left it; answers every row."""
    engine = create_engine(url)
    script = (Path(__file__).parent / "before_revisions" / f"{engine.dialect.name}.sql").read_text()
    with closing(engine.raw_connection()) as connection:
        driver: Any = connection.dbapi_connection
        (driver.executescript if engine.dialect.name == "sqlite" else driver.execute)(script)
        connection.commit()
    with engine.connect() as tx:
        rows = {name: _rows(tx, name) for name in inspect(tx).get_table_names()}
    engine.dispose()
    return rows


def _rows(tx: Connection, table: str) -> list[dict[str, Any]]:
    return sorted([dict(row) for row in tx.execute(text(f"SELECT * FROM {table}")).mappings()], key=repr)  # noqa: S608 - our own table names


@_BOTH
def test_a_database_from_before_revisions_is_taken_over_with_every_row(database_url: str) -> None:
    before = _lay_down_old_tables(database_url)
    assert len(before) == 13
    assert before.pop("schema_info") == [{"version": 1}]
    with closing(Database(database_url)) as database, database.read() as tx:
        assert {name: _rows(tx, name) for name in before} == before
    with served(Config(database_url=database_url)) as broker:
        assert broker.deployable("Foo:1", "Bar:7") is True
        assert (
            broker.publish("Foo", "3")
            == broker.get("/pacts/provider/Bar/consumer/Foo/version/1")["_links"]["pb:pact-version"]["name"]
        )


@_BOTH
def test_the_revisions_leave_behind_what_the_schema_says(database_url: str) -> None:
    with closing(Database(database_url)) as database, database.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


def test_the_revisions_and_the_schema_write_the_same_tables_on_sqlite(database_url: str) -> None:
    """Comparing by reflection overlooks the conditions of indexes and AUTOINCREMENT."""
    Database(database_url).close()
    plain = create_engine("sqlite://")
    metadata.create_all(plain)
    found, wanted = (_definitions(engine) for engine in (create_engine(database_url), plain))
    del found["alembic_version"]
    assert found == wanted


def _definitions(engine: Any) -> dict[str, list[str]]:
    """What was written to make each table or index; the order of constraints means nothing."""
    with engine.connect() as tx:
        rows = tx.execute(
            text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'sqlite_sequence'")
        )
        return {row.name: sorted(line.strip(" \t,") for line in row.sql.splitlines()) for row in rows}


@_BOTH
def test_processes_that_start_at_once_on_an_empty_database_all_come_up(database_url: str) -> None:
    opening = f"from broker.store.database import Database; Database({database_url!r}).close()"
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: _python("-c", opening), range(4)))
    assert [(run.returncode, run.stderr) for run in runs] == [(0, "")] * 4


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=_ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_database_of_a_newer_broker_is_refused_in_one_line(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(UnusableError, match=f"revision 9999, made by a newer broker; this one knows {HEAD}"):
        Database(database_url)
    run = _python("-m", "broker", "serve", "--port", "0", "--database", database_url)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1)


def test_a_start_on_a_database_of_today_does_not_load_alembic(database_url: str) -> None:
    Database(database_url).close()
    opening = f"import sys; from broker.store.database import Database; Database({database_url!r})"
    run = _python("-c", f"{opening}; print('alembic' in sys.modules)")
    assert run.stdout == "False\n"


def test_migrate_brings_a_database_up_to_date_and_with_check_only_says_how_it_stands(database_url: str) -> None:
    migrate = ("-m", "broker", "migrate", "--database", database_url)
    assert _python(*migrate, "--check").stderr.startswith("contract-broker: there is no database at ")
    _lay_down_old_tables(database_url)
    behind = _python(*migrate, "--check")
    assert (behind.returncode, behind.stdout) == (
        1,
        f"the database is empty, or from before revisions; this broker needs {HEAD}\n",
    )
    done = _python(*migrate)
    assert (done.returncode, done.stdout) == (0, f"the database is at revision {HEAD}\n")
    assert _python(*migrate, "--check").returncode == 0
