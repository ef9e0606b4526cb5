"""A small HTTP client for measuring: keep-alive, nothing but the bytes, so that little of a figure is its own."""

import asyncio
import time
from contextlib import suppress
from typing import Self

from attrs import frozen

from contractkit.bench.traffic import Request


@frozen
class Reply:
    """A reply, and the milliseconds from the first byte sent to the last one read."""

    status: int
    body: bytes
    milliseconds: float


class Connection:
    """One connection to 127.0.0.1. Raises OSError or EOFError when the server closes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: Request) -> Reply:
        """Sends a request and reads its whole reply."""
        started = time.perf_counter()
        self._writer.write(request.data)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        body = await self._body(head)
        return Reply(int(head[9:12]), body, (time.perf_counter() - started) * 1000)

    async def _body(self, head: bytes) -> bytes:
        _, found, rest = head.partition(b"\r\ncontent-length:")
        if found:
            return await self._reader.readexactly(int(rest.partition(b"\r\n")[0]))
        return await self._chunks() if b"\r\ntransfer-encoding: chunked" in head else b""

    async def _chunks(self) -> bytes:
        parts = []
        while size := int((await self._reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")
        return b"".join(parts)

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):  # the server may have been faster
            await self._writer.wait_closed()
