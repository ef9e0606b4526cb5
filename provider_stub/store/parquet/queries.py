"""What is asked of DuckDB. It compares, counts and adds; sums of decimals are exact, and raise where they overflow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from provider_stub.engine.metering import CounterType
from provider_stub.store.parquet.columns import OPTIONAL, VOLUME, Check

# ruff: noqa: S608 - what is put into these texts is ours, or quoted; values travel as parameters

_OPTIONAL: Final = ", ".join(OPTIONAL)
_AS_WRITTEN: Final = "hive_partitioning = false"  # else a folder app_key=x would stand above the column
_PATTERN: Final = re.compile(r"[\[*?]")
_NO_RESOURCE: Final = ", ".join(f"'' AS {name}" for name in OPTIONAL)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(file: Path) -> str:
    """DuckDB reads names as patterns, and `part[1]` as `part1`; a character in brackets stands for itself."""
    return _quoted(_PATTERN.sub(r"[\g<0>]", str(file)))


def describe(file: Path) -> str:
    return f"DESCRIBE SELECT * FROM read_parquet({_name(file)}, {_AS_WRITTEN})"


def events(files: Sequence[Path], present: Sequence[str], account_id: str | None) -> str:
    """The view of all files. What a row may leave out is empty text there, also where no row has it."""
    optional = [f"coalesce({name}, '') AS {name}" if name in present else f"'' AS {name}" for name in OPTIONAL]
    account = "account_id" if account_id is None else f"{_quoted(account_id)} AS account_id"
    return f"""
        CREATE TEMP VIEW events AS
        SELECT filename, file_row_number, {account}, meter_id, app_key, counter_name, counter_type, counter_unit,
               counter_volume, "timestamp", epoch_us("timestamp") AS at_us, {", ".join(optional)}
        FROM read_parquet([{", ".join(map(_name, files))}], filename = true, file_row_number = true, {_AS_WRITTEN})
    """


COUNT: Final = "SELECT count(*) FROM events"
ACCOUNTS: Final = "SELECT DISTINCT account_id FROM events"
DAYS: Final = "SELECT DISTINCT at_us // 86400000000 AS day FROM events WHERE day BETWEEN ? AND ?"

# What is stored, as far as it is needed to judge the events.
MONTHS: Final = """
    CREATE OR REPLACE TEMP TABLE months AS
    SELECT unnest(?::INTEGER[]) AS month, unnest(?::VARCHAR[]) AS account_of, unnest(?::VARCHAR[]) AS key,
           unnest(?::BIGINT[]) AS first_us, unnest(?::BIGINT[]) AS end_us
"""
KEYS: Final = """
    CREATE OR REPLACE TEMP TABLE keys AS
    SELECT account_of, key, min(first_us) AS first_us, max(end_us) AS end_us FROM months GROUP BY ALL
"""
KINDS: Final = """
    CREATE OR REPLACE TEMP TABLE kinds AS
    SELECT unnest(?::INTEGER[]) AS kind, unnest(?::INTEGER[]) AS counter, unnest(?::VARCHAR[]) AS name,
           unnest(?::VARCHAR[]) AS type, unnest(?::VARCHAR[]) AS unit
"""
NAMES: Final = "CREATE OR REPLACE TEMP TABLE names AS SELECT DISTINCT name, type FROM kinds"
_JUDGED: Final = """
    FROM events
    LEFT JOIN keys ON account_id = account_of AND app_key = key
    LEFT JOIN names ON counter_name = names.name
    LEFT JOIN kinds ON counter_name = kinds.name AND counter_unit = unit
