"""Statements whose amounts make the sandbox gateway err, and the book that it keeps of every charge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from provider_stub.gateway import BY_AMOUNT, Course
from provider_stub.store.protocol.records import Charge, ChargeState
from provider_stub.store.protocol.tx import Store
from provider_stub.store.sql.database import open_store
from tests.serving import Api, Body

MONTH: Final = "2026-10"
SANDBOX: Final = ("--gateway", "sandbox", "--patience", "1")
"""What stands still is taken up within two seconds."""

COUNTER: Final = "sandbox.won"
_ENDS: Final = {course: digits for digits, course in BY_AMOUNT.items()} | {Course.CAPTURED: 100}


def amount_of(course: Course) -> int:
    """An amount of won, VAT and all, that takes this course."""
    return next(amount for amount in range(2000 + _ENDS[course], 99_999, 1000) if amount % 11 != 10)


def before_tax(amount: int) -> int:
    """What VAT of 10 percent, rounded down, makes this amount of."""
    return next(net for net in range(amount) if net + net // 10 == amount)


def prices(api: Api) -> None:
    """One hour is one won."""
    price = {"unit": "HOURS", "price": "1", "currency": "KRW", "effectiveFrom": "2026-01-01"}
    api.call("PUT", f"/admin/counters/{COUNTER}", {"counterType": "DELTA", **price})


def meters(account: str, prefix: str, *hours: int) -> Body:
    """A batch of readings `<prefix>-<number>`."""
    return {
        "meterList": [
            {
                "meterId": f"{prefix}-{number}",
                "appKey": f"{account}-main-web",
                "counterName": COUNTER,
                "counterType": "DELTA",
                "counterUnit": "HOURS",
                "counterVolume": str(each),
                "timestamp": f"{MONTH}-05T09:00:00+09:00",
            }
            for number, each in enumerate(hours)
        ]
    }


def ready(api: Api, account: str, course: Course) -> Body:
    """A closed statement of an account of its own; what names it in a body."""
    place = {"paymentGroupId": f"{account}-main.{MONTH}"}
    api.account(account)
    api.call("POST", "/meters", meters(account, "m", before_tax(amount_of(course))), uuid=account)
    api.calculated(account, MONTH)
    closed = api.call("PUT", f"/admin/payments/{MONTH}/status", place | {"paymentStatusCode": "READY"})
    assert closed["payment"]["amount"] == amount_of(course)
    return place


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """The database of a running provider, as another process sees it."""
    store = open_store(url)
    yield store
    store.close()


def book(store: Store) -> dict[str, list[Charge]]:
    """The lines of the gateway's book for each statement that has any."""
    found: dict[str, list[Charge]] = {}
    with store.read() as tx:
        for line in tx.charges.all():
            if attempt := tx.payments.get(line.attempt_id):
                found.setdefault(attempt.payment_group_id, []).append(line)
    return found


def charges(store: Store, payment_group_id: str) -> list[Charge]:
    """The lines of the gateway's book for a statement."""
    return book(store).get(payment_group_id, [])


def captured(store: Store, payment_group_id: str) -> list[int]:
    """The amounts that the gateway holds for a statement."""
    found = charges(store, payment_group_id)
    return [line.amount for line in found if line.state is ChargeState.CAPTURED]


class Journal:
    """Every line of the gateway's book and every change of one, in the order in which they happened.

    The database itself writes it down, so that nothing falls between two looks.
    """

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with self._engine.begin() as connection:
            for statement in _TRIGGERS[connection.dialect.name]:
                connection.exec_driver_sql(statement)

    def states(self, payment_group_id: str) -> list[tuple[str, str]]:
        """(Attempt, state that its line took)."""
        query = sa.text(
            "SELECT j.attempt_id, j.state FROM journal j JOIN payment_attempts USING (attempt_id) "
            "WHERE payment_group_id = :place ORDER BY j.number"
        )
        with self._engine.connect() as connection:
            return [(row[0], row[1]) for row in connection.execute(query, {"place": payment_group_id})]

    def close(self) -> None:
        self._engine.dispose()


_NOTE: Final = "INSERT INTO journal (attempt_id, state) VALUES (NEW.attempt_id, NEW.state);"
_TRIGGERS: Final[Mapping[str, tuple[str, ...]]] = {
    "sqlite": (
        "CREATE TABLE journal (number INTEGER PRIMARY KEY, attempt_id TEXT, state TEXT)",
        f"CREATE TRIGGER added AFTER INSERT ON gateway_charges BEGIN {_NOTE} END",
        f"CREATE TRIGGER moved AFTER UPDATE ON gateway_charges BEGIN {_NOTE} END",
    ),
    "postgresql": (
        "CREATE TABLE journal (number SERIAL PRIMARY KEY, attempt_id TEXT, state TEXT)",
        f"CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {_NOTE} RETURN NEW; END'",
        "CREATE TRIGGER noted AFTER INSERT OR UPDATE ON gateway_charges FOR EACH ROW EXECUTE FUNCTION note()",
    ),
}
