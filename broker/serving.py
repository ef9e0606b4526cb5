"""The process that serves: its socket, its signals, its end."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
import threading
import time
from types import FrameType

import typer
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from broker import logs
from broker.app import create_app
from broker.config import Config
from broker.errors import UnusableError

_BACKLOG = 2048
_HEAD_SECONDS = 15


def serve(config: Config) -> None:
    """Serves until a signal ends it; requests in flight have `shutdown_grace` seconds to finish.

    Raises UnusableError.
    """
    logs.configure(config.log_format, config.log_level)
    with _listener(config) as listener:
        app = create_app(config)
        address, port = listener.getsockname()[:2]
        url = f"http://{f'[{address}]' if ':' in address else address}:{port}"
        if config.log_format == "json":
            logs.announce("listening", address=url)
        else:
            typer.echo(f"Pact Broker on {url}", err=True)
        server = _Server(
            uvicorn.Config(
                app,
                http=_protocol(min(_HEAD_SECONDS, config.body_seconds)),
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=config.shutdown_grace,
            )
        )
        server.run(sockets=[listener])
    if not server.started:
        raise UnusableError("the web server did not start")
    _leave_threads_behind()


def _leave_threads_behind() -> None:
    """A handler that outlasted the grace must not keep the process: its client is gone already."""
    deadline = time.monotonic() + 1
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                logging.getLogger("broker").warning("work that did not end in time was given up")
                os._exit(0)


class _Server(uvicorn.Server):
    """The first signal lets the server finish, and the process end with 0; the second ends it at once."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's shape
        if self.should_exit:
            # What is not committed is rolled back when the database is opened next, as after a power cut.
            os._exit(128 + sig)
        self.should_exit = True


def _protocol(head_seconds: float) -> type[HttpToolsProtocol]:
    """Closes a connection whose request does not arrive: uvicorn has a clock for idle connections only."""

    class Protocol(HttpToolsProtocol):
        _clock: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
            super().connection_made(transport)
            self._wait_for_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_clock()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            answered = self.cycle is None or self.cycle.response_complete
            if answered and self._clock is None and not self.transport.is_closing():
                self._wait_for_head()

        def on_headers_complete(self) -> None:
            self._stop_clock()
            super().on_headers_complete()

        def _wait_for_head(self) -> None:
            self._clock = self.loop.call_later(head_seconds, self.transport.close)

        def _stop_clock(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None

    return Protocol


def _listener(config: Config) -> socket.socket:
    """Bound before anything else starts, so that a taken port is told in one line."""
    host, port = config.host, config.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        if not (config.credentials() or config.allow_anyone or ipaddress.ip_address(address[0]).is_loopback):
            raise UnusableError(
                f"whoever reaches {host} could change everything here: give the broker credentials (PACT_BROKER_TOKEN "
                "or --tokens), listen on 127.0.0.1, or say --allow-anyone"
            )
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise UnusableError(f"cannot listen on {host}:{port}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    # asyncio and socket decorate the text with the address, which stands in the message already; a name that
    # does not resolve has a number that is not an errno.
    if isinstance(error, socket.gaierror) or error.errno is None:
        return str(error.strerror)
    return os.strerror(error.errno)
