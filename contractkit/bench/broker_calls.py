"""How fast the embedded broker answers: a fresh database, one consumer whose versions are published one by one."""

import asyncio
import base64
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from contractkit.bench.builds import Figure
from contractkit.bench.client import Connection
from contractkit.bench.traffic import Request, request
from contractkit.config import Config
from contractkit.errors import ServerError
from contractkit.process import free_port, running, tool

PATIENCE_SECONDS = 30.0
INTERACTIONS = 20  # of each pact: an ordinary one
CONSUMER, PROVIDER = "bench-consumer", "bench-provider"
# An embedded broker of our own: what the environment says of another broker is not for it.
OWN = {"PACT_BROKER_TOKEN": "", "PACT_BROKER_USERNAME": "", "PACT_BROKER_PASSWORD": "", "BROKER_BASE_URL": ""}


async def measure(config: Config, run: Path, calls: int) -> list[Figure]:
    """Starts the broker on a database below `run` and times its five most used calls, `calls` times each, one by one.

    Raises ServerError when it does not start, or refuses a call.
    """
    port = free_port()
    command = [tool(config.broker.command[0]), *config.broker.command[1:], "--port", str(port)]
    environment = {**OWN, "BROKER_DATABASE_URL": f"sqlite:///{run}/bench-broker.db"}
    log = run / "broker.log"
    with running("the broker", command, port=port, ready=config.broker.ready, log=log, env=environment):
        connection = await Connection.open(port)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await _calls(connection, calls)
        except (OSError, EOFError) as error:  # a TimeoutError is an OSError
            raise ServerError(f"the broker stopped answering: {str(error) or type(error).__name__}") from error
        finally:
            await connection.close()


async def _calls(connection: Connection, calls: int) -> list[Figure]:
    await _timed(connection, "warm-up", [_publication(0)])
    matrix = f"/matrix?q[][pacticipant]={CONSUMER}&q[][version]={calls}&q[][pacticipant]={PROVIDER}&latestby=cvpv"
    demand = {"consumerVersionSelectors": [{"latest": True}], "providerVersionBranch": "main"}
    versions = range(1, calls + 1)
    published = await _timed(connection, "publish", [_publication(version) for version in versions])
    results = await _results_path(connection, calls)
    return [
        published,
        await _timed(connection, "verification result", [_result(results, version) for version in versions]),
        await _timed(connection, "matrix", [_get(quote(matrix, safe="/?=&"))] * calls),
        await _timed(
            connection,
            "for-verification",
            [_post(f"/pacts/provider/{PROVIDER}/for-verification", demand)] * calls,
        ),
        await _timed(connection, "overview page", [request("GET", "/", {"Accept": "text/html"})] * calls),
    ]


async def _timed(connection: Connection, name: str, requests: Iterable[Request]) -> Figure:
    taken = []
    for each in requests:
        reply = await connection.ask(each)
        if not 200 <= reply.status < 300:
            raise ServerError(f"the broker answered {each.label} with {reply.status}: {reply.body[:200]!r}")
        taken.append(reply.milliseconds)
    return Figure(name, len(taken), statistics.median(taken))


async def _results_path(connection: Connection, version: int) -> str:
    reply = await connection.ask(_get(f"/pacts/provider/{PROVIDER}/consumer/{CONSUMER}/version/{version}"))
    link: str = orjson.loads(reply.body)["_links"]["pb:publish-verification-results"]["href"]
    return urlsplit(link).path


def _publication(version: int) -> Request:
    contract = {
        "consumerName": CONSUMER,
        "providerName": PROVIDER,
        "specification": "pact",
        "contentType": "application/json",
        "content": base64.b64encode(orjson.dumps(_pact(version))).decode(),
    }
    body = {"pacticipantName": CONSUMER, "pacticipantVersionNumber": str(version), "branch": "main"}
    return _post("/contracts/publish", {**body, "contracts": [contract]})


def _pact(version: int) -> dict[str, Any]:
    """A contract whose last interaction is new in every version, so that its content is stored, not found again."""
    numbers = [*range(1, INTERACTIONS), INTERACTIONS + version]
    return {
        "consumer": {"name": CONSUMER},
        "provider": {"name": PROVIDER},
        "interactions": [
            {
                "description": f"a request for item {number}",
                "providerStates": [{"name": f"item {number} exists"}],
                "request": {"method": "GET", "path": f"/items/{number}"},
                "response": {"status": 200, "body": {"id": number, "name": f"item {number}"}},
            }
            for number in numbers
        ],
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }


def _result(path: str, version: int) -> Request:
    return _post(path, {"success": True, "providerApplicationVersion": str(version), "testResults": []})


def _get(target: str) -> Request:
    return request("GET", target, {"Accept": "application/hal+json"})


def _post(target: str, body: dict[str, Any]) -> Request:
    return request("POST", target, {"Accept": "application/hal+json"}, orjson.dumps(body))
