"""A shop that fails on purpose, in a process of its own."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from attrs import frozen

SHOP = Path(__file__).with_name("shop.yaml")
PROGRAM = """
import sys, yaml
from pathlib import Path
from contractkit.stub import create_app, serve, with_faults

def make():
    document = yaml.load(Path(sys.argv[1]).read_text(), yaml.CSafeLoader)
    ok = {"200": {"description": "Ok.", "content": {"application/json": {"schema": {}, "example": 12}}}}
    document["paths"]["/health/ready"] = {"get": {"operationId": "isReady", "responses": ok}}
    document["paths"]["/{page}"] = {"get": {"responses": ok, "parameters": [
        {"name": "page", "in": "path", "required": True, "schema": {"type": "string"}}]}}
    handled = []

    def get_item(item_id):
        handled.append(item_id)
        return {"id": "i1", "name": "Lamp", "price": "12.50"}

    app = create_app(document, handlers={"getItem": get_item, "listItems": lambda **_: {"handled": len(handled)}})
    return with_faults(app, document)

serve(make, "127.0.0.1", 0)
"""
LAMP = b'{"id":"i1","name":"Lamp","price":"12.50"}'
ITEM = "/items/i1"


@frozen
class Shop:
    """A shop that fails as it is told; `client` takes a new connection for each request."""

    url: str
    client: httpx.Client

    def spoil(self, rules: object, **more: object) -> None:
        self.client.put("/__faults", json={"rules": rules, **more}).raise_for_status()

    def get(self, path: str = ITEM, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def handled(self) -> int:
        return int(self.get("/items").json()["handled"])

    def injected(self, operation: str) -> dict[str, int]:
        shown: dict[str, int] = self.get("/__faults").json()["operations"][operation]["injected"]
        return shown

    def raw(self, path: str = ITEM, *, method: str = "GET", body: bytes = b"") -> bytes:
        """Every byte of the reply until the connection ends. Raises ConnectionResetError for a reset."""
        port = int(self.url.rpartition(":")[2])
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(head.encode() + body)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def faulty_shop() -> Iterator[Shop]:
    """A server without rules until the block ends; no fault may have left a traceback, or anything else, in its log."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(SHOP)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        url = child.stdout.readline().split()[1]
        with httpx.Client(base_url=url, limits=httpx.Limits(max_keepalive_connections=0)) as client:
            yield Shop(url, client)
        child.terminate()
        assert child.communicate(timeout=20)[1] == ""
    finally:
        child.kill()
        child.communicate()
