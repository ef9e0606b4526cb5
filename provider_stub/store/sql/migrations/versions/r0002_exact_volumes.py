"""Volumes as two whole numbers, which every database adds up exactly; a text only Python can."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_EXACT: Final = Context(prec=60)
_PLACES: Final = 12
_AT_A_TIME: Final = 5_000

_METERS: Final = sa.table(
    "meters",
    sa.column("account_id", sa.String),
    sa.column("meter_id", sa.String),
    sa.column("counter_volume", sa.String),
    sa.column("volume_whole", sa.BigInteger),
    sa.column("volume_fraction", sa.BigInteger),
)
_NAME: Final = (_METERS.c.account_id, _METERS.c.meter_id)


def upgrade() -> None:
    for name in ("volume_whole", "volume_fraction"):
        op.add_column("meters", sa.Column(name, sa.BigInteger, nullable=True))
    _fill()
    op.drop_index("meters_cumulative", "meters")
    with op.batch_alter_table("meters") as meters:  # SQLite changes a table by copying it
        meters.alter_column("volume_whole", nullable=False)
        meters.alter_column("volume_fraction", nullable=False)
        meters.drop_column("counter_volume")
    cumulative = sa.text("counter_type = 'CUMULATIVE'")
    op.create_index(
        "meters_cumulative",
        "meters",
        ["project_id", "counter_name", "resource_id", "at", "meter_id"],
        sqlite_where=cumulative,
        postgresql_where=cumulative,
    )


def _fill() -> None:
    change = (
        sa.update(_METERS)
        .where(_METERS.c.account_id == sa.bindparam("account"), _METERS.c.meter_id == sa.bindparam("meter"))
        .values(volume_whole=sa.bindparam("whole"), volume_fraction=sa.bindparam("fraction"))
    )
    connection = op.get_bind()
    done = ("", "")
    while True:
        after = sa.tuple_(*_NAME) > sa.tuple_(*done)
        some = sa.select(*_NAME, _METERS.c.counter_volume).where(after).order_by(*_NAME).limit(_AT_A_TIME)
        rows = [tuple(row) for row in connection.execute(some)]
        if not rows:
            return
        connection.execute(change, [_halved(*row) for row in rows])
        done = rows[-1][:2]


def _halved(account_id: str, meter_id: str, volume: str) -> dict[str, object]:
    whole, fraction = divmod(int(_EXACT.scaleb(Decimal(volume), _PLACES)), 10**_PLACES)
    return {"account": account_id, "meter": meter_id, "whole": whole, "fraction": fraction}
