"""Conditions over ids, of which there may be more than a statement can have parameters."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, bindparam

_MOST_BOUND = 5000


def among(column: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Whether the column holds one of these ids.

    PostgreSQL takes 65,535 parameters in a statement and SQLite 32,766, fewer than a history may have versions. Ids
    beyond a few thousand are written into the statement, whose length has no such bound.
    """
    if len(ids) <= _MOST_BOUND:
        return column.in_(ids)
    return column.in_(bindparam("ids", [*ids], unique=True, expanding=True, literal_execute=True))
