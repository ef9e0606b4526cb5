"""Settings, frozen when the process starts. Only this module and `broker.cli` read the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from attrs import field, frozen

from broker.access import Credential, Role
from broker.errors import UnusableError
from broker.logs import Format, Level

DEFAULT_DATABASE_URL = "sqlite:///.contract/broker.db"
DEFAULT_PORT = 9292
_BASE_URL = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
MAX_BODY_BYTES = 40 * 1024 * 1024  # a pact of 20 MB grows by a third in base64


@frozen
class WebhookConfig:
    """`schemes`, `methods` and `allow` widen where webhooks may go, see broker.webhooks.destinations.

    `retry` is how many seconds each further attempt waits after the one before, `timeout` how many one attempt
    may take in all. Deliveries that are over are forgotten after `log_days`.
    """

    schemes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    retry: tuple[float, ...] = (10, 60, 120, 300, 600, 1200)
    timeout: float = 10.0
    log_days: int = 90


@frozen
class Config:
    """How one broker runs.

    `token`, `username` with `password`, and each of `tokens` close the broker to everybody else, health checks
    and what is made public apart; with none of them it is open, which is meant for loopback. `allow_anyone` lets an
    open broker listen beyond loopback, and answer under any name.
    """

    database_url: str = DEFAULT_DATABASE_URL
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    base_url: str | None = None
    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tokens: tuple[Credential, ...] = ()
    public_read: bool = False
    public_badges: bool = False
    public_metrics: bool = False
    allow_anyone: bool = False
    max_body_bytes: int = MAX_BODY_BYTES
    body_seconds: float = 120
    threads: int = 20
    shutdown_grace: int = 10  # seconds
    log_format: Format = "text"
    log_level: Level = "warning"
    webhooks: WebhookConfig = WebhookConfig()

    def credentials(self) -> tuple[Credential, ...]:
        """All that open the broker; those of the environment have the role admin."""
        found = list(self.tokens)
        if self.token:
            found.append(Credential(Role.ADMIN, self.token))
        if self.username and self.password:
            found.append(Credential(Role.ADMIN, self.password, self.username))
        return tuple(found)


def from_environment(environ: Mapping[str, str] | None = None) -> Config:
    """The settings that the environment asks for.

    Raises UnusableError when a value cannot be used.
    """
    env = os.environ if environ is None else environ
    username, password = env.get("PACT_BROKER_USERNAME"), env.get("PACT_BROKER_PASSWORD")
    if bool(username) != bool(password):
        raise UnusableError("PACT_BROKER_USERNAME and PACT_BROKER_PASSWORD go together: one of them is missing")
    return Config(
        database_url=env.get("BROKER_DATABASE_URL") or DEFAULT_DATABASE_URL,
        port=_port(env.get("BROKER_PORT")),
        base_url=_base_url(env.get("BROKER_BASE_URL")),
        token=env.get("PACT_BROKER_TOKEN") or None,
        username=username or None,
        password=password or None,
    )


def _base_url(text: str | None) -> str | None:
    if not text:
        return None
    if not _BASE_URL.fullmatch(text):
        raise UnusableError(f"BROKER_BASE_URL must be such as https://HOST or https://HOST/PATH, not {text!r}")
    return text.rstrip("/")


def _port(text: str | None) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isdecimal() or int(text) > 65535:
        raise UnusableError(f"BROKER_PORT must be a port number from 0 to 65535, not {text!r}")
    return int(text)
