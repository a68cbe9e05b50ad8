"""Time, handed in: nothing else in the two programs asks the wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Give the wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never go back, for measuring."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Give the wall-clock time, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251  # the one place that may ask

    def monotonic(self) -> float:
        """Give seconds that never go back, for measuring."""
        return time.monotonic()


def format_time(moment: datetime) -> str:
    """Give ``moment`` in RFC 3339, UTC, to the second: ``2026-11-22T16:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """Give the aware UTC time that an RFC 3339 ``text`` names.

    Raises:
        ValueError: ``text`` is no RFC 3339 time or has no zone.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        message = f"{text!r} has no time zone"
        raise ValueError(message)
    return moment.astimezone(UTC)
