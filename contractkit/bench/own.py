"""What a project measures by itself, beside what is measured of every project.

`[tool.contractkit.bench] measure = "module:callable"` names a callable. It takes an echo, for lines on what is under
way, and a private folder that is removed when the run ends, and returns sections.
"""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from attrs import frozen

from contractkit.config import Config
from contractkit.steps import Echo, named

LOG = logging.getLogger(__name__)


@frozen
class Quantity:
    """One figure of a project's own, for example 51,000 `lines a second`."""

    name: str
    value: float
    unit: str

    def __str__(self) -> str:
        """Three digits or more: fewer would hide a difference, more would be noise."""
        size = abs(self.value)
        shown = f"{self.value:,.0f}" if size >= 100 else f"{self.value:.1f}" if size >= 10 else f"{self.value:.2f}"
        return f"{shown} {self.unit}"


@frozen
class Section:
    """Figures that belong together. `failures` are results that were wrong, which fails the whole run."""

    title: str
    quantities: tuple[Quantity, ...]
    notes: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


Measure = Callable[[Echo, Path], Iterable[Section]]


def configured(config: Config) -> Measure | None:
    """The callable, looked up before minutes are spent on the rest. Raises ConfigError as `named` does."""
    return named(config.bench.measure) if config.bench.measure else None


def measure(project: Measure, echo: Echo, folder: Path) -> tuple[Section, ...]:
    """The sections of a project. What it raises is a failure beside the sections before it: their figures stay."""
    sections: list[Section] = []
    try:
        sections.extend(project(echo, folder))
    except Exception as error:
        LOG.exception("the project's own measurement ended early")
        said = f"ended early: {type(error).__name__}: {error}"
        sections.append(Section("The project's own measurement", (), failures=(said,)))
    return tuple(sections)
