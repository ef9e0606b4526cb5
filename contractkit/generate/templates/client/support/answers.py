"""The heads of answers, for who needs a header, which methods do not return: Location, ETag, what a limit leaves."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from attrs import define, field, frozen


@frozen
class Head:
    """How one answer began."""

    operation: str
    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    """Found by their names in any case."""


@define
class Captured:
    """The heads of the answers that came meanwhile, of every try; `headers` and `status_code` are of the last one."""

    heads: list[Head] = field(factory=list)

    @property
    def headers(self) -> Mapping[str, str]:
        """Raises LookupError where nothing was answered."""
        return self._last.headers

    @property
    def status_code(self) -> int:
        """Raises LookupError where nothing was answered."""
        return self._last.status_code

    @property
    def _last(self) -> Head:
        if not self.heads:
            raise LookupError("nothing was answered")
        return self.heads[-1]


CAPTURING: ContextVar[tuple[Captured, ...]] = ContextVar("capturing", default=())
"""Who listens to the calls of this thread, or task."""


@contextmanager
def capture() -> Iterator[Captured]:
    """Captures what is answered to the calls of this thread or task, and of the tasks that it starts, until the end."""
    captured = Captured()
    token = CAPTURING.set((*CAPTURING.get(), captured))
    try:
        yield captured
    finally:
        CAPTURING.reset(token)
