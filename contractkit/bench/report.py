"""The figures of a run: one table on the terminal, and one HTML page without scripts or outside hosts."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from attrs import field, frozen
from jinja2 import Environment, PackageLoader, StrictUndefined
from rich import box
from rich.console import Console
from rich.table import Table

from contractkit.bench.builds import Figure
from contractkit.bench.compare import Ratio, Row
from contractkit.bench.machine import Machine
from contractkit.bench.own import Section

EXPLAINED = (
    "quotients: of medians over interleaved blocks; in brackets least and most of one",
    "other work on the machine makes figures noisy, the quotients less so",
)


@frozen
class Result:
    """Everything that one run measured. `rows` compare servers; `broker` and `builds` are plain figures, `sections` are
    of the generated client, and the project's own.
    """

    machine: Machine
    rows: tuple[Row, ...]
    broker: tuple[Figure, ...]
    builds: tuple[Figure, ...]
    notes: tuple[str, ...]
    seconds: float
    sections: tuple[Section, ...] = ()
    when: str = field(factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))


@frozen
class Bar:
    """A row as the page draws it: `width` in percent of the longest bar of its group."""

    row: Row
    width: float


def in_a_line(result: Result) -> str:
    """What the run showed, in one line."""
    compared = (f"{row.fewer.of_all:.1f} times {row.server}'s at {row.connections}" for row in result.rows if row.fewer)
    failed = sum(row.failures for row in result.rows) + sum(len(section.failures) for section in result.sections)
    return f"the stub's rate is {'; '.join(compared)}; {failed} failures; {result.seconds:.0f} s"


def print_table(result: Result) -> None:
    """The table for a person at a terminal; it fits 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in ("at\nonce", "p50\nms", "p99\nms", "per\nsecond", "its p50\n/ stub's", "stub's rate\n/ its"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result.rows:
        failed = f" [red]{row.failures} FAILED[/red]" if row.failures else ""
        figures = (_milliseconds(row.p50), _milliseconds(row.p99), f"{row.rate:.0f}")
        table.add_row(row.server + failed, str(row.connections), *figures, _times(row.slower), _times(row.fewer))
    for title, plain in (("the broker", result.broker), ("builds", result.builds)):
        table.add_section()
        table.add_row(f"[dim]{title}[/dim]")
        for figure in plain:
            table.add_row(figure.name, "", _milliseconds(figure.milliseconds))
    console = Console()
    console.print(str(result.machine), highlight=False)
    console.print(table)
    console.print("\n".join([*result.notes, *EXPLAINED]), highlight=False, style="dim", markup=False)
    for section in result.sections:
        _print_section(console, section)


def _print_section(console: Console, section: Section) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(section.title)
    table.add_column("", justify="right", no_wrap=True)
    for quantity in section.quantities:
        table.add_row(quantity.name, str(quantity))
    console.print(table)
    for failure in section.failures:
        console.print(failure, highlight=False, style="red", markup=False)
    console.print("\n".join(section.notes), highlight=False, style="dim", markup=False)


def write_page(result: Result, path: Path, *, title: str) -> None:
    """Writes the page, whole or not at all."""
    environment = Environment(loader=PackageLoader("contractkit.bench"), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("bench.html").render(
        title=title, result=result, groups=_groups(result.rows), times=_times, milliseconds=_milliseconds
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(page, encoding="utf-8")
    fresh.replace(path)


def _groups(rows: Sequence[Row]) -> dict[int, list[Bar]]:
    """The rows by number of connections, with bars for the rate."""
    groups: dict[int, list[Bar]] = {}
    for connections in dict.fromkeys(row.connections for row in rows):
        group = [row for row in rows if row.connections == connections]
        most = max(row.rate for row in group)
        groups[connections] = [Bar(row, 100 * row.rate / most) for row in group]
    return groups


def _milliseconds(value: float) -> str:
    """Three or four digits: more would be noise."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _times(ratio: Ratio | None) -> str:
    """A ratio with its spread over the blocks: `3.1 (2.8-3.4)`."""
    return "" if ratio is None else f"{ratio.of_all:.1f} ({ratio.least:.1f}-{ratio.most:.1f})"
