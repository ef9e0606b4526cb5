"""How much work a comparison is worth.

Work is counted in steps rather than in seconds, so that the same pact and document always come to the same report.
"""

from __future__ import annotations

from typing import Any

# Some ten seconds of one core: a body of 300,000 values, or many small ones.
MOST_OF_A_COMPARISON = 1_000_000
_LEAST_OF_A_VALUE = 20_000


class NotComparedError(Exception):
    """A value that cannot be held against its schemas; the message is a clause about the value."""


class TooMuchError(NotComparedError):
    """The value and its schemas are too large or too intertwined to be compared in reasonable time."""

    def __init__(self) -> None:
        super().__init__("is too large, or its schema too intertwined, to be compared")


class Budget:
    """The steps that one comparison may take. Whoever spends more than is left raises TooMuchError, then and ever
    after."""

    def __init__(self, steps: int = MOST_OF_A_COMPARISON) -> None:
        self._given = steps
        self.left = steps

    @property
    def spent(self) -> int:
        return self._given - self.left

    @property
    def is_spent(self) -> bool:
        return self.left < 0

    def take(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooMuchError

    def effort(self, value: Any) -> Effort:
        return Effort(value, self)


class Effort:
    """What a check and those that it starts may still do together: choices that multiply must come to an end."""

    def __init__(self, value: Any, budget: Budget) -> None:
        self._budget = budget
        self._left = _LEAST_OF_A_VALUE + 20 * _size(value, most=budget.left)

    def take(self, steps: int = 1) -> None:
        self._left -= steps
        if self._left < 0:
            raise TooMuchError
        self._budget.take(steps)


def _size(value: Any, most: int) -> int:
    """The number of values within, as far as it matters."""
    pending, size = [value], 0
    while pending and size <= most:
        one = pending.pop()
        size += 1
        if isinstance(one, dict | list):
            pending += one.values() if isinstance(one, dict) else one
    return size
