"""Requests that start at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from provider_stub.engine.errors import BillingError
from provider_stub.store.protocol.tx import StoreConflictError

DONE = "done"
AGAIN = "try again"


def at_once(*acts: Callable[[], object]) -> list[str]:
    """What became of each: DONE, AGAIN, or the code of its refusal."""
    barrier = threading.Barrier(len(acts))

    def one(act: Callable[[], object]) -> str:
        barrier.wait()
        try:
            act()
        except BillingError as error:
            return error.code
        except StoreConflictError:
            return AGAIN
        return DONE

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))
