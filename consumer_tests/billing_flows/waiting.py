"""How long a flow waits for work that goes on in the background."""

import time
from collections.abc import Iterator
from typing import Final

from attrs import field, frozen, validators


@frozen(kw_only=True)
class Patience:
    """Looks again after `pause`, then after twice that, and so on up to `longest`, until `deadline`. Seconds."""

    deadline: float = field(default=60.0, validator=validators.gt(0))
    pause: float = field(default=0.02, validator=validators.gt(0))
    longest: float = field(default=1.0, validator=validators.gt(0))

    def waits(self) -> Iterator[float]:
        """The waits before each further look, the last of them cut so that it ends at the deadline."""
        end = time.monotonic() + self.deadline
        pause = self.pause
        while (left := end - time.monotonic()) > 0:
            yield min(pause, left)
            pause = min(2 * pause, self.longest)


PATIENT: Final = Patience()
"""What a flow waits with unless it is told otherwise."""
