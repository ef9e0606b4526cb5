"""A server that answers every GET with the same bytes, so that in a comparison of clients only they take time.

python -m contractkit.bench.fixed_server PORT FILE
"""

import argparse
import asyncio
from pathlib import Path
from typing import cast

import uvloop

HEAD_END = b"\r\n\r\n"


class FixedReply(asyncio.Protocol):
    """One connection; requests have no bodies."""

    def __init__(self, reply: bytes) -> None:
        self._reply = reply
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        asked = self._received.count(HEAD_END)
        if asked:
            self._received = self._received.rpartition(HEAD_END)[2]
            self._transport.write(self._reply * asked)


def reply(body: bytes) -> bytes:
    """A success in JSON, as it goes over the wire."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(port: int, body: bytes) -> None:
    """Answers on 127.0.0.1 until it is cancelled."""
    whole = reply(body)
    server = await asyncio.get_running_loop().create_server(lambda: FixedReply(whole), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    uvloop.run(serve(given.port, given.file.read_bytes()))


if __name__ == "__main__":
    main()
