"""The generated client, beside plain httpx and the client that a stock generator makes of the same document."""

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from attrs import asdict, frozen

from contractkit import document
from contractkit.bench import imports
from contractkit.bench.call_job import OURS, PLAIN, STOCK, Asked
from contractkit.bench.client_target import MANY, Target, target
from contractkit.bench.own import Quantity, Section
from contractkit.config import Config, child_environment
from contractkit.errors import ServerError
from contractkit.generate.client import Distribution
from contractkit.process import free_port, running
from contractkit.steps import Echo

PATIENCE_SECONDS = 300.0
MOST_MILLISECONDS = 150.0
"""What importing the client may take: more is felt at every start of a command that uses it."""
STOCK_PACKAGE = "stock_client"
NOWHERE = "http://127.0.0.1:9"
GENERATE = (
    "import sys; from pathlib import Path; from contractkit.generate.client import generate_client;"
    "generate_client(Path(sys.argv[1]), Path(sys.argv[2]), project=sys.argv[3], package=sys.argv[4])"
)


@frozen
class Rounds:
    """How often each thing is done."""

    generations: int = 3
    imports: int = 9
    calls: int = 1_500
    parsings: int = 40


@frozen
class Subject:
    """The client as it is about to be written, and the operation to call, if there is one."""

    made: Distribution
    target: Target | None


@frozen
class Clients:
    """What is measured: the generated client in the folder `ours`, the one of the stock generator in `stock`.

    `has_stock` says whether there is one that can be imported, `stock_module` where it has the target's operation, and
    `notes` what is missing.
    """

    made: Distribution
    target: Target | None
    ours: Path
    stock: Path
    has_stock: bool
    stock_module: str
    notes: tuple[str, ...]
    seconds: Mapping[str, float]


def subject(config: Config) -> Subject:
    """What is to be measured, found before minutes are spent on the rest. Raises ConfigError as `target` does."""
    raw = document.load_bundle(config.bundle)
    made = Distribution.of(raw, config.client.project, config.client.package)
    return Subject(made, target(made, config.bench.call))


def measure(config: Config, asked: Subject, rounds: Rounds, echo: Echo, folder: Path) -> Iterator[Section]:
    """The sections on the client of the configured document. Raises ServerError when a measurement breaks down."""
    made, chosen = asked.made, asked.target
    echo("the generated client: generating")
    clients = _generated(config, made, chosen, rounds.generations, folder)
    yield _generating(clients)
    echo("the generated client: importing")
    yield _importing(clients, rounds.imports)
    if chosen is not None:
        echo(f"the generated client: calling {chosen.endpoint.name}")
        yield from _calling(clients, chosen, rounds, folder)


def _generated(config: Config, made: Distribution, chosen: Target | None, times: int, folder: Path) -> Clients:
    """Both clients, each made in a process of its own, with the formatting of what was made.

    The document is JSON, because they read YAML with different libraries.
    """
    ours, stock, settings = folder / "ours", folder / "stock", folder / "stock.json"
    stock.mkdir()
    settings.write_bytes(orjson.dumps({"package_name_override": STOCK_PACKAGE}))
    bundle, client = str(folder / "bundle.json"), config.client
    Path(bundle).write_bytes(orjson.dumps(made.raw))
    mine = ["-c", GENERATE, bundle, str(ours), client.project, client.package]
    theirs = ["-m", "openapi_python_client", "generate", "--path", bundle, "--meta", "none", "--overwrite"]
    theirs += ["--output-path", str(stock / STOCK_PACKAGE), "--config", str(settings)]
    taken: dict[str, list[float]] = {OURS: [], STOCK: []}
    for _ in range(times):
        for name, command in ((OURS, mine), (STOCK, theirs)):
            began = time.perf_counter()
            done = _child(command)
            taken[name].append(time.perf_counter() - began)
            if done.returncode and name == OURS:
                raise ServerError(f"the client could not be generated: {_last_line(done.stderr)}")
    refusal = _refusal(done.stdout + done.stderr) if done.returncode else ""
    notes = [f"{STOCK} refuses the document: {refusal}"] if refusal else _left_out(stock, len(made.endpoints))
    seconds = {name: statistics.median(each) for name, each in taken.items()}
    if chosen is None:
        notes.append("no call is measured: the document has no GET that can be called with plain values")
    operation = f"api.{chosen.endpoint.tag}.{chosen.endpoint.name}" if chosen else ""
    broken, module = _broken(stock, STOCK_PACKAGE), f"{STOCK_PACKAGE}.{operation}"
    if not refusal and broken:
        notes.append(f"{STOCK}: {broken}")
    if broken or not operation or _broken(stock, module):
        module = ""
    return Clients(made, chosen, ours, stock, not broken, module, tuple(notes), seconds)


def _broken(folder: Path, module: str) -> str:
    """Why a module of the stock client cannot be imported; empty if it can."""
    done = _child(["-c", f"import sys; sys.path.insert(0, {str(folder)!r}); import {module}"])
    return _last_line(done.stderr) if done.returncode else ""


