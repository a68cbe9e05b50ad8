from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from edgecert.shared.clock import SystemClock, format_time, parse_time


def test_times_are_written_in_utc_to_the_second() -> None:
    rome = timezone(timedelta(hours=1))
    assert format_time(datetime(2026, 11, 22, 17, 0, 30, 999, tzinfo=rome)) == "2026-11-22T16:00:30Z"


@pytest.mark.parametrize("text", ["2026-11-22T16:00:00Z", "2026-11-22T17:00:00+01:00"])
def test_times_are_read_with_their_zone(text: str) -> None:
    assert parse_time(text) == datetime(2026, 11, 22, 16, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-11-22T16:00:00", "soon", ""])
def test_refuses_a_time_without_a_zone_and_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|isoformat"):
        parse_time(text)


def test_the_systems_clock_is_aware_and_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() <= clock.monotonic()
