"""A provider that tests kill."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.faults.sandbox import SANDBOX
from tests.serving import Served, served


class Killed:
    """A provider in a sandbox, and after it the next one on the same database."""

    def __init__(self, folder: Path) -> None:
        self.database = f"sqlite:///{folder / 'billing.db'}"
        self._folder = folder
        self._running = ExitStack()
        self.now = self.start()

    def start(self, *options: str) -> Served:
        provider = served(self._folder, self.database, *SANDBOX, *options, auth="off")
        self.now = self._running.enter_context(provider)
        return self.now

    def kill(self) -> None:
        self.now.process.kill()
        assert self.now.process.wait(timeout=20) == -signal.SIGKILL

    def stop(self) -> int:
        """Asks it to end; its exit status."""
        self.now.process.send_signal(signal.SIGTERM)
        return self.now.process.wait(timeout=20)

    def close(self) -> None:
        self._running.close()


def until(holds: Callable[[], object]) -> None:
    """Waits for it."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.01)
