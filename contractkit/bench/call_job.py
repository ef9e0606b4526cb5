"""One operation, called through a generated client and in plain httpx, in one process that does nothing else.

    python -m contractkit.bench.call_job FILE

FILE holds an Asked as JSON; what was Found goes to the standard output, as JSON. Those who call take turns, call by
call, so that a busy machine is busy for all of them.
"""

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib import import_module
from inspect import signature
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import httpx
import orjson
from attrs import asdict, evolve, frozen

T = TypeVar("T")

TOKEN = "bench"  # noqa: S105 - the server does not look at it
OURS, PLAIN, STOCK = "the client", "plain httpx", "openapi-python-client"


@frozen
class Asked:
    """What is measured: `name` is a method of the manager `tag`, and a module of that name in both clients.

    `paths` come first on the import path. `stock` is the package of the stock generator, or empty. `many` is the file
    of a large reply, or empty.
    """

    url: str
    paths: list[str]
    package: str
    client_class: str
    stock: str
    tag: str
    name: str
    arguments: dict[str, Any]
    many: str
    rounds: int
    parsings: int


@frozen
class Found:
    """Seconds of each call or parsing, by who did it; the calls are after some that warm up."""

    sync: Mapping[str, list[float]]
    awaited: Mapping[str, list[float]]
    parsed: Mapping[str, list[float]]
    left_out: str
    """Why the stock client is not among them, or empty."""


@frozen
class Job:
    """The modules that are measured."""

    asked: Asked
    ours: Any
    operation: Any
    parse: Callable[..., Any]
    stock: Any
    stock_operation: Any

    @classmethod
    def of(cls, asked: Asked) -> "Job":
        package, module = asked.package, f"api.{asked.tag}.{asked.name}"
        ours, parse = import_module(package), import_module(f"{package}.calls").parse
        operation = import_module(f"{package}.{module}")
        if not asked.stock:
            return cls(asked, ours, operation, parse, None, None)
        return cls(asked, ours, operation, parse, import_module(asked.stock), import_module(f"{asked.stock}.{module}"))

    @property
    def takes_token(self) -> bool:
        """Whether the document has a place for one."""
        return "token" in signature(getattr(self.ours, self.asked.client_class)).parameters

    def client(self, name: str) -> Any:
        """A client of ours, of the class of that name."""
        made: Callable[..., Any] = getattr(self.ours, name)
        return made(self.asked.url, token=TOKEN) if self.takes_token else made(self.asked.url)

    def plain_arguments(self) -> dict[str, Any]:
        """What httpx is asked with: the same path, query and headers as the client sends."""
        request = self.operation.build(**self.asked.arguments)
        return {"url": request.path, "params": list(request.query) or None, "headers": dict(request.headers)}

    def plain_headers(self) -> dict[str, str]:
        """What httpx sends with every request, as the client does."""
        return {"Authorization": f"Bearer {TOKEN}"} if self.takes_token else {}

    def sync(self) -> dict[str, list[float]]:
        """Seconds of calls, with connections that are kept."""
        asked, url = self.asked, self.asked.url
        with (
            self.client(asked.client_class) as client,
            httpx.Client(base_url=url, headers=self.plain_headers()) as plain,
        ):
            method = getattr(getattr(client, asked.tag), asked.name)
            given = self.plain_arguments()
            calls: dict[str, Callable[[], Any]] = {
                OURS: lambda: method(**asked.arguments),
                PLAIN: lambda: plain.get(**given).json(),
            }
            if self.stock is None:
                return in_turns(calls, asked.rounds)
            with self.stock.AuthenticatedClient(base_url=url, token=TOKEN) as peer:
                calls[STOCK] = lambda: self.stock_operation.sync(client=peer, **asked.arguments)
                return in_turns(calls, asked.rounds)

    async def awaited(self) -> dict[str, list[float]]:
        """The same with the asynchronous clients, one call after the other."""
        asked, url = self.asked, self.asked.url
        async with (
            self.client(f"Async{asked.client_class}") as client,
            httpx.AsyncClient(base_url=url, headers=self.plain_headers()) as plain,
        ):
            method = getattr(getattr(client, asked.tag), asked.name)
            given = self.plain_arguments()

            async def get() -> Any:
                return (await plain.get(**given)).json()

            calls: dict[str, Callable[[], Awaitable[Any]]] = {OURS: lambda: method(**asked.arguments), PLAIN: get}
            if self.stock is None:
                return await awaited_in_turns(calls, asked.rounds)
            async with self.stock.AuthenticatedClient(base_url=url, token=TOKEN) as peer:
                calls[STOCK] = lambda: self.stock_operation.asyncio(client=peer, **asked.arguments)
                return await awaited_in_turns(calls, asked.rounds)

    def parsed(self) -> dict[str, list[float]]:
        """Seconds of reading the large reply, from its bytes to its value."""
        if not self.asked.many:
            return {}
        content = Path(self.asked.many).read_bytes()
        headers = {"content-type": "application/json"}

        def answer() -> httpx.Response:
            return httpx.Response(200, headers=headers, content=content)

        calls: dict[str, Callable[[], Any]] = {
            OURS: lambda: self.parse(self.operation.OPERATION, answer()),
            "json.loads": lambda: json.loads(answer().content),
        }
        if self.stock is not None:
            peer = self.stock.AuthenticatedClient(base_url=self.asked.url, token=TOKEN)
            calls[STOCK] = lambda: self.stock_operation._parse_response(client=peer, response=answer())
        return in_turns(calls, self.asked.parsings)


def turns(names: Iterable[str], rounds: int) -> Iterable[tuple[str, bool]]:
    """Whose turn it is, and whether it counts: each one once a round, in an order that turns around."""
    order = list(names)
    for number in range(-max(rounds // 10, 1), rounds):
        for name in order if number % 2 else order[::-1]:
            yield name, number >= 0


def in_turns(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The seconds of each call. What one leaves to the garbage collector is not collected in the time of another."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for name, counts in turns(calls, rounds):
        gc.collect(0)
        began = perf_counter()
        calls[name]()
        seconds = perf_counter() - began
        if counts:
            taken[name].append(seconds)
    return taken


async def awaited_in_turns(calls: Mapping[str, Callable[[], Awaitable[object]]], rounds: int) -> dict[str, list[float]]:
    """`in_turns` for what has to be awaited."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for name, counts in turns(calls, rounds):
        gc.collect(0)
        began = perf_counter()
        await calls[name]()
        seconds = perf_counter() - began
        if counts:
            taken[name].append(seconds)
    return taken


def measure(asked: Asked) -> Found:
    """All measurements, one after the other. The stock client is left out where it cannot do what is asked."""
    sys.path[:0] = asked.paths
    refusal = _refusal(asked) if asked.stock else ""
    job = Job.of(evolve(asked, stock="") if refusal else asked)
    return Found(job.sync(), asyncio.run(job.awaited()), job.parsed(), refusal)


def _refusal(asked: Asked) -> str:
    """What is wrong with the stock client: it may be broken code, or want other arguments."""
    try:
        job = Job.of(asked)
        with job.stock.AuthenticatedClient(base_url=asked.url, token=TOKEN) as peer:
            job.stock_operation.sync(client=peer, **asked.arguments)
    except Exception as error:  # noqa: BLE001 - whatever code of others does, our own measurement goes on
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> None:
    """Measures what the file named on the command line asks for."""
    asked = Asked(**orjson.loads(Path(sys.argv[1]).read_bytes()))
    sys.stdout.buffer.write(orjson.dumps(asdict(measure(asked))))


if __name__ == "__main__":
    main()
