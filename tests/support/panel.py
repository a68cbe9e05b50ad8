"""The control panel without a terminal or a gateway: a desk that answers from memory, keys by Textual's pilot."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.panel.app import PanelApp
from gateway.policy.commit import compare_tables, prepare_table
from gateway.policy.partnerfile import partner_from_json, partner_to_json
from tests.support.clock import FakeClock
from tests.support.driven import Driven

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from edgecert.shared.control import CloseOldStreams
    from edgecert.shared.errors import EdgecertError
    from edgecert.shared.jsonvalue import JsonObject, JsonValue
    from gateway.policy.partner import PartnerTable

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
STATUS: JsonObject = {
    "ready": True,
    "reasons": [],
    "uptime_s": 93784,
    "certificates": [
        {
            "name": "edge-external",
            "generation": 7,
            "serial": "5d01",
            "fingerprint_sha256": "9f" * 32,
            "not_before": "2026-11-01T00:00:00Z",
            "not_after": "2027-01-30T00:00:00Z",
            "names": ["sip.contoso.com", "contoso.com"],
            "domains": ["contoso.com"],
            "held": [5, 6, 7],
        }
    ],
    "staged": [],
    "homes": [{"domain": "contoso.com", "connected": True}],
    "streams": {"inbound": 1, "outbound": 1},
    "partners": [
        {"domain": "fabrikam.com", "state": "open", "reason": "", "queued": 0, "warnings": []},
        {
            "domain": "northwind.example",
            "state": "failed",
            "reason": "dns-not-found: northwind.example has no servers",
            "queued": 3,
            "warnings": [],
        },
    ],
    "counts": {"stanzas": {"inbound": 10, "outbound": 20}, "handshakes": {"ok": 2, "failed": 0}},
}
STREAM: JsonObject = {
    "direction": "inbound",
    "domain": "fabrikam.com",
    "home": "contoso.com",
    "address": "192.0.2.7",
    "port": 40000,
    "method": "external",
    "proof": "pkix",
    "certificate": "edge-external",
    "generation": 6,
    "current": False,
    "tls": "TLSv1.3",
    "cipher": "TLS_AES_256_GCM_SHA384",
    "direct_tls": False,
    "age_s": 3700,
    "idle_s": 4,
    "stanzas": 12,
    "stanzas_in": 12,
    "stanzas_out": 0,
    "both_ways": False,
    "pairs": [
        {"domain": "fabrikam.com", "home": "contoso.com", "method": "external", "proof": "pkix"},
        {"domain": "sales.fabrikam.com", "home": "contoso.com", "method": "tls-dialback", "proof": "dns"},
    ],
}
FAILURE: JsonObject = {
    "direction": "outbound",
    "domain": "northwind.example",
    "home": "contoso.com",
    "address": "",
    "step": "dns",
    "code": "dns-not-found",
    "text": "northwind.example has no servers",
    "first": "2026-11-26T11:00:00Z",
    "last": "2026-11-26T11:59:00Z",
    "count": 4,
    "hint": "check the spelling of northwind.example",
}
STEPS: tuple[JsonObject, ...] = (
    {"step": "dns", "outcome": "ok", "elapsed_ms": 3.1, "text": "2 servers", "code": "", "hint": ""},
    {
        "step": "tcp",
        "outcome": "failed",
        "elapsed_ms": 20.0,
        "text": "192.0.2.9 port 5269: connection refused",
        "code": "connect-failed",
        "hint": "check that their server runs",
    },
)


def partner(domain: str, **keys: JsonValue) -> JsonObject:
    """Give a partner with every key."""
    return partner_to_json(partner_from_json({"domain": domain, **keys}))


@dataclass
class FakeDesk:
    """A gateway's answers from memory; partners obey the rules of a commit. Implements ``gateway.panel.desk.Desk``."""

    read_only: bool = False
    table: list[JsonObject] = field(
        default_factory=lambda: [partner("fabrikam.com", description="Fabrikam Inc."), partner("northwind.example")]
    )
    status: JsonObject = field(default_factory=lambda: dict(STATUS))
    streams: list[JsonObject] = field(default_factory=lambda: [STREAM])
    failures: list[JsonObject] = field(default_factory=lambda: [FAILURE])
    known: JsonObject = field(
        default_factory=lambda: {
            "contacts": [
                {
                    "home": "bob@contoso.com",
                    "partner": "alice@fabrikam.com",
                    "listed": True,
                    "to": True,
                    "pinned": False,
                }
            ],
            "knocks": [
                {
                    "home": "bob@contoso.com",
                    "partner": "eve@fabrikam.com",
                    "count": 2,
                    "first": "2026-11-26T10:00:00Z",
                    "last": "2026-11-26T11:00:00Z",
                }
            ],
        }
    )
    fault: EdgecertError | None = None
    refusals: Mapping[str, EdgecertError] = field(default_factory=dict)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Answer at once, unless a test says otherwise."""
        self.may_answer.set()

    def look(self) -> JsonObject:
        """Implement the call."""
        self.may_answer.wait(60)
        if self.fault is not None:
            raise self.fault
        return {"status": self.status, "partners": self.table, "streams": self.streams, "failures": self.failures}

    def contacts(self) -> JsonObject:
        """Implement the call."""
        return self.known

    def _record(self, *call: object) -> None:
        """Keep a call, or refuse it."""
        refusal = self.refusals.get(str(call[0]))
        if refusal is not None:
            raise refusal
        self.calls.append(call)

    def _commit(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        def prepare(entries: Sequence[JsonObject]) -> PartnerTable:
            return prepare_table([partner_from_json(entry) for entry in entries], ["contoso.com"])

        before, after = prepare(self.table), prepare(partners)
        if not dry_run:
            self.table = [partner_to_json(entry) for entry in after]
        return compare_tables(before, after).to_json()

    def apply_partners(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        """Implement the call."""
        self._record("apply_partners", len(partners), dry_run)
        return self._commit(partners, dry_run=dry_run)

    def put_partner(self, partner: JsonObject) -> JsonObject:
        """Implement the call."""
        self._record("put_partner", partner["domain"])
        others = [entry for entry in self.table if entry["domain"] != partner["domain"]]
        return self._commit([*others, partner], dry_run=False)

    def remove_partner(self, domain: str) -> JsonObject:
        """Implement the call."""
        self._record("remove_partner", domain)
        return self._commit([entry for entry in self.table if entry["domain"] != domain], dry_run=False)

    def add_contact(self, home: str, partner: str) -> JsonObject:
        """Implement the call."""
        self._record("add_contact", home, partner)
        return {"home": home, "partner": partner, "changed": True}

    def remove_contact(self, home: str, partner: str) -> JsonObject:
        """Implement the call."""
        self._record("remove_contact", home, partner)
        return {"home": home, "partner": partner, "changed": True}

    def swap(self, name: str, generation: int | None, close: CloseOldStreams) -> JsonObject:
        """Implement the call."""
        self._record("swap", name, generation, close)
        return {"name": name, "generation": generation or 6, "elapsed_ms": 1.5}

    def stage(self, name: str, generation: int, when: datetime, close: CloseOldStreams) -> JsonObject:
        """Implement the call."""
        self._record("stage", name, generation, when, close)
        return {"name": name, "generation": generation, "staged": True}

    def cancel_staged(self, name: str) -> JsonObject:
        """Implement the call."""
        self._record("cancel_staged", name)
        return {"name": name, "cancelled": True}

    def start_test(self, domain: str) -> JsonObject:
        """Implement the call."""
        self._record("start_test", domain)
        return {"id": "t1", "domain": domain, "home": "contoso.com", "is_partner": domain == "fabrikam.com"}

    def test_steps(self, identity: str, after: int) -> JsonObject:
        """Implement the call."""
        self._record("test_steps", identity, after)
        return {"steps": [STEPS[after]], "finished": after + 1 == len(STEPS), "reached": False}


@dataclass
class Panel(Driven):
    """The panel, driven."""

    app: PanelApp
    desk: FakeDesk
    clock: FakeClock


@asynccontextmanager
async def panel(desk: FakeDesk | None = None, *, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Panel]:
    """Drive a panel over ``desk``; it looks again only when a test says so."""
    desk, clock = desk or FakeDesk(), FakeClock(NOW)
    app = PanelApp(desk, clock, interval=3600)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield Panel(app, pilot, desk, clock)
