"""Payment attempts, and the book of the simulated gateway, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.payments import LIVE_ATTEMPTS, AttemptState, PaymentAttempt
from provider_stub.store.protocol.records import Charge, ChargeState
from provider_stub.store.sql import codec
from provider_stub.store.sql.schema import ATTEMPTS, CHARGES
from provider_stub.store.sql.upsert import inserted

_BY_ID: Final = sa.select(ATTEMPTS).where(ATTEMPTS.c.attempt_id == sa.bindparam("id"))
_LIVE: Final = sa.select(ATTEMPTS).where(
    ATTEMPTS.c.payment_group_id == sa.bindparam("id"), ATTEMPTS.c.state.in_(sorted(LIVE_ATTEMPTS))
)
_IN_DOUBT: Final = ATTEMPTS.c.state.in_((AttemptState.STARTED, AttemptState.UNKNOWN))
_SAVE: Final = sa.update(ATTEMPTS).where(
    ATTEMPTS.c.attempt_id == sa.bindparam("id"), ATTEMPTS.c.state == sa.bindparam("expected")
)
_MOVE: Final = sa.update(CHARGES).where(
    CHARGES.c.attempt_id == sa.bindparam("id"), CHARGES.c.state == sa.bindparam("expected")
)
_CHARGE: Final = sa.select(CHARGES).where(CHARGES.c.attempt_id == sa.bindparam("id"))


@frozen
class SqlPayments:
    _connection: sa.Connection

    def start(self, account_id: str, attempt: PaymentAttempt) -> bool:
        return inserted(self._connection, ATTEMPTS, codec.attempt_row(account_id, attempt))

    def get(self, attempt_id: str) -> PaymentAttempt | None:
        return self._first(_BY_ID, attempt_id)

    def live(self, payment_group_id: str) -> PaymentAttempt | None:
        return self._first(_LIVE, payment_group_id)

    def save(self, attempt: PaymentAttempt, expected: AttemptState) -> bool:
        values = {"state": attempt.state, "gateway_id": attempt.gateway_id, "reason": attempt.reason}
        which = {"id": attempt.attempt_id, "expected": expected}
        return self._connection.execute(_SAVE, values | which).rowcount == 1

    def in_doubt(self, account_id: str) -> bool:
        query = sa.select(sa.exists().where(ATTEMPTS.c.account_id == account_id, _IN_DOUBT))
        return bool(self._connection.execute(query).scalar_one())

    def started_before(self, instant: datetime) -> tuple[PaymentAttempt, ...]:
        query = sa.select(ATTEMPTS).where(_IN_DOUBT, ATTEMPTS.c.started_at < instant)
        rows = self._connection.execute(query.order_by(ATTEMPTS.c.started_at)).mappings()
        return tuple(map(codec.attempt, rows))

    def _first(self, query: sa.Select[Any], name: str) -> PaymentAttempt | None:
        row = self._connection.execute(query, {"id": name}).mappings().first()
        return None if row is None else codec.attempt(row)


@frozen
class SqlCharges:
    _connection: sa.Connection

    def add(self, charge: Charge) -> Charge:
        if inserted(self._connection, CHARGES, codec.charge_row(charge)):
            return charge
        standing = self.get(charge.attempt_id)
        if standing is None:
            raise LookupError(f"the charge of {charge.attempt_id} is neither new nor known")
        return standing

    def move(self, attempt_id: str, expected: ChargeState, state: ChargeState) -> bool:
        change = {"state": state, "id": attempt_id, "expected": expected}
        return self._connection.execute(_MOVE, change).rowcount == 1

    def get(self, attempt_id: str) -> Charge | None:
        row = self._connection.execute(_CHARGE, {"id": attempt_id}).mappings().first()
        return None if row is None else codec.charge(row)

    def all(self) -> tuple[Charge, ...]:
        query = sa.select(CHARGES).order_by(CHARGES.c.at, CHARGES.c.attempt_id)
        return tuple(map(codec.charge, self._connection.execute(query).mappings()))
