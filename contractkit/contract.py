"""The whole loop in one command: each step a child process with a log of its own, two lanes side by side.

Fuzzing and the pacts do not depend on each other, so they share the two cores of a small machine.
"""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from attrs import field, frozen, mutable
from rich.console import Console
from rich.live import Live
from rich.table import Table

from contractkit import document, pacts, report, steps
from contractkit.config import Config
from contractkit.errors import ToolkitError
from contractkit.process import last_line, stop_group, unique_folder

WAITING, RUNNING, PASSED, FAILED, SKIPPED = "waiting", "running", "passed", "FAILED", "skipped"
MARKS = {WAITING: "dim", RUNNING: "cyan", PASSED: "green", FAILED: "bold red", SKIPPED: "dim"}
STEPS = (  # name and what it does, in the order of the table
    ("spec", "lint the sources"),
    ("generate", "bundle, client, provider types"),
    ("serve", "the provider answers"),
    ("fuzz", "Schemathesis, every phase and check"),
    ("pacts", "consumer tests write their contracts"),
    ("publish", "contracts to the broker"),
    ("verify", "the provider against the contracts"),
    ("can-i-deploy", "every version fits every other"),
    ("deploy", "recorded in the broker"),
)


@mutable
class Step:
    """One row of the table; `outcome` is what the step left behind."""

    name: str
    purpose: str
    state: str = WAITING
    seconds: float = 0.0
    outcome: steps.Outcome = field(factory=lambda: steps.Outcome(False, ""))


@frozen
class Job:
    """One run of the loop: its private folder, its rows, and the child processes to stop when it is interrupted."""

    config: Config
    folder: Path
    logs: Path
    rows: dict[str, Step]
    children: set[subprocess.Popen[bytes]] = field(factory=set)
    cancelled: threading.Event = field(factory=threading.Event)

    def step(self, name: str, work: Callable[[Path], steps.Outcome]) -> bool:
        """Carries out one step and notes its outcome; a step that cannot be carried out failed."""
        row = self.rows[name]
        row.state, begin = RUNNING, time.monotonic()
        try:
            row.outcome = work(self.logs / f"{name}.log")
        except ToolkitError as error:
            row.outcome = steps.Outcome(False, str(error))
        row.seconds = time.monotonic() - begin
        row.state = PASSED if row.outcome.passed else FAILED
        return row.outcome.passed

    def command(self, *arguments: str) -> Callable[[Path], steps.Outcome]:
        """A step that is a command of the toolkit, in a process of its own."""

        def work(log: Path) -> steps.Outcome:
            saved = self.folder / f"{log.stem}.json"
            status = self.run([sys.executable, "-m", "contractkit", *arguments, "--outcome", str(saved)], log)
            return steps.load(saved) if saved.is_file() else steps.Outcome(False, f"status {status}: {last_line(log)}")

        return work

    def cancel(self) -> None:
        """Ends the children that run, and lets no further one start."""
        self.cancelled.set()
        for child in list(self.children):
            stop_group(child)

    def run(self, command: Sequence[str], log: Path) -> int:
        """Runs a child with its output in `log`; the job knows it until it has ended."""
        if self.cancelled.is_set():
            raise ToolkitError("interrupted")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            child = subprocess.Popen(
                command,
                cwd=self.config.root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,  # a step may start processes that would outlive it
            )
            self.children.add(child)
            status = child.wait()  # where this is interrupted the child stays known, and cancel ends it
            self.children.discard(child)
            return status


