from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecert.model.findings import Severity
from edgecert.model.renewal import decide_renewal, jitter_of, renewal_span

BEGIN: Final = datetime(2026, 11, 1, tzinfo=UTC)
DAY: Final = timedelta(days=1)


@pytest.mark.parametrize(
    ("life", "span"),
    [(200, 30), (90, 30), (47, 47 / 3), (30, 10), (10, 10 / 3), (9, 4.5), (6, 3), (1, 0.5)],
)
def test_auto_is_a_third_at_most_thirty_days_and_half_of_short_lives(life: float, span: float) -> None:
    assert renewal_span(life * DAY) == span * DAY


@pytest.mark.parametrize(("asked", "span"), [("30d", 30), ("2w", 14), ("1h", 1 / 24), ("60d", 60), ("89d", 60)])
def test_a_duration_is_obeyed_up_to_two_thirds_of_the_life(asked: str, span: float) -> None:
    assert renewal_span(90 * DAY, asked) == span * DAY


def test_a_word_that_is_no_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        renewal_span(90 * DAY, "soon")


@pytest.mark.parametrize(
    ("day", "due", "overdue"),
    [
        (59.9, False, None),
        (60, True, None),
        (69.9, True, None),
        (70, True, Severity.WARNING),
        (79.9, True, Severity.WARNING),
        (80, True, Severity.ERROR),
        (100, True, Severity.ERROR),
    ],
)
def test_late_by_a_third_is_a_warning_by_two_thirds_an_error(day: float, due: bool, overdue: Severity | None) -> None:
    decision = decide_renewal(BEGIN, BEGIN + 90 * DAY, now=BEGIN + day * DAY)
    assert (decision.due, decision.overdue) == (due, overdue)
    assert decision.due_at == BEGIN + 60 * DAY


@given(
    life=st.timedeltas(min_value=timedelta(minutes=5), max_value=timedelta(days=4000)),
    asked=st.sampled_from(["auto", "1m", "12h", "30d", "400w"]),
)
def test_a_fresh_certificate_is_never_due_and_an_expired_one_always(life: timedelta, asked: str) -> None:
    end = BEGIN + life
    assert not decide_renewal(BEGIN, end, now=BEGIN, renew_before=asked).due
    expired = decide_renewal(BEGIN, end, now=end, renew_before=asked)
    assert expired.due
    assert expired.overdue is Severity.ERROR


def test_jitter_draws_it_forward_by_up_to_a_tenth_of_the_span() -> None:
    assert decide_renewal(BEGIN, BEGIN + 90 * DAY, now=BEGIN, jitter=1.0).due_at == BEGIN + 57 * DAY
    assert decide_renewal(BEGIN, BEGIN + 90 * DAY, now=BEGIN, jitter=0.5).due_at == BEGIN + 58.5 * DAY


def test_the_renewals_of_a_host_are_spread_out_and_stay_where_they_are() -> None:
    drawn = [jitter_of("store", f"edge-{number}") for number in range(1000)]
    assert drawn == [jitter_of("store", f"edge-{number}") for number in range(1000)]
    assert all(0 <= share < 1 for share in drawn)
    assert all(50 < sum(low / 10 <= share < (low + 1) / 10 for share in drawn) < 200 for low in range(10))
    assert jitter_of("other", "edge-1") != jitter_of("store", "edge-1")


def test_the_time_picked_in_the_cas_window_counts() -> None:
    picked = BEGIN + 10 * DAY
    early = decide_renewal(BEGIN, BEGIN + 90 * DAY, now=BEGIN + 11 * DAY, jitter=1.0, picked=picked)
    assert (early.due, early.due_at) == (True, picked)
    late = decide_renewal(BEGIN, BEGIN + 90 * DAY, now=BEGIN + 61 * DAY, picked=BEGIN + 89 * DAY)
    assert (late.due, late.due_at) == (False, BEGIN + 80 * DAY), "but not until it would be critically late"


def test_a_window_in_the_past_is_now_and_lateness_counts_from_there() -> None:
    decision = decide_renewal(BEGIN, BEGIN + 90 * DAY, now=BEGIN + 40 * DAY, picked=BEGIN)
    assert (decision.due, decision.overdue) == (True, Severity.WARNING)
