"""Serving an application on a port until it is told to stop."""

import inspect
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from contractkit.stub.fault_wire import FaultyProtocol
from contractkit.stub.faults import Faulty

GRACE_SECONDS = 5
IDLE_SECONDS = 75  # longer than clients keep connections, or one closes while a request is on its way
CHATTY = ("connexion", "python_multipart")  # they warn of ordinary requests, one of several media types for one


class _Server(uvicorn.Server):
    """uvicorn, saying in one line where it listens once it does."""

    url = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"serving {self.url} (documentation at {self.url}/docs)\n")
            sys.stdout.flush()


def serve(app: ASGIApp | Callable[[], ASGIApp], host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serves an ASGI application, or what a factory without arguments makes, until SIGTERM or SIGINT.

    Requests under way are finished first. Port 0 takes a free one; the line that is printed names it. Ends the process
    with status 2 and one line when the port cannot be had.
    """
    listener = _listen(host, port)
    try:
        number = listener.getsockname()[1]
        made = _made(app)
        config = uvicorn.Config(
            made,
            loop="uvloop",
            http=FaultyProtocol if isinstance(made, Faulty) else "httptools",
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = _Server(config)
        server.url = f"http://{f'[{host}]' if ':' in host else host}:{number}"
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.ERROR)
        with _stopped_by_signal():
            server.run(sockets=[listener])
    finally:
        listener.close()
    if not server.started:
        raise SystemExit(1)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        sys.stderr.write(f"error: cannot listen on {host} port {port}: {reason}\n")
        raise SystemExit(2) from None
    listener.set_inheritable(False)
    return listener


def _made(app: ASGIApp | Callable[[], ASGIApp]) -> ASGIApp:
    needed = [
        each for each in inspect.signature(app).parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]  # fmt: skip
    return cast(ASGIApp, app) if needed else cast(Callable[[], ASGIApp], app)()


@contextmanager
def _stopped_by_signal() -> Iterator[None]:
    """uvicorn stops on a signal and then raises it again for whoever had it before; here nobody needs it any more."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
