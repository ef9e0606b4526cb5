"""What readers see while others write."""

from __future__ import annotations

from contextlib import closing

import pytest

from broker.store import pacticipants
from broker.store.database import Database


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_reader_sees_one_state_and_the_next_writer_sees_the_latest(database_url: str) -> None:
    with closing(Database(database_url)) as database:
        with database.read() as reading:
            before = pacticipants.every(reading)
            with database.write() as writing:
                pacticipants.create(writing, "Foo", "foo", 1, display_name="Foo")
            assert pacticipants.every(reading) == before == []
        with database.write() as writing:
            assert [one.name for one in pacticipants.every(writing)] == ["Foo"]
