"""The loop as teams run it: publish with the stock command line client, verify with the stock verifier, ask
whether a version can be deployed, deploy it, ask again."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from attrs import define, evolve

from broker.config import Config
from broker.tests.served import Broker, Json, pact, served
from broker.tests.verifiers import (
    Build,
    MissingError,
    UnreachableError,
    Verify,
    by_command,
    by_node,
    by_python,
    with_credentials,
)


@define
class Provider:
    """A provider that answers every GET with `status`."""

    port: int
    status: int = 200


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("PACT_DO_NOT_TRACK", "true")
    running = Provider(0)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(running.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that it overrides
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    running.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield running
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[by_python, by_command, by_node], ids=["python", "command", "node"])
def verify(request: pytest.FixtureRequest) -> Verify:
    """A stock verifier; where it cannot be had the test is skipped, and fails under CI."""
    chosen: Verify = request.param

    def run(build: Build) -> bool:
        try:
            return chosen(build)
        except UnreachableError as unreachable:
            pytest.skip(str(unreachable))
        except MissingError as missing:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(missing))

    return run


def _write(folder: Path, document: Json) -> str:
    path = folder / f"{document['consumer']['name']}.json"
    path.write_text(json.dumps(document))
    return str(path)


def _can_i_deploy(broker: Broker, *arguments: str) -> tuple[int, str]:
    done = broker.pact("can-i-deploy", *arguments)
    return done.returncode, done.stdout + done.stderr


def test_a_contract_travels_from_publication_to_production(
    broker: Broker, provider: Provider, verify: Verify, tmp_path: Path
) -> None:
    path = _write(tmp_path, pact("Foo", "Bar", "a", "b"))
    published = broker.pact("publish", path, "-a", "1", "--branch", "feat/x", "--tag", "dev")
    assert published.returncode == 0, published.stderr
    assert broker.pact("create-environment", "--name", "prod", "--production").returncode == 0

    code, said = _can_i_deploy(broker, "-a", "Foo", "-e", "1", "--to-environment", "prod")
    assert code == 1
    assert "Foo 1 needs Bar, but no version of Bar is recorded as deployed or released in prod" in said

    assert verify(Build(broker, provider.port, "10", "feat/x"))
    assert _can_i_deploy(broker, "-a", "Bar", "-e", "10", "--to-environment", "prod")[0] == 0
    assert broker.pact("record-deployment", "-a", "Bar", "-e", "10", "--environment", "prod").returncode == 0
    assert _can_i_deploy(broker, "-a", "Foo", "-e", "1", "--to-environment", "prod")[0] == 0
    assert broker.pact("record-deployment", "-a", "Foo", "-e", "1", "--environment", "prod").returncode == 0

    provider.status = 500
    assert verify(Build(broker, provider.port, "11", "feat/x")) is False
    code, said = _can_i_deploy(broker, "-a", "Bar", "-e", "11", "--to-environment", "prod")
    assert code == 1
    assert "Bar 11 failed the verification of its pact with Foo 1 (in prod)" in said


def test_a_failure_is_a_no_at_once_also_while_another_result_is_missing(
    broker: Broker, provider: Provider, verify: Verify, tmp_path: Path
) -> None:
    for name in ("Bar", "Unverified"):
        path = _write(tmp_path, pact("Foo", name, "a"))
        assert broker.pact("publish", path, "-a", "1", "--branch", "main").returncode == 0
    provider.status = 404
    assert verify(Build(broker, provider.port, "10", "main")), "a pending pact does not fail the build"
    broker.deploy("Bar", "10", broker.environment("uat"))
    code, said = _can_i_deploy(
        broker,
        "-a",
        "Foo",
        "-e",
        "1",
        "--to-environment",
        "uat",
        "--retry-while-unknown",
        "9",
        "--retry-interval",
        "20",
    )
    assert code == 1
    assert "Bar 10 (in uat) failed the verification of its pact with Foo 1" in said


def test_work_in_progress_is_tried_without_failing_the_build(
    broker: Broker, provider: Provider, verify: Verify, tmp_path: Path
) -> None:
    broker.pact("publish", _write(tmp_path, pact("Foo", "Bar", "a")), "-a", "1", "--branch", "main")
    assert verify(Build(broker, provider.port, "10", "main"))
    broker.pact("publish", _write(tmp_path, pact("Foo", "Bar", "new")), "-a", "2", "--branch", "feat/new")
    assert verify(Build(broker, provider.port, "11", "main", wip=True))
    assert broker.deployable("Foo:2", "Bar:11") is True
    (_, waiting) = broker.to_verify(
        providerVersionBranch="main",
        includeWipPactsSince="2020-01-01",
        consumerVersionSelectors=[{"mainBranch": True}],
    )
    assert waiting["verificationProperties"]["wip"] is True


def test_a_changed_contract_needs_a_new_version(broker: Broker, tmp_path: Path) -> None:
    assert broker.pact("publish", _write(tmp_path, pact("Foo", "Bar", "a")), "-a", "1").returncode == 0
    refused = broker.pact("publish", _write(tmp_path, pact("Foo", "Bar", "b")), "-a", "1")
    assert refused.returncode == 1
    assert "Foo version 1 is already published with a different pact with Bar" in refused.stdout + refused.stderr


def test_can_i_merge_looks_at_the_main_branches(broker: Broker) -> None:
    sha = broker.publish("Foo", "1", branch="main")
    broker.verify("Foo", sha, "10", branch="main", success=False)
    assert broker.pact("can-i-merge", "-a", "Foo", "-e", "1").returncode == 1
    broker.verify("Foo", sha, "11", branch="main")
    assert broker.pact("can-i-merge", "-a", "Foo", "-e", "1").returncode == 0


def test_a_pact_named_by_its_address_is_verified_and_its_result_published(broker: Broker, provider: Provider) -> None:
    broker.publish("Foo", "1", branch="main")
    common = ("-n", "Bar", "-h", "127.0.0.1", "-p", str(provider.port), "-b", broker.url, "--publish")
    address = f"{broker.url}/pacts/provider/Bar/consumer/Foo/latest"
    for version, how in (("10", "-u"), ("11", "--webhook-callback-url")):
        done = broker.run("verifier", *common, "--provider-version", version, how, address)
        assert done.returncode == 0, done.stdout + done.stderr
        assert broker.deployable("Foo:1", f"Bar:{version}") is True


def test_a_verifier_hears_that_there_is_nothing_to_verify(broker: Broker, provider: Provider, verify: Verify) -> None:
    assert verify(Build(broker, provider.port, "10", "main")) is False


@with_credentials
def test_a_verifier_shows_its_credentials(
    database_url: str, credentials: Json, header: str, provider: Provider, verify: Verify
) -> None:
    with served(evolve(Config(database_url), **credentials)) as broker:
        broker.client.headers["authorization"] = header
        broker.publish("Foo", "1", branch="main")
        assert verify(Build(broker, provider.port, "10", "main", credentials={})) is False
        assert verify(Build(broker, provider.port, "10", "main", credentials=credentials))
        assert broker.deployable("Foo:1", "Bar:10") is True
