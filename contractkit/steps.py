"""The steps of the loop. Each does one thing, tells what it showed in one line, and says whether it passed.

A step raises ToolkitError when it could not be carried out at all; a failed check is an Outcome that did not pass.
"""

import importlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from attrs import asdict, evolve, field, frozen

from contractkit import broker_client, document, fuzz, pacts, verify
from contractkit.config import Config
from contractkit.errors import ConfigError, ServerError
from contractkit.process import Server, free_port, running, unique_folder

Echo = Callable[[str], None]


@frozen
class Outcome:
    """What a step showed, in one line, and the details that a report may use."""

    passed: bool
    showed: str
    data: Mapping[str, Any] = field(factory=dict)


@contextmanager
def private_folder(config: Config, name: str) -> Iterator[Path]:
    """A folder under .contract/runs for one run's databases and logs; kept when a server failed, for its logs."""
    folder = unique_folder(config.state / "runs", name)
    try:
        yield folder
    except ServerError:
        raise
    except BaseException:  # interrupted, or refused before a server wrote a log
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def named(reference: str) -> Callable[..., Any]:
    """What `module:callable` names. Raises ConfigError when it cannot be imported."""
    module, _, name = reference.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"[tool.contractkit] names {reference}, which cannot be imported: {error}") from error
    return found


@contextmanager
def provider(config: Config, factory: str, *, run: Path, port: int | None = None) -> Iterator[Server]:
    """The provider from `factory` on a port of its own, with the configured environment, until the block ends."""
    number = port or free_port()
    command = [sys.executable, "-m", "contractkit", "serve", factory, "--port", str(number)]
    environment = {name: value.format(run=run) for name, value in config.provider.environment.items()}
    with running(
        "the provider", command, port=number, ready=config.provider.ready, log=run / "provider.log", env=environment
    ) as server:
        yield server


def lint(config: Config, echo: Echo) -> Outcome:
    """Checks the sources of the spec by the rules of its lint file."""
    from contractkit import lint as linter

    findings = linter.lint(config.spec, config.lint)
    for finding in findings:
        echo(str(finding))
    errors = [finding for finding in findings if finding.severity == "error"]
    count = len(document.operations(document.load_bundle(config.bundle))) if config.bundle.is_file() else 0
    return Outcome(not errors, f"{count} operations, {len(errors)} errors, {len(findings) - len(errors)} warnings")


def generate(config: Config, echo: Echo) -> Outcome:
    """Spec to bundle, and bundle to client and provider types; prance proves that the bundle equals its sources."""
    from contractkit import bundle

    bundle.write_bundle(config.spec, config.bundle)
    bundle.prove(config.spec, config.bundle)
    _generate_code(config, config.client.path, config.provider.generated)
    for made in (config.bundle, config.client.path, config.provider.generated):
        echo(str(made.relative_to(config.root)))
    return Outcome(True, f"{_size(config)}: bundle, client, provider types")


def check_generated(config: Config, echo: Echo) -> Outcome:
    """Generates everything again beside the tree, and names each file that is not what the spec makes it."""
    from contractkit import bundle
    from contractkit.generate import output as folders

    with private_folder(config, "drift") as run:
        fresh = {config.bundle: run / "bundle" / config.bundle.name, config.client.path: run / "client"}
        fresh[config.provider.generated] = run / "provider"
        bundle.write_bundle(config.spec, fresh[config.bundle])
        _generate_code(evolve(config, bundle=fresh[config.bundle]), run / "client", run / "provider")
        differing = [
            str((tree / name).relative_to(config.root))
            for tree, made in fresh.items()
            for name in folders.differing(tree, made)
        ]
    for name in differing:
        echo(f"{name} is not what the spec makes it; run `make generate`")
    return Outcome(not differing, f"{_size(config)}: {len(differing)} generated files differ from the spec")


def _generate_code(config: Config, client: Path, provider: Path) -> None:
    from contractkit.generate.client import generate_client
    from contractkit.generate.provider import generate_provider

    settings = config.client
    changelog = config.root / settings.changelog if settings.changelog else None
    generate_client(config.bundle, client, project=settings.project, package=settings.package, changelog=changelog)
    generate_provider(config.bundle, provider)


def _size(config: Config) -> str:
    found = document.load_bundle(config.bundle)
    schemas = len(found.get("components", {}).get("schemas", {}))
    return f"{len(document.operations(found))} operations, {schemas} schemas"


