"""Accounts, their billing groups and projects in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from attrs import frozen

from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.store.sql.schema import ACCOUNTS, GROUPS, KEYS, PROJECTS
from provider_stub.store.sql.upsert import upsert


@frozen
class SqlAccounts:
    _connection: sa.Connection

    def get(self, account_id: str) -> Account | None:
        return self._load(sa.select(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id))

    def lock(self, account_id: str) -> Account | None:
        # SQLite knows no row locks and leaves FOR UPDATE out: its unit of work is alone anyhow.
        return self._load(sa.select(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id).with_for_update())

    def put(self, account: Account) -> None:
        self._connection.execute(
            upsert(self._connection, ACCOUNTS), {"account_id": account.account_id, "region": account.region}
        )
        groups = [
            {
                "billing_group_id": group.billing_group_id,
                "account_id": account.account_id,
                "name": group.name,
                "is_default": group.default,
            }
            for group in account.billing_groups
        ]
        # Projects are replaced whole; a group that stays has to stay, since its contract terms hang on it.
        self._connection.execute(sa.delete(PROJECTS).where(PROJECTS.c.account_id == account.account_id))
        kept = [group.billing_group_id for group in account.billing_groups]
        self._connection.execute(
            sa.delete(GROUPS).where(GROUPS.c.account_id == account.account_id, GROUPS.c.billing_group_id.not_in(kept))
        )
        if groups:
            self._connection.execute(upsert(self._connection, GROUPS), groups)
        if projects := _project_rows(account):
            self._connection.execute(sa.insert(PROJECTS), projects)

    def remove(self, account_id: str) -> bool:
        self._connection.execute(sa.delete(KEYS).where(KEYS.c.account_id == account_id))
        gone = self._connection.execute(sa.delete(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id))
        return gone.rowcount > 0

    def of_group(self, billing_group_id: str) -> Account | None:
        return self._load(_owner(GROUPS, GROUPS.c.billing_group_id == billing_group_id))

    def of_project(self, project_id: str) -> Account | None:
        return self._load(_owner(PROJECTS, PROJECTS.c.project_id == project_id))

    def owners(
        self, billing_group_ids: Collection[str], project_ids: Collection[str], app_keys: Collection[str]
    ) -> tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str]]:
        return (
            self._owners(GROUPS.c.billing_group_id, GROUPS.c.account_id, billing_group_ids),
            self._owners(PROJECTS.c.project_id, PROJECTS.c.account_id, project_ids),
            self._owners(PROJECTS.c.app_key, PROJECTS.c.account_id, app_keys),
        )

    def _owners(self, name: sa.Column[str], owner: sa.Column[str], wanted: Collection[str]) -> Mapping[str, str]:
        if not wanted:
            return {}
        rows = self._connection.execute(sa.select(name, owner).where(name.in_(wanted)))
        return {row[0]: row[1] for row in rows}

    def ids(self, region: str | None, after: str, limit: int) -> tuple[str, ...]:
        query = sa.select(ACCOUNTS.c.account_id).where(ACCOUNTS.c.account_id > after, *_in_region(region))
        return tuple(self._connection.scalars(query.order_by(ACCOUNTS.c.account_id).limit(limit)))

    def count(self, region: str | None) -> int:
        query = sa.select(sa.func.count()).select_from(ACCOUNTS).where(*_in_region(region))
        return self._connection.execute(query).scalar_one()

    def _load(self, query: sa.Select[tuple[str, str]]) -> Account | None:
        row = self._connection.execute(query).first()
        if row is None:
            return None
        account_id = row.account_id
        own = sa.select(PROJECTS).where(PROJECTS.c.account_id == account_id).order_by(PROJECTS.c.project_id)
        projects: dict[str, list[Project]] = {}
        for project in self._connection.execute(own):
            projects.setdefault(project.billing_group_id, []).append(Project(project.project_id, project.app_key))
        own = sa.select(GROUPS).where(GROUPS.c.account_id == account_id).order_by(GROUPS.c.billing_group_id)
        groups = [
            BillingGroup(
                group.billing_group_id, group.name, tuple(projects.get(group.billing_group_id, ())), group.is_default
            )
            for group in self._connection.execute(own)
        ]
        return Account(account_id, row.region, tuple(groups))


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


def _owner(table: sa.Table, condition: sa.ColumnElement[bool]) -> sa.Select[tuple[str, str]]:
    return sa.select(ACCOUNTS).join(table, table.c.account_id == ACCOUNTS.c.account_id).where(condition)


def _in_region(region: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    return () if region is None else (ACCOUNTS.c.region == region,)