def _refusal(text: str) -> str:
    """The reason among what the stock generator said: the error of a traceback, else the line below its heading."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"\w+(Error|Exception)\b", line)]
    heading = next((number for number, line in enumerate(lines) if line.startswith("Error(s) encountered")), -1)
    return (raised[-1:] or lines[heading + 1 :] or ["no reason given"])[0]


def _left_out(stock: Path, operations: int) -> list[str]:
    there = sum(path.name != "__init__.py" for path in (stock / STOCK_PACKAGE / "api").glob("*/*.py"))
    return [f"{STOCK} leaves out {operations - there} of {operations} operations"] if there < operations else []


def _generating(clients: Clients) -> Section:
    quantities = [Quantity(f"{OURS}, {len(clients.made.endpoints)} operations", clients.seconds[OURS], "s")]
    if clients.has_stock:
        quantities.append(Quantity(STOCK, clients.seconds[STOCK], "s"))
    notes = ("a process each, with reading the document and formatting what is made", *clients.notes)
    return Section("The generated client: generating", tuple(quantities), notes)


def _importing(clients: Clients, runs: int) -> Section:
    package, name = clients.made.package, clients.made.client_class
    entry = f"from {package} import {name}"
    statements = {"import httpx": "import httpx", f"import {package}": f"import {package}", entry: entry}
    tags = [manager.module for manager in clients.made.managers]
    if tags:
        statements["  and a client with its first manager"] = f"{entry}; {name}({NOWHERE!r}).{tags[0]}"
    if clients.has_stock:
        stock = f"from {STOCK_PACKAGE} import Client"
        statements[f"{STOCK}: its client"] = stock
        module = clients.stock_module
        if module:
            ready = f"{stock}; Client(base_url={NOWHERE!r}).get_httpx_client(); import {module}"
            statements["  and a client with its first operation"] = ready
    found = imports.measure(statements, (clients.ours, clients.stock), runs)
    quantities = []
    for title, each in found.items():
        quantities.append(Quantity(title, each.milliseconds, "ms"))
        quantities.append(Quantity("  memory", each.megabytes, "MB"))
    notes = (f"medians of {runs} fresh processes each, in turns; memory is the growth of the process at its peak",)
    return Section("The generated client: importing", tuple(quantities), notes, tuple(_too_slow(entry, found[entry])))


def _too_slow(entry: str, found: imports.Imported) -> Iterator[str]:
    """Judged by the quickest run, because a busy machine makes the others slow."""
    if found.quickest > MOST_MILLISECONDS:
        yield f"`{entry}` takes {found.quickest:.0f} ms at best, more than {MOST_MILLISECONDS:.0f} ms"


def _calling(clients: Clients, chosen: Target, rounds: Rounds, folder: Path) -> Iterator[Section]:
    small, many, question = folder / "reply.json", folder / "many.json", folder / "asked.json"
    small.write_bytes(orjson.dumps(chosen.reply))
    many.write_bytes(orjson.dumps(chosen.many))
    port = free_port()
    line = (sys.executable, "-m", "contractkit.bench.fixed_server", str(port), str(small))
    with running("the server of one reply", line, port=port, ready="/", log=folder / "fixed.log") as server:
        asked = Asked(
            url=server.url,
            paths=[str(clients.ours), str(clients.stock)],
            package=clients.made.package,
            client_class=clients.made.client_class,
            stock=STOCK_PACKAGE if clients.stock_module else "",
            tag=chosen.endpoint.tag,
            name=chosen.endpoint.name,
            arguments=dict(chosen.arguments),
            many="" if chosen.many is None else str(many),
            rounds=rounds.calls,
            parsings=rounds.parsings,
        )
        question.write_bytes(orjson.dumps(asdict(asked)))
        done = _child(["-m", "contractkit.bench.call_job", str(question)])
    if done.returncode:
        raise ServerError(f"the calls of the generated client broke down: {_last_line(done.stderr)}")
    found = orjson.loads(done.stdout)
    left_out = (f"{STOCK} is left out: {found['left_out']}",) if found["left_out"] else ()
    yield _called(chosen, found, left_out, rounds.calls)
    if found["parsed"]:
        yield _parsed(chosen, found["parsed"], many.stat().st_size, rounds.parsings)


def _called(chosen: Target, found: Mapping[str, Any], left_out: tuple[str, ...], rounds: int) -> Section:
    quantities = []
    for title, taken in (("one call", found["sync"]), ("one call, awaited", found["awaited"])):
        medians = {name: statistics.median(each) for name, each in taken.items()}
        for name, seconds in medians.items():
            quantities.append(Quantity(f"{title}: {name}", 1000 * seconds, "ms"))
            if name != PLAIN:
                quantities.append(Quantity("  compared with plain httpx", seconds / medians[PLAIN], "times"))
    notes = (
        f"{chosen.endpoint.label}, {len(orjson.dumps(chosen.reply))} bytes from a server that does nothing else",
        f"p50 of {rounds:,} calls each, in turns, on connections that are kept",
        "plain httpx: get and json(), with neither types nor tries",
        *left_out,
    )
    return Section("The generated client: calling", tuple(quantities), notes)


def _parsed(chosen: Target, taken: Mapping[str, Sequence[float]], size: int, rounds: int) -> Section:
    medians = {name: statistics.median(each) for name, each in taken.items()}
    plain = medians["json.loads"]
    quantities = []
    for name, seconds in medians.items():
        quantities.append(Quantity(name, 1000 * seconds, "ms"))
        if seconds != plain:
            quantities.append(Quantity("  items", MANY / seconds, "a second"))
            quantities.append(Quantity("  compared with json.loads", seconds / plain, "times"))
    notes = (
        f"{chosen.endpoint.label}, {size:,} bytes, from bytes to values; medians of {rounds} rounds, in turns",
        f"the client checks every type and reads decimals; {STOCK} does neither",
    )
    return Section(f"The generated client: parsing a reply of {MANY:,}", tuple(quantities), notes)


def _child(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """A run of this interpreter, with its tools on the path: both generators format with ruff."""
    tools = str(Path(sys.executable).parent)
    environment = child_environment(PATH=f"{tools}:{child_environment().get('PATH', '')}")
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        text=True,
    )


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason given")
