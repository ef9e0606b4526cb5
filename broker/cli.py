"""The command `contract-broker`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve

from broker.access import read_tokens
from broker.config import WebhookConfig, from_environment
from broker.errors import UnusableError
from broker.logs import Format, Level

_DATABASE = "sqlite:///FILE or postgresql://... [env: BROKER_DATABASE_URL]"
Schemes = Annotated[list[str] | None, typer.Option(help="A scheme that webhooks may use besides https; repeatable.")]
Methods = Annotated[list[str] | None, typer.Option(help="A method that webhooks may use besides POST; repeatable.")]
Allowed = Annotated[
    list[str] | None,
    typer.Option(help="HOST, *.SUFFIX or CIDR that webhooks may call besides public addresses; repeatable."),
]

app = typer.Typer(
    help="A Pact Broker: contracts, verification results, and whether a version can be deployed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"contract-broker {version('contract-broker')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version and end.")
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 takes any free port. [env: BROKER_PORT]")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    database: Annotated[str | None, typer.Option(help=_DATABASE)] = None,
    tokens: Annotated[
        Path | None,
        typer.Option(help="A file with a line ROLE TOKEN for each token; the roles are read, publish and admin."),
    ] = None,
    public_read: Annotated[
        bool, typer.Option("--public-read", help="Reading needs no credentials; changing something does.")
    ] = False,
    public_badges: Annotated[bool, typer.Option("--public-badges", help="Badges need no credentials.")] = False,
    public_metrics: Annotated[bool, typer.Option("--public-metrics", help="/metrics needs no credentials.")] = False,
    allow_anyone: Annotated[
        bool,
        typer.Option(
            "--allow-anyone", help="Without credentials: listen beyond this machine, and answer under any host name."
        ),
    ] = False,
    log_format: Annotated[Format, typer.Option(help="One line a record.")] = "text",
    log_level: Annotated[Level, typer.Option(help="info adds a line for each request.")] = "warning",
    threads: Annotated[int, typer.Option(min=1, max=40, help="Requests that are worked on at once.")] = 20,
    body_timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that a body may take to arrive.")] = 120,
    shutdown_grace: Annotated[
        int, typer.Option(min=0, help="Seconds that requests in flight get when the broker is told to end.")
    ] = 10,
    webhook_scheme: Schemes = None,
    webhook_method: Methods = None,
    webhook_allow: Allowed = None,
    webhook_retry: Annotated[
        str | None, typer.Option(help='Seconds before each further attempt. [default: "10 60 120 300 600 1200"]')
    ] = None,
    webhook_timeout: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds that one attempt may take.")] = 10,
    webhook_log_days: Annotated[int, typer.Option(min=0, max=36500, help="How long deliveries are kept.")] = 90,
) -> None:
    """Serve the broker until it is interrupted (Ctrl-C) or told to end (SIGTERM).

    \b
    Examples:
      contract-broker serve
      contract-broker serve --port 8080 --database postgresql://broker@db/broker
      PACT_BROKER_TOKEN=... contract-broker serve --host 0.0.0.0 --public-read
      contract-broker serve --host 0.0.0.0 --tokens tokens.txt --log-format json --log-level info
    """
    config = from_environment()
    config = evolve(
        config,
        port=config.port if port is None else port,
        host=host,
        database_url=database or config.database_url,
        tokens=read_tokens(tokens) if tokens else (),
        public_read=public_read,
        public_badges=public_badges,
        public_metrics=public_metrics,
        allow_anyone=allow_anyone,
        log_format=log_format,
        log_level=log_level,
        threads=threads,
        body_seconds=body_timeout,
        shutdown_grace=shutdown_grace,
        webhooks=_webhooks(
            WebhookConfig(
                tuple(webhook_scheme or ()),
                tuple(webhook_method or ()),
                tuple(webhook_allow or ()),
                timeout=webhook_timeout,
                log_days=webhook_log_days,
            ),
            webhook_retry,
        ),
    )
    if (public_read or public_badges or public_metrics) and not config.credentials():
        raise UnusableError("without credentials everything is public: a --public-... option needs some beside it")
    from broker.serving import serve as run

    run(config)


def _webhooks(chosen: WebhookConfig, retry: str | None = None) -> WebhookConfig:
    """Raises UnusableError when an option makes no sense."""
    from broker.webhooks.destinations import policy

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


@app.command()
def migrate(
    database: Annotated[str | None, typer.Option(help=_DATABASE)] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit with 1 if there is work.")] = False,
) -> None:
    """Bring a database to this broker's schema, as `serve` does when it starts."""
    from broker.store.database import Database, peek
    from broker.store.migrate import HEAD, revision

    url = database or from_environment().database_url
    if not check:
        Database(url).close()
    with peek(url) as tx:
        found = revision(tx)
    if found != HEAD:
        at = f"at revision {found}" if found else "empty, or from before revisions"
        typer.echo(f"the database is {at}; this broker needs {HEAD}")
        raise typer.Exit(1)
    typer.echo(f"the database is at revision {HEAD}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the back-up goes.")],
    database: Annotated[str | None, typer.Option(help=_DATABASE)] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Save everything in one file, while the broker runs. PostgreSQL needs pg_dump on the PATH."""
    from broker.store.backup import save
    from broker.store.census import told

    saved = save(database or from_environment().database_url, file, replace=force)
    typer.echo(f"saved {told(saved.totals)} (revision {saved.revision}, {saved.size} bytes) to {file}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `backup` wrote.")],
    database: Annotated[str | None, typer.Option(help=_DATABASE)] = None,
) -> None:
    """Fill an empty database with a back-up from one of the same kind. PostgreSQL needs pg_restore on the PATH."""
    from broker.store.backup import restore as fill
    from broker.store.census import told, totals
    from broker.store.database import peek

    url = database or from_environment().database_url
    fill(url, file)
    with peek(url) as tx:
        counts = totals(tx)
    typer.echo(f"restored {told(counts)}")


@app.command()
def clean(
    keep: Annotated[
        list[str] | None,
        typer.Option(help="A rule for what to keep; repeatable. [default: branch=*,latest tag=* max-age=90d]"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would go, and change nothing.")] = False,
    shrink: Annotated[
        bool, typer.Option("--shrink", help="Make the SQLite file smaller, too; whoever writes waits meanwhile.")
    ] = False,
    database: Annotated[str | None, typer.Option(help=_DATABASE)] = None,
) -> None:
    """Remove the versions that no rule keeps, with their pacts and results; the broker may run meanwhile.

    \b
    The parts of a rule all have to hold; * and ? stand for any text in a name:
      branch=NAME  tag=NAME  main-branch  pacticipant=NAME  latest[=N]  max-age=90d  deployed  released
    max-age counts from the creation, or from the end of the last deployment or support. What is deployed or released
    now always stays, so do the latest version of each pacticipant, those with the latest pact of an integration or the
    newest contract of a provider, and the results that decide whether a pact is pending. Results that later ones have
    replaced go.

    \b
    Examples:
      contract-broker clean --dry-run
      contract-broker clean --keep main-branch,latest=10 --keep tag=prod --keep max-age=30d
    """
    from broker.cleaning import run

    for line in run(database or from_environment().database_url, keep or (), dry_run=dry_run, shrink=shrink):
        typer.echo(line)


@app.command("import")
def import_(
    source: Annotated[str, typer.Option("--from", help="The address of the Pact Broker to import from.")],
    database: Annotated[str | None, typer.Option(help=_DATABASE)] = None,
    token_file: Annotated[Path | None, typer.Option(help="A file with a bearer token for the source.")] = None,
    username: Annotated[str | None, typer.Option(help="For basic authentication; the password is asked for.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="A file with the password, which then is not.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="A pacticipant to import, with those that it has pacts with; repeatable."),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=32, help="Requests to the source at once.")] = 4,
    webhook_scheme: Schemes = None,
    webhook_method: Methods = None,
    webhook_allow: Allowed = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be imported, and change nothing.")
    ] = False,
) -> None:
    """Add everything of another Pact Broker to this one; the target may be in use meanwhile.

    Run again, it adds what is missing, after an interruption too. At the end both brokers are asked about every
    integration. The exit code is 1 when something could not be imported or they differ, 2 when nothing could be.

    \b
    Examples:
      contract-broker import --from https://broker.example.com --token-file token.txt --dry-run
      contract-broker import --from https://broker.example.com --username ci --only web-app
    """
    from broker.importing.credentials import login
    from broker.importing.run import run
    from broker.importing.source import Source

    rules = _webhooks(
        WebhookConfig(tuple(webhook_scheme or ()), tuple(webhook_method or ()), tuple(webhook_allow or ()))
    )
    asked = Source(source, login(token_file, username, password_file), concurrency)
    try:
        tally = run(asked, database or from_environment().database_url, only or (), rules=rules, dry_run=dry_run)
    finally:
        asked.close()
    for line in tally.lines(dry_run=dry_run):
        typer.echo(line)
    if not tally.complete:
        raise typer.Exit(1)


def main() -> None:
    """Entry point; what cannot run is one line on stderr and exit code 2."""
    try:
        app()
    except UnusableError as error:
        sys.exit(_told(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _told(error: UnusableError) -> int:
    typer.echo(f"contract-broker: {error}", err=True)
    return 2
