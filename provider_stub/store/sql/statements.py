"""Statements in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.payments import OWED, PaymentState
from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import Bill, Page, Window
from provider_stub.store.sql import codec
from provider_stub.store.sql.schema import STATEMENTS
from provider_stub.store.sql.upsert import inserted

_OWING: Final = (STATEMENTS.c.payment_status.in_(sorted(OWED)), STATEMENTS.c.payable > 0)

# What requests ask for is put together once: SQLAlchemy would take longer over that than the database over the answer.
_BY_ID: Final = sa.select(STATEMENTS).where(STATEMENTS.c.payment_group_id == sa.bindparam("id"))
_OF_ACCOUNT: Final = sa.select(STATEMENTS).where(STATEMENTS.c.account_id == sa.bindparam("account"))
_OF_MONTH: Final = _OF_ACCOUNT.where(STATEMENTS.c.month == sa.bindparam("month")).order_by(
    STATEMENTS.c.billing_group_id
)
_OWED_BEFORE: Final = _OF_ACCOUNT.where(STATEMENTS.c.month < sa.bindparam("month"), *_OWING).order_by(
    STATEMENTS.c.month, STATEMENTS.c.billing_group_id
)
_STATES: Final = sa.select(STATEMENTS.c.billing_group_id, STATEMENTS.c.month, STATEMENTS.c.payment_status).where(
    STATEMENTS.c.account_id == sa.bindparam("account"), STATEMENTS.c.month.in_(sa.bindparam("months", expanding=True))
)
_SAVE: Final = sa.update(STATEMENTS).where(
    STATEMENTS.c.payment_group_id == sa.bindparam("id"), STATEMENTS.c.payment_status == sa.bindparam("expected")
)
_REMOVE: Final = sa.delete(STATEMENTS).where(
    STATEMENTS.c.payment_group_id == sa.bindparam("id"), STATEMENTS.c.payment_status == PaymentState.REGISTERED
)


@frozen
class SqlStatements:
    _connection: sa.Connection

    def get(self, payment_group_id: str) -> Bill | None:
        row = self._connection.execute(_BY_ID, {"id": payment_group_id}).mappings().first()
        return None if row is None else codec.bill(row)

    def save(self, bill: Bill, expected: PaymentState | None) -> bool:
        row = codec.bill_row(bill)
        if expected is None:
            return inserted(self._connection, STATEMENTS, row)
        which = {"id": bill.statement.payment_group_id, "expected": expected}
        return self._connection.execute(_SAVE, row | which).rowcount == 1

    def remove(self, payment_group_id: str) -> bool:
        return self._connection.execute(_REMOVE, {"id": payment_group_id}).rowcount == 1

    def of_month(self, account_id: str, month: Month) -> tuple[Bill, ...]:
        rows = self._connection.execute(_OF_MONTH, {"account": account_id, "month": month}).mappings()
        return tuple(map(codec.bill, rows))

    def owed_before(self, account_id: str, month: Month) -> tuple[Bill, ...]:
        rows = self._connection.execute(_OWED_BEFORE, {"account": account_id, "month": month}).mappings()
        return tuple(map(codec.bill, rows))

    def states(self, account_id: str, months: Collection[Month]) -> Mapping[tuple[str, Month], PaymentState]:
        rows = self._connection.execute(_STATES, {"account": account_id, "months": list(months)})
        return {(group, month): PaymentState(state) for group, month, state in rows}

    def page(self, month_from: Month, month_to: Month, account_id: str | None, window: Window) -> Page[Bill]:
        where = [STATEMENTS.c.month >= month_from, STATEMENTS.c.month <= month_to]
        if account_id is not None:
            where.append(STATEMENTS.c.account_id == account_id)
        order = (STATEMENTS.c.month, STATEMENTS.c.payment_group_id)
        query = sa.select(STATEMENTS).where(*where).order_by(*order).offset(window.offset).limit(window.limit)
        found = tuple(map(codec.bill, self._connection.execute(query).mappings()))
        count = sa.select(sa.func.count()).select_from(STATEMENTS).where(*where)
        return Page(found, self._connection.execute(count).scalar_one())

    def groups_with(self, billing_group_ids: Collection[str]) -> frozenset[str]:
        mine = STATEMENTS.c.billing_group_id
        query = sa.select(mine).where(mine.in_(billing_group_ids)).distinct()
        return frozenset(self._connection.scalars(query))

    def debtors_before(self, month: Month, region: str | None, after: str, limit: int) -> tuple[str, ...]:
        query = sa.select(STATEMENTS.c.account_id).where(*_overdue(month, region), STATEMENTS.c.account_id > after)
        ordered = query.distinct().order_by(STATEMENTS.c.account_id).limit(limit)
        return tuple(self._connection.scalars(ordered))

    def count_debtors_before(self, month: Month, region: str | None) -> int:
        query = sa.select(sa.func.count(STATEMENTS.c.account_id.distinct())).where(*_overdue(month, region))
        return self._connection.execute(query).scalar_one()


def _overdue(month: Month, region: str | None) -> list[sa.ColumnElement[bool]]:
    where = [STATEMENTS.c.month < month, STATEMENTS.c.overdue.is_(False), *_OWING]
    if region is not None:
        where.append(STATEMENTS.c.region == region)
    return where