def run(config: Config, *, seed: int, version: str | None, branch: str | None) -> bool:
    """Runs the loop, prints its table and writes reports/contract.html; True when every step passed."""
    folder = unique_folder(config.state / "runs", "contract")
    job = Job(config, folder, folder / "logs", {name: Step(name, purpose) for name, purpose in STEPS})
    console = Console()
    begin = time.monotonic()
    try:
        with _progress(job, console):
            _loop(job, seed=seed, version=version, branch=branch)
    except BaseException:  # interrupted: nothing of this run is of use to anybody
        job.cancel()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for row in job.rows.values():
        row.state = SKIPPED if row.state == WAITING else row.state
    pacts.replace_folder(job.logs, config.reports / "logs")
    page = report.write(config, list(job.rows.values()), seconds=time.monotonic() - begin)
    _print(job, console, page, time.monotonic() - begin)
    holds = all(row.state == PASSED for row in job.rows.values())
    if holds:
        shutil.rmtree(folder, ignore_errors=True)
    return holds


def _loop(job: Job, *, seed: int, version: str | None, branch: str | None) -> None:
    config = job.config
    if not (job.step("generate", job.command("generate")) and job.step("spec", job.command("lint"))):
        return
    number = version or pacts.version(config.root)
    named = ("--version", number), ("--branch", branch or pacts.branch(config.root))
    if not job.step("serve", lambda _log: _serve(job)):
        return
    with ThreadPoolExecutor(2) as lanes:
        fuzzing = lanes.submit(job.step, "fuzz", job.command("fuzz", "--seed", str(seed)))
        contracts = lanes.submit(_contracts, job, named[0], named[1])
        try:
            fuzzing.result()
            contracts.result()
        except BaseException:  # Ctrl-C: end the children first, or leaving the block would wait for them
            job.cancel()
            raise


def _serve(job: Job) -> steps.Outcome:
    """The product as `make stub` serves it: it must start, and say that it is ready."""
    begin = time.monotonic()
    with steps.provider(job.config, job.config.provider.app, run=job.folder):
        ready = time.monotonic() - begin
    count = len(document.operations(document.load_bundle(job.config.bundle)))
    return steps.Outcome(True, f"{count} operations, ready after {ready:.1f} s")


def _contracts(job: Job, version: tuple[str, str], branch: tuple[str, str]) -> None:
    """The lane of the contracts; it stops at the first step that fails, since the next ones build on it."""
    _ = (
        job.step("pacts", lambda log: _write_pacts(job, log))
        and job.step("publish", job.command("publish-pacts", *version, *branch))
        and job.step("verify", job.command("verify-pacts", "--no-pending", *version, *branch))
        and job.step("can-i-deploy", job.command("can-i-deploy", *version))
        and job.step("deploy", job.command("record-deployment", *version))
    )


def _write_pacts(job: Job, log: Path) -> steps.Outcome:
    consumers = job.config.consumers
    status = job.run([sys.executable, "-m", "pytest", str(consumers.path), "--write-pacts", "-n", "2"], log)
    if status:
        return steps.Outcome(False, f"consumer tests: {last_line(log)}")
    found = pacts.read(consumers.pacts)
    return steps.Outcome(True, pacts.summary(found), {pact.consumer: pact.interactions for pact in found})


def _progress(job: Job, console: Console) -> Live | nullcontext[None]:
    """A table that fills while the job runs; on a pipe nothing, since the final table says it all."""
    if not console.is_terminal:
        return nullcontext()
    return Live(get_renderable=lambda: _table(job), console=console, refresh_per_second=4, transient=True)


def _table(job: Job) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("step", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("what it showed", overflow="fold")
    table.add_column("seconds", justify="right", no_wrap=True)
    for row in job.rows.values():
        mark = f"[{MARKS[row.state]}]{row.state}[/]"
        table.add_row(row.name, mark, row.outcome.showed or row.purpose, f"{row.seconds:.1f}" if row.seconds else "")
    return table


def _print(job: Job, console: Console, page: Path, seconds: float) -> None:
    failed = [row.name for row in job.rows.values() if row.state == FAILED]
    console.print(_table(job))
    console.print()
    for name in failed:
        console.print(f"[bold red]{name} failed[/]; its log: reports/logs/{name}.log")
    said = "[bold red]the contract does not hold[/]" if failed else "[bold green]the contract holds[/]"
    console.print(f"{said}, {seconds:.0f} s; report: {page.relative_to(job.config.root)}", highlight=False)
