"""The one way in which requests are built, by managers and by the functions of `api`."""

from collections.abc import Callable, Mapping
from typing import IO, Any, cast
from uuid import uuid4

import httpx

from .encoding import query_string
from .operation import FileContent, FileTypes, Operation, Request, RequestFiles

Build = Callable[..., httpx.Request]
OPERATION = "operation"
"""The extension of a request that names its operation."""
SECURITY = "security"
"""The extension of a request that has the alternatives of its operation: the schemes that are asked for together."""
LIMIT = "limit"
"""The extension that is called before a request is sent anew: it holds it to what is left of its call's deadline."""


def built(build: Build, base_url: str, operation: Operation[Any], request: Request) -> httpx.Request:
    """A request that can be sent again and again: the same bytes, and the same idempotency key.

    `build` is that of an httpx client; it completes what `base_url` leaves out. Raises ValueError for a key that is
    blank, which servers take for none.
    """
    url = base_url + request.path
    if request.query:
        url += "?" + query_string(request.query)
    return build(
        operation.method,
        url,
        headers=_with_key(request.headers, operation.key_header),
        cookies=dict(request.cookies) or None,
        content=request.content,
        data=request.data,
        files=_repeatable(request.files),
        extensions={OPERATION: operation.id, SECURITY: operation.security},
    )


def _with_key(headers: Mapping[str, str], name: str | None) -> Mapping[str, str]:
    if name is None:
        return headers
    given = [value for header, value in headers.items() if header.lower() == name.lower()]
    if not given:
        return {**headers, name: str(uuid4())}
    if not all(value.strip() for value in given):
        raise ValueError(f"{name} is blank: two tries would count as two calls")
    return headers


class Again:
    """A file from its present place on; place 0 is where it stood when the request was built."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._start = file.tell()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        return self._file.read(size)

    def tell(self) -> int:
        """The bytes between the start and the present place."""
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = 0) -> int:
        """Goes to a place, as of any file."""
        return self._file.seek(self._start + offset if whence == 0 else offset, whence) - self._start


def _repeatable(files: RequestFiles | None) -> RequestFiles | None:
    """The files as they can be sent again; one that cannot be wound back is read into memory."""
    if not files:
        return files
    return [(name, cast("FileTypes", (given[0], _content(given[1]), *given[2:]))) for name, given in files]


def _content(content: FileContent) -> FileContent:
    if isinstance(content, (bytes, str)):
        return content
    if getattr(content, "seekable", bool)():
        return cast("IO[bytes]", Again(content))
    return content.read()
