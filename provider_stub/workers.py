"""Background work in threads that end with the provider."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_THREADS: Final = 2


class Workers:
    """Work is cut into short steps and asks `stopping` between them; what is left over goes on after a restart."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="billing-job")
        self._stop = threading.Event()

    def run(self, work: Callable[[], None]) -> None:
        self._pool.submit(work)

    def stopping(self) -> bool:
        return self._stop.is_set()

    def close(self) -> None:
        """Lets the steps under way end, and starts no more."""
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
