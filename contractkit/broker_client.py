"""The Pact Broker in use, embedded or named by PACT_BROKER_BASE_URL, spoken to by the stock `pact` CLI."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from attrs import frozen

from contractkit.config import Broker, Config, child_environment
from contractkit.errors import BrokerError
from contractkit.process import free_port, running, tool


@frozen
class Answer:
    """What the CLI said: its exit status and its text."""

    status: int
    text: str

    @property
    def ok(self) -> bool:
        return self.status == 0


@frozen
class BrokerClient:
    """A broker that answers, and the credentials to use with it."""

    url: str
    settings: Broker

    def publish(self, pacts: Path, *, version: str, branch: str) -> Answer:
        """Publishes every pact in a folder under one consumer version and branch."""
        return self._pact("publish", str(pacts), "--consumer-app-version", version, "--branch", branch)

    def can_i_deploy(self, participants: Sequence[str], *, version: str, environment: str | None = None) -> Answer:
        """Whether `participants` in this version fit each other, or, with an environment, what is deployed there."""
        arguments = [word for name in participants for word in ("--pacticipant", name, "--version", version)]
        target = ["--to-environment", environment] if environment else []
        return self._pact("can-i-deploy", *arguments, *target)

    def record_deployment(self, participant: str, *, version: str, environment: str) -> Answer:
        """Records that `participant` in this version now runs in `environment`, which is created if it is new."""
        self._ensure_environment(environment)
        return self._pact(
            "record-deployment",
            "--pacticipant",
            participant,
            "--version",
            version,
            "--environment",
            environment,
        )

    def _ensure_environment(self, name: str) -> None:
        try:
            reply = httpx.get(f"{self.url}/environments", headers=self._headers(), auth=self._basic(), timeout=30)
            known = [entry["name"] for entry in reply.raise_for_status().json()["_embedded"]["environments"]]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise BrokerError(f"{self.url} did not list its environments: {error}") from error
        if name not in known:
            answer = self._pact("create-environment", "--name", name, "--production")
            if not answer.ok:
                raise BrokerError(f"the environment {name} could not be created: {answer.text}")

    def _pact(self, command: str, *arguments: str) -> Answer:
        """Runs `pact broker <command>`; credentials go by the environment, where a process list does not show them."""
        done = subprocess.run(
            [tool("pact"), "broker", command, *arguments],
            env=child_environment(**credentials(self.settings), PACT_BROKER_BASE_URL=self.url),
            capture_output=True,
            text=True,
            check=False,
        )
        return Answer(done.returncode, (done.stdout + done.stderr).strip())

    def _headers(self) -> dict[str, str]:
        token = self.settings.token
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _basic(self) -> tuple[str, str] | None:
        user = self.settings.username
        return (user, self.settings.password or "") if user else None


def credentials(broker: Broker) -> Mapping[str, str]:
    """The standard environment variables that hold this broker's credentials; those not set are left out."""
    named = {
        "PACT_BROKER_TOKEN": broker.token,
        "PACT_BROKER_USERNAME": broker.username,
        "PACT_BROKER_PASSWORD": broker.password,
    }
    return {name: value for name, value in named.items() if value}


@contextmanager
def connect(config: Config, *, run: Path) -> Iterator[BrokerClient]:
    """The configured broker, or the embedded one for the length of the block; both keep what is published.

    Raises BrokerError when a named broker does not answer and ServerError when the embedded one does not start.
    """
    if config.broker.url:
        _probe(config.broker)
        yield BrokerClient(config.broker.url, config.broker)
        return
    port = free_port()
    command = [tool(config.broker.command[0]), *config.broker.command[1:], "--port", str(port)]
    with running("the broker", command, port=port, ready=config.broker.ready, log=run / "broker.log") as server:
        yield BrokerClient(server.url, config.broker)


def _probe(broker: Broker) -> None:
    client = BrokerClient(broker.url or "", broker)
    try:
        reply = httpx.get(
            client.url,
            headers={**client._headers(), "Accept": "application/hal+json"},
            auth=client._basic(),
            timeout=10,
        )
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise BrokerError(f"the broker at {client.url} (PACT_BROKER_BASE_URL) cannot be reached: {error}") from error
    if reply.status_code in (401, 403):
        raise BrokerError(
            f"the broker at {client.url} refused the credentials ({reply.status_code}); "
            "set PACT_BROKER_TOKEN, or PACT_BROKER_USERNAME and PACT_BROKER_PASSWORD"
        )
    if not reply.is_success:
        raise BrokerError(f"the broker at {client.url} answered {reply.status_code}; is PACT_BROKER_BASE_URL right?")
