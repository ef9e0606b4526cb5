"""The support files of generated clients as a package, and one way to call by either of its sessions."""

import asyncio
import atexit
import importlib
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import httpx
import jinja2
import pytest

import contractkit.generate

TEMPLATES = Path(contractkit.generate.__file__).parent / "templates" / "client"
PACKAGE = "runtime_client"
JSON = "application/json"


def _assembled() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    package = folder / PACKAGE
    package.mkdir()
    for path in (TEMPLATES / "support").glob("*.py"):
        shutil.copy(path, package / path.name)
    source = (TEMPLATES / "errors.py.jinja").read_text(encoding="utf-8")
    errors = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # it is Python
    )
    (package / "errors.py").write_text(errors.from_string(source).render(problem_type="object", problem_imports=[]))
    (package / "__init__.py").write_text("")
    return folder


def module(name: str) -> ModuleType:
    """A module of the package, such as `calls`."""
    if PACKAGE not in sys.modules:
        sys.path.append(str(_assembled()))
    return importlib.import_module(f"{PACKAGE}.{name}")


calls, errors, resilience, streams, telemetry, pages, codec = map(
    module, ("calls", "errors", "resilience", "streams", "telemetry", "pages", "codec")
)

Handler = Callable[[httpx.Request], httpx.Response] | Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]


def reply(kind: str = "json", media_type: str = JSON, **members: Any) -> Any:
    """A reply with one body."""
    return calls.Reply((calls.Body(media_type, kind, **members),))


def operation(**members: Any) -> Any:
    """GET /items, which gives any JSON, and documents its errors by `default`."""
    given = {"id": "list_items", "method": "GET", "path": "/items", "idempotent": True, **members}
    return calls.Operation(**{"replies": {"200": reply(), "default": reply()}, **given})


class Client:
    """A session, sync or async, that is called alike."""

    def __init__(
        self,
        asynchronous: bool,
        server: Handler | str | httpx.BaseTransport,
        auth: Any = None,
        *,
        seed: int = 0,
        **settings: Any,
    ) -> None:
        """`server` is a function, the URL of a real one, or a transport; `seed` draws the waits."""
        self.asynchronous = asynchronous
        transport: Any = server
        if not isinstance(server, httpx.BaseTransport):
            transport = None if isinstance(server, str) else httpx.MockTransport(server)
        base_url = server if isinstance(server, str) else "http://api.test/v1"
        given = {"resilience": resilience.Resilience(), "hooks": telemetry.Hooks(), "headers": {}, "timeout": 30.0}
        kind = calls.AsyncSession if asynchronous else calls.Session
        self.session = kind(base_url, auth, transport=transport, random=Random(seed), **{**given, **settings})  # noqa: S311  # repeatable

    def call(self, called: Any = None, request: Any = None, **options: Any) -> Any:
        """One call from start to end."""
        result = self.session.call(called or operation(), request or calls.Request("/items"), **options)
        return asyncio.run(result) if self.asynchronous else result

    def together(self, count: int) -> list[Any]:
        """The results of this many calls at once."""
        if self.asynchronous:
            return asyncio.run(self._gathered(count))
        found: list[Any] = []
        threads = [threading.Thread(target=lambda: found.append(self.call())) for _ in range(count)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(10)
        return found

    def items(self, called: Any, use: Callable[[Any], Iterable[Any]] = lambda stream: stream) -> list[Any]:
        """All that a streaming call hands out; `use` says what of the stream is iterated."""
        if self.asynchronous:
            return asyncio.run(self._collected(called, use))
        with self.session.call(called, calls.Request("/events")) as stream:
            return list(use(stream))

    async def _gathered(self, count: int) -> list[Any]:
        tasks = [self.session.call(operation(), calls.Request("/items")) for _ in range(count)]
        return list(await asyncio.gather(*tasks))

    async def _collected(self, called: Any, use: Callable[[Any], Any]) -> list[Any]:
        async with await self.session.call(called, calls.Request("/events")) as stream:
            return [item async for item in use(stream)]


class Clock:
    """A clock that moves by sleeping alone, and writes down each sleep."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sleeps: list[float] = []

    @classmethod
    def put(cls, monkeypatch: pytest.MonkeyPatch) -> "Clock":
        """Puts a clock in the place of the machine's."""
        clock = cls()
        monkeypatch.setattr(time, "monotonic", clock.monotonic)
        monkeypatch.setattr(time, "sleep", clock.sleep)
        monkeypatch.setattr(asyncio, "sleep", clock.asleep)
        return clock

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await Turn()


class Turn:
    """Awaited, lets the other tasks run."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Script:
    """A server that plays its outcomes in turn, the last one for ever: statuses, responses, exceptions, functions."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.requests: list[httpx.Request] = []
        self.sent: list[dict[str, str]] = []
        self.timeouts: list[Any] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        outcome = self.outcomes[min(len(self.requests), len(self.outcomes) - 1)]
        self.requests.append(request)
        self.sent.append({"url": str(request.url), **request.headers})  # a copy: one request is sent again and again
        self.timeouts.append(request.extensions["timeout"])
        if isinstance(outcome, type | BaseException):
            raise outcome if isinstance(outcome, BaseException) else outcome("broken")
        if callable(outcome):
            outcome = outcome(request)
        if not isinstance(outcome, httpx.Response):
            return httpx.Response(outcome, json={"status": outcome})
        if not outcome.is_closed:
            return outcome  # its body comes in pieces
        return httpx.Response(outcome.status_code, headers=outcome.headers, content=outcome.content)


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes in pieces; a piece that is a function is called before the next one comes."""

    def __init__(self, *pieces: bytes | Exception | Callable[[], None]) -> None:
        self.pieces = pieces
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if callable(piece):
                piece()
            else:
                yield piece

    async def __aiter__(self) -> Any:
        for piece in iter(self):
            yield piece

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


@contextmanager
def listening(*answers: bytes) -> Iterator[str]:
    """The URL of a server that gives each connection one answer and hangs up; an empty one resets it."""

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            connection.recv(65536)
            if not answer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sendall(answer)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)
