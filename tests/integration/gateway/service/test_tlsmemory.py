from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.database.file import Database
from gateway.policy.tlsmemory import TlsMemory
from gateway.service.tlsmemory import TlsMemoryDesk
from gateway.service.worker import Worker
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    import pytest


async def test_a_later_run_knows_who_used_tls(tmp_path: Path) -> None:
    database, worker, clock = Database(tmp_path / "state" / "gateway.db"), Worker(), FakeClock()
    work: list[Coroutine[object, object, None]] = []
    desk = TlsMemoryDesk(database, worker, lambda one, _name: work.append(one))
    try:
        first, later = TlsMemory(), TlsMemory()
        await desk.open(first, clock)
        first.note("a.example", tls=True, now=clock.now())
        await work.pop()
        await desk.open(later, clock)
        later.note("a.example", tls=False, now=clock.now())
        assert later.vanished("a.example") == clock.now()
    finally:
        await worker.run(database.close)
        worker.close()


async def test_a_disk_that_does_not_work_is_told_and_harms_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database, worker, clock = Database(tmp_path / "state" / "gateway.db"), Worker(), FakeClock()
    work: list[Coroutine[object, object, None]] = []
    desk = TlsMemoryDesk(database, worker, lambda one, _name: work.append(one))
    try:
        memory = TlsMemory()
        await desk.open(memory, clock)
        await worker.run(database.close)
        (tmp_path / "state" / "gateway.db").write_bytes(b"no database" * 100)
        memory.note("a.example", tls=True, now=clock.now())
        await work.pop()
        assert "the use of TLS was not noted" in caplog.text
    finally:
        worker.close()
