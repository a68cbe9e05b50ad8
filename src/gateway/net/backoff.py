"""Patience with a partner that is not reached: each attempt that fails doubles the wait for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

    from edgecert.shared.clock import Clock

FIRST: Final = 5.0
"""Seconds to wait after the first failure."""
LAST: Final = 300.0
"""Seconds to wait at most, before the jitter."""
JITTER: Final = 0.2
"""Each wait is longer or shorter by up to this share, lest all call a partner that comes back at the same moment."""
_DOUBLINGS: Final = 6


class BackOff:
    """When the next attempt is due."""

    def __init__(self, clock: Clock, random: Random) -> None:
        """No attempt has failed."""
        self.until = 0.0
        """By the monotonic clock, when the next attempt is due; 0 when nothing failed."""
        self._clock = clock
        self._random = random
        self._failures = 0

    @property
    def is_over(self) -> bool:
        """Whether an attempt may be made."""
        return self._clock.monotonic() >= self.until

    def failed(self) -> None:
        """Take note of an attempt that failed."""
        wait = min(FIRST * 2 ** min(self._failures, _DOUBLINGS), LAST)
        self._failures += 1
        self.until = self._clock.monotonic() + wait * self._random.uniform(1 - JITTER, 1 + JITTER)

    def clear(self) -> None:
        """Forget all failures."""
        self.until = 0.0
        self._failures = 0
