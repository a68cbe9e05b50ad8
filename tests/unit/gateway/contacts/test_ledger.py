from __future__ import annotations

from gateway.contacts.ledger import Ledger, Shown
from gateway.model.jid import Jid

BOB, CAROL = Jid.parse("bob@contoso.example/desk"), Jid.parse("carol@contoso.example/x")
ALICE, EVE = Jid.parse("alice@fabrikam.example"), Jid.parse("eve@litware.example")


def everything(ledger: Ledger) -> set[Shown]:
    return set(ledger.take(lambda _home, _partner: True))


def test_keeps_who_last_saw_whom_available() -> None:
    ledger = Ledger()
    ledger.available(BOB, ALICE)
    ledger.available(BOB, Jid.parse("alice@fabrikam.example/phone"))
    ledger.available(BOB, EVE)
    ledger.available(CAROL, EVE)
    ledger.unavailable(BOB, EVE)
    ledger.unavailable(CAROL, ALICE)
    assert len(ledger) == 2
    assert everything(ledger) == {Shown(BOB, ALICE), Shown(CAROL, EVE)}
    assert len(ledger) == 0


def test_takes_only_what_is_asked_for() -> None:
    ledger = Ledger()
    ledger.available(BOB, ALICE)
    ledger.available(BOB, EVE)
    assert ledger.take(lambda _, partner: partner.domain == "litware.example") == [Shown(BOB, EVE)]
    assert ledger.take(lambda _, partner: partner.domain == "litware.example") == []
    assert everything(ledger) == {Shown(BOB, ALICE)}


def test_is_bounded_and_says_what_it_missed() -> None:
    ledger = Ledger(capacity=1)
    ledger.available(BOB, ALICE)
    ledger.available(BOB, EVE)
    ledger.available(CAROL, EVE)
    assert (len(ledger), ledger.missed) == (1, 2)
    ledger.unavailable(BOB, ALICE)
    ledger.available(CAROL, EVE)
    assert everything(ledger) == {Shown(CAROL, EVE)}
