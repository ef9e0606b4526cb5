"""What happened first within one second, of which a source tells no more than that it was the same one.

Whether a pact is pending for a branch hangs on which came first, the success or the branch. The order of the
provider's versions, which every source tells, stands for it: what a version begins or proves comes before what a
later version does, and the branch that it begins before its own results.
"""

from __future__ import annotations

from attrs import define

_SECOND = 1_000_000
_PLACES = _SECOND // 2


def of_branch(at: int, first_version_id: int) -> int:
    """When the branch began, which this version began at `at`; instants are microseconds."""
    return at if at % _SECOND else at + 2 * (first_version_id % _PLACES)


@define
class Results:
    """Takes results in their order, which they keep."""

    _last: int = 0

    def at(self, at: int, version_id: int) -> int:
        if at % _SECOND:
            return at
        found = at + 2 * (version_id % _PLACES) + 1
        if self._last // _SECOND == at // _SECOND:
            found = max(found, self._last)
        self._last = found
        return found
