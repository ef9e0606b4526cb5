"""Accounts, counters, meters, contracts and adjustments in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from attrs import evolve

from provider_stub.engine.accounts import Account
from provider_stub.engine.adjustments import Adjustment, Level
from provider_stub.engine.contracts import Contract, ContractTerm
from provider_stub.engine.counters import Counter
from provider_stub.engine.metering import CounterType, Meter, Readings
from provider_stub.store.memory.tables import Part, page_of
from provider_stub.store.protocol.records import (
    Page,
    Window,
)
from provider_stub.store.protocol.tx import StoreConflictError


class MemoryAccounts(Part):
    def get(self, account_id: str) -> Account | None:
        return self._tables.look("accounts").get(account_id)

    def lock(self, account_id: str) -> Account | None:
        return self.get(account_id)

    def lock_ownership(self) -> None:
        """There is one writer at a time anyhow."""

    def put(self, account: Account) -> None:
        projects = list(_projects(account))
        held = self.owners(_groups(account), [p.project_id for p in projects], [p.app_key for p in projects])
        if any(owner != account.account_id for kind in held for owner in kind.values()):
            raise StoreConflictError(f"ids of {account.account_id} belong to another account")
        self._tables.change("accounts")[account.account_id] = _in_order(account)
        kept = {group.billing_group_id for group in account.billing_groups}
        terms = self._tables.change("terms")
        for key, (owner, term) in list(terms.items()):
            if owner == account.account_id and term.billing_group_id not in kept:
                del terms[key]

    def remove(self, account_id: str) -> bool:
        if self._tables.change("accounts").pop(account_id, None) is None:
            return False
        for name in ("meters", "terms", "adjustments", "grants", "ledger", "attempts"):
            self._forget(name, lambda row: row[0] == account_id)
        self._forget("statements", lambda bill: bill.statement.account_id == account_id)
        self._forget("jobs", lambda job: job.account_id == account_id)
        self._forget("keys", lambda kept: kept[0].account_id == account_id)
        return True

    def _forget(self, name: str, belongs: Any) -> None:
        table = self._tables.change(name)
        for key in [key for key, row in table.items() if belongs(row)]:
            del table[key]

    def of_group(self, billing_group_id: str) -> Account | None:
        return next((a for a in self._all("accounts") if billing_group_id in _groups(a)), None)

    def of_project(self, project_id: str) -> Account | None:
        return next((a for a in self._all("accounts") if project_id in {p.project_id for p in _projects(a)}), None)

    def owners(
        self, billing_group_ids: Collection[str], project_ids: Collection[str], app_keys: Collection[str]
    ) -> tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str]]:
        accounts = [(a, project) for a in self._all("accounts") for project in _projects(a)]
        groups = ((group, a.account_id) for a in self._all("accounts") for group in _groups(a))
        return (
            {group: owner for group, owner in groups if group in billing_group_ids},
            {one.project_id: a.account_id for a, one in accounts if one.project_id in project_ids},
            {one.app_key: a.account_id for a, one in accounts if one.app_key in app_keys},
        )

    def ids(self, region: str | None, after: str, limit: int) -> tuple[str, ...]:
        found = (a.account_id for a in self._all("accounts") if region in (None, a.region) and a.account_id > after)
        return tuple(sorted(found)[:limit])

    def count(self, region: str | None) -> int:
        return sum(region in (None, a.region) for a in self._all("accounts"))


class MemoryCounters(Part):
    def rows(self, names: Collection[str] | None = None) -> tuple[Counter, ...]:
        table = self._tables.look("counters")
        return tuple(table[key] for key in sorted(table) if names is None or key[0] in names)

    def names(self, window: Window) -> Page[str]:
        return page_of(sorted({name for name, _, _ in self._tables.look("counters")}), window)

    def put(self, counter: Counter) -> None:
        key = (counter.counter_name, counter.price.currency, counter.effective_from)
        self._tables.change("counters")[key] = counter


class MemoryMeters(Part):
    def add(self, account_id: str, meters: Sequence[Meter]) -> Mapping[str, Meter]:
        table = self._tables.change("meters")
        present = {}
        for meter in meters:
            _, standing = table.setdefault((account_id, meter.meter_id), (account_id, meter))
            if standing is not meter:
                present[meter.meter_id] = standing
        return present

    def get(self, account_id: str, meter_id: str) -> Meter | None:
        row = self._tables.look("meters").get((account_id, meter_id))
        meter: Meter | None = row and row[1]
        return meter

    def page(
        self,
        project_ids: Collection[str],
        first: datetime | None,
        end: datetime | None,
        counter_name: str | None,
        window: Window,
    ) -> Page[Meter]:
        within = self._within(project_ids, first or _EVER[0], end or _EVER[1])
        found = [meter for meter in within if counter_name in (None, meter.counter_name)]
        return page_of(sorted(found, key=_when), window)

    def ids(self, project_ids: Collection[str], first: datetime, end: datetime) -> Iterator[str]:
        return (meter.meter_id for meter in self._within(project_ids, first, end))

    def remove(self, project_id: str, first: datetime, end: datetime) -> int:
        table = self._tables.change("meters")
        gone = [
            key
            for key, (_, meter) in table.items()
            if meter.project_id == project_id and first <= meter.timestamp < end
        ]
        for key in gone:
            del table[key]
        return len(gone)

    def readings(self, project_ids: Collection[str], first: datetime, end: datetime) -> Readings:
        carry_in: dict[tuple[str, str, str], Meter] = {}
        for meter in sorted(self._within(project_ids, _EVER[0], first), key=_when):
            if meter.counter_type is CounterType.CUMULATIVE:
                carry_in[meter.project_id, meter.counter_name, meter.resource_id] = meter
        return Readings(meters=self._within(project_ids, first, end), carry_in=tuple(carry_in.values()))

    def _within(self, project_ids: Collection[str], first: datetime, end: datetime) -> tuple[Meter, ...]:
        mine = (meter for _, meter in self._all("meters") if meter.project_id in project_ids)
        return tuple(meter for meter in mine if first <= meter.timestamp < end)

    def any_of(self, project_ids: Collection[str]) -> frozenset[str]:
        return frozenset(meter.project_id for _, meter in self._all("meters") if meter.project_id in project_ids)

    def spans(self, project_id: str, first: datetime, end: datetime) -> tuple[datetime, datetime] | None:
        times = [meter.timestamp for meter in self._within([project_id], first, end)]
        return (min(times), max(times)) if times else None


class MemoryContracts(Part):
    def get(self, contract_id: str) -> Contract | None:
        return self._tables.look("contracts").get(contract_id)

    def add(self, contract: Contract) -> None:
        self._tables.change("contracts")[contract.contract_id] = contract

    def remove(self, contract_id: str) -> bool:
        return self._tables.change("contracts").pop(contract_id, None) is not None

    def page(self, window: Window) -> Page[Contract]:
        return page_of(sorted(self._all("contracts"), key=lambda one: one.contract_id), window)

    def in_use(self, contract_id: str) -> bool:
        return any(term.contract_id == contract_id for _, term in self._all("terms"))

    def terms(self, billing_group_ids: Collection[str]) -> tuple[ContractTerm, ...]:
        found = [term for _, term in self._all("terms") if term.billing_group_id in billing_group_ids]
        return tuple(sorted(found, key=lambda term: (term.billing_group_id, term.month_from)))

    def set_term(self, term: ContractTerm) -> None:
        owner = next(a for a in self._all("accounts") if term.billing_group_id in _groups(a))
        key = (term.billing_group_id, term.month_from)
        self._tables.change("terms")[key] = (owner.account_id, term)

    def clear_terms(self, billing_group_id: str) -> None:
        table = self._tables.change("terms")
        for key in [key for key in table if key[0] == billing_group_id]:
            del table[key]


class MemoryAdjustments(Part):
    def add(self, account_id: str, adjustment: Adjustment) -> None:
        self._tables.change("adjustments")[adjustment.adjustment_id] = (account_id, adjustment)

    def of(self, level: Level, target_ids: Collection[str]) -> tuple[Adjustment, ...]:
        return self._sorted(lambda one: one.level is level and one.target_id in target_ids)

    def named(self, level: Level, adjustment_ids: Collection[str]) -> tuple[Adjustment, ...]:
        return self._sorted(lambda one: one.level is level and one.adjustment_id in adjustment_ids)

    def page(self, level: Level, target_id: str, window: Window) -> Page[Adjustment]:
        return page_of(self.of(level, [target_id]), window)

    def remove(self, adjustment_ids: Collection[str]) -> None:
        table = self._tables.change("adjustments")
        for adjustment_id in adjustment_ids:
            table.pop(adjustment_id, None)

    def _sorted(self, chosen: Callable[[Adjustment], bool]) -> tuple[Adjustment, ...]:
        found = [one for _, one in self._all("adjustments") if chosen(one)]
        return tuple(sorted(found, key=lambda one: (one.month_from, one.adjustment_id)))


_EVER: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def _in_order(account: Account) -> Account:
    groups = sorted(account.billing_groups, key=lambda group: group.billing_group_id)
    ordered = (
        evolve(group, projects=tuple(sorted(group.projects, key=lambda one: one.project_id))) for group in groups
    )
    return evolve(account, billing_groups=tuple(ordered))


def _groups(account: Account) -> set[str]:
    return {group.billing_group_id for group in account.billing_groups}


def _projects(account: Account) -> Iterator[Any]:
    return (project for group in account.billing_groups for project in group.projects)


def _when(meter: Meter) -> tuple[datetime, str]:
    return meter.timestamp, meter.meter_id
