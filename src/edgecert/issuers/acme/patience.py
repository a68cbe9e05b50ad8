"""How long one issuance may take in all, and every pause in it."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from edgecert.interfaces import WatchesWaits
from edgecert.shared.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecert.interfaces import Progress
    from edgecert.shared.clock import Clock

PATIENCE: Final = 300.0
"""The seconds that one certificate may take in all."""

FIRST_PAUSE: Final = 0.01
LONGEST_PAUSE: Final = 5.0
_GROWTH: Final = 1.6


class Patience:
    """A budget of seconds; all that waits takes from it."""

    def __init__(
        self, clock: Clock, pause: Callable[[float], None], seconds: float, progress: Progress | None = None
    ) -> None:
        """Allow ``seconds`` from now on; ``pause`` is what waits, and ``progress`` may want to know what for."""
        self._progress = progress
        self._clock = clock
        self._pause = pause
        self._end = clock.monotonic() + seconds
        self._seconds = seconds

    @property
    def left(self) -> float:
        """The seconds that are left; never negative."""
        return max(0.0, self._end - self._clock.monotonic())

    def monotonic(self) -> float:
        """Give seconds that never go back, for measuring."""
        return self._clock.monotonic()

    def wait(self, seconds: float, what: str) -> None:
        """Wait ``seconds`` for ``what``.

        Raises:
            NetworkError: ``acme-timeout``: that is longer than what is left; nothing is waited then.
        """
        if seconds >= self.left:
            message = f"gave up waiting for {what}: one certificate may take {self._seconds:g} s"
            hint = "run the command again: it goes on with the same order"
            raise NetworkError(message, code="acme-timeout", hint=hint)
        if isinstance(self._progress, WatchesWaits):
            self._progress.waits(what, self.left)
        self._pause(seconds)

    def retry_after(self, header: str) -> float | None:
        """Give the seconds that a Retry-After header means (RFC 9110 §10.2.3), or None if it says nothing."""
        text = header.strip()
        if text.isascii() and text.isdecimal():
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
            return max(0.0, (moment - self._clock.now()) / timedelta(seconds=1))
        except (ValueError, TypeError):  # TypeError: a date without a zone
            return None


def growing_pause(number: int) -> float:
    """Give the pause before look ``number`` (from 0) where the CA does not say how long."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * _GROWTH ** min(number, 20)))
