"""A broker that really listens, and the few requests that tests make of it again and again."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import uvicorn
from attrs import frozen

from broker.app import create_app
from broker.config import Config
from broker.tests.conformance import witnessed

Json = dict[str, Any]


@frozen
class Broker:
    """A served broker; `client` speaks to it, `pact` runs the stock command line client against it."""

    url: str
    client: httpx.Client

    def get(self, path: str, status: int = 200) -> Json:
        return self.ask("GET", path, status=status)

    def ask(self, method: str, path: str, body: object = None, *, status: int | None = None) -> Json:
        """The JSON answer; an unexpected status fails with the answer's text."""
        reply = self.client.request(method, path, json=body)
        assert status is None or reply.status_code == status, f"{reply.status_code}: {reply.text}"
        found: Json = reply.json() if reply.content else {}
        return found

    def publish(
        self,
        consumer: str,
        version: str,
        provider: str = "Bar",
        *,
        branch: str | None = None,
        tags: Sequence[str] = (),
        says: str = "something",
        status: int = 200,
    ) -> str:
        """Publishes a pact whose content depends on `says` alone; answers its sha."""
        contract = encoded_contract(pact(consumer, provider, says))
        body = {
            "pacticipantName": consumer,
            "pacticipantVersionNumber": version,
            "tags": list(tags),
            "contracts": [contract],
        } | ({"branch": branch} if branch else {})
        self.ask("POST", "/contracts/publish", body, status=status)
        if status != 200:
            return ""
        path = f"/pacts/provider/{_q(provider)}/consumer/{_q(consumer)}/version/{_q(version)}"
        found = self.get(path)
        return str(found["_links"]["pb:pact-version"]["name"])

    def verify(
        self,
        consumer: str,
        sha: str,
        version: str,
        provider: str = "Bar",
        *,
        success: bool = True,
        branch: str | None = None,
        metadata: str | None = None,
    ) -> Json:
        """Records a result as a verifier does: first the provider's branch, then the result."""
        if branch is not None:
            self.put_on_branch(provider, version, branch)
        path = f"/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}"
        path += f"/metadata/{metadata}" if metadata else ""
        body = {"success": success, "providerApplicationVersion": version, "testResults": []}
        return self.ask("POST", f"{path}/verification-results", body, status=201)

    def put_on_branch(self, name: str, version: str, branch: str) -> None:
        path = f"/pacticipants/{name}/branches/{_q(branch)}/versions/{version}"
        assert self.client.put(path, json={}).is_success

    def environment(self, name: str, *, production: bool = False) -> str:
        """Creates an environment; answers its UUID."""
        body = {"name": name, "production": production}
        return str(self.ask("POST", "/environments", body, status=201)["uuid"])

    def deploy(self, name: str, version: str, environment: str, instance: str | None = None) -> Json:
        path = f"/pacticipants/{_q(name)}/versions/{_q(version)}/deployed-versions/environment/{environment}"
        return self.ask("POST", path, {"applicationInstance": instance} if instance else {}, status=201)

    def release(self, name: str, version: str, environment: str) -> Json:
        path = f"/pacticipants/{_q(name)}/versions/{_q(version)}/released-versions/environment/{environment}"
        return self.ask("POST", path, {})

    def matrix(self, *selectors: str, **options: str) -> Json:
        """`matrix("Foo:1", "Bar", environment="uat")`; the answer's summary, notices and rows."""
        parts = []
        for selector in selectors:
            name, _, version = selector.partition(":")
            parts.append(f"q[][pacticipant]={name}" + (f"&q[][version]={version}" if version else ""))
        parts += [f"{key}={value}" for key, value in {"latestby": "cvpv", **options}.items()]
        return self.get(f"/matrix?{'&'.join(parts)}")

    def deployable(self, *selectors: str, **options: str) -> object:
        return self.matrix(*selectors, **options)["summary"]["deployable"]

    def to_verify(self, **demand: object) -> list[Json]:
        """The pacts that a verifier of Bar would get, each with its shortDescription and verificationProperties."""
        found = self.ask("POST", "/pacts/provider/Bar/for-verification", demand, status=200)
        pacts: list[Json] = found["_embedded"]["pacts"]
        return pacts

    def names_to_verify(self, *selectors: Json, **demand: object) -> list[str]:
        """ "Foo 1" for every pact that these selectors choose."""
        found = self.to_verify(consumerVersionSelectors=list(selectors), **demand)
        return [_name(one["_links"]["self"]["name"]) for one in found]

    def pact(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `pact broker ...` of pact-python-cli."""
        return self.run("broker", *arguments)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs `pact ...` of pact-python-cli, told by its environment where the broker is."""
        command = [str(Path(sys.executable).parent / "pact"), *arguments]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PACT_")}
        clean |= {"PACT_BROKER_BASE_URL": self.url, "PACT_DO_NOT_TRACK": "true", **environment}
        return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=60, check=False)


def _q(name: str) -> str:
    return quote(name, safe="")


def _name(title: str) -> str:
    """ "Pact between Foo (1) and Bar" -> "Foo 1"."""
    return title.removeprefix("Pact between ").split(" and ")[0].replace("(", "").replace(")", "")


def pact(consumer: str, provider: str, *says: str) -> Json:
    """A V4 pact with one interaction for each text."""
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [
            {
                "type": "Synchronous/HTTP",
                "description": text,
                "request": {"method": "GET", "path": f"/{text}"},
                "response": {"status": 200},
            }
            for text in says
        ],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }


def encoded_contract(document: Json, /, **changes: object) -> Json:
    """One entry of a publication; `changes` override its fields."""
    return {
        "consumerName": document["consumer"]["name"],
        "providerName": document["provider"]["name"],
        "specification": "pact",
        "contentType": "application/json",
        "content": base64.b64encode(json.dumps(document).encode()).decode(),
        "onConflict": "overwrite",
        **changes,
    }


@contextmanager
def served(config: Config) -> Iterator[Broker]:
    """Serves a broker from a thread of this process, on a free port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = witnessed(create_app(config))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        # The listener is open already, so the first request waits for the server rather than failing.
        with httpx.Client(base_url=url, timeout=30) as client:
            yield Broker(url, client)
    finally:
        server.should_exit = True
        thread.join()
