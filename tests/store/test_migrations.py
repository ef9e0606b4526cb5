"""Databases of every age end up with exactly the tables of today, and keep their rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from provider_stub.store.protocol.tx import StoreConflictError
from provider_stub.store.sql import migrate
from provider_stub.store.sql.database import open_store
from provider_stub.store.sql.schema import METADATA
from tests.serving import ROOT
from tests.store.builders import account, meter

_MIGRATIONS = Path(migrate.__file__).parent / "migrations"
_OPENS = """
import sys
from provider_stub.store.sql.database import open_store
print("ready", flush=True)
sys.stdin.readline()
open_store(sys.argv[1]).close()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'billing.db'}"
    made: str = request.getfixturevalue("postgres").database()
    return made


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _made_before_revisions(url: str, **rows: Any) -> None:
    """The tables of the first revision, with rows by table, and nothing that says which revision it is."""
    with _connected(url) as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(_MIGRATIONS))
        command.upgrade(config, "0001")
        connection.execute(sa.text("DROP TABLE alembic_version"))
        for table, values in rows.items():
            tables = sa.MetaData()
            connection.execute(sa.insert(sa.Table(table, tables, autoload_with=connection)), values)


def _old_meter(meter_id: str, volume: str, owner: str = "acme") -> dict[str, object]:
    names = ("project_id", "app_key", "counter_name", "counter_unit", "resource_id", "resource_name", "source")
    blank = dict.fromkeys((*names, "parent_resource_id"), "")
    known = {"account_id": owner, "meter_id": meter_id, "counter_volume": volume, "counter_type": "DELTA", "at": 0}
    return blank | known


def _schema(connection: sa.Connection) -> object:
    """What Alembic does not compare: collations, conditions of indexes, and the text of constraints."""
    if connection.dialect.name == "sqlite":
        indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
        columns = (
            'SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk FROM sqlite_master t, '
            "pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name <> 'alembic_version' ORDER BY 1, 2"
        )
        return [connection.execute(sa.text(query)).all() for query in (indexes, columns)]
    queries = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename <> 'alembic_version' AND schemaname = 'public'",
        (
            "SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default, is_identity "
            "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
        ),
        (
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass"
        ),
    )
    return [sorted(map(str, connection.execute(sa.text(query)))) for query in queries]


def test_the_migrations_make_exactly_the_tables_that_the_code_works_with(url: str) -> None:
    open_store(url).close()
    with _connected(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
        migrated = _schema(connection)
    with _connected(url) as connection:
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        assert _schema(connection) == migrated


def test_the_newest_revision_is_the_one_that_the_code_names() -> None:
    assert ScriptDirectory(str(_MIGRATIONS)).get_current_head() == migrate.HEAD


def test_tables_made_before_there_were_revisions_keep_their_rows(url: str) -> None:
    volumes = {"m-1": "123456789012345.123456789012", "m-2": "0.000000000001", "m-3": "1000000"}
    _made_before_revisions(
        url,
        accounts=[{"account_id": "acme", "region": "KR"}],
        meters=[_old_meter(name, volume) for name, volume in volumes.items()],
    )
    store = open_store(url)
    with store.read() as tx:
        found = {name: tx.meters.get("acme", name) for name in volumes}
    store.close()
    assert {name: Decimal(volume) for name, volume in volumes.items()} == {
        name: one.counter_volume for name, one in found.items() if one is not None
    }


def test_tables_of_today_without_a_revision_are_taken_over_as_they_are(url: str) -> None:
    store = open_store(url)
    with store.write() as tx:
        tx.accounts.put(account("acme"))
        tx.meters.add("acme", [meter("m-1")])
    store.close()
    with _connected(url) as connection:
        connection.execute(sa.text("DROP TABLE alembic_version"))

    store = open_store(url)
    with store.read() as tx:
        assert tx.accounts.get("acme") == account("acme")
        assert tx.meters.get("acme", "m-1") == meter("m-1")
    store.close()
    with _connected(url) as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == migrate.HEAD


def test_a_database_of_a_newer_version_is_refused_and_left_alone(url: str) -> None:
    open_store(url).close()
    with _connected(url) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ValueError, match="revision 9999, made by a newer version"):
        open_store(url)
    with _connected(url) as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9999"


def test_a_failed_migration_leaves_the_database_as_it_was(url: str) -> None:
    _made_before_revisions(url, accounts=[{"account_id": "acme", "region": "KR"}], meters=[_old_meter("m-1", "many")])
    with _connected(url) as connection:
        before = sa.inspect(connection).get_table_names()
    with pytest.raises(ArithmeticError):
        open_store(url)
    with _connected(url) as connection:
        assert sa.inspect(connection).get_table_names() == before
        assert connection.scalar(sa.text("SELECT counter_volume FROM meters")) == "many"


def test_a_migration_does_not_switch_off_foreign_keys_for_good(url: str) -> None:
    store = open_store(url)
    with pytest.raises(StoreConflictError), store.write() as tx:
        tx.meters.add("nobody", [meter("m-1")])
    store.close()


def test_rows_without_their_owner_stop_a_migration_of_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'billing.db'}"
    _made_before_revisions(url, meters=[_old_meter("m-1", "1", owner="nobody")])
    with pytest.raises(ValueError, match="rows whose owner is missing, such as one of meters"):
        open_store(url)


def test_processes_that_open_an_empty_database_at_once_all_succeed(url: str) -> None:
    opening = [
        subprocess.Popen(
            [sys.executable, "-c", _OPENS, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in opening:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in opening:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in opening]
    assert "".join(error for _, error in ended) == ""
    assert [process.returncode for process in opening] == [0, 0, 0]


def test_a_database_of_today_is_opened_without_alembic(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(url).close()
    monkeypatch.setitem(sys.modules, "alembic", None)
    open_store(url).close()
