"""The command `contract-broker`."""

from __future__ import annotations

import os
import socket
import sys
from typing import Annotated

import typer
from attrs import evolve

from broker.config import Config, from_environment
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
) -> None:
    """Serve the broker until it is interrupted (Ctrl-C)."""
    config = from_environment()
    config = evolve(
        config,
        port=config.port if port is None else port,
        host=host,
        database_url=database or config.database_url,
    )
    _serve(config)


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
