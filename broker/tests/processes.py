"""The broker as a process of its own, which a test may kill."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

_ROOT = Path(__file__).parents[2]


@frozen
class Process:
    """A running `contract-broker serve`; `log` is what it has written so far."""

    popen: subprocess.Popen[bytes]
    url: str
    _log: Path

    @property
    def log(self) -> str:
        return self._log.read_text()

    def peak_memory(self) -> int:
        """The most bytes of memory that it has had at once."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.popen.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024


@contextmanager
def broker_process(database_url: str, port: int = 0, *options: str) -> Iterator[Process]:
    """Serves until the block ends, when it is killed if it still runs."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("BROKER_", "PACT_"))}
    # The address of the database has a password in it, so it does not go on the command line.
    environment = kept | {"BROKER_DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "broker", "serve", "--port", str(port), *options]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with (
            log.open("wb") as written,
            subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=written, stderr=written) as popen,
        ):
            try:
                yield Process(popen, _address(popen, log), log)
            finally:
                popen.kill()


def _address(popen: subprocess.Popen[bytes], log: Path) -> str:
    while True:
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
            return found[0]
        assert popen.poll() is None, log.read_text()
        time.sleep(0.02)
