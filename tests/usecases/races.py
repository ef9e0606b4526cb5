"""Requests that start at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from provider_stub.engine.errors import BillingError

DONE = "done"


def at_once(*acts: Callable[[], object]) -> list[str]:
    """What became of each: DONE, or the code of its refusal."""
    barrier = threading.Barrier(len(acts))

    def one(act: Callable[[], object]) -> str:
        barrier.wait()
        try:
            act()
        except BillingError as error:
            return error.code
        return DONE

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))