"""
AGAINST_STORED: Final = (
    Check("app_key", "is not one of the account", "key IS NULL AND app_key IS NOT NULL AND account_id IS NOT NULL"),
    Check("counter_name", "is not in the price list", "names.name IS NULL AND counter_name IS NOT NULL"),
    Check("counter_type", "is not the type of the counter in the price list", "counter_type <> names.type"),
    Check(
        "counter_unit",
        "does not measure what the price of the counter is for",
        "unit IS NULL AND names.name IS NOT NULL AND counter_unit IS NOT NULL",
    ),
    Check(
        "timestamp",
        "is not of the years 2000 to 2099",
        "at_us < 946684800000000 OR at_us >= 4102444800000000 OR at_us >= end_us",
    ),
)


def count_wrong(found: Sequence[Check]) -> str:
    return f"SELECT {', '.join(f'count(*) FILTER ({check.wrong})' for check in found)} {_JUDGED}"


def show_wrong(check: Check) -> str:
    """File, number of the row from 0, and value of the first wrong rows."""
    return f"""
        SELECT filename, file_row_number, "{check.column}"::VARCHAR {_JUDGED} WHERE {check.wrong}
        ORDER BY filename, file_row_number LIMIT ?
    """


COUNT_IDS: Final = "SELECT count(*), count(DISTINCT hash(account_id, meter_id)) FROM events"
REPEATS: Final = (
    """
    CREATE OR REPLACE TEMP TABLE hashes AS
    SELECT hash(account_id, meter_id) AS id_hash FROM events GROUP BY ALL HAVING count(*) > 1
    """,
    f"""
    CREATE OR REPLACE TEMP TABLE twins AS
    SELECT filename, file_row_number, meter_id,
           row_number() OVER same AS turn,
           first_value(content) OVER same IS DISTINCT FROM content AS contrary
    FROM (
        SELECT filename, file_row_number, account_id, meter_id,
               row(app_key, counter_name, counter_type, counter_unit, counter_volume::{VOLUME}, at_us,
                   {_OPTIONAL}) AS content
        FROM events SEMI JOIN hashes ON hash(account_id, meter_id) = id_hash
    )
    WINDOW same AS (PARTITION BY account_id, meter_id ORDER BY filename, file_row_number)
    """,
    """
    CREATE OR REPLACE TEMP TABLE repeats AS
    SELECT filename AS repeated_in, file_row_number AS repeated_at FROM twins WHERE turn > 1
    """,
)
COUNT_REPEATS: Final = "SELECT count(*) FROM repeats"
COUNT_CONTRARY: Final = "SELECT count(*) FROM twins WHERE contrary"
CONTRARY: Final = """
    SELECT filename, file_row_number, meter_id FROM twins WHERE contrary ORDER BY filename, file_row_number LIMIT ?
"""


RECORDED: Final = "CREATE OR REPLACE TEMP TABLE recorded (recorded_of VARCHAR, recorded_id VARCHAR)"
NOTE_RECORDED: Final = "INSERT INTO recorded SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])"
_AGAIN: Final = f"""
    FROM events SEMI JOIN recorded ON meter_id = recorded_id AND account_id = recorded_of
    WHERE counter_type = '{CounterType.DELTA}'
"""
COUNT_AGAIN: Final = f"SELECT count(*) {_AGAIN}"
AGAIN: Final = f"SELECT filename, file_row_number, meter_id {_AGAIN} ORDER BY filename, file_row_number LIMIT ?"


def condense(*, repeats: bool) -> Iterator[str]:
    """Fills the table `deciding`, one type of counter after the other; `repeats` leaves out events that came before."""
    once = "ANTI JOIN repeats ON filename = repeated_in AND file_row_number = repeated_at" if repeats else ""
    yield f"""
        CREATE OR REPLACE TEMP VIEW dated AS
        SELECT month, counter, kind, counter_type, meter_id, counter_volume::{VOLUME} AS volume, at_us, {_OPTIONAL}
        FROM (FROM events {once})
        JOIN months ON app_key = key AND at_us >= first_us AND at_us < end_us
        JOIN kinds ON counter_name = name AND counter_unit = unit
    """
    yield f"""
        CREATE OR REPLACE TEMP TABLE deciding AS
        SELECT month, kind, '' AS meter_id, sum(volume) AS volume, max(at_us) AS at_us, {_NO_RESOURCE}
        FROM dated WHERE counter_type = '{CounterType.DELTA}' GROUP BY month, kind
    """
    row = ", ".join(f"{name} := {name}" for name in ("at_us", "meter_id", "kind", "volume", *OPTIONAL))
    yield f"""
        INSERT INTO deciding BY NAME
        SELECT month, unnest(latest) FROM (
            SELECT month, max(struct_pack({row})) AS latest
            FROM dated WHERE counter_type = '{CounterType.GAUGE}' GROUP BY month, counter, resource_id
        )
    """
    yield f"""
        INSERT INTO deciding BY NAME
        SELECT month, kind, meter_id, volume, at_us, {_OPTIONAL}
        FROM dated WHERE counter_type = '{CounterType.CUMULATIVE}'
        WINDOW series AS (PARTITION BY month, counter, resource_id ORDER BY at_us, meter_id)
        QUALIFY lag(kind) OVER series IS DISTINCT FROM kind OR lead(kind) OVER series IS DISTINCT FROM kind
             OR lag(volume) OVER series > volume OR volume > lead(volume) OVER series
    """


CONDENSED: Final = f"""
    SELECT month, kind, meter_id, volume, at_us, {_OPTIONAL} FROM deciding
    ORDER BY month, kind, resource_id, at_us, meter_id
"""
