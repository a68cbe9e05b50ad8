from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edgecert.model.findings import Severity
from edgecert.model.renewalstate import (
    LONGEST_BACK_OFF,
    RenewalState,
    Trouble,
    after_failure,
    of_generation,
    reminder_due,
)

NOW = datetime(2026, 11, 26, tzinfo=UTC)
DAY = timedelta(days=1)
CLOSED = Trouble("refused", "the CA is closed")


def failed(times: int, *, left: timedelta = 60 * DAY, wait: timedelta | None = None) -> RenewalState:
    state = RenewalState(generation=1)
    for _ in range(times):
        state = after_failure(state, CLOSED, now=NOW, left=left, wait=wait)
    return state


@pytest.mark.parametrize(("times", "minutes"), [(1, 5), (2, 10), (3, 20), (8, 640), (9, 720), (40, 720)])
def test_each_failure_waits_longer_up_to_twelve_hours(times: int, minutes: int) -> None:
    state = failed(times)
    assert state.retry_at == NOW + timedelta(minutes=minutes)
    assert (state.failures, state.error, state.troubled) == (times, CLOSED, True)


def test_a_certificate_that_ends_soon_is_tried_more_often() -> None:
    assert failed(9, left=DAY).retry_at == NOW + DAY / 12
    assert failed(9, left=-DAY).retry_at == NOW + timedelta(minutes=5)


def test_as_long_as_the_ca_asks_for_is_waited_in_any_case() -> None:
    assert failed(1, wait=3 * DAY).retry_at == NOW + 3 * DAY
    assert failed(9, wait=timedelta(seconds=1)).retry_at == NOW + LONGEST_BACK_OFF


def test_trouble_with_an_older_generation_is_over() -> None:
    state = replace(failed(3), alarm=Severity.ERROR, deployment=CLOSED)
    assert of_generation(state, 1) is state
    fresh = of_generation(state, 2)
    assert (fresh.generation, fresh.troubled, fresh.alarm, fresh.retry_at) == (2, False, None, None)
    assert fresh.deployment == CLOSED, "what was not deployed is still not deployed"


@pytest.mark.parametrize(("days", "due"), [(None, True), (6, False), (7, True)])
def test_a_person_is_reminded_weekly(days: int | None, due: bool) -> None:
    state = RenewalState(reminded_at=None if days is None else NOW - days * DAY)
    assert reminder_due(state, now=NOW, not_after=NOW + 25 * DAY, due_at=NOW - 5 * DAY) is due


def test_and_daily_near_the_end() -> None:
    state = RenewalState(reminded_at=NOW - DAY)
    assert reminder_due(state, now=NOW, not_after=NOW + 5 * DAY, due_at=NOW - 25 * DAY)
