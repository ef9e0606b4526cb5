"""Credit grants and their ledger in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.credits import CreditGrant, CreditType, EntryKind, LedgerEntry
from provider_stub.store.protocol.records import HistoryEntry, Page, Window
from provider_stub.store.sql import codec
from provider_stub.store.sql.schema import ACCOUNTS, GRANTS, LEDGER
from provider_stub.store.sql.upsert import inserted

_GRANTS: Final = sa.select(GRANTS).order_by(GRANTS.c.granted_at, GRANTS.c.grant_id)
_OF_ACCOUNT: Final = _GRANTS.where(GRANTS.c.account_id == sa.bindparam("of"))
_OF_CAMPAIGN: Final = _GRANTS.where(GRANTS.c.campaign_id == sa.bindparam("of"))
_NAMED: Final = _GRANTS.where(GRANTS.c.grant_id.in_(sa.bindparam("of", expanding=True)))
_LEFT: Final = (
    # PostgreSQL sums bigints into a numeric, which would come back as a Decimal.
    sa.select(LEDGER.c.grant_id, sa.cast(sa.func.sum(LEDGER.c.amount), sa.BigInteger))
    .where(LEDGER.c.account_id == sa.bindparam("account"))
    .group_by(LEDGER.c.grant_id)
)
_OF_PAYMENT_GROUP: Final = (
    sa.select(LEDGER).where(LEDGER.c.payment_group_id == sa.bindparam("id")).order_by(LEDGER.c.number)
)


@frozen
class SqlCredits:
    _connection: sa.Connection

    def grant(self, grant: CreditGrant, entry: LedgerEntry, *, coupon: str | None = None) -> bool:
        if not inserted(self._connection, GRANTS, codec.grant_row(grant, coupon)):
            return False
        self.book(grant.account_id, [entry])
        return True

    def book(self, account_id: str, entries: Iterable[LedgerEntry], *, reason: str | None = None) -> None:
        if rows := [codec.entry_row(account_id, entry) | {"reason": reason} for entry in entries]:
            self._connection.execute(sa.insert(LEDGER), rows)

    def grants(self, account_id: str) -> tuple[CreditGrant, ...]:
        return self._grants(_OF_ACCOUNT, account_id)

    def left(self, account_id: str) -> Mapping[str, int]:
        return {row[0]: row[1] for row in self._connection.execute(_LEFT, {"account": account_id})}

    def cancelled(self, account_id: str) -> frozenset[str]:
        entries = sa.select(LEDGER.c.grant_id).where(LEDGER.c.account_id == account_id)
        return frozenset(self._connection.scalars(entries.where(LEDGER.c.kind == EntryKind.CANCEL)))

    def of_campaign(self, campaign_id: str) -> tuple[CreditGrant, ...]:
        return self._grants(_OF_CAMPAIGN, campaign_id)

    def of_payment_group(self, payment_group_id: str) -> tuple[LedgerEntry, ...]:
        rows = self._connection.execute(_OF_PAYMENT_GROUP, {"id": payment_group_id}).mappings()
        return tuple(map(codec.entry, rows))

    def holders_of_ended(self, before: date, region: str | None, after: str, limit: int) -> tuple[str, ...]:
        ended = _ended(before, region).subquery()
        query = sa.select(ended.c.account_id).where(ended.c.account_id > after).distinct()
        return tuple(self._connection.scalars(query.order_by(ended.c.account_id).limit(limit)))

    def count_holders_of_ended(self, before: date, region: str | None) -> int:
        ended = _ended(before, region).subquery()
        query = sa.select(sa.func.count(ended.c.account_id.distinct()))
        return self._connection.execute(query).scalar_one()

    def history(self, account_id: str, credit_type: CreditType | None, window: Window) -> Page[HistoryEntry]:
        where = [LEDGER.c.account_id == account_id]
        if credit_type is not None:
            where.append(GRANTS.c.credit_type == credit_type)
        joined = LEDGER.join(GRANTS, GRANTS.c.grant_id == LEDGER.c.grant_id)
        query = sa.select(LEDGER, GRANTS.c.coupon).select_from(joined).where(*where).order_by(LEDGER.c.number.desc())
        rows = self._connection.execute(query.offset(window.offset).limit(window.limit)).mappings().all()
        named = self._grants(_NAMED, list({row["grant_id"] for row in rows}))
        grants = {grant.grant_id: grant for grant in named}
        entries = (
            HistoryEntry(codec.entry(row), grants[row["grant_id"]], row["coupon"], row["reason"]) for row in rows
        )
        total = self._connection.execute(sa.select(sa.func.count()).select_from(joined).where(*where)).scalar_one()
        return Page(tuple(entries), total)

    def _grants(self, query: sa.Select[Any], of: str | Sequence[str]) -> tuple[CreditGrant, ...]:
        return tuple(map(codec.grant, self._connection.execute(query, {"of": of}).mappings()))


def _ended(before: date, region: str | None) -> sa.Select[tuple[str]]:
    joined = GRANTS.join(LEDGER, LEDGER.c.grant_id == GRANTS.c.grant_id).join(
        ACCOUNTS, ACCOUNTS.c.account_id == GRANTS.c.account_id
    )
    query = sa.select(GRANTS.c.account_id).select_from(joined).where(GRANTS.c.valid_to < before)
    if region is not None:
        query = query.where(ACCOUNTS.c.region == region)
    return query.group_by(GRANTS.c.account_id, GRANTS.c.grant_id).having(sa.func.sum(LEDGER.c.amount) > 0)
