"""Where webhooks may go: the table of spellings, and that the vetted address is the one that is called."""

from __future__ import annotations

import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.config import Config, WebhookConfig
from broker.tests.receiver import Receiver, receiver
from broker.tests.served import Broker, served

_PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0.0.0.0",  # noqa: S104 - a spelling to refuse: nothing is bound to it
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "2852039166",
    "224.0.0.1",
    "255.255.255.255",
    "localhost",
    "LOCALHOST.",
    "sub.localhost",
    "\uff11\uff12\uff17.0.0.1",
    "127。0。0。1",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[2001:db8::1]",
    "user@127.0.0.1",
    "hooks.example@127.0.0.1",
    "127.0.0.1#hooks.example",
    "127.0.0.1\\@hooks.example",
    "hooks.example\\@127.0.0.1",
]
_PUBLIC = ["hooks.example", "8.8.8.8", "134744072", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "mañana.example"]


def _request(url: str) -> dict[str, Any]:
    return {"events": [{"name": "contract_published"}], "request": {"method": "POST", "url": url}}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that nothing is allowed to but what always is."""
    with served(Config(database_url=f"sqlite:///{tmp_path_factory.mktemp('closed')}/b.db")) as broker:
        yield broker


@pytest.mark.parametrize("host", _PRIVATE)
def test_a_private_address_is_refused_however_it_is_spelt(closed: Broker, host: str) -> None:
    assert set(closed.ask("POST", "/webhooks", _request(f"https://{host}/"), status=400)["errors"]) == {"request.url"}


@pytest.mark.parametrize("host", _PUBLIC)
def test_a_public_address_or_name_is_accepted(closed: Broker, host: str) -> None:
    closed.ask("POST", "/webhooks", _request(f"https://{host}/"), status=201)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as told:
        yield told


class _Names:
    """Stands in for the resolver: what each name leads to, one answer after the other, the last one for good."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **names: list[list[str]]) -> None:
        self.asked: list[str] = []
        self._names = {f"{name}.example": answers for name, answers in names.items()}
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def _resolve(self, host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        answers = self._names.get(host)
        if answers is None:
            return self._real(host, port, *arguments, **options)
        self.asked.append(host)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


def _tried(tmp_path: Path, url: str, *allow: str) -> dict[str, Any]:
    webhooks = WebhookConfig(schemes=("http",), allow=allow, timeout=1)
    with served(Config(database_url=f"sqlite:///{tmp_path}/b.db", webhooks=webhooks)) as broker:
        return broker.ask("POST", "/webhooks/execute", _request(url), status=200)


@pytest.mark.parametrize(
    ("addresses", "allow", "reached"),
    [
        (["127.0.0.1"], [], False),
        (["127.0.0.1"], ["inside.example"], True),
        (["127.0.0.1"], ["INSIDE.example."], True),
        (["127.0.0.1"], ["*.example"], True),
        (["127.0.0.1"], ["*.inside.example"], False),
        (["127.0.0.1"], ["example"], False),
        (["127.0.0.1"], ["127.0.0.0/8"], True),
        (["127.0.0.1"], ["127.0.0.2"], False),
        (["169.254.169.254", "127.0.0.1"], ["127.0.0.1"], True),
        (["169.254.169.254"], ["inside.example", "*.example"], False),
    ],
)
def test_a_name_is_judged_by_the_address_that_it_leads_to(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hook: Receiver,
    addresses: list[str],
    allow: list[str],
    reached: bool,
) -> None:
    _Names(monkeypatch, inside=[addresses])
    url = hook.url.replace("127.0.0.1", "inside.example")
    done = _tried(tmp_path, url, *allow)
    assert done["success"] is reached
    assert len(hook.received) == int(reached)
    if reached:
        assert hook.received[0].headers["host"] == url.removeprefix("http://")
    else:
        assert "--webhook-allow" in done["error"]["message"]


def test_a_name_that_changes_its_mind_is_asked_once_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: Receiver
) -> None:
    # The first answer is harmless; a second look, when connecting, would lead inside. Nobody is at 127.0.0.9.
    names = _Names(monkeypatch, rebinding=[["127.0.0.9"], ["127.0.0.1"]])
    done = _tried(tmp_path, hook.url.replace("127.0.0.1", "rebinding.example"), "127.0.0.9")
    assert done["success"] is False
    assert names.asked == ["rebinding.example"]
    assert hook.received == []


def _certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's context with a certificate of its own for a name; it lies in cert.pem."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    files = ["-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", *options, *files], check=True, capture_output=True, timeout=20)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make a certificate with")
def test_over_tls_the_certificate_has_to_be_that_of_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _Names(monkeypatch, inside=[["127.0.0.1"]], other=[["127.0.0.1"]])
    asked_for: list[str | None] = []
    context = _certificate(tmp_path, "inside.example")
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    with receiver(context) as hook:
        url = hook.url.replace("127.0.0.1", "inside.example")
        untrusted = _tried(tmp_path, url, "127.0.0.1")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        trusted = _tried(tmp_path, url, "127.0.0.1")
        misnamed = _tried(tmp_path, url.replace("inside", "other"), "127.0.0.1")
        assert [one["success"] for one in (untrusted, trusted, misnamed)] == [False, True, False]
        about = "The certificate of inside.example is not accepted: self-signed certificate"
        assert untrusted["error"]["message"].replace("self signed", "self-signed") == about
        assert "other.example" in misnamed["error"]["message"]
        assert "_ssl.c" not in untrusted["error"]["message"] + misnamed["error"]["message"]
        assert asked_for == ["inside.example", "inside.example", "other.example"]
        assert [one.headers["host"] for one in hook.received] == [url.removeprefix("https://")]


@pytest.mark.parametrize(
    ("scheme", "says", "expected"),
    [
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "{} does not speak TLS"),
        ("https", b"", "{} ended the connection while TLS was being set up"),
        ("http", b"", "{} ended the connection without an answer"),
        ("http", b"SSH-2.0-OpenSSH_9.6\r\n", "{} does not speak HTTP"),
    ],
)
def test_a_destination_that_is_no_receiver_is_told_in_words(
    tmp_path: Path, scheme: str, says: bytes, expected: str
) -> None:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(says)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        place = f"127.0.0.1:{server.server_address[1]}"
        done = _tried(tmp_path, f"{scheme}://{place}/", "127.0.0.1")
        server.shutdown()
    assert done["error"]["message"] == expected.format(place)


def test_a_redirect_is_an_answer_like_any_other_and_is_not_followed(tmp_path: Path, hook: Receiver) -> None:
    hook.answers, hook.headers = [302], {"location": f"{hook.url}/elsewhere"}
    done = _tried(tmp_path, hook.url, "127.0.0.1")
    assert (done["success"], done["response"]["status"]) == (False, 302)
    assert len(hook.received) == 1


def test_a_proxy_of_the_environment_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: Receiver
) -> None:
    webhooks = WebhookConfig(schemes=("http",), allow=("127.0.0.1",))
    with served(Config(database_url=f"sqlite:///{tmp_path}/b.db", webhooks=webhooks)) as broker:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert broker.ask("POST", "/webhooks/execute", _request(hook.url), status=200)["success"] is True
