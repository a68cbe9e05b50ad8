from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gateway.database.file import Database
from gateway.errors import DatabaseError
from gateway.model.queued import KEPT_FOR, QueuedStanza
from gateway.service.queues import QueueDesk
from gateway.service.worker import Worker
from tests.support.pairs import chat
from tests.support.streams import HOME, PARTNER

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 1, tzinfo=UTC)


async def test_the_worker_does_what_the_loop_asks_for(tmp_path: Path) -> None:
    worker = Worker()
    database = Database(tmp_path / "state" / "gateway.db")
    desk = QueueDesk(database, worker)
    try:
        kept = await desk.add([QueuedStanza(chat(1), NOW, NOW + KEPT_FOR)])
        assert await desk.read(HOME, PARTNER, after=0, limit=9) == kept
        assert [each.stanzas for each in await desk.backlogs()] == [1]
        await desk.remove([kept[0].number])
        assert await desk.backlogs() == []
    finally:
        await worker.run(database.close)
        worker.close()


async def test_a_full_disk_is_told(tmp_path: Path) -> None:
    worker = Worker()
    path = tmp_path / "state" / "gateway.db"
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)
    try:
        with pytest.raises(DatabaseError):
            await QueueDesk(Database(path), worker).backlogs()
    finally:
        worker.close()
