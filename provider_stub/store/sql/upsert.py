"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """An insert that replaces every other column of a row with the same primary key."""
    insert = _insert(connection, table)
    others = {column.name: insert.excluded[column.name] for column in table.c if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


def insert_new(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """An insert that leaves out what collides with a row that is there."""
    return _insert(connection, table).on_conflict_do_nothing()


def inserted(connection: sa.Connection, table: sa.Table, row: Mapping[str, object]) -> bool:
    """Inserts a row; False, and nothing stored, when it collides with one that is there."""
    # Without the option SQLAlchemy forgets how many rows an insert wrote on PostgreSQL.
    keeping = {"preserve_rowcount": True}
    return connection.execute(insert_new(connection, table), row, execution_options=keeping).rowcount == 1


def insert_all(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> set[Sequence[Any]]:
    """Inserts the rows whose primary keys are new, in one statement, and returns these keys."""
    insert = _insert(connection, table)
    if connection.dialect.name == "sqlite":
        new = insert.on_conflict_do_nothing().returning(*table.primary_key)
        return set(connection.execute(new, rows))
    # Placeholders for a thousand rows would cost psycopg more than the rows cost PostgreSQL: one array a column.
    names = [column.name for column in table.c]
    arrays = (sa.bindparam(column.name, type_=postgresql.ARRAY(column.type)) for column in table.c)
    columns = sa.select(sa.func.unnest(*arrays).table_valued(*names).render_derived())
    new = insert.from_select(names, columns).on_conflict_do_nothing().returning(*table.primary_key)
    return set(connection.execute(new, {name: [row[name] for row in rows] for name in names}))


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
