"""How much work one value is worth."""

from __future__ import annotations

from typing import Any

_MOST_STEPS = 200_000


class TooMuchError(Exception):
    """The value and its schemas are too deep or too intertwined to be compared in reasonable time."""


class Effort:
    """What a check and those that it starts may still do together: choices that multiply must come to an end."""

    def __init__(self, value: Any) -> None:
        self._left = min(20_000 + 20 * _size(value), _MOST_STEPS)

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooMuchError


def _size(value: Any) -> int:
    pending, size = [value], 0
    while pending:
        one = pending.pop()
        size += 1
        if isinstance(one, dict | list):
            pending += one.values() if isinstance(one, dict) else one
    return size
