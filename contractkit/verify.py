"""Provider verification: replays the broker's pacts against the provider and says readably what did not fit.

The verifier is the stock one of pact-python. What is ours is around it: a provider started for the purpose with its
state route, results as values, and a report that names consumer, interaction, expected and got.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
from attrs import frozen

from contractkit.broker_client import BrokerClient
from contractkit.config import Provider
from contractkit.errors import BrokerError
from contractkit.process import Server


@frozen
class Mismatch:
    """One thing that differed: where (`status`, `header X`, a JSON path of the body), what was wanted and got."""

    where: str
    expected: str
    actual: str
    message: str


@frozen
class InteractionResult:
    """One replayed interaction. `pending` ones may fail without failing the verification."""

    consumer: str
    description: str
    states: tuple[str, ...]
    passed: bool
    pending: bool
    mismatches: tuple[Mismatch, ...]


@frozen
class Verification:
    """The outcome for one provider version."""

    passed: bool
    interactions: tuple[InteractionResult, ...]
    errors: tuple[str, ...]

    @property
    def consumers(self) -> tuple[str, ...]:
        return tuple(sorted({result.consumer for result in self.interactions}))

    @property
    def failures(self) -> tuple[InteractionResult, ...]:
        return tuple(result for result in self.interactions if not result.passed)


def verify(
    provider: Provider,
    server: Server,
    broker: BrokerClient,
    *,
    token: str,
    version: str,
    branch: str,
    pending: bool,
    log: Path,
) -> Verification:
    """Verifies `server` against the pacts that matter to `branch` and publishes the results to the broker.

    Which pacts: those of every consumer's main branch, of the branch with this name, and all that are deployed or
    released. With `pending`, one that this provider branch has never fulfilled is reported without failing the
    verification. Raises BrokerError when the broker has no pact for the provider.
    """
    from pact import Verifier

    verifier = (
        Verifier(provider.name, host="127.0.0.1")
        .add_transport(url=server.url)
        .state_handler(server.url + provider.states, body=True, teardown=True)
        .add_custom_header("Authorization", f"Bearer {token}")
        .set_request_timeout(10_000)
    )
    settings = broker.settings
    if settings.username:
        builder = verifier.broker_source(
            broker.url, username=settings.username, password=settings.password, selector=True, use_env=False
        )
    else:
        builder = verifier.broker_source(broker.url, token=settings.token, selector=True, use_env=False)
    builder.consumer_version(main_branch=True)
    builder.consumer_version(matching_branch=True)
    builder.consumer_version(deployed_or_released=True)
    (builder.include_pending() if pending else builder.exclude_pending()).provider_branch(branch).build()
    verifier.set_publish_options(version=version, branch=branch)
    with _output_to(log):
        try:
            verifier.verify()
            said = ""
        except RuntimeError as error:
            said = str(error)
    return _outcome(verifier.results, said, _state_failures(server, provider))


def describe(verification: Verification) -> list[str]:
    """The failures as lines for a terminal, each with its consumer, interaction, expected and got."""
    lines = []
    for result in verification.failures:
        states = f", given {' and '.join(result.states)}" if result.states else ""
        kind = "pending" if result.pending else "failed"
        lines.append(f"{kind}: {result.consumer}: {result.description}{states}")
        for mismatch in result.mismatches:
            lines.append(f"  {mismatch.where}: {mismatch.message}")
            if mismatch.expected or mismatch.actual:
                lines.append(f"    expected {mismatch.expected}")
                lines.append(f"    got      {mismatch.actual}")
    return lines + [f"error: {error}" for error in verification.errors]


def write_junit(verification: Verification, path: Path) -> None:
    """One test case an interaction, so that a CI shows them as it shows tests."""
    failed = [result for result in verification.failures if not result.pending]
    suite = ElementTree.Element(
        "testsuite",
        name="pact verification",
        tests=str(len(verification.interactions)),
        failures=str(len(failed)),
        errors=str(len(verification.errors)),
    )
    for error in verification.errors:
        case = ElementTree.SubElement(suite, "testcase", classname="verification", name="the pacts can be verified")
        ElementTree.SubElement(case, "error", message=error)
    for result in verification.interactions:
        case = ElementTree.SubElement(suite, "testcase", classname=result.consumer, name=result.description)
        if not result.passed and result.pending:
            ElementTree.SubElement(case, "skipped", message="pending: fails, and may until it has passed once")
        elif not result.passed:
            message = "; ".join(f"{m.where}: {m.message}" for m in result.mismatches)
            ElementTree.SubElement(case, "failure", message=message)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Sends what the native verifier prints to a file: it writes to descriptors 1 and 2 itself, past sys.stdout."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        try:
            yield
        finally:
            for number, keep in enumerate(kept, start=1):
                os.dup2(keep, number)
                os.close(keep)


def _outcome(results: Mapping[str, Any], said: str, states: Sequence[Mapping[str, str]]) -> Verification:
    interactions = tuple(_interaction(raw, states) for raw in results.get("interactionResults", ()))
    errors = _other_errors(results, interactions)
    if not interactions:
        raise BrokerError(f"{'; '.join(errors) or said or 'no pacts'}; run `make publish-pacts` first")
    return Verification(passed=bool(results["result"]) and not said, interactions=interactions, errors=errors)


def _other_errors(results: Mapping[str, Any], interactions: Sequence[InteractionResult]) -> tuple[str, ...]:
    """Errors that belong to no interaction, such as a pact that could not be loaded."""
    told = [f"{result.consumer}\n{result.description}" for result in interactions]
    return tuple(
        str(error["mismatch"].get("message") or error["interaction"])
        for error in results.get("errors", ())
        if not any(all(part in error["interaction"] for part in names.split("\n")) for names in told)
    )


def _interaction(raw: Mapping[str, Any], states: Sequence[Mapping[str, str]]) -> InteractionResult:
    named = tuple(raw.get("providerStates", ()))
    return InteractionResult(
        consumer=raw["consumer"],
        description=raw["description"],
        states=named,
        passed=raw["result"] == "OK",
        pending=bool(raw.get("pending")),
        mismatches=tuple(_mismatches(raw.get("mismatch") or {}, named, states)),
    )


def _mismatches(
    raw: Mapping[str, Any], named: Sequence[str], states: Sequence[Mapping[str, str]]
) -> Iterator[Mismatch]:
    if message := raw.get("message"):
        reasons = [entry["detail"] for entry in states if entry["state"] in named]
        yield Mismatch("provider state", "", "", "; ".join(reasons) or message)
    for entry in raw.get("mismatches", ()):
        kind = str(entry.get("type", "")).removesuffix("Mismatch")
        where = {"Body": entry.get("path"), "Header": f"header {entry.get('key')}"}.get(kind) or kind.lower()
        yield Mismatch(where, str(entry.get("expected", "")), str(entry.get("actual", "")), str(entry["mismatch"]))


def _state_failures(server: Server, provider: Provider) -> Sequence[Mapping[str, str]]:
    """What the provider's state route could not set up; the verifier itself only says that one failed."""
    try:
        reply = httpx.get(server.url + provider.states, timeout=5, trust_env=False)
        return list(reply.json()["failures"]) if reply.is_success else []
    except (httpx.TransportError, ValueError, KeyError):
        return []
