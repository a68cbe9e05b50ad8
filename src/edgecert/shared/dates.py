"""Dates that people give, and how they are told."""

from __future__ import annotations

from datetime import UTC, datetime

from edgecert.shared.clock import format_time
from edgecert.shared.errors import UsageError
from edgecert.shared.words import _


def parse_when(text: str) -> datetime:
    """Give the UTC time that ``text`` names: RFC 3339 with zone, or ``YYYY-MM-DD HH:MM`` in this machine's zone.

    Raises:
        UsageError: it is neither.
    """
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except ValueError:
        message = _("{text!r} is no date").format(text=text)
        hint = _("write 2026-12-01T03:00:00Z or, in local time, 2026-12-01 03:00")
        raise UsageError(message, code="date", hint=hint) from None


def both_ways(moment: datetime) -> str:
    """Give ``moment`` in UTC and in this machine's zone, so that nobody has to guess."""
    return f"{format_time(moment)} ({moment.astimezone():%Y-%m-%d %H:%M %Z} here)"
