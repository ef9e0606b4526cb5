"""What a project tells the toolkit, read once from `[tool.contractkit]` of its pyproject.toml and the environment.

The only module here, beside cli.py, that reads the environment.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, fields, frozen

from contractkit.errors import ConfigError


@frozen
class Client:
    """The generated client: its folder, distribution name and import name.

    `changelog` is a file, below the project's root, that becomes the CHANGELOG.md of the distribution.
    """

    path: Path
    project: str
    package: str
    changelog: str = ""


@frozen
class Provider:
    """The provider: its pacticipant name, its generated types, and the factories that serve it.

    A factory is `module:callable`, takes the keyword `host` and returns an ASGI application: `app` is the product,
    `verification` the product with the provider-state route. `environment` is set for a provider that a command
    starts for itself; `{run}` in a value is that run's private folder. `token` is `module:callable` and returns the
    bearer token that fuzzing and verification use. `ready` answers with success once the provider can serve.
    """

    name: str
    generated: Path
    app: str
    verification: str
    token: str
    ready: str = "/"
    states: str = "/_states"
    environment: Mapping[str, str] = field(factory=dict)


@frozen
class Consumers:
    """The consumer tests: their folder, one sub-folder a consumer, and the folder of their merged pacts."""

    path: Path
    pacts: Path


@frozen
class Fuzz:
    """Schemathesis: its configuration file and how many examples an operation and phase.

    `app` is a factory like the provider's: the product, on a store that holds what its operations need to succeed.
    """

    config: Path
    app: str
    examples: int = 10


@frozen
class Broker:
    """The Pact Broker in use; `url` None means the embedded one. `ready` of `command` answers without a token."""

    command: tuple[str, ...]
    environment: str = "production"
    ready: str = "/diagnostic/status/heartbeat"
    url: str | None = None
    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int = 9292


@frozen
class Bench:
    """What a project measures by itself: `module:callable` as in contractkit.bench.own, or nothing.

    `call` is the operationId of the GET that the generated client is measured with; without it one is found.
    """

    measure: str = ""
    call: str = ""


@frozen
class Config:
    """One project's settings. Paths are absolute."""

    root: Path
    spec: Path
    bundle: Path
    lint: Path
    client: Client
    provider: Provider
    consumers: Consumers
    fuzz: Fuzz
    broker: Broker
    state: Path
    reports: Path
    bench: Bench = Bench()
    port: int = 8080


def load(start: Path | None = None) -> Config:
    """The settings of the project around `start` (default: the working folder).

    Raises ConfigError when no pyproject.toml above has `[tool.contractkit]`, or a key is missing, unknown or wrong.
    """
    root, table = _find((start or Path.cwd()).resolve())
    where = root / "pyproject.toml"
    env = os.environ
    broker = _section(where, table, "broker")
    return Config(
        root=root,
        spec=_path(where, table, "spec"),
        bundle=_path(where, table, "bundle"),
        lint=_path(where, table, "lint"),
        client=_build(Client, where, table, "client"),
        provider=_build(Provider, where, table, "provider"),
        consumers=_build(Consumers, where, table, "consumers"),
        fuzz=_build(Fuzz, where, table, "fuzz"),
        broker=Broker(
            command=tuple(_text(where, broker, "broker", "command").split()),
            environment=str(broker.get("environment", "production")),
            ready=str(broker.get("ready", "/diagnostic/status/heartbeat")),
            url=(env.get("PACT_BROKER_BASE_URL") or "").rstrip("/") or None,
            token=env.get("PACT_BROKER_TOKEN") or None,
            username=env.get("PACT_BROKER_USERNAME") or None,
            password=env.get("PACT_BROKER_PASSWORD") or None,
            port=port("BROKER_PORT", 9292),
        ),
        state=root / ".contract",
        reports=root / "reports",
        bench=_build(Bench, where, table, "bench") if "bench" in table else Bench(),
        port=port("PORT", 8080),
    )


def port(name: str, default: int) -> int:
    """A TCP port from the environment. Raises ConfigError for what is none."""
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise ConfigError(f"{name} must be a port from 0 to 65535, not {text!r}")
    return int(text)


def no_tracking() -> None:
    """Tells the native Pact library, in this process and its children, to report nothing to its makers."""
    os.environ["PACT_DO_NOT_TRACK"] = "true"


def child_environment(**extra: str) -> dict[str, str]:
    """The environment for a child process: this one's, and `extra`."""
    return {**os.environ, **extra}


def _find(start: Path) -> tuple[Path, Mapping[str, Any]]:
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            try:
                tools = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ConfigError(f"{file}: {error}") from error
            if "contractkit" in tools:
                return folder, tools["contractkit"]
    raise ConfigError(f"no pyproject.toml with [tool.contractkit] in {start} or above it")


def _section(where: Path, table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = table.get(name)
    if not isinstance(section, Mapping):
        raise ConfigError(f"{where}: [tool.contractkit.{name}] is missing")
    return section


def _text(where: Path, table: Mapping[str, Any], section: str, key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        name = f"tool.contractkit.{section}" if section else "tool.contractkit"
        raise ConfigError(f"{where}: [{name}] needs `{key}`, a string")
    return value


def _path(where: Path, table: Mapping[str, Any], key: str) -> Path:
    return where.parent / _text(where, table, "", key)


def _build(kind: type[Any], where: Path, table: Mapping[str, Any], name: str) -> Any:
    """The attrs class `kind` from `[tool.contractkit.<name>]`, its fields typed as declared."""
    section = _section(where, table, name)
    known = {attribute.name: attribute for attribute in fields(kind)}
    if unknown := sorted(section.keys() - known.keys()):
        raise ConfigError(f"{where}: [tool.contractkit.{name}] does not know `{unknown[0]}`")
    values: dict[str, Any] = {}
    for key, attribute in known.items():
        if key in section:
            values[key] = _typed(where, section, name, key, attribute.type)
        elif attribute.default is None or repr(attribute.default) == "NOTHING":
            raise ConfigError(f"{where}: [tool.contractkit.{name}] needs `{key}`")
    return kind(**values)


def _typed(where: Path, section: Mapping[str, Any], name: str, key: str, kind: Any) -> Any:
    if kind is Path:
        return where.parent / _text(where, section, name, key)
    if kind is str:
        return _text(where, section, name, key)
    value = section[key]
    wanted = int if kind is int else Mapping
    if not isinstance(value, wanted):
        expected = "a whole number" if wanted is int else "a table"
        raise ConfigError(f"{where}: [tool.contractkit.{name}] `{key}` must be {expected}, not {value!r}")
    return value
