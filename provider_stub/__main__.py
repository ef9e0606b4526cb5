"""`python -m provider_stub serve` serves the provider, `python -m provider_stub token` prints a bearer token for it."""

from __future__ import annotations

import argparse
import sys

from provider_stub import config
from provider_stub.config import ConfigError
from provider_stub.tokens import issuer


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0, or 2 for settings that cannot be."""
    given = _parser().parse_args(arguments)
    try:
        if given.command == "token":
            tokens = issuer(config.load())
            sys.stdout.write(f"{tokens.admin() if given.admin else tokens.console(given.account)}\n")
        else:
            _serve(given.host, given.port)
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _serve(host: str, port: int) -> None:
    # Only serving needs all of the provider; a token should not wait for it.
    from contractkit.stub import StubError, serve
    from provider_stub.app import create_app

    try:
        serve(lambda: create_app(host=host), host, port)
    except StubError as error:
        raise ConfigError(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m provider_stub", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the provider")
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=8080)
    token = commands.add_parser("token", help="print a bearer token")
    whose = token.add_mutually_exclusive_group(required=True)
    whose.add_argument("--admin", action="store_true", help="for every operation")
    whose.add_argument("--account", help="for the console operations of this account")
    return parser


if __name__ == "__main__":
    sys.exit(main())
