"""The command that imports events: what it says, what it leaves behind, and what Ctrl-C does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from provider_stub.__main__ import main
from provider_stub.engine.regions import region_of
from provider_stub.store.protocol.records import Window
from provider_stub.store.sql.database import open_store
from provider_stub.usecases.metering import list_meters
from tests.store.parquet_files import write
from tests.usecases.world import MONTH, World

FIRST, _ = MONTH.bounds(region_of("KR").zone)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Its database is the one that the command finds; the command runs in an empty folder."""
    url = f"sqlite:///{tmp_path / 'billing.db'}"
    made = World(open_store(url))
    monkeypatch.setenv("BILLING_DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    yield made
    made.store.close()


def test_the_command_imports_and_says_what_it_did_and_what_it_refuses(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    write(Path("july.parquet"), [_event(1), _event(2), _event(3)])
    write(Path("wrong.parquet"), [_event(1) | {"counter_name": "magic"}])
    write(Path("floats.parquet"), [_event(1)], counter_volume="DOUBLE")

    def says(file: str) -> tuple[int, str, str]:
        status = main(["import-meters", file, "--account", "acme"])
        told = capsys.readouterr()
        return status, told.out, told.err.splitlines()[-1]

    status, done, told = says("july.parquet")
    assert (status, told) == (0, "1 meters recorded")
    assert done.startswith("3 events read, 0 of them duplicates; 1 meters stored, 0 known before; ")
    assert says("july.parquet")[1].startswith("3 events read, 0 of them duplicates; 0 meters stored, 1 known before; ")
    wrong = "  counter_name: is not in the price list: 1 rows (wrong.parquet row 1: magic)"
    assert says("wrong.parquet") == (1, "", wrong)
    floats = "error: counter_volume has to be a decimal, a whole number or text, not DOUBLE"
    assert says("floats.parquet") == (2, "", floats)
    assert _stored(world) == [6]
    assert list(Path(".contract").glob("import-*")) == []


def test_what_a_killed_import_left_is_removed_a_day_later(world: World) -> None:
    write(Path("july.parquet"), [_event(1)])
    for name, hours in (("import-killed", 25), ("import-working", 23), ("other", 25)):
        (folder := Path(".contract") / name).mkdir(parents=True)
        (folder / "spilled").touch()
        os.utime(folder, (time.time() - hours * 3600,) * 2)
    assert main(["import-meters", "july.parquet", "--account", "acme"]) == 0
    assert sorted(folder.name for folder in Path(".contract").iterdir()) == ["import-working", "other"]
    assert _stored(world) == [1]


def test_control_c_in_the_middle_of_a_query_ends_an_import_in_one_line_with_nothing_stored(world: World) -> None:
    with duckdb.connect() as database:
        database.execute(
            """
            COPY (SELECT 'm-' || number AS meter_id, 'acme-main-key' AS app_key, 'compute' AS counter_name,
                         'DELTA' AS counter_type, 'HOURS' AS counter_unit, 1 AS counter_volume,
                         TIMESTAMPTZ '2026-10-05 00:00:00Z' AS "timestamp"
                  FROM range(3000000) AS numbers(number)) TO 'large.parquet'
            """
        )
    # A process that was started in the background may ignore the signal, and its children with it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        command = [sys.executable, "-m", "provider_stub", "import-meters", "large.parquet", "--account", "acme"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as importing:
            assert importing.stderr is not None
            assert importing.stderr.readline() == "checking 3,000,000 events\n"
            time.sleep(0.2)  # now it is deep in a query
            importing.send_signal(signal.SIGINT)
            said, told = importing.communicate(timeout=60)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (importing.returncode, said, told) == (130, "", "interrupted; nothing is stored\n")
    assert _stored(world) == []
    assert list(Path(".contract").iterdir()) == []


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 201])
def test_a_name_that_no_meter_could_show_as_its_source_is_refused(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["import-meters", "july.parquet", "--name", name])
    assert "a name has 1 to 200 characters" in capsys.readouterr().err


def _event(number: int) -> dict[str, object]:
    return {
        "meter_id": f"m-{number}",
        "app_key": "acme-main-key",
        "counter_name": "compute",
        "counter_type": "DELTA",
        "counter_unit": "HOURS",
        "counter_volume": Decimal(number),
        "timestamp": FIRST,
    }


def _stored(world: World) -> list[Decimal]:
    found = list_meters(
        world.ctx, "acme", app_key=None, first_day=None, last_day=None, counter_name=None, window=Window(0, 10)
    )
    return [meter.counter_volume for meter in found.items]
