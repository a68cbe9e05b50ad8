"""What people are told of renewals: the first failure, each time it gets worse, its end; reminders to act."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from edgecert.model.findings import Severity
from edgecert.model.renewalstate import Trouble, reminder_due
from edgecert.shared.clock import format_time

if TYPE_CHECKING:
    from datetime import datetime

    from edgecert.model.renewal import RenewalDecision
    from edgecert.model.renewalstate import RenewalState
    from edgecert.shared.bundle import BundleMeta
    from edgecert.shared.errors import EdgecertError
    from edgecert.shared.jsonvalue import JsonObject

EventKind = Literal[
    "renewal-failed", "renewal-overdue", "renewal-recovered", "deployment-failed", "deployment-recovered", "waiting",
    "reminder",
]  # fmt: skip
_RANK = {None: 0, Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that people are told once."""

    kind: EventKind
    severity: Severity = Severity.WARNING
    error: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """What a run did for a lineage, as far as people care.

    ``waits``: a person has to act, ``newly`` since this run. ``deployed``: deploying was tried, and ``deployment`` is
    what went wrong with it.
    """

    renewed: bool = False
    waits: bool = False
    newly: bool = False
    deployment: Trouble | None = None
    deployed: bool = False


def find_events(
    before: RenewalState, after: RenewalState, decision: RenewalDecision | None, happened: Happened, *, now: datetime
) -> tuple[tuple[Event, ...], RenewalState]:
    """Give what is told after a run, and the state that remembers it was."""
    events: list[Event] = []
    if happened.renewed and (before.troubled or before.alarm is not None):
        events.append(Event("renewal-recovered", Severity.INFO))
    if after.troubled and not before.troubled:
        events.append(Event("renewal-failed", error=after.error))
    overdue = decision.overdue if decision is not None else None
    if _RANK[overdue] > _RANK[after.alarm]:
        events.append(Event("renewal-overdue", overdue or Severity.WARNING, after.error))
        after = replace(after, alarm=overdue)
    events += _of_deployment(before, happened)
    after = replace(after, deployment=happened.deployment if happened.deployed else before.deployment)
    if happened.waits and decision is not None:
        not_after = now if decision.not_after is None else decision.not_after
        if happened.newly or reminder_due(after, now=now, not_after=not_after, due_at=decision.due_at):
            events.append(Event("waiting" if happened.newly else "reminder"))
            after = replace(after, reminded_at=now)
    elif happened.newly:
        events.append(Event("waiting"))
    return tuple(events), after


def _of_deployment(before: RenewalState, happened: Happened) -> list[Event]:
    if not happened.deployed:
        return []
    if happened.deployment is None:
        return [Event("deployment-recovered", Severity.INFO)] if before.deployment is not None else []
    known = before.deployment.code if before.deployment is not None else ""
    if known == happened.deployment.code:
        return []
    return [Event("deployment-failed", error=happened.deployment)]


def document_of(event: Event, name: str, meta: BundleMeta | None, due_at: datetime | None) -> JsonObject:
    """Give the JSON that a notify command gets."""
    error = event.error
    return {
        "event": event.kind,
        "severity": "critical" if event.severity is Severity.ERROR else event.severity.value,
        "name": name,
        "error": {"code": error.code, "message": error.message, "hint": error.hint} if error else None,
        "not_after": format_time(meta.not_after) if meta else None,
        "due_at": format_time(due_at) if due_at else None,
    }


def trouble_of(error: EdgecertError) -> Trouble:
    """Give what is kept of ``error``."""
    return Trouble(error.code, error.message, error.hint, int(error.exit_code))
