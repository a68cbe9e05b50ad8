from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from edgecert.lifecycle.alarms import Event, Happened, document_of, find_events, trouble_of
from edgecert.model.findings import Severity
from edgecert.model.renewal import RenewalDecision
from edgecert.model.renewalstate import RenewalState, Trouble
from edgecert.shared.errors import RefusedError

NOW = datetime(2026, 11, 26, tzinfo=UTC)
DAY = timedelta(days=1)
CLOSED = Trouble("refused", "the CA is closed", "wait", 6)
FINE = RenewalState(generation=1)
FAILING = replace(FINE, failures=1, error=CLOSED)
ON_TIME = RenewalDecision(due=True, due_at=NOW, not_after=NOW + 30 * DAY)
LATE = replace(ON_TIME, overdue=Severity.WARNING)
TOO_LATE = replace(ON_TIME, overdue=Severity.ERROR)
NOTHING = Happened()


def kinds(
    before: RenewalState, after: RenewalState, decision: RenewalDecision | None, happened: Happened = NOTHING
) -> tuple[list[str], RenewalState]:
    events, state = find_events(before, after, decision, happened, now=NOW)
    return [event.kind for event in events], state


def test_a_failure_is_told_once_and_each_time_it_gets_worse_and_when_it_is_over() -> None:
    told, state = kinds(FINE, FAILING, ON_TIME)
    assert told == ["renewal-failed"]
    assert kinds(state, replace(state, failures=2), ON_TIME)[0] == []
    told, state = kinds(state, state, LATE)
    assert (told, state.alarm) == (["renewal-overdue"], Severity.WARNING)
    assert kinds(state, state, LATE)[0] == []
    told, state = kinds(state, state, TOO_LATE)
    assert (told, state.alarm) == (["renewal-overdue"], Severity.ERROR)
    assert kinds(state, FINE, replace(ON_TIME, due=False), Happened(renewed=True))[0] == ["renewal-recovered"]
    assert kinds(FINE, FINE, replace(ON_TIME, due=False), Happened(renewed=True))[0] == []


def test_a_deployment_that_fails_is_told_once_until_it_works_or_fails_otherwise() -> None:
    refused = Happened(deployed=True, deployment=Trouble("deploy", "refused"))
    told, state = kinds(FINE, FINE, ON_TIME, refused)
    assert told == ["deployment-failed"]
    assert kinds(state, state, ON_TIME, refused) == ([], state)
    other = Happened(deployed=True, deployment=Trouble("reload-failed", "exit code 1"))
    assert kinds(state, state, ON_TIME, other)[0] == ["deployment-failed"]
    assert kinds(state, state, ON_TIME, NOTHING) == ([], state), "nothing was deployed: nothing is known anew"
    told, state = kinds(state, state, ON_TIME, Happened(deployed=True))
    assert (told, state.deployment) == (["deployment-recovered"], None)


def test_who_has_to_act_is_told_then_reminded() -> None:
    told, state = kinds(FINE, FINE, ON_TIME, Happened(waits=True, newly=True))
    assert (told, state.reminded_at) == (["waiting"], NOW)
    assert kinds(state, state, ON_TIME, Happened(waits=True))[0] == []
    old = replace(state, reminded_at=NOW - 7 * DAY)
    told, state = kinds(old, old, ON_TIME, Happened(waits=True))
    assert (told, state.reminded_at) == (["reminder"], NOW)
    assert kinds(FINE, FINE, None, Happened(waits=True, newly=True))[0] == ["waiting"]


def test_what_is_told_says_which_and_why_and_until_when() -> None:
    document = document_of(Event("renewal-overdue", Severity.ERROR, CLOSED), "edge", None, NOW)
    assert document == {
        "event": "renewal-overdue",
        "severity": "critical",
        "name": "edge",
        "error": {"code": "refused", "message": "the CA is closed", "hint": "wait"},
        "not_after": None,
        "due_at": "2026-11-26T00:00:00Z",
    }


def test_what_is_kept_of_an_error_is_enough_to_fail_with_it_again() -> None:
    assert trouble_of(RefusedError("the CA is closed", hint="wait")) == CLOSED
