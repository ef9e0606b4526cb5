"""What a project measures by itself, beside what is measured of every project.

`[tool.contractkit.bench] measure = "module:callable"` names a callable. It takes an echo, for lines on what is under
way, and a private folder that is removed when the run ends, and returns sections.
"""

from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

from contractkit.config import Config
from contractkit.steps import Echo, named


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


def measure(config: Config, echo: Echo, folder: Path) -> tuple[Section, ...]:
    """The sections of the configured callable; none where none is configured. Raises ConfigError as `named` does."""
    if not config.bench.measure:
        return ()
    sections: Iterable[Section] = named(config.bench.measure)(echo, folder)
    return tuple(sections)
