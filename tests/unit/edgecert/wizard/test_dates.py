from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgecert.shared.errors import UsageError
from edgecert.wizard.dates import parse_when


def test_a_date_with_a_zone_and_one_without() -> None:
    assert parse_when(" 2026-12-01T03:00:00Z ") == datetime(2026, 12, 1, 3, tzinfo=UTC)
    assert parse_when("2026-12-01 03:00") == datetime(2026, 12, 1, 3).astimezone(UTC)  # local on purpose


def test_what_is_no_date_is_said() -> None:
    with pytest.raises(UsageError) as refused:
        parse_when("tomorrow")
    assert refused.value.code == "date"
