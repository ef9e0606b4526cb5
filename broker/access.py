"""Who may do what: the roles, what each route asks for, and the credentials that give a role."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import re
import secrets
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from urllib.parse import urlsplit

from attrs import field, frozen

from broker.errors import UnusableError

_LOG = logging.getLogger("broker.access")


class Role(IntEnum):
    """Each may do all that the ones before it may."""

    READ = 1
    PUBLISH = 2
    ADMIN = 3


@frozen
class Credential:
    """`user` is None for a token: a bearer token, and the password of the user "token" where only basic
    authentication is possible, as in a browser."""

    role: Role
    secret: str = field(repr=False)
    user: str | None = None

    def headers(self) -> list[str]:
        pair = b64encode(f"{self.user or 'token'}:{self.secret}".encode()).decode("ascii")
        return [f"basic {pair}"] + ([f"bearer {self.secret}"] if self.user is None else [])


# What a build does: publish, verify, record what runs where. Segments that vary are written {}.
# Whatever changes something and stands neither here nor in _READ needs the role admin: webhooks, environments,
# labels, other deletions, and every route that nobody has thought about.
_PUBLISH = frozenset(
    {
        "POST /contracts/publish",
        "POST /provider-contracts/provider/{}/publish",
        "PUT /pacts/provider/{}/consumer/{}/version/{}",
        "PATCH /pacts/provider/{}/consumer/{}/version/{}",
        "POST /pacts/provider/{}/consumer/{}/pact-version/{}/verification-results",
        "POST /pacts/provider/{}/consumer/{}/pact-version/{}/metadata/{}/verification-results",
        "POST /pacticipants",
        "PUT /pacticipants/{}",
        "PATCH /pacticipants/{}",
        "PUT /pacticipants/{}/versions/{}",
        "PATCH /pacticipants/{}/versions/{}",
        "PUT /pacticipants/{}/versions/{}/tags/{}",
        "PUT /pacticipants/{}/branches/{}/versions/{}",
        # How a pipeline moves a tag, and ends its branch: neither takes a version or a pact away.
        "DELETE /pacticipants/{}/versions/{}/tags/{}",
        "DELETE /pacticipants/{}/branches/{}",
        "POST /pacticipants/{}/versions/{}/deployed-versions/environment/{}",
        "POST /pacticipants/{}/versions/{}/released-versions/environment/{}",
        "PATCH /deployed-versions/{}",
        "PATCH /released-versions/{}",
    }
)
# Questions that are too long for a query string.
_READ = frozenset({"POST /pacts/provider/{}/for-verification"})
# What a webhook calls and what it sends and gets is the business of those who may define one, and never public:
# places of secrets that no mask knows are too many. How the calls of a pact went (.../webhooks/status,
# .../triggered-webhooks) tells neither, and is read like the pact.
_CONFIDENTIAL = re.compile(r"GET (/webhooks(/|$)|/triggered-webhooks/|/pacts/provider/\{\}/consumer/\{\}/webhooks$)")
# Nothing that is anybody's secret, for those who have no credentials: load balancers, and the page of a refusal.
_OPEN = frozenset({"GET /diagnostic/status/heartbeat", "GET /diagnostic/status/dependencies", "GET /assets/{}"})


def only_reads(method: str, template: str) -> bool:
    route = f"{method} {_shape(template)}"
    return method in ("GET", "HEAD") or route in _READ


def needed(method: str, template: str) -> Role | None:
    """The role that a route asks for; None when it is open to everybody."""
    route = f"{'GET' if method == 'HEAD' else method} {_shape(template)}"
    if route in _OPEN:
        return None
    if _CONFIDENTIAL.match(route):
        return Role.ADMIN
    if route.startswith("GET ") or route in _READ:
        return Role.READ
    return Role.PUBLISH if route in _PUBLISH else Role.ADMIN


def is_badge(method: str, template: str) -> bool:
    return method in ("GET", "HEAD") and template.rpartition("/")[2].startswith("badge")


def _shape(template: str) -> str:
    return re.sub(r"\{\w+\}", "{}", template)


@frozen
class Gate:
    """Without credentials the broker is open, and everybody has the role admin."""

    _known: tuple[tuple[bytes, Role], ...]
    _public_read: bool = False
    _public_badges: bool = False
    _public_metrics: bool = False

    @property
    def is_open(self) -> bool:
        return not self._known

    def role(self, authorization: str) -> Role | None:
        """The role that the value of the Authorization header gives; None when it gives none."""
        if self.is_open:
            return Role.ADMIN
        scheme, _, rest = authorization.partition(" ")
        given = _digest(f"{scheme.lower()} {rest.strip()}")
        # Every candidate is compared, in constant time, so that timing tells nothing about any of them.
        matched = [role for digest, role in self._known if secrets.compare_digest(given, digest)]
        return max(matched, default=None)

    def refusal(self, role: Role | None, authorization: str, method: str, template: str) -> int | None:
        """401 when credentials could help, 403 when better ones are needed, None when the way is free.

        Wrong credentials are told where some can be needed, even if none are: who sends them believes that they work.
        """
        wanted = needed(method, template)
        if wanted is None:
            return None
        if role is None:
            return 401 if authorization or not self._is_public(wanted, method, template) else None
        return None if role >= wanted else 403

    def _is_public(self, wanted: Role, method: str, template: str) -> bool:
        if is_badge(method, template) and self._public_badges:
            return True
        if template == "/metrics":
            return self._public_metrics
        return self._public_read and wanted == Role.READ


def gate(
    credentials: Sequence[Credential],
    *,
    public_read: bool = False,
    public_badges: bool = False,
    public_metrics: bool = False,
) -> Gate:
    known = tuple((_digest(header), one.role) for one in credentials for header in one.headers())
    return Gate(known, public_read, public_badges, public_metrics)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def is_own_name(host: str, listening: str, base_url: str | None) -> bool:
    """Whether a Host header names this machine, the host listened on or the one of the base URL.

    A web page can point a name of its own at this machine, and is of the same site as the broker then: whoever needs
    no credentials has nothing else to tell it by. Loopback names and addresses cannot be pointed elsewhere.
    """
    name = _name(f"//{host}")
    own = {_name(f"//{listening}"), _name(f"//[{listening}]"), _name(base_url or "")}
    if name is None or name in own or name == "localhost" or name.endswith(".localhost"):
        return name is not None
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name(url: str) -> str | None:
    try:
        return (urlsplit(url).hostname or "").removesuffix(".") or None
    except ValueError:
        return None


def crosses_sites(method: str, headers: Mapping[str, str], own: Collection[str]) -> bool:
    """Whether another site's page makes a browser change something here, with credentials that it remembers.

    `own` are the hosts (with port) that this broker answers for. Programs other than browsers send neither header.
    """
    if method in ("GET", "HEAD", "OPTIONS"):
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return False
    host = origin.partition("://")[2]  # nothing for the opaque origin "null"
    return not host or host not in own


def read_tokens(file: Path) -> tuple[Credential, ...]:
    """The lines `ROLE TOKEN` of a file; blank lines and lines that begin with # are left out.

    Raises UnusableError, which never quotes a token.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
        if file.stat().st_mode & 0o004:
            _LOG.warning("every user of this machine can read the tokens in %s", file)
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableError(f"cannot read the tokens in {file}: {_reason(error)}") from None
    found = [
        _credential(file, number, line)
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.strip().startswith("#")
    ]
    if len({one.secret for one in found}) < len(found):
        raise UnusableError(f"a token stands twice in {file}")
    if not found:
        raise UnusableError(f"there are no tokens in {file}")
    return tuple(found)


def _credential(file: Path, number: int, line: str) -> Credential:
    role, _, token = line.strip().partition(" ")
    token = token.strip()
    if role.upper() not in Role.__members__ or not re.fullmatch(r"[!-~]+", token):
        raise UnusableError(f"line {number} of {file} must be a role (read, publish or admin), a space and a token")
    return Credential(Role[role.upper()], token)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else "it is not UTF-8"
