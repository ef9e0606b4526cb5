"""Servers as child processes: started on a port, waited for, and always ended with the command that started them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import httpx
from attrs import frozen

from contractkit.config import child_environment
from contractkit.errors import ServerError

START_SECONDS = 30.0
STOP_SECONDS = 5.0


@frozen
class Server:
    """A server that answered its first request."""

    url: str
    pid: int
    log: Path


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unique_folder(parent: Path, name: str) -> Path:
    """A new folder below `parent`, private to this process; two runs of one command never share it."""
    folder = parent / f"{name}-{os.getpid()}-{threading.get_ident():x}-{time.time_ns():x}"
    folder.mkdir(parents=True)
    return folder


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    port: int,
    ready: str,
    log: Path,
    env: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Runs `command` until the block ends; enters it once `http://127.0.0.1:{port}{ready}` answers with success.

    The output goes to `log`. Raises ServerError with the server's own last line when it ends early, and when it
    does not answer within 30 seconds.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{port}"
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=child_environment(**(env or {})),
        )
    try:
        _await_ready(name, child, url + ready, log)
        yield Server(url, child.pid, log)
    finally:
        stop(child)


def stop(child: subprocess.Popen[bytes]) -> None:
    """Ends a child: politely, and after five seconds for good."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def stop_group(child: subprocess.Popen[bytes]) -> None:
    """Ends a child that leads a process group, and whatever it started that is still there."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    stop(child)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def terminable() -> Iterator[None]:
    """Lets SIGTERM end the block as Ctrl-C does, so that children are stopped on the way out."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def tool(name: str) -> str:
    """The path of a command that was installed beside this interpreter. Raises ServerError if it is not there."""
    path = Path(sys.executable).parent / name
    if not path.is_file():
        raise ServerError(f"the command `{name}` is not installed beside {sys.executable}; run `make setup`")
    return str(path)


def last_line(log: Path) -> str:
    """The last line of a log that says something; empty when there is none."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _await_ready(name: str, child: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(timeout=2.0, trust_env=False) as client:
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise ServerError(f"{name} did not start: {last_line(log) or f'exit status {child.returncode}'}")
            try:
                if client.get(url).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    raise ServerError(f"{name} did not answer at {url} within {START_SECONDS:.0f} s; its log is {log}")
