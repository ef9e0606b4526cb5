"""Processes that fork: a child must not write to the connections of its parent, or each reads the other's answers."""

import os
from typing import Protocol
from weakref import WeakSet


class Renewed(Protocol):
    """What holds connections or locks."""

    def renew(self) -> None:
        """Lets go of what belongs to the parent, without closing it there."""
        ...


_HELD: "WeakSet[Renewed]" = WeakSet()


def renew_in_children(holder: Renewed) -> None:
    """Has it renewed in every process that is forked from now on, for as long as it lives."""
    _HELD.add(holder)


def _renew() -> None:
    for holder in list(_HELD):
        holder.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
