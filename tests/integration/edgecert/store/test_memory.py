"""What the store in memory offers beyond the contract, which test_contract.py asks of both stores."""

from __future__ import annotations

from datetime import timedelta

from edgecert.store.memory import AuditLine, MemoryStore
from tests.support.clock import FakeClock


def test_audit_lines_can_be_looked_at() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    store.audit("issued", "edge", generation=1)
    clock.advance(timedelta(minutes=1))
    store.audit("deployed", "edge", generation=1, target="gateway")
    assert store.audit_lines == [
        AuditLine("2026-11-01T12:00:00Z", "issued", "edge", {"generation": 1}),
        AuditLine("2026-11-01T12:01:00Z", "deployed", "edge", {"generation": 1, "target": "gateway"}),
    ]
