"""The command line: `contractkit <command>`. The Makefile's targets are one line into it."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from contractkit import config as settings
from contractkit import pacts, steps
from contractkit.document import load_bundle
from contractkit.errors import ToolkitError
from contractkit.process import terminable

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="One OpenAPI 3.0 document in; a typed client, a checked provider, fuzzing and verified Pact contracts out.",
)

Port = Annotated[int | None, typer.Option(help="TCP port; the default is $PORT, or 8080.", min=0, max=65535)]
Host = Annotated[str, typer.Option(help="Address to bind; only this machine unless told otherwise.")]
Version = Annotated[str | None, typer.Option(help="Version to publish under; the default is the commit.")]
Branch = Annotated[str | None, typer.Option(help="Branch to publish under; the default is the one checked out.")]
Faults = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|RULES",
        help="Fail on purpose: 'OPERATION: FAULT [ARGUMENT] [WHEN]; ...', such as '*: latency 50-200ms p=0.1'; faults "
        "are latency, 429, 500, 502, 503, 504, reset, html, truncate, malformed, slow. Also serves /__faults.",
    ),
]
FaultSeed = Annotated[int, typer.Option(help="The same seed and calls give the same faults.")]
OutcomeFile = Annotated[Path | None, typer.Option(hidden=True, help="Where to leave the outcome as JSON.")]


@app.command()
def generate(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if the tree differs.")] = False,
    outcome: OutcomeFile = None,
) -> None:
    """Spec to bundle, and bundle to client and provider types."""
    found = settings.load()
    _finish((steps.check_generated if check else steps.generate)(found, typer.echo), outcome)


@app.command()
def lint(outcome: OutcomeFile = None) -> None:
    """Check the sources of the spec by the rules of its lint file."""
    _finish(steps.lint(settings.load(), typer.echo), outcome)


@app.command()
def stub(port: Port = None, host: Host = "127.0.0.1", faults: Faults = None, fault_seed: FaultSeed = 0) -> None:
    """Serve the provider."""
    found = settings.load()
    _serve(found, found.provider.app, host, port, faults, fault_seed)


@app.command()
def mock(
    spec: Path, port: Port = None, host: Host = "127.0.0.1", faults: Faults = None, fault_seed: FaultSeed = 0
) -> None:
    """Serve any OpenAPI 3.0 document from its examples."""
    from contractkit import bundle
    from contractkit.stub import create_app, read_rules, with_faults
    from contractkit.stub import serve as run

    if not spec.is_file():
        raise ToolkitError(f"{spec} is not a file")
    document = bundle.bundle(spec)
    app = create_app(document)
    if faults is not None:
        app = with_faults(app, document, rules=read_rules(faults), seed=fault_seed)
    run(app, host=host, port=settings.port("PORT", 8080) if port is None else port)


@app.command(hidden=True)
def serve(
    factory: str, port: Port = None, host: Host = "127.0.0.1", faults: Faults = None, fault_seed: FaultSeed = 0
) -> None:
    """Serve the ASGI application that `module:callable` makes."""
    _serve(settings.load(), factory, host, port, faults, fault_seed)


@app.command(name="publish-pacts")
def publish_pacts(version: Version = None, branch: Branch = None, outcome: OutcomeFile = None) -> None:
    """Publish the merged pacts to the broker."""
    found = settings.load()
    names = {"version": version or pacts.version(found.root), "branch": branch or pacts.branch(found.root)}
    _finish(steps.publish(found, typer.echo, **names), outcome)


@app.command(name="verify-pacts")
def verify_pacts(
    version: Version = None,
    branch: Branch = None,
    pending: Annotated[bool, typer.Option(help="Let pacts that were never fulfilled fail without consequence.")] = True,
    outcome: OutcomeFile = None,
) -> None:
    """Verify the broker's pacts against the provider and publish the results."""
    found = settings.load()
    names = {"version": version or pacts.version(found.root), "branch": branch or pacts.branch(found.root)}
    _finish(steps.verify_pacts(found, typer.echo, pending=pending, **names), outcome)


@app.command(name="can-i-deploy")
def can_i_deploy(
    version: Version = None,
    environment: Annotated[str | None, typer.Option(help="Also compare with what is deployed here.")] = None,
    outcome: OutcomeFile = None,
) -> None:
    """Ask the broker whether this version of every application may be deployed."""
    found = settings.load()
    number = version or pacts.version(found.root)
    _finish(steps.can_i_deploy(found, typer.echo, version=number, environment=environment), outcome)


@app.command(name="record-deployment")
def record_deployment(version: Version = None, environment: str | None = None, outcome: OutcomeFile = None) -> None:
    """Record that this version of every application is deployed."""
    found = settings.load()
    number = version or pacts.version(found.root)
    where = environment or found.broker.environment
    _finish(steps.record_deployment(found, typer.echo, version=number, environment=where), outcome)


@app.command()
def fuzz(
    seed: Annotated[
        int | None, typer.Option(help="Repeats a run; the default is a fresh one, 1 when CI is set.")
    ] = None,
    examples: Annotated[int | None, typer.Option(help="Cases an operation and phase.", min=1)] = None,
    url: Annotated[str | None, typer.Option(help="A provider that runs already; the default starts one.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="An operationId to fuzz; may be repeated.")] = None,
    outcome: OutcomeFile = None,
) -> None:
    """Fuzz the provider with Schemathesis: every phase, every check."""
    from contractkit.fuzz import random_seed

    found = settings.load()
    number = seed if seed is not None else 1 if os.environ.get("CI") else random_seed()
    count = examples or found.fuzz.examples
    _finish(steps.fuzz_provider(found, typer.echo, seed=number, examples=count, url=url, only=only or ()), outcome)


@app.command()
def bench(outcome: OutcomeFile = None) -> None:
    """Measure the stub against its peers in one interleaved run, the broker, and the builds."""
    from contractkit.bench import run

    _finish(run(settings.load(), typer.echo), outcome)


@app.command()
def contract(
    version: Version = None,
    branch: Branch = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the fuzzing; the default is 1.")] = None,
) -> None:
    """The main job: generate, serve, fuzz, write pacts, publish, verify, can-i-deploy; then one table and a report."""
    from contractkit.contract import run

    found = settings.load()
    raise typer.Exit(0 if run(found, seed=1 if seed is None else seed, version=version, branch=branch) else 1)


def main() -> None:
    """Runs a command; a ToolkitError is one line and status 2, Ctrl-C status 130."""
    settings.no_tracking()
    sys.path.insert(0, str(Path.cwd()))  # the project's own modules, as `python -m` finds them
    try:
        with terminable():
            app(prog_name="contractkit")
    except ToolkitError as error:
        typer.secho(f"error: {error}", err=True, fg="red")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _serve(
    found: settings.Config, factory: str, host: str, port: int | None, faults: str | None, fault_seed: int
) -> None:
    from contractkit.stub import read_rules, with_faults
    from contractkit.stub import serve as run

    rules = None if faults is None else read_rules(faults)
    app = steps.named(factory)(host=host)
    if rules is not None:
        app = with_faults(app, load_bundle(found.bundle), rules=rules, seed=fault_seed)
    run(app, host=host, port=found.port if port is None else port)


def _finish(outcome: steps.Outcome, file: Path | None) -> None:
    if file is not None:
        steps.save(outcome, file)
    typer.secho(outcome.showed, fg="green" if outcome.passed else "red")
    if not outcome.passed:
        raise typer.Exit(1)
