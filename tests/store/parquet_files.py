"""Parquet files of events, written by DuckDB from engine values or from plain rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb

from provider_stub.engine.metering import Meter

TYPES: Final = {
    "meter_id": "VARCHAR",
    "app_key": "VARCHAR",
    "counter_name": "VARCHAR",
    "counter_type": "VARCHAR",
    "counter_unit": "VARCHAR",
    "counter_volume": "DECIMAL(28,12)",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "resource_id": "VARCHAR",
}


def write(file: Path, rows: Sequence[Mapping[str, object]], **types: str) -> Path:
    """Rows as a file; `types` are columns beside or instead of those of TYPES. A column that a row lacks is empty."""
    columns = TYPES | types
    with duckdb.connect() as database:
        values = ", ".join(f"unnest(?::{kind}[]) AS {name}" for name, kind in columns.items())
        database.execute(
            f"CREATE TABLE events AS SELECT {values}", [[row.get(name) for row in rows] for name in columns]
        )
        database.execute(f"COPY events TO '{file}' (FORMAT parquet)")
    return file


def row(meter: Meter) -> dict[str, object]:
    return {name: getattr(meter, name) for name in TYPES} | {"counter_type": meter.counter_type.value}
