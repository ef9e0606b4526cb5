"""What an import came to, kind by kind, and how it is told."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TextIO, TypeVar

from attrs import define, field

from broker.hal.values import Json
from broker.importing.source import UnreadableError

T = TypeVar("T")

_MOST_TOLD = 20  # reasons and notices; the rest is counted
KINDS = (
    "pacticipants",
    "labels",
    "versions",
    "branches",
    "branch versions",
    "tags",
    "environments",
    "deployments",
    "releases",
    "pacts",
    "verification results",
    "provider contracts",
    "webhooks",
)


@define
class Tally:
    """`failed` are the things that could not be taken over and why; `differences` what the last check found."""

    progress: TextIO = field(factory=lambda: sys.stderr)
    imported: Counter[str] = field(factory=Counter)
    present: Counter[str] = field(factory=Counter)
    failed: Counter[str] = field(factory=Counter)
    reasons: list[str] = field(factory=list)
    notices: list[str] = field(factory=list)
    differences: list[str] = field(factory=list)
    checked: int = 0
    _shown: int = 0

    def count(self, kind: str, *, new: bool) -> None:
        (self.imported if new else self.present)[kind] += 1

    def fail(self, kind: str, what: str, why: object) -> None:
        self.failed[kind] += 1
        self.reasons.append(f"{what}: {why}")

    def readable(self, kind: str, items: Iterable[Json], read: Callable[[Json], T]) -> list[T]:
        """Those that can be read; of the others it is told why not."""
        found = []
        for item in items:
            try:
                found.append(read(item))
            except UnreadableError as error:
                self.fail(kind, f"one of the {kind}", error)
        return found

    def notice(self, text: str) -> None:
        if text not in self.notices:
            self.notices.append(text)

    def step(self, text: str, done: int | None = None, total: int | None = None) -> None:
        """One line a step; on a terminal it counts up in its place."""
        if done is None or total is None:
            self._write(text, stays=True)
        elif self.progress.isatty():
            self._write(f"{text}: {done} of {total}", stays=done >= total)
        elif done >= total:
            self._write(f"{text}: {total}", stays=True)

    def _write(self, text: str, *, stays: bool) -> None:
        terminal = self.progress.isatty()
        padded = text.ljust(self._shown) if terminal else text
        self.progress.write(f"\r{padded}" if terminal else padded)
        self.progress.write("\n" if stays else "")
        self.progress.flush()
        self._shown = 0 if stays else len(text)

    @property
    def complete(self) -> bool:
        return not self.failed and not self.differences

    def lines(self, *, dry_run: bool = False) -> list[str]:
        told = [f"{'':<22}{'to import' if dry_run else 'imported':>10}{'was there':>12}{'not possible':>14}"]
        told += [
            f"{kind:<22}{self.imported[kind]:>10}{self.present[kind]:>12}{self.failed[kind]:>14}" for kind in KINDS
        ]
        told += _section("Could not be imported:", self.reasons)
        told += _section("To be known:", self.notices)
        told += _section("The answers of the two brokers differ:", self.differences)
        if self.checked and not self.differences:
            told += ["", f"Both brokers give the same answer for {self.checked} integration{'s' * (self.checked > 1)}."]
        return told


def _section(heading: str, items: list[str]) -> list[str]:
    if not items:
        return []
    more = [f"  ... and {len(items) - _MOST_TOLD} more"] if len(items) > _MOST_TOLD else []
    return ["", heading, *(f"  {_plain(item)}" for item in items[:_MOST_TOLD]), *more]


def _plain(text: str) -> str:
    """A terminal obeys control characters, and names come from elsewhere."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:400]
