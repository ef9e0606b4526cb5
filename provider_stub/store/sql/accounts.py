"""Accounts, their billing groups and projects in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.store.sql.schema import ACCOUNTS, GROUPS, KEYS, PROJECTS
from provider_stub.store.sql.upsert import upsert

_WHOLE: Final = (
    sa.select(
        ACCOUNTS.c.account_id,
        ACCOUNTS.c.region,
        GROUPS.c.billing_group_id,
        GROUPS.c.name,
        GROUPS.c.is_default,
        PROJECTS.c.project_id,
        PROJECTS.c.app_key,
    )
    .outerjoin_from(ACCOUNTS, GROUPS, GROUPS.c.account_id == ACCOUNTS.c.account_id)
    .outerjoin(PROJECTS, PROJECTS.c.billing_group_id == GROUPS.c.billing_group_id)
    .order_by(GROUPS.c.billing_group_id, PROJECTS.c.project_id)
)
"""An account with its groups and projects, at one go: nearly every request begins with it, so it is made once."""

_BY_ID: Final = _WHOLE.where(ACCOUNTS.c.account_id == sa.bindparam("id"))
_ROW_LOCK: Final = sa.select(ACCOUNTS.c.account_id).where(ACCOUNTS.c.account_id == sa.bindparam("id")).with_for_update()
_RENAME: Final = (
    sa.update(GROUPS)
    .where(GROUPS.c.billing_group_id == sa.bindparam("new_billing_group_id"))
    .values(name=sa.bindparam("new_name"), is_default=sa.bindparam("new_is_default"))
)
_OWNERSHIP: Final = 0x0B1_111
"""Our number among the advisory locks of a PostgreSQL database."""
_BY_GROUP: Final = _WHOLE.where(
    ACCOUNTS.c.account_id
    == sa.select(GROUPS.c.account_id).where(GROUPS.c.billing_group_id == sa.bindparam("id")).scalar_subquery()
)
_BY_PROJECT: Final = _WHOLE.where(
    ACCOUNTS.c.account_id
    == sa.select(PROJECTS.c.account_id).where(PROJECTS.c.project_id == sa.bindparam("id")).scalar_subquery()
)
_GROUP_OWNERS: Final = sa.select(GROUPS.c.billing_group_id, GROUPS.c.account_id).where(
    GROUPS.c.billing_group_id.in_(sa.bindparam("ids", expanding=True))
)
_PROJECT_OWNERS: Final = sa.select(PROJECTS.c.project_id, PROJECTS.c.account_id).where(
    PROJECTS.c.project_id.in_(sa.bindparam("ids", expanding=True))
)
_KEY_OWNERS: Final = sa.select(PROJECTS.c.app_key, PROJECTS.c.account_id).where(
    PROJECTS.c.app_key.in_(sa.bindparam("ids", expanding=True))
)


@frozen
class SqlAccounts:
    _connection: sa.Connection

    def get(self, account_id: str) -> Account | None:
        return self._load(_BY_ID, account_id)

    def lock(self, account_id: str) -> Account | None:
        if self._alone:
            return self.get(account_id)
        # Two statements: one that waits for the row would see the groups and projects as they were before it waited.
        if self._connection.execute(_ROW_LOCK, {"id": account_id}).first() is None:
            return None
        return self.get(account_id)

    def lock_ownership(self) -> None:
        if not self._alone:
            self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_OWNERSHIP)))

    @property
    def _alone(self) -> bool:
        """SQLite knows no locks but that of the whole database, and whoever writes has it already."""
        return self._connection.dialect.name == "sqlite"

    def put(self, account: Account) -> None:
        self._connection.execute(
            upsert(self._connection, ACCOUNTS), {"account_id": account.account_id, "region": account.region}
        )
        # Projects are replaced whole; a group that stays has to stay, since its contract terms hang on it.
        self._connection.execute(sa.delete(PROJECTS).where(PROJECTS.c.account_id == account.account_id))
        kept = [group.billing_group_id for group in account.billing_groups]
        mine = GROUPS.c.account_id == account.account_id
        self._connection.execute(sa.delete(GROUPS).where(mine, GROUPS.c.billing_group_id.not_in(kept)))
        standing = set(self._connection.scalars(sa.select(GROUPS.c.billing_group_id).where(mine)))
        # No upsert: it would take a group away from another account.
        rows = _group_rows(account)
        if new := [row for row in rows if row["billing_group_id"] not in standing]:
            self._connection.execute(sa.insert(GROUPS), new)
        if old := [row for row in rows if row["billing_group_id"] in standing]:
            self._connection.execute(_RENAME, [{f"new_{name}": value for name, value in row.items()} for row in old])
        if projects := _project_rows(account):
            self._connection.execute(sa.insert(PROJECTS), projects)

    def remove(self, account_id: str) -> bool:
        self._connection.execute(sa.delete(KEYS).where(KEYS.c.account_id == account_id))
        gone = self._connection.execute(sa.delete(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id))
        return gone.rowcount > 0

    def of_group(self, billing_group_id: str) -> Account | None:
        return self._load(_BY_GROUP, billing_group_id)

    def of_project(self, project_id: str) -> Account | None:
        return self._load(_BY_PROJECT, project_id)

    def owners(
        self, billing_group_ids: Collection[str], project_ids: Collection[str], app_keys: Collection[str]
    ) -> tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str]]:
        return (
            self._owners(_GROUP_OWNERS, billing_group_ids),
            self._owners(_PROJECT_OWNERS, project_ids),
            self._owners(_KEY_OWNERS, app_keys),
        )

    def _owners(self, query: sa.Select[Any], wanted: Collection[str]) -> Mapping[str, str]:
        if not wanted:
            return {}
        return {row[0]: row[1] for row in self._connection.execute(query, {"ids": list(wanted)})}

    def ids(self, region: str | None, after: str, limit: int) -> tuple[str, ...]:
        query = sa.select(ACCOUNTS.c.account_id).where(ACCOUNTS.c.account_id > after, *_in_region(region))
        return tuple(self._connection.scalars(query.order_by(ACCOUNTS.c.account_id).limit(limit)))

    def count(self, region: str | None) -> int:
        query = sa.select(sa.func.count()).select_from(ACCOUNTS).where(*_in_region(region))
        return self._connection.execute(query).scalar_one()

    def _load(self, query: sa.Select[Any], name: str) -> Account | None:
        rows = self._connection.execute(query, {"id": name}).all()
        if not rows:
            return None
        groups: dict[str, tuple[str, bool, list[Project]]] = {}
        for row in rows:
            if row.billing_group_id is not None:
                group = groups.setdefault(row.billing_group_id, (row.name, row.is_default, []))
                if row.project_id is not None:
                    group[2].append(Project(row.project_id, row.app_key))
        made = (BillingGroup(name, label, tuple(own), default) for name, (label, default, own) in groups.items())
        return Account(rows[0].account_id, rows[0].region, tuple(made))


def _group_rows(account: Account) -> list[dict[str, object]]:
    return [
        {
            "billing_group_id": group.billing_group_id,
            "account_id": account.account_id,
            "name": group.name,
            "is_default": group.default,
        }
        for group in account.billing_groups
    ]


def _project_rows(account: Account) -> list[dict[str, object]]:
    return [
        {
            "project_id": project.project_id,
            "app_key": project.app_key,
            "billing_group_id": group.billing_group_id,
            "account_id": account.account_id,
        }
        for group in account.billing_groups
        for project in group.projects
    ]


def _in_region(region: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    return () if region is None else (ACCOUNTS.c.region == region,)
