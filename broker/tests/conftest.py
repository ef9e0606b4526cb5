from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from attrs import frozen
from sqlalchemy import delete

from broker.config import Config, WebhookConfig
from broker.store.database import Database
from broker.store.schema import metadata, schema_info
from broker.tests import conformance
from broker.tests.postgres import Postgres, PostgresMissingError, postgres_server
from broker.tests.served import Broker, served

# Where the two databases could differ in what a client sees; elsewhere SQLite stands for both.
_ON_BOTH = frozenset(
    {
        "test_concurrency",
        "test_bidirectional_matrix",
        "test_environments",
        "test_matrix",
        "test_provider_contracts",
        "test_labels_and_pages",
        "test_overviews",
        "test_publishing",
        "test_recorded_calls",
        "test_removal",
        "test_stock_clients",
        "test_stock_clients_commands",
        "test_verification",
        "test_webhook_events",
    }
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--storm", type=float, default=4, help="seconds that the storm of test_storm lasts")
    parser.addoption("--fuzz", type=int, default=0, help="examples of each operation that test_fuzz makes up")
    parser.addoption("--fuzz-seed", default="1", help="what test_fuzz makes them up from; other seeds ask other things")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "broker" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in _ON_BOTH:
        metafunc.parametrize("broker", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _every_answer_is_as_the_document_says() -> Iterator[None]:
    yield
    found = conformance.faults()
    assert not found, "\n".join(found)


@frozen
class _Running:
    broker: Broker
    database: Database


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Skips where there is no PostgreSQL, and fails there under CI, where nothing may be left out in silence."""
    try:
        with postgres_server() as server:
            yield server
    except PostgresMissingError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def _on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Running]:
    yield from _serve(f"sqlite:///{tmp_path_factory.mktemp('broker')}/broker.db")


@pytest.fixture(scope="session")
def _on_postgresql(postgres: Postgres) -> Iterator[_Running]:
    yield from _serve(postgres.database())


def _serve(url: str) -> Iterator[_Running]:
    database = Database(url)
    # Webhooks may reach the receivers of tests, which listen on this machine.
    webhooks = WebhookConfig(schemes=("http",), allow=("127.0.0.1",))
    with served(Config(database_url=url, webhooks=webhooks)) as broker:
        yield _Running(broker, database)
    database.close()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of the test's own: on SQLite, or as the test's parameter says."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('own')}/broker.db"
    own: Postgres = request.getfixturevalue("postgres")
    return own.database()


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Broker:
    """A served broker that holds nothing; one server on each database for all tests, emptied before each."""
    running: _Running = request.getfixturevalue(f"_on_{getattr(request, 'param', 'sqlite')}")
    with running.database.write() as tx:
        for table in reversed(metadata.sorted_tables):
            if table is not schema_info:
                tx.execute(delete(table))
    return running.broker
