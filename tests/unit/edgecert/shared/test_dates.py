"""Dates that people give."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgecert.shared.dates import both_ways, parse_when
from edgecert.shared.errors import UsageError


def test_rfc_3339_and_local_time() -> None:
    assert parse_when(" 2026-12-01T03:00:00Z ") == datetime(2026, 12, 1, 3, tzinfo=UTC)
    assert parse_when("2026-12-01T03:00:00+02:00") == datetime(2026, 12, 1, 1, tzinfo=UTC)
    local = datetime(2026, 12, 1, 3, 0).astimezone(UTC)  # the machine's zone is what is tested
    assert parse_when("2026-12-01 03:00") == local


def test_anything_else_is_refused_with_both_forms() -> None:
    with pytest.raises(UsageError) as refused:
        parse_when("next week")
    assert "2026-12-01 03:00" in refused.value.hint


def test_a_date_is_echoed_in_both() -> None:
    assert both_ways(datetime(2026, 12, 1, 3, tzinfo=UTC)).startswith("2026-12-01T03:00:00Z (2026-")
