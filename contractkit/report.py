"""The report of a whole run as one HTML page, without scripts or outside hosts."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from contractkit.config import Config
    from contractkit.contract import Step


@frozen
class OperationAnswers:
    """How one operation answered under fuzzing: replies by class of status, and each status with its count."""

    label: str
    success: int
    client_error: int
    server_error: int
    statuses: str

    @property
    def total(self) -> int:
        return self.success + self.client_error + self.server_error


def write(config: "Config", rows: Sequence["Step"], *, seconds: float) -> Path:
    """Writes reports/contract.html from the rows of a run and returns its path."""
    outcomes = {row.name: row.outcome.data for row in rows}
    environment = Environment(loader=PackageLoader("contractkit"), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("contract.html").render(
        title=config.root.name,
        provider=config.provider.name,
        holds=all(row.state == "passed" for row in rows),
        rows=rows,
        seconds=seconds,
        when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        consumers=_by_consumer(outcomes["verify"]),
        operations=_answers(outcomes["fuzz"]),
        fuzz=outcomes["fuzz"],
    )
    path = config.reports / "contract.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(page, encoding="utf-8")
    fresh.replace(path)
    return path


def _by_consumer(verification: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for interaction in verification.get("interactions", ()):
        found.setdefault(interaction["consumer"], []).append(interaction)
    return dict(sorted(found.items()))


def _answers(fuzz: Mapping[str, Any]) -> list[OperationAnswers]:
    rows = []
    for label, counts in fuzz.get("answers", {}).items():
        by_class = {digit: sum(n for status, n in counts.items() if status[0] == digit) for digit in "245"}
        statuses = ", ".join(f"{status}: {count}" for status, count in counts.items())
        rows.append(OperationAnswers(label, by_class["2"], by_class["4"], by_class["5"], statuses))
    return rows
