from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.issuers.acme.ledger import Ledger
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("sip.contoso.com", "contoso.com")


def test_what_happened_is_read_in_its_order(tmp_path: Path) -> None:
    clock = FakeClock()
    ledger = Ledger(tmp_path / "ca.example-1", clock)
    assert ledger.events() == ()
    ledger.note("order", NAMES)
    clock.advance(timedelta(minutes=1))
    ledger.note("certificate", NAMES, exempt=True)
    ledger.note("told", NAMES, wait=timedelta(hours=1))
    order, certificate, told = ledger.events()
    assert (order.kind, order.names, order.exempt, order.until) == ("order", NAMES, False, None)
    assert certificate.exempt
    assert told.until == told.at + timedelta(hours=1)


def test_the_orders_of_another_account_at_the_same_ca_are_seen_as_not_ours(tmp_path: Path) -> None:
    clock = FakeClock()
    ours, other = Ledger(tmp_path / "ca.example-1", clock), Ledger(tmp_path / "ca.example-2", clock)
    elsewhere = Ledger(tmp_path / "ca.example-3-4", clock)
    for ledger in (ours, other, elsewhere):
        ledger.note("certificate", NAMES)
    assert sorted(event.own for event in ours.events()) == [False, True]


def test_a_line_that_cannot_be_read_counts_for_nothing_and_hurts_no_other(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ca.example-1", FakeClock())
    ledger.note("order", NAMES)
    path = tmp_path / "ca.example-1" / "ledger.jsonl"
    with path.open("ab") as file:
        file.write(b'[]\n{"at": "yesterday", "kind": "order", "names": []}\n{"kind": "party", "names": []}\n{"at": "20')
    ledger.note("order", NAMES)
    assert [event.names for event in ledger.events()] == [NAMES, NAMES]


def test_what_no_limit_counts_any_more_is_dropped(tmp_path: Path) -> None:
    clock = FakeClock()
    ledger = Ledger(tmp_path / "ca.example-1", clock, compacted_above=1500)
    path = tmp_path / "ca.example-1" / "ledger.jsonl"
    for _ in range(12):
        ledger.note("order", NAMES)
    ledger.note("told", ["fabrikam.com"], wait=timedelta(days=30))
    clock.advance(timedelta(days=8))
    assert [event.kind for event in ledger.events()] == ["told"]
    ledger.note("order", NAMES)
    assert [event.kind for event in ledger.events()] == ["told", "order"]
    assert len(path.read_bytes().splitlines()) == 2


def test_a_ledger_that_cannot_be_written_fails_no_order(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ledger = Ledger(tmp_path / "file" / "ca.example-1", FakeClock())
    ledger.note("order", NAMES)
    assert ledger.events() == ()
    (tmp_path / "ca.example-2").mkdir()
    (tmp_path / "ca.example-2" / "ledger.jsonl").mkdir()
    assert Ledger(tmp_path / "ca.example-2", FakeClock()).events() == ()