def publish(config: Config, echo: Echo, *, version: str, branch: str) -> Outcome:
    """Publishes the merged pacts to the broker."""
    found = pacts.read(config.consumers.pacts)
    with private_folder(config, "publish") as run, broker_client.connect(config, run=run) as broker:
        answer = broker.publish(config.consumers.pacts, version=version, branch=branch)
        echo(answer.text)
    return Outcome(answer.ok, f"{pacts.summary(found)}, version {version}, branch {branch}")


def verify_pacts(config: Config, echo: Echo, *, version: str, branch: str, pending: bool) -> Outcome:
    """Verifies the broker's pacts against a provider started for it, and publishes the results."""
    with (
        private_folder(config, "verify") as run,
        broker_client.connect(config, run=run) as broker,
        provider(config, config.provider.verification, run=run) as server,
    ):
        result = verify.verify(
            config.provider,
            server,
            broker,
            token=named(config.provider.token)(),
            version=version,
            branch=branch,
            pending=pending,
            log=run / "verifier.log",
        )
    for line in verify.describe(result):
        echo(line)
    verify.write_junit(result, config.reports / "verification.xml")
    good = len(result.interactions) - len(result.failures)
    showed = f"{good} of {len(result.interactions)} interactions of {len(result.consumers)} consumers"
    return Outcome(result.passed, showed, asdict(result))


def can_i_deploy(config: Config, echo: Echo, *, version: str, environment: str | None) -> Outcome:
    """Asks whether every consumer and the provider in this version fit each other and what is deployed."""
    names = [*(pact.consumer for pact in pacts.read(config.consumers.pacts)), config.provider.name]
    with private_folder(config, "deploy") as run, broker_client.connect(config, run=run) as broker:
        answers = [broker.can_i_deploy(names, version=version)]
        if environment and answers[0].ok:
            answers.append(broker.can_i_deploy([config.provider.name], version=version, environment=environment))
    for answer in answers:
        echo(answer.text)
    target = f" to {environment}" if environment else ""
    said = "yes" if all(answer.ok for answer in answers) else "no"
    return Outcome(said == "yes", f"{said}: {len(names)} applications in version {version}{target}")


def record_deployment(config: Config, echo: Echo, *, version: str, environment: str) -> Outcome:
    """Records that the provider and then its consumers, in this version, run in `environment`."""
    names = [config.provider.name, *(pact.consumer for pact in pacts.read(config.consumers.pacts))]
    with private_folder(config, "deploy") as run, broker_client.connect(config, run=run) as broker:
        answers = [broker.record_deployment(name, version=version, environment=environment) for name in names]
    for answer in answers:
        echo(answer.text)
    return Outcome(all(answer.ok for answer in answers), f"{len(names)} applications in {environment}")


def fuzz_provider(
    config: Config, echo: Echo, *, seed: int, examples: int, url: str | None = None, only: Sequence[str] = ()
) -> Outcome:
    """Fuzzes the provider, one that runs at `url` or one started for it; all operations, or those with the ids `only`.

    Raises ConfigError for an operationId that the document does not have.
    """
    every = document.operations(document.load_bundle(config.bundle))
    if unknown := sorted(set(only) - {each.operation_id for each in every}):
        raise ConfigError(f"{config.bundle} has no operation {unknown[0]}")
    operations = [each for each in every if not only or each.operation_id in only]
    token = named(config.provider.token)()
    with private_folder(config, "fuzz") as run, _served(config, run, url) as server:
        echo(f"seed {seed}, {examples} examples, {server.url}")
        result = fuzz.fuzz(
            config.bundle,
            server.url,
            config=config.fuzz.config,
            token=token,
            seed=seed,
            examples=examples,
            operations=operations,
            out=run / "reports",
            echo=echo,
        )
        config.reports.mkdir(exist_ok=True)
        pacts.replace_folder(run / "reports", config.reports / "fuzz")
    for line in (*result.failures, *result.warnings, *(f"never answered 2xx: {label}" for label in result.unreached)):
        echo(line)
    reached = len(operations) - len(result.unreached)
    found = f"{result.cases} cases, {len(result.failures)} failures"
    showed = f"{found}, {reached} of {len(operations)} operations reached, seed {seed}"
    return Outcome(result.passed, showed, asdict(result))


@contextmanager
def _served(config: Config, run: Path, url: str | None) -> Iterator[Server]:
    if url:
        yield Server(url.rstrip("/"), os.getpid(), run / "provider.log")
        return
    with provider(config, config.fuzz.app, run=run) as server:
        yield server


def save(outcome: Outcome, path: Path) -> None:
    """Writes an outcome as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(orjson.dumps(asdict(outcome), option=orjson.OPT_INDENT_2, default=str))
    fresh.replace(path)


def load(path: Path) -> Outcome:
    """An outcome that was saved."""
    return Outcome(**orjson.loads(path.read_bytes()))
