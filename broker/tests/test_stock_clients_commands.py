"""Every command that the stock command line client has for a broker, in one long session.

Each step is what a team types, the exit code, and the words that a person has to find in what is printed.
"""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from attrs import define, evolve, frozen

from broker.config import Config, WebhookConfig
from broker.tests.served import Broker, Json, pact, served
from broker.tests.verifiers import with_credentials

_HOOK = "7a5da39c-8e50-4cc9-ae16-dfa5be043e8c"
_GONE = "7a5da39c-8e50-4cc9-ae16-000000000000"
# They start other brokers, or print what `--help` prints.
_NOT_FOR_A_BROKER = {"ruby", "docker", "help"}


@frozen
class _Step:
    """`code` is the exit code; `{name}` in the command is what an earlier step `keeps`, or a path of the test."""

    command: str
    code: int = 0
    says: str = ""
    keeps: str = ""


_SESSION = (
    # Contracts
    _Step("broker publish {pacts} -a 1 --branch main --tag dev --build-url https://ci.test/1", says="Foo version 1"),
    _Step("broker publish {pacts} -a 1 --branch main -o json", says='"pb:contracts"'),
    _Step("broker publish {changed} -a 1 --branch main", 1, "already published with a different pact"),
    _Step("broker publish {changed} -a 1 --branch main --merge", 1, "already published with a different pact"),
    _Step("broker publish {changed} -a 2 --branch feat/x", says="Foo version 2"),
    _Step("broker publish {empty} -a 1", 1, "No pact files found"),
    _Step("broker list-latest-pact-versions", says='"Foo"'),
    _Step("broker list-latest-pact-versions -o json", says='"createdAt"'),
    _Step("broker get-pacts --provider Bar", says="Pact between Foo (1) and Bar"),
    _Step("broker get-pacts --provider Bar --branch feat/x --latest", says="Pact between Foo (2) and Bar"),
    _Step("broker get-pacts --provider Bar --branch feat/x -o json", says="version/2"),
    _Step("broker get-pacts --provider Bar --consumer Foo --branch main --latest -o json"),
    _Step("broker get-pacts --provider Bar --branch main --latest --download --download-dir {downloads}"),
    _Step("broker provider-states list --provider Bar", says="an item exists"),
    # Versions, branches and tags
    _Step("broker create-or-update-version -a Bar -e 10 --branch main -t dev"),
    _Step("broker create-version-tag -a Bar -e 11 -t prod --auto-create-version"),
    _Step("broker describe-version -a Foo -e 1", says="dev"),
    _Step("broker describe-version -a Foo --latest", says="2"),
    _Step("broker describe-version -a Foo --latest dev -o json", says='"number":"1"'),
    _Step("broker describe-version -a Foo -e 99", 1),
    _Step("broker delete-version-tag -a Bar -e 11 -t prod"),
    # Environments
    _Step("broker create-environment --name uat --display-name UAT -o json", says='"uuid"', keeps="uat"),
    _Step("broker create-environment --name uat", 1, "uat"),
    _Step(
        "broker create-environment --name prod --production --contact-name Ops --contact-email-address ops@team.test"
    ),
    _Step("broker list-environments", says="prod"),
    _Step("broker describe-environment --uuid {uat}", says="UAT"),
    _Step("broker describe-environment --uuid " + _GONE, 1),
    _Step("broker update-environment --uuid {uat} --name uat --display-name Acceptance"),
    _Step("broker describe-environment --uuid {uat} -o json", says="Acceptance"),
    # Whether to deploy, and what was
    _Step("broker can-i-deploy -a Foo -e 1 --to-environment uat", 1, "needs Bar"),
    # The client's own way, as the README says: with JSON its exit code does not tell the answer.
    _Step("broker can-i-deploy -a Foo -e 1 --to-environment uat -o json", 0, '"deployable":null'),
    _Step("broker can-i-deploy -a Foo -e 1 --to-environment nowhere", 1, "nowhere"),
    _Step("broker can-i-deploy -a Foo -e 99 --to-environment uat", 1, "99"),
    _Step("broker record-deployment -a Bar -e 10 --environment uat --application-instance eu"),
    _Step("broker record-deployment -a Bar -e 99 --environment uat", 1),
    _Step("broker record-deployment -a Bar -e 10 --environment nowhere", 1, "nowhere"),
    _Step("broker can-i-deploy -a Foo -e 1 --to-environment uat", 1, "Bar 10"),
    _Step("broker can-i-deploy -a Foo -e 1 --to-environment uat --ignore Bar"),
    _Step("broker can-i-deploy -a Foo -e 1 --to-environment uat --dry-run", says="Dry run"),
    _Step("verify Foo 10"),
    _Step("broker can-i-deploy -a Foo -e 1 --to-environment uat", says="Computer says yes"),
    _Step("broker can-i-deploy -a Foo -e 1 --to-environment uat -o json", says='"deployable":true'),
    _Step("broker can-i-deploy -a Foo -e 1 -a Bar --latest", 1, "Bar 11 (the latest version)"),
    _Step("broker can-i-deploy -a Foo -e 1 -a Bar --main-branch", says="Computer says yes"),
    _Step("broker can-i-deploy -a Foo -e 1 --to dev", says="Computer says yes"),
    _Step("broker can-i-deploy -a Foo --latest dev --to-environment uat", says="Computer says yes"),
    _Step("broker can-i-deploy -a Foo -e 2 --to-environment uat", 1, "Bar 10"),
    _Step("broker can-i-merge -a Foo -e 1", says="Computer says yes"),
    _Step("broker record-release -a Foo -e 1 --environment uat"),
    _Step("broker describe-version -a Foo --environment uat", says="1"),
    _Step("broker record-support-ended -a Foo -e 1 --environment uat"),
    _Step("broker record-undeployment -a Bar --environment uat --application-instance eu"),
    _Step("broker record-undeployment -a Bar --environment uat --application-instance eu", 1),
    # Pacticipants
    _Step(
        "broker create-or-update-pacticipant --name Qux --display-name 'Qux app' --repository-url https://git.test/qux"
    ),
    _Step("broker create-or-update-pacticipant --name Qux --main-branch trunk"),
    _Step("broker describe-pacticipant --name Qux", says="trunk"),
    _Step("broker describe-pacticipant --name Nobody", 1),
    _Step("broker list-pacticipants", says="Qux app"),
    _Step("broker delete-branch -a Foo --branch feat/x"),
    _Step("broker delete-branch -a Foo --branch feat/x", says="not found"),
    # Webhooks
    _Step("broker generate-uuid"),
    _Step(
        "broker create-webhook {hook} -X POST --consumer Foo --provider Bar --contract-published -d '{{}}'", says="Foo"
    ),
    _Step("broker create-webhook {hook} -X POST --provider Bar --provider-verification-failed --user me:secret"),
    _Step("broker create-webhook {hook} -X POST --contract-content-changed --description all", says="all"),
    _Step("broker create-webhook no-address -X POST --contract-published", 1),
    _Step(f"broker create-or-update-webhook {{hook}} --uuid {_HOOK} -X POST --provider Bar --contract-published"),
    _Step(
        f"broker create-or-update-webhook {{hook}} --uuid {_HOOK} -X POST --provider Bar -H 'X-A: b' -d '{{{{}}}}' "
        "--contract-requiring-verification-published --description changed",
        says="changed",
    ),
    _Step(f"broker test-webhook --uuid {_HOOK}", says="200"),
    _Step(f"broker test-webhook --uuid {_GONE}", 1),
    _Step(f"broker delete-webhook --uuid {_HOOK}"),
    _Step(f"broker delete-webhook --uuid {_HOOK}", says="not found"),
    # The provider's own contract
    _Step(
        "pactflow publish-provider-contract {openapi} --provider Bar -a 12 --branch main -t dev --content-type "
        "application/yaml --verification-success --verification-results {results} --verifier own "
        "--verification-results-content-type text/plain",
        says="Provider contract published for Bar version 12",
    ),
    _Step(
        "pactflow publish-provider-contract {openapi} --provider Bar -a 12 --content-type application/yaml -o json",
        says="Attempting",
    ),
    _Step("pactflow publish-provider-contract {results} --provider Bar -a 13 --content-type application/yaml", 1),
    _Step("broker delete-environment --uuid {uat}"),
    _Step("broker delete-environment --uuid {uat}", 1),
)

