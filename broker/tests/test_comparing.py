"""Comparisons are kept of what they were made of, for as long as their maker would say the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import frozen
from sqlalchemy import delete, func, select, true, update

from broker import comparing, matrix, matrix_query, query
from broker.comparing import Allowance, Pair
from broker.config import Config
from broker.model import Comparison
from broker.store import provider_contracts
from broker.store.database import Database
from broker.store.schema import comparisons, contents, provider_documents
from broker.tests.provider_documents import offer
from broker.tests.served import Broker, served


@frozen
class Pairs:
    """A broker, its database, and what there is to compare in it."""

    broker: Broker
    database: Database

    @property
    def ids(self) -> list[Pair]:
        with self.database.read() as tx:
            both = contents.join(provider_documents, true())
            found = tx.execute(select(contents.c.id, provider_documents.c.id).select_from(both).order_by(contents.c.id))
            return [(row[0], row[1]) for row in found]

    def forget(self) -> None:
        with self.database.write() as tx:
            tx.execute(delete(comparisons))

    def kept(self) -> int:
        with self.database.read() as tx:
            return int(tx.execute(select(func.count()).select_from(comparisons)).scalar_one())


@pytest.fixture
def pairs(tmp_path: Path) -> Iterator[Pairs]:
    url = f"sqlite:///{tmp_path / 'broker.db'}"
    with served(Config(database_url=url)) as broker, closing(Database(url)) as database:
        yield Pairs(broker, database)


def test_what_was_found_of_a_content_is_not_kept_for_another_that_got_its_id(pairs: Pairs) -> None:
    broker = pairs.broker
    offer(broker, "10", "/something")
    broker.publish("Foo", "1", says="else")
    ((content_id, document_id),) = pairs.ids
    with pairs.database.read() as tx:
        (sides,) = provider_contracts.living(tx, [(content_id, document_id)])
    broker.ask("DELETE", "/pacts/provider/Bar/consumer/Foo/version/1", status=204)
    broker.publish("Foo", "2", says="something")
    assert [pair[0] for pair in pairs.ids] == [content_id]
    pairs.forget()
    late = Comparison(content_id, document_id, success=False, checked=1, errors=1, warnings=0, first_error="late")
    with pairs.database.write() as tx:
        provider_contracts.keep(tx, sides, late, b"{}", 0)
    assert broker.deployable("Foo:2", "Bar:10") is True


def test_the_id_of_a_removed_document_is_not_given_again(pairs: Pairs) -> None:
    broker = pairs.broker
    broker.publish("Foo", "1")
    offer(broker, "10", "/something")
    ((_, first),) = pairs.ids
    broker.ask("DELETE", "/provider-contracts/provider/Bar/version/10", status=204)
    offer(broker, "11", "/else")
    ((_, second),) = pairs.ids
    assert second > first


def test_what_an_older_comparator_said_is_found_out_again(pairs: Pairs) -> None:
    offer(pairs.broker, "10", "/something")
    pairs.broker.publish("Foo", "1")
    with pairs.database.write() as tx:
        tx.execute(update(comparisons).values(comparator=0, success=False, errors=1, first_error="as it was"))
    assert pairs.broker.deployable("Foo:1", "Bar:10") is True
    assert pairs.kept() == 1


def test_one_request_compares_as_much_as_it_may_and_the_next_one_goes_on(pairs: Pairs) -> None:
    offer(pairs.broker, "10", "/something")
    for number in range(3):
        pairs.broker.publish("Foo", str(number), says=f"content {number}")
    pairs.forget()
    for done in (1, 2, 3):
        assert comparing.complete(pairs.database, pairs.ids, Allowance(1), 0) is True
        assert pairs.kept() == done
    assert comparing.complete(pairs.database, pairs.ids, Allowance(1), 0) is False


def test_a_result_is_no_yes_while_the_contract_of_its_version_is_not_compared_yet(pairs: Pairs) -> None:
    pairs.broker.verify("Foo", pairs.broker.publish("Foo", "1"), "10")
    offer(pairs.broker, "10", "/else")
    pairs.forget()
    asked = "q[][pacticipant]=Foo&q[][version]=1&q[][pacticipant]=Bar&q[][version]=10&latestby=cvpv"
    with pairs.database.read() as tx:
        found = matrix.evaluate(tx, matrix_query.parse(query.pairs(asked)))
    assert (found.deployable, found.lacking) == (None, tuple(pairs.ids))
    assert pairs.broker.deployable("Foo:1", "Bar:10") is False


def test_a_badge_waits_for_a_comparison_that_nobody_made_yet(pairs: Pairs) -> None:
    uat = pairs.broker.environment("uat")
    pairs.broker.publish("Foo", "1", branch="main")
    offer(pairs.broker, "10", "/something")
    pairs.broker.deploy("Bar", "10", uat)
    pairs.forget()
    path = "/pacticipants/Foo/branches/main/latest-version/can-i-deploy/to-environment/uat/badge"
    assert ">yes<" in pairs.broker.client.get(path).text
