"""The bytes of an answer: taken out of their coding, and never cut short without an error."""

import zlib
from collections.abc import Mapping

import httpx

from .building import OPERATION
from .errors import UnexpectedResponse
from .resilience import retry_after

CODINGS = "gzip"
"""What answers may be coded with: of this it can be told whether it is whole."""
BROKEN = (EOFError, OSError, zlib.error, httpx.DecodingError)


def accepting(headers: Mapping[str, str]) -> httpx.Headers:
    """The headers of a client, which ask for packed answers unless it asks for others itself."""
    found = httpx.Headers({"Accept-Encoding": CODINGS})
    found.update(headers)
    return found


def decoded(operation: str, response: httpx.Response, raw: bytes | None) -> bytes:
    """The body that came as `raw`, or that the response has already. Raises UnexpectedResponse."""
    if raw is None:
        return response.content
    coding = response.headers.get("content-encoding", "").strip().lower()
    if not raw or coding in ("", "identity"):
        return raw
    try:
        if coding in ("gzip", "x-gzip"):
            from gzip import decompress  # most answers need it not

            return decompress(raw)
        return httpx.Response(200, headers={"content-encoding": coding}, content=raw).content
    except BROKEN as error:
        raise _broken(operation, response, f"the body is no whole {coding}: {error}", raw) from error


def check_location(response: httpx.Response) -> None:
    """Raises UnexpectedResponse for a redirection to what is no address, which httpx takes for no answer at all."""
    if response.has_redirect_location:
        try:
            location = httpx.URL(response.headers["location"])
            if location.scheme and not location.host:
                location.copy_with(host=response.request.url.host)  # as httpx does, and fails for `mailto:`
        except httpx.InvalidURL as error:
            operation = response.request.extensions.get(OPERATION, "")
            raise _broken(operation, response, f"the location is no address: {error}", b"") from error


async def acheck_location(response: httpx.Response) -> None:
    """`check_location`, as the async client of httpx wants it."""
    check_location(response)


def _broken(operation: str, response: httpx.Response, reason: str, content: bytes) -> UnexpectedResponse:
    return UnexpectedResponse.of(
        operation,
        reason,
        status_code=response.status_code,
        headers=response.headers,
        content=content,
        retry_after=retry_after(response.headers),
    )
