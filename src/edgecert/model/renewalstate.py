"""How the renewal of a lineage stands: what the CA wants, what failed, who was told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from edgecert.model.findings import Severity
    from edgecert.model.renewalinfo import RenewalInfo

FIRST_BACK_OFF: Final = timedelta(minutes=5)
LONGEST_BACK_OFF: Final = timedelta(hours=12)
WEEKLY: Final = timedelta(days=7)
DAILY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """What the CA said of a generation, the time picked in its window, and when it is asked again."""

    generation: int
    info: RenewalInfo | None
    picked: datetime | None
    ask_again_at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an error said, kept for the runs that do not try again yet."""

    code: str
    message: str
    hint: str = ""
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class RenewalState:
    """What is kept of a lineage between runs; ``alarm`` is the worst that people were told of the present trouble."""

    generation: int = 0
    """Whose renewal this is about; what is kept of an older one counts no more."""
    window: Window | None = None
    failures: int = 0
    retry_at: datetime | None = None
    error: Trouble | None = None
    alarm: Severity | None = None
    deployment: Trouble | None = None
    """Why the last deployment failed, as it was told."""
    reminded_at: datetime | None = None

    @property
    def troubled(self) -> bool:
        """Whether the last attempt failed."""
        return self.failures > 0


def after_failure(  # the facts of one failure
    state: RenewalState, error: Trouble, *, now: datetime, left: timedelta, wait: timedelta | None = None
) -> RenewalState:
    """Give the state after an attempt that failed.

    The next one waits twice as long as this one did, from five minutes to twelve hours, but never more than a twelfth
    of what is ``left`` of the certificate, and as long as the CA asked for (``wait``) in any case.
    """
    pause = min(FIRST_BACK_OFF * 2 ** min(state.failures, 16), LONGEST_BACK_OFF, max(left / 12, FIRST_BACK_OFF))
    return replace(
        state,
        failures=state.failures + 1,
        retry_at=now + max(pause, wait or timedelta(0)),
        error=error,
    )


def of_generation(state: RenewalState, generation: int) -> RenewalState:
    """Give ``state`` as it counts for ``generation``: trouble with an older one is over."""
    if state.generation == generation:
        return state
    return RenewalState(generation=generation, deployment=state.deployment)


def reminder_due(state: RenewalState, *, now: datetime, not_after: datetime, due_at: datetime) -> bool:
    """Whether a person who has to act is reminded: weekly, and daily when a third of the time is left."""
    if state.reminded_at is None:
        return True
    near = now >= not_after - (not_after - due_at) / 3
    return now - state.reminded_at >= (DAILY if near else WEEKLY)
