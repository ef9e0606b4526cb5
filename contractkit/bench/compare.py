"""Servers compared: the same requests to each in turn, block by block, so that a busy machine is busy for all."""

import asyncio
import math
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence

from attrs import field, frozen

from contractkit.bench.client import Connection
from contractkit.bench.clients import Rounds
from contractkit.bench.traffic import Request
from contractkit.errors import ServerError

PATIENCE_SECONDS = 10.0


@frozen
class Plan:
    """How much is measured. `seconds` is the length of one block of one server, at most.

    `total_seconds` bounds the run up to the end of the comparison: blocks are shortened where building and starting
    took long. `clients` is for what follows it; with None the generated client is left out.
    """

    blocks: int = 6
    seconds: float = 0.75
    connections: tuple[int, ...] = (1, 16)
    broker_calls: int = 50
    bundlings: int = 3
    total_seconds: float = 50.0
    clients: Rounds | None = field(factory=Rounds)


@frozen
class Contender:
    """A server in the comparison. The first one is what the others are compared with."""

    name: str
    port: int


@frozen
class Block:
    """What one server did in one block: milliseconds of each request, and the seconds that all of them took."""

    milliseconds: tuple[float, ...]
    seconds: float
    failures: int

    @property
    def p50(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def rate(self) -> float:
        return len(self.milliseconds) / self.seconds


@frozen
class Ratio:
    """A quotient: of the medians over all blocks, and the smallest and the largest of a single block."""

    of_all: float
    least: float
    most: float


@frozen
class Row:
    """One server at one number of connections. Times in milliseconds at the client, `rate` in requests a second.

    Above 1 both quotients say that the first server is the faster one: `slower` is this p50 by its p50, `fewer` its
    rate by this rate. They are None for the first server itself.
    """

    server: str
    connections: int
    requests: int
    failures: int
    p50: float
    p99: float
    rate: float
    slower: Ratio | None
    fewer: Ratio | None


@frozen
class Probe:
    """What each server answered when asked once: the requests that all of them served, and why others are left out."""

    served: tuple[Request, ...]
    left_out: tuple[str, ...]
    statuses: Mapping[tuple[str, str], int]


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the values do not exceed: the nearest rank, so always one that was measured."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


async def probe(contenders: Sequence[Contender], requests: Sequence[Request]) -> Probe:
    """Asks every server every request; what one of them does not answer with a success is compared nowhere."""
    statuses = {}
    for contender in contenders:
        for request in requests:
            statuses[contender.name, request.label] = await _status(contender, request)
    refused = {
        request.label: f"{request.label} ({contender.name}: {_said(statuses[contender.name, request.label])})"
        for request in requests
        for contender in contenders
        if not 200 <= statuses[contender.name, request.label] < 300
    }
    served = tuple(request for request in requests if request.label not in refused)
    return Probe(served, tuple(refused.values()), statuses)


async def _status(contender: Contender, request: Request) -> int:
    """The status of one reply on a connection of its own; 0 where there was none."""
    try:
        connection = await Connection.open(contender.port)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return (await connection.ask(request)).status
        finally:
            await connection.close()
    except (OSError, EOFError):  # a TimeoutError is an OSError
        return 0


async def compare(contenders: Sequence[Contender], probed: Probe, plan: Plan, seconds: float) -> list[Row]:
    """The rows of every server at every number of connections, from blocks of `seconds` each; one round warms up.

    Raises ServerError when a server stops answering.
    """
    rows: list[Row] = []
    for connections in plan.connections:
        blocks: dict[str, list[Block]] = {each.name: [] for each in contenders}
        for number in range(-1, plan.blocks):
            order = contenders if number % 2 else contenders[::-1]
            for contender in order:
                block = await _block(contender, probed, connections, seconds if number >= 0 else seconds / 2)
                if number >= 0:
                    blocks[contender.name].append(block)
        first = blocks[contenders[0].name]
        rows += (_row(each, connections, blocks[each.name], first) for each in contenders)
    return rows


async def _block(contender: Contender, probed: Probe, connections: int, seconds: float) -> Block:
    try:
        async with asyncio.timeout(seconds + PATIENCE_SECONDS):
            return await _asked(contender, probed, connections, seconds)
    except (OSError, EOFError) as error:
        reason = str(error) or type(error).__name__
        raise ServerError(f"{contender.name} stopped answering in the middle of the comparison: {reason}") from error


async def _asked(contender: Contender, probed: Probe, connections: int, seconds: float) -> Block:
    opened = [await Connection.open(contender.port) for _ in range(connections)]
    milliseconds: list[float] = []
    failures = 0
    started = time.perf_counter()
    turns = _turns(probed.served, started + seconds)

    async def work(connection: Connection) -> None:
        nonlocal failures
        for request in turns:
            reply = await connection.ask(request)
            milliseconds.append(reply.milliseconds)
            failures += reply.status != probed.statuses[contender.name, request.label]

    try:
        await asyncio.gather(*(work(each) for each in opened))
        return Block(tuple(milliseconds), time.perf_counter() - started, failures)
    finally:
        for connection in opened:
            await connection.close()


def _turns(requests: Sequence[Request], until: float) -> Iterator[Request]:
    """Whole rounds of all requests, so that every server gets the same mix; the last one begins before `until`."""
    yield from requests
    while time.perf_counter() < until:
        yield from requests


def _row(contender: Contender, connections: int, blocks: Sequence[Block], first: Sequence[Block]) -> Row:
    every = [each for block in blocks for each in block.milliseconds]
    is_first = blocks is first
    return Row(
        server=contender.name,
        connections=connections,
        requests=len(every),
        failures=sum(block.failures for block in blocks),
        p50=statistics.median(every),
        p99=percentile(every, 99),
        rate=_rate(blocks),
        slower=None if is_first else _ratio([(a.p50, b.p50) for a, b in zip(blocks, first, strict=True)]),
        fewer=None if is_first else _ratio([(b.rate, a.rate) for a, b in zip(blocks, first, strict=True)]),
    )


def _rate(blocks: Sequence[Block]) -> float:
    return sum(len(block.milliseconds) for block in blocks) / sum(block.seconds for block in blocks)


def _ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """Of the medians over the blocks; the spread is that of the blocks themselves."""
    each = [one / other for one, other in pairs]
    whole = statistics.median(one for one, _ in pairs) / statistics.median(other for _, other in pairs)
    return Ratio(whole, min(each), max(each))


def _said(status: int) -> str:
    return str(status) if status else "no reply"
