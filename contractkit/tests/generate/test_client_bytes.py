"""The bytes of a call: files that are sent more than once, and packed answers, whole or not."""

import gzip
import io
import json
import os
import tempfile
import zlib
from typing import Any

import httpx
import pytest

from contractkit.tests.generate.runtime import Client, Clock, Script, calls, errors, listening, operation


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.put(monkeypatch)


class Once(io.RawIOBase):
    """A file that cannot be wound back, as those of pipes and sockets."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer)

    def readable(self) -> bool:
        return True


class OnlyRead:
    """What has `read` and nothing else."""

    def __init__(self, content: bytes) -> None:
        self.read = io.BytesIO(content).read


def from_its_middle(content: bytes) -> io.BytesIO:
    """A file of which a part has been read."""
    file = io.BytesIO(b"read before" + content)
    file.seek(len(b"read before"))
    return file


def piped(content: bytes) -> Any:
    """The end of a pipe from which the content can be read."""
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return os.fdopen(reading, "rb")


def spooled(content: bytes) -> Any:
    """A file on disk."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # who sends it drops it, which closes it
    file.write(content)
    file.seek(0)
    return file


class Reader(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Reads each body as a network does, once, and answers with one status after another."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.bodies: list[bytes] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        self.bodies.append(b"".join(request.stream))
        return httpx.Response(self.statuses.pop(0), json={})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


@pytest.mark.parametrize("make", [Once, OnlyRead, from_its_middle, piped, spooled, io.BytesIO])
@pytest.mark.parametrize("fresh", [False, True], ids=["503", "401"])
def test_a_file_of_any_kind_is_sent_whole_on_every_try(asynchronous: bool, make: Any, fresh: bool) -> None:
    server = Reader(401 if fresh else 503, 200)
    content = b"content " * 4_000
    request = calls.Request("/files", files=[("file", ("a.bin", make(content), "application/octet-stream"))])
    auth = calls.Auth("header", "Authorization", "Bearer", "old", lambda: "new") if fresh else None
    Client(asynchronous, server, auth).call(operation(method="PUT"), request)
    for sent in server.bodies:
        assert content in sent
        assert b"read before" not in sent
    assert len(server.bodies) == 2


def packed(content: bytes, coding: bytes = b"gzip", status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-encoding: %s\r\ncontent-length: %d\r\n\r\n"
    return head % (status, coding, len(content)) + content


PACKED = gzip.compress(json.dumps(list(range(20_000))).encode(), mtime=0)


@pytest.mark.parametrize(
    "broken",
    [PACKED[:-1], PACKED[: len(PACKED) // 2], PACKED[:-8] + b"12345678", b"no gzip", b"\x1f\x8b\x08" + b"\xff" * 40],
)
@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found"])
def test_a_packed_answer_that_is_not_whole_is_no_success_and_keeps_its_status(
    asynchronous: bool, broken: bytes, status: bytes
) -> None:
    with listening(packed(broken, status=status)) as url, pytest.raises(errors.UnexpectedResponse) as caught:
        Client(asynchronous, url).call()
    assert caught.value.status_code == int(status[:3])
    assert caught.value.content == broken
    assert "no whole gzip" in caught.value.reason


@pytest.mark.parametrize("content", [PACKED, gzip.compress(b"[1,", mtime=0) + gzip.compress(b"2]", mtime=0)])
def test_a_packed_answer_is_unpacked(asynchronous: bool, content: bytes) -> None:
    with listening(packed(content)) as url:
        assert Client(asynchronous, url).call() == json.loads(gzip.decompress(content))


@pytest.mark.parametrize(("headers", "sent"), [({}, "gzip"), ({"accept-encoding": "identity"}, "identity")])
def test_packed_answers_are_asked_for_unless_the_client_has_a_header_of_its_own(
    asynchronous: bool, headers: dict[str, str], sent: str
) -> None:
    server = Script(httpx.Response(200, json=[]))
    Client(asynchronous, server, headers=headers).call()
    assert server.requests[0].headers.get_list("accept-encoding") == [sent]


def test_other_packings_are_read_too(asynchronous: bool) -> None:
    with listening(packed(zlib.compress(b"[1]"), b"deflate")) as url:
        assert Client(asynchronous, url).call() == [1]
