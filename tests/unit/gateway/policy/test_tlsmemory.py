from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.policy.tlsmemory import REMEMBERED, TlsMemory

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def test_tls_that_was_there_lately_and_is_not_now_is_told_until_it_is_back() -> None:
    memory = TlsMemory()
    memory.note("a.example", tls=False, now=NOW)
    assert memory.vanished("a.example") is None  # it never had any
    memory.note("a.example", tls=True, now=NOW)
    assert memory.vanished("a.example") is None
    memory.note("a.example", tls=False, now=NOW + REMEMBERED)
    assert memory.vanished("a.example") == NOW
    assert memory.vanished("b.example") is None
    memory.note("a.example", tls=True, now=NOW + REMEMBERED)
    assert memory.vanished("a.example") is None
    memory.note("a.example", tls=False, now=NOW + 2 * REMEMBERED + timedelta(seconds=1))
    assert memory.vanished("a.example") is None
