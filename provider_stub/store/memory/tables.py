"""The tables of a unit of work: copies of those that it changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from attrs import define, field, frozen

from provider_stub.store.protocol.records import (
    Page,
    Window,
)

T = TypeVar("T")
Table = dict[Any, Any]


@define
class Tables:
    """The tables of one moment by name; `of` gives a private copy of one on its first use in a unit of work."""

    tables: dict[str, Table] = field(factory=dict)
    changed: set[str] = field(factory=set)
    writable: bool = True

    def look(self, name: str) -> Table:
        return self.tables.get(name, {})

    def change(self, name: str) -> Table:
        if not self.writable:
            raise RuntimeError("a unit of work that only reads cannot write")
        if name not in self.changed:
            self.tables[name] = dict(self.look(name))
            self.changed.add(name)
        return self.tables[name]


@frozen
class Part:
    _tables: Tables

    def _all(self, name: str) -> Iterable[Any]:
        return self._tables.look(name).values()


def page_of(items: Iterable[T], window: Window) -> Page[T]:
    whole = tuple(items)
    return Page(whole[window.offset : window.offset + window.limit], len(whole))
