"""The provider's commands: `python -m provider_stub serve` serves it, `... token` prints a bearer token for it, and
`... import-meters` takes in a month's events from Parquet files.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from provider_stub import config
from provider_stub.config import ConfigError, Gateway
from provider_stub.engine.errors import BillingError
from provider_stub.tokens import issuer

_FAULTS_SHOWN: Final = 20
_LONGEST_PATIENCE: Final = 3600
_LONGEST_IMPORT: Final = 24 * 3600
_LONGEST_NAME: Final = 200  # it is the source of the meters
_IMPORT_DESCRIPTION: Final = (
    "Takes in a month's events from Parquet files: all of them, or none. Columns are the fields of a meter in "
    "snake_case: meter_id, app_key, counter_name, counter_type, counter_unit, counter_volume (decimal, whole number "
    "or text), timestamp (with a time zone), and if need be resource_id, resource_name, parent_resource_id, source. "
    "Exit status: 0, 1 when events are refused, 2 when a file or a setting cannot be."
)
_FAULTS_HELP: Final = (
    "fail on purpose: 'OPERATION: FAULT [ARGUMENT] [WHEN]; ...', such as 'pay: reset-after first 1; *: latency "
    "50-200ms p=0.1'; faults are latency, 429, 500, 502, 503, 504, reset, html, truncate, malformed, slow, and -after "
    "has the handler do its work first; also serves /__faults"
)
_GATEWAY_HELP: Final = (
    "sound captures every charge; in a sandbox the last digits of the amount decide: 901 is declined, 902 times out "
    "uncaptured, 903 times out captured, 904 is captured late, 905 asked twice, 906 asked slowly, 907 answered slowly "
    "(%(default)s)"
)


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0, 1 for events that are refused, 2 for settings and files that cannot be, 130 for Ctrl-C."""
    given = _parser().parse_args(arguments)
    try:
        if given.command == "token":
            tokens = issuer(config.load())
            sys.stdout.write(f"{tokens.admin() if given.admin else tokens.console(given.account)}\n")
        elif given.command == "import-meters":
            return _import(given.files, given.account, given.name)
        else:
            _serve(
                given.host,
                given.port,
                gateway=Gateway(given.gateway),
                patience=timedelta(seconds=given.patience),
                faults=given.faults,
                fault_seed=given.fault_seed,
            )
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _serve(host: str, port: int, **given: object) -> None:
    # Only serving needs all of the provider; a token should not wait for it.
    from contractkit.stub import StubError, serve
    from provider_stub.app import create_app

    try:
        serve(lambda: create_app(host=host, **given), host, port)
    except StubError as error:
        raise ConfigError(str(error)) from error


def _import(files: list[Path], account: str | None, name: str | None) -> int:
    """Progress and refusals go to stderr, one line of what was done to stdout. Raises ConfigError."""
    from provider_stub.app import context
    from provider_stub.store.parquet.events import open_events
    from provider_stub.store.protocol.events import UnreadableEventsError
    from provider_stub.store.protocol.tx import StoreUnavailableError
    from provider_stub.usecases.bulk import import_meters
    from provider_stub.workers import Workers

    began = time.monotonic()
    ctx = context(config.load(), Workers())
    config.STATE.mkdir(exist_ok=True)
    _clear_leftovers()
    done = None
    try:
        with (
            tempfile.TemporaryDirectory(prefix="import-", dir=config.STATE) as scratch,
            open_events(files, Path(scratch), account_id=account) as events,
        ):
            done = import_meters(ctx, events, name, _tell)
    except KeyboardInterrupt:
        _tell(f"interrupted; {'nothing' if done is None else 'everything'} is stored")
        return 130
    except (UnreadableEventsError, StoreUnavailableError) as error:
        raise ConfigError(str(error)) from error
    except BillingError as error:
        _refused(error)
        return 1
    finally:
        ctx.store.close()
    new, seconds = done.meters - done.known, time.monotonic() - began
    sys.stdout.write(
        f"{done.events:,} events read, {done.repeats:,} of them duplicates; {new:,} meters stored, "
        f"{done.known:,} known before; {seconds:.1f} s\n"
    )
    return 0


def _clear_leftovers() -> None:
    """Removes what killed imports left behind; a younger folder may be that of one that is at work."""
    for folder in config.STATE.glob("import-*"):
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > _LONGEST_IMPORT:
                shutil.rmtree(folder)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _refused(error: BillingError) -> None:
    _tell(f"refused: {error.detail}")
    for fault in error.faults[:_FAULTS_SHOWN]:
        _tell(f"  {fault.detail}")
    if (more := len(error.faults) - _FAULTS_SHOWN) > 0:
        _tell(f"  and {more:,} more")


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _LONGEST_PATIENCE:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to {_LONGEST_PATIENCE}")
    return int(text)


def _label(text: str) -> str:
    if not 1 <= len(text) <= _LONGEST_NAME or not text.isprintable():
        raise argparse.ArgumentTypeError(f"a name has 1 to {_LONGEST_NAME} characters, none of them control characters")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m provider_stub", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the provider")
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=8080)
    serving.add_argument(
        "--gateway", choices=[each.value for each in Gateway], default=Gateway.SOUND, help=_GATEWAY_HELP
    )
    serving.add_argument(
        "--patience",
        type=_seconds,
        default=30,
        metavar="SECONDS",
        help="until a charge without an answer is asked after, and a job that stands still is taken over (%(default)s)",
    )
    serving.add_argument("--faults", metavar="FILE|RULES", help=_FAULTS_HELP)
    serving.add_argument(
        "--fault-seed", type=int, default=0, metavar="N", help="the same seed and calls give the same faults"
    )
    token = commands.add_parser("token", help="print a bearer token")
    whose = token.add_mutually_exclusive_group(required=True)
    whose.add_argument("--admin", action="store_true", help="for every operation")
    whose.add_argument("--account", help="for the console operations of this account")
    importing = commands.add_parser(
        "import-meters", help="take in events from Parquet files, all or none", description=_IMPORT_DESCRIPTION
    )
    importing.add_argument("files", nargs="+", type=Path, metavar="FILE", help="Parquet, read by exactly this name")
    importing.add_argument("--account", help="whose events they are (default: that in their column account_id)")
    importing.add_argument(
        "--name",
        type=_label,
        help="what tells this import from others of the account; other content under the same name is refused "
        "(default: what the files hold, whatever they are called and in which order they come)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
