"""The connections of generated clients: not shared with a forked child, and closed before servers do (2 s in all)."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from contractkit.tests.generate.runtime import Client, Clock, calls, operation

CALLS = 15
FORKED = """
import asyncio, os, sys

sys.path.append(sys.argv[1])
from runtime_client import calls, resilience, telemetry

url, kind = sys.argv[2:]
settings = {"hooks": telemetry.Hooks(), "headers": {}, "timeout": 5.0, "resilience": resilience.Resilience.off()}
session = getattr(calls, kind)(url, None, **settings)
operation = calls.Operation("echo", "GET", "/", {"200": calls.Reply((calls.Body("text/plain", "text"),))})


def call(path):
    found = session.call(operation, calls.Request(path))
    return runner.run(found) if asyncio.iscoroutine(found) else found


runner = asyncio.Runner()
call("/warm")
child = os.fork()
name = "parent" if child else "child"
if not child:
    runner = asyncio.Runner()
wrong = [found for path in [f"/{name}/{number}" for number in range(COUNT)] if (found := call(path)) != path]
print(name, wrong, flush=True)
if not child:
    os._exit(0)
os.waitpid(child, 0)
""".replace("COUNT", str(CALLS))


@contextmanager
def echoing() -> Iterator[tuple[str, list[object]]]:
    """The URL of a server that answers with the path of a request, and the connections that were opened to it."""
    opened: list[object] = []

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            opened.append(self.client_address)

        def do_GET(self) -> None:  # the name that the server asks for
            turn.wait(0.01)  # so that two processes have requests under way at once
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(self.path)))
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *_: object) -> None:
            pass

    turn = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", opened
        server.shutdown()
        thread.join(10)


@pytest.mark.parametrize("kind", ["Session", "AsyncSession"])
def test_after_a_fork_parent_and_child_get_their_own_answers(kind: str) -> None:
    package = Path(str(calls.__file__)).parent.parent
    with echoing() as (url, opened):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", FORKED, str(package), url, kind],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    assert sorted(done.stdout.splitlines()) == ["child []", "parent []"]
    assert len(opened) == 2


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_connection_that_was_idle_for_longer_than_two_seconds_is_not_used_again(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = operation(replies={"200": calls.Reply((calls.Body("text/plain", "text"),))})
    counts = []
    with echoing() as (url, opened):
        client = Client(kind == "async", url)
        clock = Clock.put(monkeypatch)

        def note() -> None:
            counts.append(len(opened))
            clock.now += (1.5, 2.5, 0.0)[len(counts) - 1]

        async def several() -> None:
            for _ in range(3):
                assert await client.session.call(text, calls.Request("/a")) == "/a"
                note()
            await client.session.aclose()

        if kind == "async":
            asyncio.run(several())
        else:
            for _ in range(3):
                assert client.call(text, calls.Request("/a")) == "/a"
                note()
            client.session.close()
    assert counts == [1, 1, 2]


def test_connections_of_many_threads_are_used_again() -> None:
    text = operation(replies={"200": calls.Reply((calls.Body("text/plain", "text"),))})
    with echoing() as (url, opened):
        client = Client(False, url, timeout=5.0)
        with ThreadPoolExecutor(40) as pool:
            list(pool.map(lambda _: client.call(text, calls.Request("/a")), range(400)))
        client.session.close()
    assert len(opened) < 100


def test_a_transport_of_the_callers_own_is_kept_after_a_fork() -> None:
    client = Client(False, httpx.MockTransport(lambda _: httpx.Response(200, json=[1])))
    client.session.renew()
    assert client.call() == [1]
