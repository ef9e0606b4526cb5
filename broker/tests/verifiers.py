"""The three stock verifiers, each as a team's build runs it: as a library, as a command, and from Node."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pact
import pytest
from attrs import Factory, frozen

from broker.tests.served import Broker, Json

_JS = Path(__file__).with_name("js")
_SELECTORS: list[Json] = [{"mainBranch": True}, {"deployedOrReleased": True}, {"matchingBranch": True}]


@frozen
class Build:
    """One build of the provider Bar, which listens on `port`; its results are published whatever they are."""

    broker: Broker
    port: int
    version: str
    branch: str
    wip: bool = False
    credentials: Json = Factory(dict)

    @property
    def wip_since(self) -> str | None:
        return "2020-01-01" if self.wip else None


# What npm says when it never got an answer.
_NO_NETWORK = re.compile(r"code (ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)")

Verify = Callable[[Build], bool]

# For tests of a broker that is closed in one way or the other: what opens it, and the header that says so.
with_credentials = pytest.mark.parametrize(
    ("database_url", "credentials", "header"),
    [
        ("sqlite", {"token": "t0ken"}, "Bearer t0ken"),
        ("postgresql", {"username": "me", "password": "p4ss"}, "Basic bWU6cDRzcw=="),
    ],
    indirect=["database_url"],
    ids=["token", "basic"],
)


class MissingError(Exception):
    """This verifier cannot be had on this machine; the text says why."""


class UnreachableError(Exception):
    """The registry that this verifier comes from does not answer, which says nothing of the broker."""


def by_python(build: Build) -> bool:
    """Whether the build is green, verified by pact-python."""
    verifier = pact.Verifier("Bar", host="127.0.0.1").add_transport(url=f"http://127.0.0.1:{build.port}")
    source = verifier.broker_source(build.broker.url, selector=True, **build.credentials)
    source.consumer_version(main_branch=True).consumer_version(deployed_or_released=True)
    source.consumer_version(matching_branch=True)
    source.include_pending().provider_branch(build.branch)
    if build.wip_since:
        source.include_wip_since(build.wip_since)
    source.build()
    verifier.set_publish_options(version=build.version, branch=build.branch, tags=["dev"])
    try:
        verifier.verify()
    except RuntimeError:
        return False
    return True


def by_command(build: Build) -> bool:
    """Whether the build is green, verified by `pact verifier`."""
    arguments = ["-n", "Bar", "-h", "127.0.0.1", "-p", str(build.port), "-b", build.broker.url, "--enable-pending"]
    arguments += ["--publish", "--provider-version", build.version, "--provider-branch", build.branch]
    arguments += ["--provider-tags", "dev"]
    for selector in _SELECTORS:
        arguments += ["--consumer-version-selectors", json.dumps(selector)]
    if build.wip_since:
        arguments += ["--include-wip-pacts-since", build.wip_since]
    known = {f"PACT_BROKER_{name.upper()}": value for name, value in build.credentials.items()}
    return build.broker.run("verifier", *arguments, **known).returncode == 0


def by_node(build: Build) -> bool:
    """Whether the build is green, verified by @pact-foundation/pact; raises MissingError."""
    options = {
        "provider": "Bar",
        "providerBaseUrl": f"http://127.0.0.1:{build.port}",
        "pactBrokerUrl": build.broker.url,
        "consumerVersionSelectors": _SELECTORS,
        "enablePending": True,
        "publishVerificationResult": True,
        "providerVersion": build.version,
        "providerVersionBranch": build.branch,
        "providerVersionTags": ["dev"],
        "logLevel": "error",
    }
    if build.wip_since:
        options["includeWipPactsSince"] = build.wip_since
    options |= {f"pactBroker{name.capitalize()}": value for name, value in build.credentials.items()}
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PACT_")}
    done = subprocess.run(
        ["node", _JS / "verify.js"],
        input=json.dumps(options),
        env=clean | {"NODE_PATH": str(_installed() / "node_modules"), "PACT_DO_NOT_TRACK": "true"},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0


def _installed() -> Path:
    """The folder with the packages of `js/`, installed once for each content of its lock."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise MissingError("node and npm are not on the PATH")
    lock = _JS / "package-lock.json"
    cache = Path(__file__).parents[2] / ".contract" / "stock-clients"
    folder = cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        own = Path(scratch) / "own"
        own.mkdir()
        for one in (lock, _JS / "package.json"):
            shutil.copy(one, own)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries", "1"]
        done = subprocess.run(command, cwd=own, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0 and _NO_NETWORK.search(done.stderr):
            raise UnreachableError(f"npm ci fails: {done.stderr[:200]}")
        if done.returncode != 0:
            raise MissingError(f"npm ci fails: {done.stderr[-500:]}")
        # Of two processes that install at once, the one that comes second finds the folder there.
        if not folder.exists():
            own.rename(folder)
    return folder
