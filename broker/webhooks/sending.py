"""One HTTP request to where a webhook goes: bounded in time and size, to a vetted address, following nothing."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote, unquote, urlsplit

from attrs import frozen

from broker.model import WebhookRequest
from broker.webhooks import templates
from broker.webhooks.definition import url_fault
from broker.webhooks.destinations import ForbiddenError, Policy, UnreachableError, normal_host

_CONNECT_SECONDS = 5.0
_READ_BYTES = 64 * 1024
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~-._?"


@frozen
class Rendered:
    """A request with everything filled in. `url` is without user and password, `headers` have all that is sent."""

    method: str
    url: str
    host: str
    port: int
    tls: bool
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@frozen
class Answer:
    """`body` is the beginning of what came, 64 KB at most."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: str


@frozen
class Exchange:
    """What was sent, and the answer or why there is none. `cancelled`: the broker itself gave up, to stop."""

    request: Rendered
    answer: Answer | None
    error: str | None
    cancelled: bool = False

    @property
    def success(self) -> bool:
        return self.answer is not None and 200 <= self.answer.status < 300


def rendered(request: WebhookRequest, values: Mapping[str, str]) -> Rendered:
    """Raises ForbiddenError when the URL, filled in, is none that can be called."""
    url = templates.in_url(request.url, values)
    fault = url_fault(url)
    if fault is not None:
        raise ForbiddenError(f"the URL {fault}")
    found = urlsplit(url)
    host, tls = found.hostname or "", found.scheme.lower() == "https"
    named = f"[{host}]" if ":" in host else normal_host(host)
    netloc = named if found.port is None else f"{named}:{found.port}"
    target = quote(f"{found.path or '/'}{'?' if found.query else ''}{found.query}", safe=_PATH_CHARACTERS)
    headers = {"accept": "*/*", "user-agent": "contract-broker", "host": netloc}
    headers |= {name: templates.in_header(value, values) for name, value in request.headers}
    credentials = _credentials(request, found.username, found.password)
    if credentials is not None:
        headers.setdefault("authorization", f"Basic {b64encode(credentials.encode()).decode('ascii')}")
    body = b""
    if request.body is not None:
        plain = "text/plain;charset=utf-8" if isinstance(request.body, str) else "application/json"
        body = templates.in_body(request.body, values, headers.setdefault("content-type", plain))
    headers["content-length"] = str(len(body))
    port = found.port or (443 if tls else 80)
    return Rendered(
        request.method,
        f"{found.scheme}://{netloc}{target}",
        host if ":" in host else normal_host(host),
        port,
        tls,
        target,
        tuple(headers.items()),
        body,
    )


def _credentials(request: WebhookRequest, username: str | None, password: str | None) -> str | None:
    if request.username is not None:
        return f"{request.username}:{request.password or ''}"
    if username is not None or password is not None:
        return f"{unquote(username or '')}:{unquote(password or '')}"
    return None


