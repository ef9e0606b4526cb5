"""Contracts, their terms, and adjustments in SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.adjustments import Adjustment, Level
from provider_stub.engine.contracts import Contract, ContractTerm
from provider_stub.store.protocol.records import Page, Window
from provider_stub.store.sql import codec
from provider_stub.store.sql.schema import ADJUSTMENTS, CONTRACTS, TERMS
from provider_stub.store.sql.upsert import upsert

_BY_ID: Final = sa.select(CONTRACTS).where(CONTRACTS.c.contract_id == sa.bindparam("id"))
_TERMS: Final = (
    sa.select(TERMS.c.billing_group_id, TERMS.c.contract_id, TERMS.c.month_from)
    .where(TERMS.c.billing_group_id.in_(sa.bindparam("groups", expanding=True)))
    .order_by(TERMS.c.billing_group_id, TERMS.c.month_from)
)
_ADJUSTMENTS_OF: Final = (
    sa.select(ADJUSTMENTS)
    .where(
        ADJUSTMENTS.c.level == sa.bindparam("level"),
        ADJUSTMENTS.c.target_id.in_(sa.bindparam("targets", expanding=True)),
    )
    .order_by(ADJUSTMENTS.c.month_from, ADJUSTMENTS.c.adjustment_id)
)


@frozen
class SqlContracts:
    _connection: sa.Connection

    def get(self, contract_id: str) -> Contract | None:
        row = self._connection.execute(_BY_ID, {"id": contract_id}).mappings().first()
        return None if row is None else codec.contract(row)

    def add(self, contract: Contract) -> None:
        self._connection.execute(sa.insert(CONTRACTS), codec.contract_row(contract))

    def remove(self, contract_id: str) -> bool:
        gone = self._connection.execute(sa.delete(CONTRACTS).where(CONTRACTS.c.contract_id == contract_id))
        return gone.rowcount > 0

    def page(self, window: Window) -> Page[Contract]:
        query = sa.select(CONTRACTS).order_by(CONTRACTS.c.contract_id).offset(window.offset).limit(window.limit)
        found = tuple(map(codec.contract, self._connection.execute(query).mappings()))
        total = self._connection.execute(sa.select(sa.func.count()).select_from(CONTRACTS)).scalar_one()
        return Page(found, total)

    def in_use(self, contract_id: str) -> bool:
        query = sa.select(sa.exists().where(TERMS.c.contract_id == contract_id))
        return bool(self._connection.execute(query).scalar_one())

    def terms(self, billing_group_ids: Collection[str]) -> tuple[ContractTerm, ...]:
        rows = self._connection.execute(_TERMS, {"groups": list(billing_group_ids)})
        return tuple(ContractTerm(*row) for row in rows)

    def set_term(self, term: ContractTerm) -> None:
        row = {
            "billing_group_id": term.billing_group_id,
            "contract_id": term.contract_id,
            "month_from": term.month_from,
        }
        self._connection.execute(upsert(self._connection, TERMS), row)

    def clear_terms(self, billing_group_id: str) -> None:
        self._connection.execute(sa.delete(TERMS).where(TERMS.c.billing_group_id == billing_group_id))


@frozen
class SqlAdjustments:
    _connection: sa.Connection

    def add(self, account_id: str, adjustment: Adjustment) -> None:
        self._connection.execute(sa.insert(ADJUSTMENTS), codec.adjustment_row(account_id, adjustment))

    def of(self, level: Level, target_ids: Collection[str]) -> tuple[Adjustment, ...]:
        rows = self._connection.execute(_ADJUSTMENTS_OF, {"level": level, "targets": list(target_ids)})
        return tuple(map(codec.adjustment, rows.mappings()))

    def named(self, level: Level, adjustment_ids: Collection[str]) -> tuple[Adjustment, ...]:
        where = (ADJUSTMENTS.c.level == level, ADJUSTMENTS.c.adjustment_id.in_(adjustment_ids))
        query = sa.select(ADJUSTMENTS).where(*where).order_by(ADJUSTMENTS.c.month_from, ADJUSTMENTS.c.adjustment_id)
        return tuple(map(codec.adjustment, self._connection.execute(query).mappings()))

    def page(self, level: Level, target_id: str, window: Window) -> Page[Adjustment]:
        where = (ADJUSTMENTS.c.level == level, ADJUSTMENTS.c.target_id == target_id)
        query = sa.select(ADJUSTMENTS).where(*where).order_by(ADJUSTMENTS.c.month_from, ADJUSTMENTS.c.adjustment_id)
        rows = self._connection.execute(query.offset(window.offset).limit(window.limit)).mappings()
        count = sa.select(sa.func.count()).select_from(ADJUSTMENTS).where(*where)
        return Page(tuple(map(codec.adjustment, rows)), self._connection.execute(count).scalar_one())

    def remove(self, adjustment_ids: Collection[str]) -> None:
        self._connection.execute(sa.delete(ADJUSTMENTS).where(ADJUSTMENTS.c.adjustment_id.in_(adjustment_ids)))
