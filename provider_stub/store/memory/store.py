"""The store in memory.

A unit of work changes copies of the tables that it touches; at its end they take the place of the old ones. So a reader
sees one moment, and a unit of work that raises has never happened.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import frozen

from provider_stub.store.memory.billing import (
    MemoryCharges,
    MemoryCredits,
    MemoryJobs,
    MemoryKeys,
    MemoryPayments,
    MemoryStatements,
)
from provider_stub.store.memory.catalogue import (
    MemoryAccounts,
    MemoryAdjustments,
    MemoryContracts,
    MemoryCounters,
    MemoryMeters,
)
from provider_stub.store.memory.tables import Table, Tables


@frozen
class MemoryTx:
    accounts: MemoryAccounts
    counters: MemoryCounters
    meters: MemoryMeters
    contracts: MemoryContracts
    adjustments: MemoryAdjustments
    credits: MemoryCredits
    statements: MemoryStatements
    payments: MemoryPayments
    jobs: MemoryJobs
    keys: MemoryKeys
    charges: MemoryCharges

    @classmethod
    def over(cls, tables: Tables) -> MemoryTx:
        return cls(
            MemoryAccounts(tables),
            MemoryCounters(tables),
            MemoryMeters(tables),
            MemoryContracts(tables),
            MemoryAdjustments(tables),
            MemoryCredits(tables),
            MemoryStatements(tables),
            MemoryPayments(tables),
            MemoryJobs(tables),
            MemoryKeys(tables),
            MemoryCharges(tables),
        )


class MemoryStore:
    """Opened empty; everything is gone with the process."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._turn = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[MemoryTx]:
        yield MemoryTx.over(Tables(dict(self._tables), writable=False))

    @contextmanager
    def write(self) -> Iterator[MemoryTx]:
        with self._turn:
            tables = Tables(dict(self._tables))
            yield MemoryTx.over(tables)
            self._tables = tables.tables

    def check(self) -> None:
        """It always answers."""

    def clear(self) -> None:
        with self._turn:
            self._tables = {}

    def close(self) -> None:
        """There is nothing to give back."""
