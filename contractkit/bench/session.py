"""`contractkit bench`: what a project runs on, measured one after the other, told in one table and two files."""

import asyncio
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import orjson
from attrs import asdict, frozen

from contractkit import document
from contractkit.bench import broker_calls, builds, clients, compare, own, report
from contractkit.bench.machine import this_machine
from contractkit.bench.traffic import Request, opened, requests
from contractkit.config import Config
from contractkit.errors import ServerError, SpecError
from contractkit.process import free_port, running, tool
from contractkit.steps import Echo, Outcome, private_folder, save
from contractkit.stub.document import Document

STUB = "stub"
SHORTEST_BLOCK = 0.1


@frozen
class Command:
    """How a server of the comparison is started; one that is `optional` is left out, and noted, if it does not."""

    name: str
    line: tuple[str, ...]
    port: int
    ready: str
    optional: bool = False


def run(config: Config, echo: Echo, plan: compare.Plan | None = None) -> Outcome:
    """Measures the configured project; writes reports/bench.json and reports/bench.html.

    Starts its own servers, on 127.0.0.1, and ends them. Passes when every reply of the comparison was the same success
    as when first asked, the generated client is imported in time, and the project's own measurements found nothing
    wrong; how fast the rest was is no verdict. Raises SpecError when the document has nothing to compare, ServerError
    when a server does not start, and ConfigError when the settings name what is not there.
    """
    plan = plan or compare.Plan()
    began = time.monotonic()
    machine = this_machine()
    project, client = own.configured(config), clients.subject(config)
    with private_folder(config, "bench") as folder:
        echo("building")
        built = builds.measure(config, folder, plan.bundlings)
        echo("the broker")
        called = asyncio.run(broker_calls.measure(config, folder, plan.broker_calls))
        notes: list[str] = []
        rows = _compared(config, folder, plan, began, echo, notes)
        sections = tuple(clients.measure(config, client, plan.clients, echo, folder)) if plan.clients else ()
        sections += own.measure(project, echo, folder) if project else ()
    result = report.Result(
        machine, tuple(rows), tuple(called), tuple(built), tuple(notes), time.monotonic() - began, sections
    )
    passed = not any(row.failures for row in rows) and not any(section.failures for section in sections)
    outcome = Outcome(passed, report.in_a_line(result), asdict(result))
    save(outcome, config.reports / "bench.json")
    report.write_page(result, config.reports / "bench.html", title=config.root.name)
    report.print_table(result)
    return outcome


def _compared(
    config: Config, folder: Path, plan: compare.Plan, began: float, echo: Echo, notes: list[str]
) -> list[compare.Row]:
    """Serves one document with every server and compares them; what was left out is added to `notes`."""
    spec = opened(document.load_bundle(config.bundle))
    asked = requests(Document.load(spec))
    if not asked:
        raise SpecError(f"{config.bundle}: no GET or POST has an example of its success; there is nothing to compare")
    file = folder / "openapi.json"
    file.write_bytes(orjson.dumps(spec))
    with ExitStack() as servers:
        contenders = list(_started(_commands(file, asked), folder, servers, notes))
        echo(f"{len(asked)} operations of {', '.join(each.name for each in contenders)}")
        probed = asyncio.run(compare.probe(contenders, asked))
        notes += (f"left out: {each}" for each in probed.left_out)
        if not probed.served:
            raise SpecError(f"no operation is answered with a success by every server: {'; '.join(probed.left_out)}")
        notes.append(f"{len(probed.served)} operations in turn, the same bytes to every server")
        notes.append("Connexion, by default, validates requests only; the stub validates replies too")
        notes.append("Connexion's mock is told that its replies are JSON, else it answers many with 500")
        turns = len(plan.connections) * (plan.blocks + 0.5) * len(contenders)  # the round that warms up is half as long
        left = plan.total_seconds - (time.monotonic() - began)
        seconds = max(SHORTEST_BLOCK, min(plan.seconds, left / turns))
        return asyncio.run(compare.compare(contenders, probed, plan, seconds))


def _commands(file: Path, asked: Sequence[Request]) -> Iterator[Command]:
    stub, stock = free_port(), free_port()
    peer = (sys.executable, "-m", "contractkit.bench.peer", str(file), str(stock))
    yield Command(STUB, (tool("contractkit"), "mock", str(file), "--port", str(stub)), stub, "/openapi.json")
    yield Command("Connexion", peer, stock, "/openapi.json")
    prism, plain = shutil.which("prism"), next((each.target for each in asked if each.plain), None)
    if prism and plain:
        port = free_port()
        line = (prism, "mock", "--host", "127.0.0.1", "--port", str(port), str(file))
        yield Command("Prism", line, port, plain, optional=True)


def _started(
    commands: Iterator[Command], folder: Path, servers: ExitStack, notes: list[str]
) -> Iterator[compare.Contender]:
    for each in commands:
        log = folder / f"{each.name}.log"
        try:
            servers.enter_context(running(each.name, each.line, port=each.port, ready=each.ready, log=log))
        except ServerError as error:
            if not each.optional:
                raise
            notes.append(f"left out: {error}")
        else:
            yield compare.Contender(each.name, each.port)
