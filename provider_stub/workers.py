"""Background work in threads that end with the provider."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_THREADS: Final = 2
LOG = logging.getLogger(__name__)


class Workers:
    """Work is cut into short steps and asks `stopping` between them; what is left over goes on after a restart."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="billing-job")
        self._watches: list[threading.Thread] = []
        self._stop = threading.Event()

    def run(self, work: Callable[[], None]) -> None:
        self._pool.submit(work)

    def repeat(self, work: Callable[[], None], seconds: float) -> None:
        """Does it every so many seconds, in a thread of its own. What goes wrong once may go well the next time."""
        thread = threading.Thread(target=self._repeat, args=(work, seconds), name="billing-watch")
        self._watches.append(thread)
        thread.start()

    def wait(self, seconds: float) -> bool:
        """Lets some time pass; True, and at once, when the provider stops."""
        return self._stop.wait(seconds)

    def stopping(self) -> bool:
        return self._stop.is_set()

    def close(self) -> None:
        """Lets the steps under way end, and starts no more."""
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for thread in self._watches:
            thread.join()

    def _repeat(self, work: Callable[[], None], seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                work()
            except Exception:
                LOG.exception("%s failed, and is done again later", work)
