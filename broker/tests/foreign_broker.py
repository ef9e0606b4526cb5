"""A broker of another make, as far as an import asks it: what the Ruby broker answered, address by address.

`recordings/import.json` has the answers of a recorded session, without what is there for people to read; the
lists, which no client of that session asked for, are put together from the items that it did ask for.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from attrs import Factory, define

from broker.tests.served import Json

_RECORDED = Path(__file__).with_name("recordings") / "import.json"


@define
class Reply:
    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = Factory(dict)


@define
class ForeignBroker:
    """`answers` by path; the matrix by consumer. `special` may answer first. `links` is what links begin with."""

    answers: Json
    url: str = ""
    links: str = ""
    special: Callable[[str], Reply | None] = lambda _: None
    asked: list[tuple[str, str]] = Factory(list)  # path and Authorization

    def reply(self, target: str) -> Reply:
        found = urlsplit(target)
        path = found.path
        if (special := self.special(target)) is not None:
            return special
        if path.endswith("/verification-results"):
            return Reply(status=405)  # it takes them there, and does not list them
        if path == "/matrix":
            path += "?" + next(value for key, value in parse_qsl(found.query) if key == "q[][pacticipant]")
        if path not in self.answers:
            return Reply(status=404)
        text = json.dumps(self.answers[path]).replace("{base}", self.links or self.url)
        return Reply(text.encode(), headers={"Content-Type": "application/hal+json;charset=utf-8"})


def recorded() -> Json:
    found: Json = json.loads(_RECORDED.read_text(encoding="utf-8"))
    return found


@contextmanager
def foreign_broker(answers: Json | None = None) -> Iterator[ForeignBroker]:
    broker = ForeignBroker(recorded() if answers is None else answers)

    class _Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: in two, the second waits for the first

        def do_GET(self) -> None:
            broker.asked.append((self.path, self.headers.get("Authorization", "")))
            reply = broker.reply(self.path)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    class _Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # whoever asks may leave in the middle of an answer

    with _Server(("127.0.0.1", 0), _Handler) as server:
        broker.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            yield broker
        finally:
            server.shutdown()
