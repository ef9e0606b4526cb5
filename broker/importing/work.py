"""What every step of an import needs, and how things are taken in portions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from attrs import frozen

from broker.importing.source import Source
from broker.importing.tally import Tally
from broker.store.database import Database
from broker.webhooks.destinations import Policy

# A portion is one transaction: others who write wait for that long and no longer, and an import that is
# interrupted has lost no more than that.
PORTION = 100
T = TypeVar("T")


@frozen
class Work:
    source: Source
    database: Database
    tally: Tally
    webhooks_allowed: Policy


@frozen
class Pair:
    """An integration, by the names of its two sides."""

    consumer: str
    provider: str

    def __str__(self) -> str:
        return f"{self.consumer} with {self.provider}"


@frozen
class Scope:
    """What is imported; `everything` unless some pacticipants were named."""

    pacticipants: tuple[str, ...]
    pairs: tuple[Pair, ...]
    everything: bool


def portions(items: Sequence[T], size: int = PORTION) -> Iterator[tuple[int, Sequence[T]]]:
    """(how many are done with this portion, the portion)."""
    for start in range(0, len(items), size):
        portion = items[start : start + size]
        yield start + len(portion), portion
