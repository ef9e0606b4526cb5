"""The command `contract-broker`."""

from __future__ import annotations

import os
import socket
import sys
from typing import Annotated

import typer
from attrs import evolve

from broker.config import Config, WebhookConfig, from_environment
from broker.errors import UnusableError

_DATABASE = "sqlite:///FILE or postgresql://... [env: BROKER_DATABASE_URL]"

_app = typer.Typer(
    help="A Pact Broker: contracts, verification results, and whether a version can be deployed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@_app.callback()
def _root() -> None:
    """Keeps `serve` a command of its own, so that others can stand beside it."""


@_app.command()
def serve(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 takes any free port. [env: BROKER_PORT]")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    database: Annotated[str | None, typer.Option(help=_DATABASE)] = None,
    webhook_scheme: Annotated[
        list[str] | None, typer.Option(help="A scheme that webhooks may use besides https; repeatable.")
    ] = None,
    webhook_method: Annotated[
        list[str] | None, typer.Option(help="A method that webhooks may use besides POST; repeatable.")
    ] = None,
    webhook_allow: Annotated[
        list[str] | None,
        typer.Option(help="HOST, *.SUFFIX or CIDR that webhooks may call besides public addresses; repeatable."),
    ] = None,
    webhook_retry: Annotated[
        str | None, typer.Option(help='Seconds before each further attempt. [default: "10 60 120 300 600 1200"]')
    ] = None,
    webhook_timeout: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds that one attempt may take.")] = 10,
) -> None:
    """Serve the broker until it is interrupted (Ctrl-C)."""
    config = from_environment()
    config = evolve(
        config,
        port=config.port if port is None else port,
        host=host,
        database_url=database or config.database_url,
        webhooks=_webhooks(webhook_scheme, webhook_method, webhook_allow, webhook_retry, webhook_timeout),
    )
    _serve(config)


def _webhooks(
    schemes: list[str] | None, methods: list[str] | None, allow: list[str] | None, retry: str | None, timeout: float
) -> WebhookConfig:
    """Raises UnusableError when an option makes no sense."""
    from broker.webhooks.destinations import policy

    chosen = WebhookConfig(tuple(schemes or ()), tuple(methods or ()), tuple(allow or ()), timeout=timeout)
    try:
        policy(chosen.schemes, chosen.methods, chosen.allow)
    except ValueError as error:
        raise UnusableError(str(error)) from None
    if retry is None:
        return chosen
    try:
        seconds = tuple(float(part) for part in retry.split())
    except ValueError:
        seconds = (-1.0,)
    if not all(0 <= one <= 7 * 86400 for one in seconds):
        raise UnusableError(f"--webhook-retry must be seconds with blanks between, such as '10 60', not {retry!r}")
    return evolve(chosen, retry=seconds)


@_app.command()
def migrate(
    database: Annotated[str | None, typer.Option(help=_DATABASE)] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit with 1 if there is work.")] = False,
) -> None:
    """Bring a database to this broker's schema, as `serve` does when it starts."""
    from broker.store.database import Database, standing
    from broker.store.migrate import HEAD

    url = database or from_environment().database_url
    if not check:
        Database(url).close()
    found = standing(url)
    if found != HEAD:
        at = f"at revision {found}" if found else "empty, or from before revisions"
        typer.echo(f"the database is {at}; this broker needs {HEAD}")
        raise typer.Exit(1)
    typer.echo(f"the database is at revision {HEAD}")


def _serve(config: Config) -> None:
    import uvicorn

    from broker.app import create_app

    with _listener(config.host, config.port) as listener:
        app = create_app(config)
        address, port = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        typer.echo(f"Pact Broker on http://{shown}:{port}", err=True)
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, lifespan="on")
        )
        server.run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    """Bound before anything else starts, so that a taken port is told in one line."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UnusableError(f"cannot listen on {host}:{port}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    # asyncio and socket decorate the text with the address, which stands in the message already; a name that
    # does not resolve has a number that is not an errno.
    if isinstance(error, socket.gaierror) or error.errno is None:
        return str(error.strerror)
    return os.strerror(error.errno)


def main() -> None:
    """Entry point; what cannot run is one line on stderr and exit code 2."""
    try:
        _app()
    except UnusableError as error:
        sys.exit(_told(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _told(error: UnusableError) -> int:
    typer.echo(f"contract-broker: {error}", err=True)
    return 2
