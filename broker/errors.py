"""Everything that can go wrong for a reason that the caller can act on.

    BrokerError
    |-- NotFoundError      what was named does not exist
    |-- InvalidError       the request says something that cannot be accepted
    |-- ConflictError      the request contradicts what is already recorded
    |-- TooLargeError      the request is bigger than the broker takes
    |-- TooSlowError       the request did not arrive in the time that the broker waits for it
    |-- BusyError          the broker has more to do than it can: the same request may succeed later
    `-- UnusableError      the broker itself cannot run here: port taken, database unusable

What each means on the wire is decided in one place, `broker.app`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class BrokerError(Exception):
    """Root of the tree; `str(error)` is a sentence for a person."""


class NotFoundError(BrokerError):
    pass


class InvalidError(BrokerError):
    """`errors` names the faults: by field where there is a field, else as a plain list."""

    def __init__(self, errors: Mapping[str, Sequence[str]] | Sequence[str]) -> None:
        self.errors: dict[str, list[str]] | list[str] = (
            {field: list(messages) for field, messages in errors.items()}
            if isinstance(errors, Mapping)
            else list(errors)
        )
        super().__init__("; ".join(_sentences(self.errors)))


class ConflictError(BrokerError):
    """`field` is the part of the request in conflict; `details` may show the difference, line by line."""

    def __init__(self, field: str, message: str, details: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.details = details


class TooLargeError(BrokerError):
    pass


class TooSlowError(BrokerError):
    pass


class BusyError(BrokerError):
    pass


class UnusableError(BrokerError):
    pass


def _sentences(errors: dict[str, list[str]] | list[str]) -> list[str]:
    if isinstance(errors, list):
        return errors
    return [f"{field}: {message}" for field, messages in errors.items() for message in messages]
