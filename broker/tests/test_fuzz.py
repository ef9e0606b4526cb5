"""Schemathesis asks the broker whatever its OpenAPI document allows, and much of what it forbids.

In the suite each operation gets its examples and a made-up request or two. For more, with all phases and checks:
`pytest broker/tests/test_fuzz.py --fuzz 100 --fuzz-seed 7`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from broker.config import Config, WebhookConfig
from broker.routes.openapi import document
from broker.tests import conformance
from broker.tests.fuzzing import TOKEN
from broker.tests.served import Broker, served

_SETTINGS = Path(__file__).with_name("schemathesis.toml")
_METHODS = ("get", "put", "post", "patch", "delete")


def test_every_operation_keeps_to_the_document_whatever_it_is_asked(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str
) -> None:
    examples = int(request.config.getoption("--fuzz"))
    # The only place that a webhook can be made to lead to, see fuzzing.
    webhooks = WebhookConfig(schemes=("http",), allow=("127.0.0.1",), retry=())
    conformance.successes()
    with served(Config(database_url=database_url, token=TOKEN, webhooks=webhooks)) as broker:
        broker.client.headers["Authorization"] = f"Bearer {TOKEN}"
        done = _run(broker, tmp_path, examples, str(request.config.getoption("--fuzz-seed")))
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
        titles = [link["name"] for link in broker.get("/webhooks")["_links"]["pb:webhooks"]]
        assert {title.rpartition(" ")[2] for title in titles} <= {"127.0.0.1"}
    every = {one["operationId"] for item in document()["paths"].values() for m, one in item.items() if m in _METHODS}
    assert every - conformance.successes() == set()


def _run(broker: Broker, directory: Path, examples: int, seed: str) -> subprocess.CompletedProcess[str]:
    file = directory / "openapi.json"
    file.write_bytes(orjson.dumps(document()))
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(_SETTINGS), "run", str(file)]
    command += ["--url", broker.url, "--seed", seed, "--no-color", "--generation-database", "none"]
    command += ["--phases", "examples,coverage,fuzzing,stateful" if examples else "examples,fuzzing"]
    command += ["--max-examples", str(examples or 1)]
    return subprocess.run(
        command,
        env={**os.environ, "FUZZED_BROKER": broker.url},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=None if examples else 150,
        check=False,
    )
