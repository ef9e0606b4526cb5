"""Histories with more versions than a statement of the database can have parameters."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from broker.config import Config
from broker.store.database import Database
from broker.tests.served import served

_VERSIONS = """
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 66000)
    INSERT INTO versions (pacticipant_id, number, created_at, updated_at)
    SELECT pacticipants.id, 'n' || n.x, 1, 1 FROM n, pacticipants WHERE pacticipants.name = 'Bar'
"""
_TAGS = """
    INSERT INTO tags (version_id, pacticipant_id, name, created_at)
    SELECT id, pacticipant_id, 'main', 1 FROM versions WHERE number LIKE 'n%'
"""


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # it takes the fewest parameters by far
def test_a_tag_may_be_on_any_number_of_versions(database_url: str) -> None:
    with served(Config(database_url=database_url)) as broker:
        sha = broker.publish("Foo", "1")
        broker.publish("Bar", "0", "Baz")
        database = Database(database_url)
        with database.write() as tx:
            for statement in (_VERSIONS, _TAGS):
                tx.execute(text(statement))
        database.close()
        broker.verify("Foo", sha, "n66000")
        broker.verify("Foo", sha, "n1", success=False)
        rows = broker.get("/matrix?q[][pacticipant]=Foo&q[][pacticipant]=Bar&q[][tag]=main&latestby=cvpv")["matrix"]
        assert {row["provider"]["version"]["number"] for row in rows} >= {"n66000", "n1"}
        assert broker.deployable("Foo:1", tag="main") is False
        body = {"consumerVersionSelectors": [{"tag": "main"}]}
        found = broker.ask("POST", "/pacts/provider/Baz/for-verification", body, status=200)
        assert found["_embedded"]["pacts"] == []