class Sender:
    """Sends requests, from several threads if need be, until it is closed."""

    def __init__(self, policy: Policy, timeout: float) -> None:
        """`timeout` bounds one whole exchange, in seconds."""
        self._policy = policy
        self._timeout = timeout
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closed = False

    def send(self, request: Rendered) -> Exchange:
        """Never raises for what the other side does, nor for what the policy forbids."""
        ends = time.monotonic() + self._timeout
        try:
            self._policy.check(request.method, "https" if request.tls else "http")
            answer = self._exchanged(request, ends)
        except (ForbiddenError, UnreachableError) as error:
            return Exchange(request, None, str(error))
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = time.monotonic() >= ends or isinstance(error, TimeoutError)
            said = f"no whole answer within {self._timeout:g} s" if late else _reason(error, request)
            return Exchange(request, None, said, cancelled=self._closed)
        return Exchange(request, answer, None)

    def close(self) -> None:
        """Breaks off what is under way; what is sent afterwards fails at once."""
        with self._lock:
            self._closed = True
            for connection in self._open:
                _cut(connection)

    def _exchanged(self, request: Rendered, ends: float) -> Answer:
        connection = self._connected(request, ends)
        # Time limits of a socket count anew with every byte: a server that drips would never meet one.
        # The second handle is for cutting: TLS takes the first one away.
        handle = connection.dup()
        alarm = threading.Timer(max(0.0, ends - time.monotonic()), _cut, (handle,))
        alarm.daemon = True
        alarm.start()
        try:
            self._admit(handle)
            return _talk(_secured(connection, request), request, ends)
        finally:
            alarm.cancel()
            with self._lock:
                self._open.discard(handle)
            handle.close()
            connection.close()

    def _connected(self, request: Rendered, ends: float) -> socket.socket:
        failed: OSError = OSError("there is no time left to connect")
        for address in self._policy.addresses(request.host, request.port):
            left = min(_CONNECT_SECONDS, ends - time.monotonic())
            if left <= 0:
                break
            try:
                connection = socket.create_connection((address, request.port), timeout=left)
            except OSError as error:
                failed = error
                continue
            connection.settimeout(self._timeout)
            return connection
        raise failed

    def _admit(self, handle: socket.socket) -> None:
        with self._lock:
            if self._closed:
                raise ConnectionError("the broker stops")
            self._open.add(handle)


def _secured(connection: socket.socket, request: Rendered) -> socket.socket:
    if not request.tls:
        return connection
    return ssl.create_default_context().wrap_socket(connection, server_hostname=request.host)


class _Connection(http.client.HTTPConnection):
    """Speaks over a socket that is connected already, so that the address stays the vetted one."""

    def __init__(self, connected: socket.socket, host: str) -> None:
        super().__init__(host)
        self.sock = connected

    def connect(self) -> None:
        raise ConnectionError("the connection was closed before the request was sent")


def _talk(connected: socket.socket, request: Rendered, ends: float) -> Answer:
    connection = _Connection(connected, request.host)
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers:
        connection.putheader(name, value.encode("utf-8"))
    connection.endheaders(request.body)
    response = connection.getresponse()
    if time.monotonic() >= ends:
        raise TimeoutError  # the headers ended because the connection was cut
    body = _beginning(response).decode("utf-8", "replace")
    headers = tuple((name.lower(), value) for name, value in response.getheaders())
    return Answer(response.status, response.reason, headers, body.replace("\x00", "�"))


def _beginning(response: http.client.HTTPResponse) -> bytes:
    """What came of the body. The status has decided already, so a body that breaks off is no failure."""
    try:
        return response.read(_READ_BYTES)
    except http.client.IncompleteRead as error:
        return error.partial
    except OSError:
        return b""


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # the other side may have been faster
        connection.shutdown(socket.SHUT_RDWR)


def _reason(error: Exception, request: Rendered) -> str:
    """What went wrong, for a person who knows neither the numbers of the system nor those of OpenSSL."""
    host = f"[{request.host}]" if ":" in request.host else request.host
    place = f"{host}:{request.port}"
    match error:
        case ssl.SSLError():
            return _tls_reason(error, host, place)
        case ConnectionRefusedError():
            return f"{place} refuses connections"
        case http.client.RemoteDisconnected():
            return f"{place} ended the connection without an answer"
        case http.client.BadStatusLine():
            return f"{place} does not speak HTTP"
        case OSError(strerror=str(said)):
            return f"{place} cannot be reached: {said}"
    return str(error).strip() or type(error).__name__


def _tls_reason(error: ssl.SSLError, host: str, place: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {host} is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLEOFError):
        return f"{place} ended the connection while TLS was being set up"
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"):
        return f"{place} does not speak TLS"
    return f"TLS with {place} failed: {(error.reason or 'no reason is given').lower().replace('_', ' ')}"
