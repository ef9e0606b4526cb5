"""Texts that PostgreSQL cannot keep or look for are the sender's fault, or do no harm: never a 5xx, on any database."""

from __future__ import annotations

import base64
import json

import pytest
from sqlalchemy import create_engine, text

from broker.config import Config
from broker.store.database import Database
from broker.tests.postgres import Postgres
from broker.tests.served import Broker, encoded_contract, pact, served

_ON_BOTH = pytest.mark.parametrize("broker", ["sqlite", "postgresql"], indirect=True)
_METADATA = base64.urlsafe_b64encode(b"cvn=%00").decode().rstrip("=")


@_ON_BOTH
@pytest.mark.parametrize("accept", ["application/hal+json", "text/html"])
def test_a_null_character_in_a_query_is_refused(broker: Broker, accept: str) -> None:
    for path in (
        "/pacticipants?q=%00",
        "/matrix?q[][pacticipant]=a%00b",
        "/pacticipants/Big/branches?q=%00",
        "/?%00=1",
    ):
        assert broker.client.get(path, headers={"accept": accept}).status_code == 400, path


@_ON_BOTH
def test_a_null_character_in_the_metadata_of_a_path_is_refused(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    assert (
        broker.client.get(f"/pacts/provider/Bar/consumer/Foo/pact-version/{sha}/metadata/{_METADATA}").status_code
        == 400
    )


@_ON_BOTH
def test_a_pact_whose_texts_hold_null_characters_is_compared_like_any_other(broker: Broker) -> None:
    document = pact("Foo", "Bar", "some\x00thing")
    body = {"pacticipantName": "Foo", "pacticipantVersionNumber": "1", "contracts": [encoded_contract(document)]}
    broker.ask("POST", "/contracts/publish", body, status=200)
    api = json.dumps({"openapi": "3.0.3", "info": {"title": "x", "version": "1"}, "paths": {}})
    contract = {"specification": "oas", "contentType": "application/json"}
    contract["content"] = base64.b64encode(api.encode()).decode()
    published = {"pacticipantVersionNumber": "1", "contract": contract}
    broker.ask("POST", "/provider-contracts/provider/Bar/publish", published, status=200)
    assert broker.deployable("Foo:1", "Bar:1") is False


def test_what_a_database_refuses_as_a_value_is_the_senders_fault(postgres: Postgres) -> None:
    url = postgres.database()
    Database(url).close()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as tx:
        tx.execute(text("ALTER TABLE pacticipants ALTER COLUMN name TYPE varchar(5)"))
    engine.dispose()
    with served(Config(database_url=url)) as broker:
        assert broker.ask("POST", "/pacticipants", {"name": "longer"}, status=400)["errors"]
        broker.ask("POST", "/pacticipants", {"name": "short"}, status=201)
