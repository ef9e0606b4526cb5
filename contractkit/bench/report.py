"""The figures of a run: one table on the terminal, and one HTML page without scripts or outside hosts."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from attrs import field, frozen
from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.console import Console
from rich.table import Table

from contractkit.bench.builds import Figure
from contractkit.bench.compare import Ratio, Row
from contractkit.bench.machine import Machine


@frozen
class Result:
    """Everything that one run measured. `rows` compare servers; `broker` and `builds` are plain figures."""

    machine: Machine
    rows: tuple[Row, ...]
    broker: tuple[Figure, ...]
    builds: tuple[Figure, ...]
    notes: tuple[str, ...]
    seconds: float
    when: str = field(factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))


@frozen
class Bar:
    """A row as the page draws it: `width` in percent of the longest bar of its group."""

    row: Row
    width: float


def in_a_line(result: Result) -> str:
    """What the run showed, in one line."""
    compared = (
        f"{_times(row.fewer)} {row.server}'s at {row.connections} connections" for row in result.rows if row.fewer
    )
    failed = sum(row.failures for row in result.rows)
    return f"the stub's rate is {'; '.join(compared)}; {failed} failures; {result.seconds:.0f} s"


def print_table(result: Result) -> None:
    """The table for a person at a terminal."""
    table = Table(title=str(result.machine), title_justify="left", caption_justify="left", caption=_caption(result))
    table.add_column("what")
    for name in ("connections", "p50 ms", "p99 ms", "requests/s", "its p50 / stub's", "stub's rate / its"):
        table.add_column(name, justify="right")
    for row in result.rows:
        failed = f" ({row.failures} FAILED)" if row.failures else ""
        table.add_row(
            row.server + failed,
            str(row.connections),
            f"{row.p50:.2f}",
            f"{row.p99:.2f}",
            f"{row.rate:.0f}",
            _times(row.slower),
            _times(row.fewer),
        )
    for title, figures in (("broker", result.broker), ("build", result.builds)):
        table.add_section()
        for figure in figures:
            table.add_row(f"{title}: {figure.name}", "", f"{figure.milliseconds:.2f}", "", "", "", "")
    Console().print(table)


def write_page(result: Result, path: Path, *, title: str) -> None:
    """Writes the page, whole or not at all."""
    environment = Environment(loader=PackageLoader("contractkit.bench"), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("bench.html").render(
        title=title, result=result, groups=_groups(result.rows), times=_times
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


def _times(ratio: Ratio | None) -> str:
    """A ratio with its spread over the blocks: `3.1x (2.8-3.4)`."""
    return "" if ratio is None else f"{ratio.of_all:.1f}x ({ratio.least:.1f}-{ratio.most:.1f})"


def _caption(result: Result) -> str:
    spread = "quotients are of medians over interleaved blocks, in brackets the smallest and largest of one block"
    return "\n".join(
        [*result.notes, spread, "figures are noisy where the machine has other work; the quotients less so"]
    )
