"""A clock that a test moves by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Implements :class:`edgecert.shared.clock.Clock`; starts at a fixed moment and moves only when told."""

    def __init__(self, start: datetime = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)) -> None:
        """Start at ``start``."""
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """Give the present moment of this clock."""
        return self._now

    def monotonic(self) -> float:
        """Give the seconds of this clock."""
        return self._monotonic

    def advance(self, step: timedelta) -> None:
        """Move on by ``step``."""
        self._now += step
        self._monotonic += step.total_seconds()
