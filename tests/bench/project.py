"""What `make bench` shows of this repository, beside what it shows of every project that has a contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from contractkit.bench.own import Section
from tests.bench import billing, broker


def measure(echo: Callable[[str], None], folder: Path) -> Iterator[Section]:
    """The sections of the project's own figures, as contractkit.bench.own asks for them."""
    yield from broker.measure(echo, folder)
    yield from billing.measure(echo, folder)
