from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import frozen
from sqlalchemy import delete

from broker.config import Config
from broker.store.database import Database
from broker.store.schema import metadata, schema_info
from broker.tests.served import Broker, served


@frozen
class _Running:
    broker: Broker
    database: Database


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Running]:
    url = f"sqlite:///{tmp_path_factory.mktemp('broker')}/broker.db"
    database = Database(url)
    with served(Config(database_url=url)) as broker:
        yield _Running(broker, database)
    database.close()


@pytest.fixture
def broker(_running: _Running) -> Broker:
    """A served broker that holds nothing; one server for all tests, emptied before each."""
    with _running.database.write() as tx:
        for table in reversed(metadata.sorted_tables):
            if table is not schema_info:
                tx.execute(delete(table))
    return _running.broker
