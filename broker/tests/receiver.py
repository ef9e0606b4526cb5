"""What webhooks call in tests: a real HTTP server that remembers, and answers as it is told."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import define, field, frozen

_PIECE = 64 * 1024


@frozen
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: str


@define
class Receiver:
    """`answers` are the statuses to come, 200 when there are none left; `echo` repeats the request in the answer.

    `written` is how much of the bodies of answers could be sent, in bytes.
    """

    url: str
    received: list[Received] = field(factory=list)
    answers: list[int] = field(factory=list)
    headers: dict[str, str] = field(factory=dict)
    body: bytes = b"ok"
    echo: bool = False
    delay: float = 0.0
    drip: bool = False
    written: int = 0

    def wait_for(self, count: int, seconds: float = 5) -> list[Received]:
        """What has come, as soon as it is this many."""
        until(lambda: len(self.received) >= count, seconds)
        return self.received

    def bodies(self, count: int) -> list[str]:
        return [one.body for one in self.wait_for(count)]


def until(holds: Callable[[], bool], seconds: float = 5) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(OSError):  # who calls may be gone before the answer
                _answer(self, told)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object, **__: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    told = Receiver(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()


def _answer(handler: BaseHTTPRequestHandler, told: Receiver) -> None:
    body = handler.rfile.read(int(handler.headers.get("content-length", 0))).decode()
    headers = {name.lower(): value for name, value in handler.headers.items()}
    told.received.append(Received(handler.command, handler.path, headers, body))
    time.sleep(told.delay)
    handler.send_response(told.answers.pop(0) if told.answers else 200)
    sent = f"{handler.path} {headers} {body}".encode() if told.echo else told.body
    for name, value in {"content-length": str(len(sent)), **told.headers}.items():
        handler.send_header(name, value)
    if told.drip:
        _drip(handler)
    handler.end_headers()
    for start in range(0, len(sent), _PIECE):
        told.written += handler.wfile.write(sent[start : start + _PIECE])


def _drip(handler: BaseHTTPRequestHandler) -> None:
    """Headers without end, one byte at a time: no single read ever waits long."""
    handler.flush_headers()
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.02)
