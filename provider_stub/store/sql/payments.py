"""Payment attempts, and the book of the simulated gateway, in SQL."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.payments import LIVE_ATTEMPTS, AttemptState, PaymentAttempt
from provider_stub.store.protocol.records import Charge, ChargeState
from provider_stub.store.sql import codec
from provider_stub.store.sql.schema import ATTEMPTS, CHARGES
from provider_stub.store.sql.upsert import inserted


@frozen
class SqlPayments:
    _connection: sa.Connection

    def start(self, account_id: str, attempt: PaymentAttempt) -> bool:
        return inserted(self._connection, ATTEMPTS, codec.attempt_row(account_id, attempt))

    def get(self, attempt_id: str) -> PaymentAttempt | None:
        return self._first(ATTEMPTS.c.attempt_id == attempt_id)

    def live(self, payment_group_id: str) -> PaymentAttempt | None:
        return self._first(ATTEMPTS.c.payment_group_id == payment_group_id, ATTEMPTS.c.state.in_(sorted(LIVE_ATTEMPTS)))

    def save(self, attempt: PaymentAttempt, expected: AttemptState) -> bool:
        change = sa.update(ATTEMPTS).where(ATTEMPTS.c.attempt_id == attempt.attempt_id, ATTEMPTS.c.state == expected)
        values = {"state": attempt.state, "gateway_id": attempt.gateway_id, "reason": attempt.reason}
        return self._connection.execute(change.values(values)).rowcount == 1

    def started_before(self, instant: datetime) -> tuple[PaymentAttempt, ...]:
        query = sa.select(ATTEMPTS).where(
            ATTEMPTS.c.state.in_((AttemptState.STARTED, AttemptState.UNKNOWN)), ATTEMPTS.c.started_at < instant
        )
        rows = self._connection.execute(query.order_by(ATTEMPTS.c.started_at)).mappings()
        return tuple(map(codec.attempt, rows))

    def _first(self, *where: sa.ColumnElement[bool]) -> PaymentAttempt | None:
        row = self._connection.execute(sa.select(ATTEMPTS).where(*where)).mappings().first()
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
        change = sa.update(CHARGES).where(CHARGES.c.attempt_id == attempt_id, CHARGES.c.state == expected)
        return self._connection.execute(change.values(state=state)).rowcount == 1

    def get(self, attempt_id: str) -> Charge | None:
        query = sa.select(CHARGES).where(CHARGES.c.attempt_id == attempt_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else codec.charge(row)

    def all(self) -> tuple[Charge, ...]:
        query = sa.select(CHARGES).order_by(CHARGES.c.at, CHARGES.c.attempt_id)
        return tuple(map(codec.charge, self._connection.execute(query).mappings()))
