"""Whether this host's clock can be right: every answer of the CA carries the CA's time."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from edgecert.shared.clock import format_time
from edgecert.shared.errors import EdgecertError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from edgecert.interfaces import Progress
    from edgecert.shared.clock import Clock

WARN_FROM: Final = timedelta(minutes=5)
REFUSE_FROM: Final = timedelta(hours=1)


class ClockWatch:
    """Compares the Date header (RFC 9110 §6.6.1) of answers with our clock.

    What counts is the answer that agrees best: one may come from a cache on the way, and be old.
    """

    def __init__(self, clock: Clock, progress: Progress) -> None:
        """Compare with ``clock``; tell ``progress`` of minutes."""
        self._clock = clock
        self._progress = progress
        self._skew: timedelta | None = None
        self._theirs: datetime | None = None

    def see(self, headers: Mapping[str, str]) -> None:
        """Take what an answer says; header names are in lower case. An answer without a date says nothing."""
        try:
            theirs = parsedate_to_datetime(headers.get("date", ""))
            skew = self._clock.now() - theirs
        except (ValueError, TypeError):  # TypeError: a date without a zone
            return
        if self._skew is None or abs(skew) < abs(self._skew):
            self._skew, self._theirs = skew, theirs

    def verify(self) -> None:
        """See that the clocks agree well enough to place an order.

        Raises:
            EdgecertError: ``clock-wrong``: by more than an hour.
        """
        if self._skew is None or self._theirs is None or abs(self._skew) <= REFUSE_FROM:
            return
        message = f"{self._difference()}; with such a clock no order is placed"
        raise EdgecertError(message, code="clock-wrong", hint="set the clock (timedatectl), and keep it by NTP")

    def tell(self) -> None:
        """Say at the end of a run that the clocks differ by minutes or more, if they do."""
        if self._skew is not None and abs(self._skew) > WARN_FROM:
            self._progress.warn("clock-skewed", self._difference())

    def _difference(self) -> str:
        skew, theirs = self._skew or timedelta(), self._theirs or self._clock.now()
        which = "ahead of" if skew > timedelta() else "behind"
        minutes = round(abs(skew) / timedelta(minutes=1))
        return f"this host's clock is {minutes} minutes {which} the CA's ({format_time(theirs)} there)"