_OPENAPI = """\
openapi: 3.0.3
info: {title: Bar, version: "1"}
paths:
  /a:
    get:
      responses: {"200": {description: fine}}
"""


@pytest.fixture
def receiver() -> Iterator[str]:
    """The address of a server that answers each POST with 200."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that it overrides
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()
        thread.join()


@define
class _Terminal:
    broker: Broker
    credentials: dict[str, str]
    names: dict[str, str]

    def fault(self, step: _Step) -> str | None:
        """What went otherwise than the step says."""
        command = step.command.format_map(self.names)
        if command.startswith("verify "):
            self._verify(*command.split()[1:])
            return None
        done = self.broker.run(*shlex.split(command), **self.credentials)
        said = done.stdout + done.stderr
        if step.keeps:
            found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", said)
            self.names[step.keeps] = found[0] if found else "nothing"
        if done.returncode == step.code and step.says in said:
            return None
        return f"$ pact {command}\n{said}[exit {done.returncode}, not {step.code} with {step.says!r}]"

    def _verify(self, consumer: str, version: str) -> None:
        pact_of = self.broker.get(f"/pacts/provider/Bar/consumer/{consumer}/version/1")
        self.broker.verify(consumer, pact_of["_links"]["pb:pact-version"]["name"], version)


def _session(broker: Broker, folder: Path, hook: str, **credentials: str) -> list[str]:
    """The faults of the whole session."""
    paths = {name: folder / name for name in ("pacts", "empty", "downloads", "changed", "openapi", "results")}
    for name in ("pacts", "empty", "downloads"):
        paths[name].mkdir()
    document = pact("Foo", "Bar", "a", "b")
    document["interactions"][0]["providerStates"] = [{"name": "an item exists"}]
    (paths["pacts"] / "foo-bar.json").write_text(json.dumps(document))
    paths["changed"].write_text(json.dumps(pact("Foo", "Bar", "a", "c")))
    paths["openapi"].write_text(_OPENAPI)
    paths["results"].write_text("not: an OpenAPI document")
    terminal = _Terminal(broker, credentials, {name: str(path) for name, path in paths.items()} | {"hook": hook})
    faults = [fault for step in _SESSION if (fault := terminal.fault(step))]
    if not (list(paths["downloads"].iterdir())):
        faults.append("nothing was downloaded")
    return faults


def test_every_command_does_what_it_says(broker: Broker, receiver: str, tmp_path: Path) -> None:
    faults = _session(broker, tmp_path, receiver)
    assert not faults, "\n\n".join(faults)


def test_every_command_of_the_client_is_in_the_session(broker: Broker) -> None:
    for group in ("broker", "pactflow"):
        said = broker.run(group, "--help").stdout
        listed = re.findall(
            r"^  ([a-z][a-z-]+) ", said.partition("Commands:")[2].partition("Options:")[0], re.MULTILINE
        )
        played = {step.command.split()[1] for step in _SESSION if step.command.startswith(f"{group} ")}
        assert set(listed) - _NOT_FOR_A_BROKER == played


@with_credentials
def test_every_command_works_with_credentials(
    database_url: str, credentials: Json, header: str, receiver: str, tmp_path: Path
) -> None:
    webhooks = WebhookConfig(schemes=("http",), allow=("127.0.0.1",))
    with served(evolve(Config(database_url, webhooks=webhooks), **credentials)) as broker:
        assert broker.run("broker", "list-pacticipants").returncode == 1
        broker.client.headers["authorization"] = header
        known = {f"PACT_BROKER_{name.upper()}": value for name, value in credentials.items()}
        faults = _session(broker, tmp_path, receiver, **known)
    assert not faults, "\n\n".join(faults)
