from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.policy.tlsmemory import KEPT_ANEW_AFTER, REMEMBERED, TlsMemory

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


def test_what_is_remembered_is_kept_once_a_day_and_restored() -> None:
    memory, kept = TlsMemory(), list[tuple[str, datetime]]()
    memory.keep = lambda domain, used: kept.append((domain, used))
    memory.restore({"a.example": NOW})
    memory.note("a.example", tls=True, now=NOW + KEPT_ANEW_AFTER - timedelta(seconds=1))
    memory.note("b.example", tls=True, now=NOW)
    memory.note("c.example", tls=False, now=NOW)
    assert kept == [("b.example", NOW)]
    memory.note("a.example", tls=True, now=NOW + KEPT_ANEW_AFTER)
    assert kept[1:] == [("a.example", NOW + KEPT_ANEW_AFTER)]
    later = TlsMemory()
    later.restore(dict(kept))
    later.note("a.example", tls=False, now=NOW + 2 * KEPT_ANEW_AFTER)
    assert later.vanished("a.example") == NOW + KEPT_ANEW_AFTER
