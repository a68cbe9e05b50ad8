from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gateway.database.file import Database
from gateway.database.tlsmemory import TlsStore

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 1, 12, 0, 0, 250_000, tzinfo=UTC)
DAY = timedelta(days=1)


def test_the_last_use_is_kept_and_what_is_too_old_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "state" / "gateway.db"
    with Database(path) as database:
        store = TlsStore(database)
        store.write("a.example", NOW - DAY)
        store.write("a.example", NOW)
        store.write("old.example", NOW - 2 * DAY)
    with Database(path) as database:
        store = TlsStore(database)
        assert store.load(NOW - DAY) == {"a.example": NOW}
        assert store.load(NOW - 9 * DAY) == {"a.example": NOW}
