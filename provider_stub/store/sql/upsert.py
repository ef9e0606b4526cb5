"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps apart.

Each statement is put together once for each table and database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """An insert that replaces every other column of a row with the same primary key."""
    return _replacing(connection.dialect.name, table)


def inserted(connection: sa.Connection, table: sa.Table, row: Mapping[str, object]) -> bool:
    """Inserts a row; False, and nothing stored, when it collides with one that is there."""
    return connection.execute(_new(connection.dialect.name, table), row).rowcount == 1


def insert_all(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> set[Sequence[Any]]:
    """Inserts the rows whose primary keys are new, in one statement, and returns these keys."""
    if connection.dialect.name == "sqlite":
        return set(connection.execute(_returning_new("sqlite", table), rows))
    names = [column.name for column in table.c]
    return set(connection.execute(_arrays_of_new(table), {name: [row[name] for row in rows] for name in names}))


@cache
def _replacing(dialect: str, table: sa.Table) -> sa.Insert:
    insert = _insert(dialect, table)
    others = {column.name: insert.excluded[column.name] for column in table.c if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


@cache
def _new(dialect: str, table: sa.Table) -> sa.Insert:
    # Without the option SQLAlchemy forgets how many rows an insert wrote on PostgreSQL.
    return _insert(dialect, table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@cache
def _returning_new(dialect: str, table: sa.Table) -> sa.Executable:
    return _insert(dialect, table).on_conflict_do_nothing().returning(*table.primary_key)


@cache
def _arrays_of_new(table: sa.Table) -> sa.Executable:
    # Placeholders for a thousand rows would cost psycopg more than the rows cost PostgreSQL: one array a column.
    arrays = (sa.bindparam(column.name, type_=postgresql.ARRAY(column.type)) for column in table.c)
    names = [column.name for column in table.c]
    columns = sa.select(sa.func.unnest(*arrays).table_valued(*names).render_derived())
    insert = _insert("postgresql", table).from_select(names, columns)
    return insert.on_conflict_do_nothing().returning(*table.primary_key)


def _insert(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
