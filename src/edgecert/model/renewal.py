"""When a certificate is renewed, and when that is late."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from edgecert.model.findings import Severity
from edgecert.shared.duration import parse_duration

if TYPE_CHECKING:
    from datetime import datetime

AUTO: Final = "auto"
_LONGEST_AUTO: Final = timedelta(days=30)
_SHORT_LIVED: Final = timedelta(days=10)
_SPREAD: Final = 0.1
"""By how much of its span a renewal may come earlier, so that those of one host do not come together."""


@dataclass(frozen=True, slots=True)
class RenewalDecision:
    """Whether to renew now, since when or from when, and how bad it is that nobody did."""

    due: bool
    due_at: datetime
    overdue: Severity | None = None
    not_after: datetime | None = None


def decide_renewal(  # the facts that decide
    not_before: datetime,
    not_after: datetime,
    *,
    now: datetime,
    renew_before: str = AUTO,
    jitter: float = 0.0,
    picked: datetime | None = None,
) -> RenewalDecision:
    """Decide from the dates of a certificate whether it is renewed at ``now``.

    ``picked`` is the time that was picked in the CA's window (RFC 9773); it counts, but not beyond the point from which
    on a renewal would be critically late. Without it ``auto`` renews when a third of the life is left, at most 30 days,
    and at half of it for lives under ten days. A duration is obeyed up to two thirds of the life: a longer one would
    renew a fresh certificate on every run. ``jitter`` (0 to 1) draws that forward by up to a tenth of the span. Late by
    a third of the time between due date and end is a warning, by two thirds an error.

    Raises:
        ValueError: ``renew_before`` is neither ``auto`` nor a duration.
    """
    span = renewal_span(not_after - not_before, renew_before)
    due_at = not_after - span * (1 + _SPREAD * jitter)
    if picked is not None:
        due_at = min(picked, not_after - span / 3)
    late, left = now - due_at, not_after - due_at
    if late < timedelta(0):
        return RenewalDecision(due=False, due_at=due_at, not_after=not_after)
    overdue = Severity.ERROR if late >= left * 2 / 3 else Severity.WARNING if late >= left / 3 else None
    return RenewalDecision(due=True, due_at=due_at, overdue=overdue, not_after=not_after)


def jitter_of(store_id: str, name: str) -> float:
    """Give the share (0 to 1) by which ``name`` comes earlier on this host: always the same, and unlike others'."""
    digest = hashlib.sha256(f"{store_id}/{name}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def renewal_span(life: timedelta, renew_before: str = AUTO) -> timedelta:
    """Give how long before its end a certificate that lives for ``life`` is renewed.

    Raises:
        ValueError: ``renew_before`` is neither ``auto`` nor a duration.
    """
    if renew_before == AUTO:
        return life / 2 if life < _SHORT_LIVED else min(life / 3, _LONGEST_AUTO)
    return min(parse_duration(renew_before), life * 2 / 3)
