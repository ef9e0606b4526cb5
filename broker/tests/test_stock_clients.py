"""The loop as teams run it: publish with the stock command line client, verify with the stock verifier, ask
whether a version can be deployed, deploy it, ask again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from attrs import define
from pact import Verifier

from broker.tests.served import Broker, Json, pact


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


def _write(folder: Path, document: Json) -> str:
    path = folder / f"{document['consumer']['name']}.json"
    path.write_text(json.dumps(document))
    return str(path)


def _verify(broker: Broker, provider: Provider, version: str, branch: str, *, wip: bool = False) -> bool:
    """Whether the verifier's build is green; results are published either way."""
    verifier = Verifier("Bar", host="127.0.0.1").add_transport(url=f"http://127.0.0.1:{provider.port}")
    source = verifier.broker_source(broker.url, selector=True)
    source.consumer_version(main_branch=True).consumer_version(deployed_or_released=True)
    source.consumer_version(matching_branch=True)
    source.include_pending().provider_branch(branch)
    if wip:
        source.include_wip_since("2020-01-01")
    source.build()
    verifier.set_publish_options(version=version, branch=branch, tags=["dev"])
    try:
        verifier.verify()
    except RuntimeError:
        return False
    return True


def _can_i_deploy(broker: Broker, *arguments: str) -> tuple[int, str]:
    done = broker.pact("can-i-deploy", *arguments)
    return done.returncode, done.stdout + done.stderr


def test_a_contract_travels_from_publication_to_production(broker: Broker, provider: Provider, tmp_path: Path) -> None:
    path = _write(tmp_path, pact("Foo", "Bar", "a", "b"))
    published = broker.pact("publish", path, "-a", "1", "--branch", "feat/x", "--tag", "dev")
    assert published.returncode == 0, published.stderr
    assert broker.pact("create-environment", "--name", "prod", "--production").returncode == 0

    code, said = _can_i_deploy(broker, "-a", "Foo", "-e", "1", "--to-environment", "prod")
    assert code == 1
    assert "Foo 1 needs Bar, but no version of Bar is recorded as deployed or released in prod" in said

    assert _verify(broker, provider, "10", "feat/x")
    assert _can_i_deploy(broker, "-a", "Bar", "-e", "10", "--to-environment", "prod")[0] == 0
    assert broker.pact("record-deployment", "-a", "Bar", "-e", "10", "--environment", "prod").returncode == 0
    assert _can_i_deploy(broker, "-a", "Foo", "-e", "1", "--to-environment", "prod")[0] == 0
    assert broker.pact("record-deployment", "-a", "Foo", "-e", "1", "--environment", "prod").returncode == 0

    provider.status = 500
    assert _verify(broker, provider, "11", "feat/x") is False
    code, said = _can_i_deploy(broker, "-a", "Bar", "-e", "11", "--to-environment", "prod")
    assert code == 1
    assert "Bar 11 failed the verification of its pact with Foo 1 (in prod)" in said


def test_a_failure_is_a_no_at_once_also_while_another_result_is_missing(
    broker: Broker, provider: Provider, tmp_path: Path
) -> None:
    for name in ("Bar", "Unverified"):
        path = _write(tmp_path, pact("Foo", name, "a"))
        assert broker.pact("publish", path, "-a", "1", "--branch", "main").returncode == 0
    provider.status = 404
    assert _verify(broker, provider, "10", "main"), "a pending pact does not fail the build"
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
    broker: Broker, provider: Provider, tmp_path: Path
) -> None:
    broker.pact("publish", _write(tmp_path, pact("Foo", "Bar", "a")), "-a", "1", "--branch", "main")
    assert _verify(broker, provider, "10", "main")
    broker.pact("publish", _write(tmp_path, pact("Foo", "Bar", "new")), "-a", "2", "--branch", "feat/new")
    assert _verify(broker, provider, "11", "main", wip=True)
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


def test_housekeeping_commands_work(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="feat/x", tags=["dev"])
    uat = broker.environment("uat")
    commands = (
        ("list-latest-pact-versions",),
        ("get-pacts", "--provider", "Bar", "--branch", "feat/x", "--latest"),
        ("provider-states", "list", "--provider", "Bar"),
        ("list-environments",),
        ("describe-environment", "--uuid", uat),
        ("update-environment", "--uuid", uat, "--name", "uat", "--display-name", "UAT"),
        ("create-or-update-version", "-a", "Bar", "-e", "10", "--branch", "main", "-t", "dev"),
        ("create-version-tag", "-a", "Bar", "-e", "11", "-t", "prod", "--auto-create-version"),
        ("record-deployment", "-a", "Bar", "-e", "10", "--environment", "uat", "--application-instance", "eu"),
        ("record-undeployment", "-a", "Bar", "--environment", "uat", "--application-instance", "eu"),
        ("record-release", "-a", "Foo", "-e", "1", "--environment", "uat"),
        ("record-support-ended", "-a", "Foo", "-e", "1", "--environment", "uat"),
        ("describe-version", "-a", "Foo", "--latest"),
        ("describe-version", "-a", "Foo", "-e", "1"),
        ("create-or-update-pacticipant", "--name", "Foo", "--main-branch", "trunk"),
        ("create-or-update-pacticipant", "--name", "Qux", "--display-name", "Qux app"),
        ("describe-pacticipant", "--name", "Foo"),
        ("list-pacticipants",),
        ("delete-version-tag", "-a", "Foo", "-e", "1", "-t", "dev"),
        ("delete-branch", "-a", "Foo", "--branch", "feat/x"),
        ("delete-environment", "--uuid", uat),
    )
    failed = [
        (arguments, done.stdout + done.stderr)
        for arguments in commands
        if (done := broker.pact(*arguments)).returncode != 0
    ]
    assert not failed
    assert broker.get("/pacticipants/Foo/versions/1")["_embedded"] == {"branchVersions": [], "tags": []}
    assert broker.get("/pacticipants/Foo")["mainBranch"] == "trunk"
