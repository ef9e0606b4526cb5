"""Serving on a port: a real process, asked over real sockets."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

SHOP = Path(__file__).with_name("shop.yaml")
PROGRAM = """
import sys, yaml
from contextlib import asynccontextmanager
from pathlib import Path
from contractkit.stub import create_app, serve

@asynccontextmanager
async def lifespan(app):
    yield
    print("closed", flush=True)

def make():
    return create_app(yaml.load(Path(sys.argv[1]).read_text(), yaml.CSafeLoader), lifespan=lifespan)

serve(make, "127.0.0.1", int(sys.argv[2]))
"""
COMMAND = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(SHOP)]


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    child = subprocess.Popen([*COMMAND, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line.startswith("serving http://127.0.0.1:")
    try:
        yield child, line.split()[1]
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_says_where_it_listens_answers_and_ends_cleanly_when_told(
    server: tuple[subprocess.Popen[str], str], number: signal.Signals
) -> None:
    child, url = server
    response = httpx.get(f"{url}/items/i1")
    assert response.json()["name"] == "Lamp"
    assert "server" not in response.headers
    assert httpx.get(f"{url}/docs").status_code == 200
    head = httpx.head(f"{url}/items")
    assert (head.status_code, head.headers["allow"], head.content) == (405, "GET, POST", b"")
    assert httpx.get(f"{url}/items/a%2Fb").status_code == 200
    child.send_signal(number)
    output, errors = child.communicate(timeout=20)
    assert (child.returncode, output, errors) == (0, "closed\n", "")


def test_a_body_over_the_limit_is_refused_before_it_is_read(server: tuple[subprocess.Popen[str], str]) -> None:
    _, url = server
    response = httpx.post(f"{url}/items", content=b" " * (11 << 20), headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert httpx.get(f"{url}/items").status_code == 200


def test_a_taken_port_is_one_line_and_status_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run([*COMMAND, str(port)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == f"error: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    assert done.stdout == ""
